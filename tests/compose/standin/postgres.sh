#!/bin/sh
# PostgreSQL with the interface of the official image: the first start makes user and database.
set -eu
if [ "$(id -u)" = 0 ] && [ "$1" = postgres ]; then
  mkdir -p "$PGDATA"
  chown -R 999:999 /var/lib/postgresql
  chmod 700 "$PGDATA"
  if [ ! -s "$PGDATA/PG_VERSION" ]; then
    # Read as root, as there: the file may be another user's.
    secret=$(mktemp)
    cat "$POSTGRES_PASSWORD_FILE" > "$secret"
    chown 999:999 "$secret"
    # shellcheck disable=SC2086
    setpriv --reuid=999 --regid=999 --clear-groups initdb -D "$PGDATA" -U "$POSTGRES_USER" \
      --pwfile="$secret" $POSTGRES_INITDB_ARGS
    rm "$secret"
    echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
    echo "listen_addresses = '*'" >> "$PGDATA/postgresql.conf"
    echo "unix_socket_directories = '/tmp'" >> "$PGDATA/postgresql.conf"
    printf 'CREATE DATABASE "%s";\n' "$POSTGRES_DB" \
      | setpriv --reuid=999 --regid=999 --clear-groups postgres --single -D "$PGDATA" postgres
  fi
  shift
  exec setpriv --reuid=999 --regid=999 --clear-groups "$(command -v postgres)" -D "$PGDATA" "$@"
fi
exec "$@"
