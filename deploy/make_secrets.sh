#!/bin/sh
# Makes the secrets of docker-compose.yml below deploy/secrets. Existing ones stay.
set -eu
umask 077
cd "$(dirname "$0")"
mkdir -p secrets
random() { python3 -c 'import secrets; print(secrets.token_urlsafe(50))'; }
[ -s secrets/secret_key ] || random > secrets/secret_key
[ -s secrets/database_password ] || random > secrets/database_password
printf 'postgresql://crds:%s@database/crds\n' "$(cat secrets/database_password)" > secrets/database_url
# The server reads its secrets as account 10001 of the containers.
[ "$(id -u)" != 0 ] || chown 10001 secrets/secret_key secrets/database_url
