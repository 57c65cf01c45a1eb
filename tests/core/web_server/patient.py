"""Our web server with so much time for heads that connections stay open while a test looks."""

from apps.core.web_server import budgets
from crds_server import web

budgets.HEAD_SECONDS = 600.0

if __name__ == "__main__":
    web.main()
