#!/usr/bin/env bash
# Tests the example `relay` and its spools, with killed processes.
#
#     tests/relay.sh
#
# Starts its own PostgreSQL, and runs the tests of the spool that need a database. Then it tests:
# - a zone signed by Knot DNS, and a full disk;
# - relays whose processes or database are killed at random: no acknowledged message may be missing, and a message may arrive twice
#   only if the relay did not receive the reply to it;
# - two relays with one database, which deliver each message once;
# - a front end and two workers, which wait for their database at the start.
#
# KILLS (6) and MESSAGES (300) set the size of the test; SEED repeats a run. RELAY_BIN names a binary to use instead of
# building it. The script searches for PostgreSQL's programs in PG_BIN, the path, and /usr/lib/postgresql. As root, it
# installs missing programs (PostgreSQL, Knot DNS) with apt-get. PostgreSQL refuses to run as root, so root needs a user
# postgres. Uses only 127.0.0.0/8, free ports, and one temporary directory that it removes at the end.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.." || exit 1

PATH=$PATH:/usr/sbin:/sbin # knotd lives there
tmp=$(mktemp -d)
. "$here/interop/lib.sh"

# The directory of PostgreSQL's programs.
postgresql() {
    echo "${PG_BIN:-$(dirname "$(realpath "$(command -v initdb || ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -1)")")}"
}

missing=()
[ -x "$(postgresql)/initdb" ] || missing+=(postgresql)
command -v knotd >/dev/null || missing+=(knot)
command -v kdig >/dev/null || missing+=(knot-dnsutils)
[ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}" || exit 1
bin=$(postgresql)
as=()
[ "$(id -u)" -ne 0 ] || as=(runuser -u postgres --)

finish() {
    (cd / && "${as[@]}" "$bin/pg_ctl" -D "$tmp/pg/data" -m immediate stop) >/dev/null 2>&1
    rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' INT TERM

if [ -z "${RELAY_BIN:-}" ]; then
    # Build the examples, too: then the dependencies have the same features as in `cargo test --workspace`, and are not built
    # twice.
    cargo build --workspace --bin relay --examples || exit
    RELAY_BIN=${CARGO_TARGET_DIR:-target}/debug/relay
fi
RELAY_BIN=$(realpath "$RELAY_BIN")

chmod 755 "$tmp"
mkdir "$tmp/pg"
[ "$(id -u)" -ne 0 ] || chown postgres "$tmp/pg"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
(cd / && "${as[@]}" "$bin/initdb" -D "$tmp/pg/data" -A trust -U postgres -E UTF8) >"$tmp/initdb.log" 2>&1 || { cat "$tmp/initdb.log"; exit 1; }
cat >>"$tmp/pg/data/postgresql.conf" <<CONF
port = $port
listen_addresses = '127.0.0.1'
unix_socket_directories = '$tmp/pg'
max_connections = 200
ssl = on
CONF
# Self-signed certificates: one for localhost, one for an unused name.
for name in server other; do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$tmp/pg/$name.key" -out "$tmp/pg/$name.crt" \
        -subj /CN=localhost -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE -days 2 2>/dev/null || exit
done
cp "$tmp/pg/server.key" "$tmp/pg/server.crt" "$tmp/pg/data/" && chmod 600 "$tmp/pg/data/server.key" || exit
[ "$(id -u)" -ne 0 ] || chown postgres "$tmp/pg/data/server.key" "$tmp/pg/data/server.crt"
(cd / && "${as[@]}" "$bin/pg_ctl" -D "$tmp/pg/data" -w -l "$tmp/pg/log" start) >/dev/null || { cat "$tmp/pg/log"; exit 1; }
base=postgres://postgres@127.0.0.1:$port
for database in unit kills once roles; do "$bin/createdb" -h 127.0.0.1 -p "$port" -U postgres $database || exit; done

failed=0
echo "== tests of the spool that need a database"
export RELAY_TEST_CA=$tmp/pg/server.crt RELAY_TEST_OTHER_CA=$tmp/pg/other.crt
RELAY_TEST_DATABASE=$base/unit cargo test --quiet --workspace --bin relay -- --ignored --test-threads 1 || failed=1

export PG_CTL="${as[*]} $bin/pg_ctl -D $tmp/pg/data -l $tmp/pg/log" PG_PID=$tmp/pg/data/postmaster.pid
run() { python3 "$here/relay/kills.py" --relay "$RELAY_BIN" --seed "${SEED:-$RANDOM}" "$@" || failed=1; }
echo "== a zone signed by Knot DNS"
python3 -B "$here/relay/dnssec.py" --relay "$RELAY_BIN" || failed=1
echo "== files: a full disk"
python3 -B "$here/relay/full.py" --relay "$RELAY_BIN" || failed=1
echo "== files: the relay is killed"
run --spool "$tmp/spool" --kills "${KILLS:-6}"
echo "== PostgreSQL: two relays or the database are killed"
run --spool "$base/kills" --kills "${KILLS:-6}"
echo "== PostgreSQL: two relays deliver each message once"
run --spool "$base/once" --messages "${MESSAGES:-300}"
echo "== PostgreSQL: a front end and two workers, which are there before the database"
python3 -B "$here/relay/roles.py" --relay "$RELAY_BIN" --spool "$base/roles" --messages "${MESSAGES:-100}" || failed=1
exit $failed
