FROM python:3.11-slim-bookworm
RUN apt-get update && apt-get install -y --no-install-recommends fitsverify postgresql-client && rm -rf /var/lib/apt/lists/*
WORKDIR /crds
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY manage.py ./
COPY crds_server crds_server
COPY apps apps
COPY templates templates
COPY static static
COPY deploy/health.py deploy/health.py
RUN python -m compileall -q crds_server apps \
    && useradd --uid 10001 --create-home crds && mkdir /data && chown crds /data
USER crds
ENV DATA_ROOT=/data DJANGO_SETTINGS_MODULE=crds_server.settings PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8000
CMD ["python", "manage.py", "up", "--bind", "0.0.0.0", "--port", "8000"]
