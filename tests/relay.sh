#!/usr/bin/env bash
# The example `relay` and its spools, with processes that are killed.
#
#     tests/relay.sh
#
# Starts a PostgreSQL of its own and runs the tests of the spool that need one, and then relays whose processes, or whose database, are
# killed at random: no acknowledged message may be missing, and one may arrive twice only if the relay did not see the reply to it. At
# last two relays share one database and deliver each message once, and so do a front end and two workers that wait for it at their
# start. Before that the relay asks a zone that Knot DNS signs, and its disk is full.
#
# KILLS (6) and MESSAGES (300) say how much; SEED repeats the choices of a run. RELAY_BIN names a binary to use instead of building it.
# PostgreSQL's programs are looked for in PG_BIN, the path, and /usr/lib/postgresql; what is missing of it and Knot DNS is installed with
# apt-get, as root. PostgreSQL refuses to run as root, so root needs a user postgres. Everything is on 127.0.0.0/8, on free ports, and in one temporary directory that is removed at the end.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.." || exit 1

PATH=$PATH:/usr/sbin:/sbin # knotd lives there
tmp=$(mktemp -d)
. "$here/interop/lib.sh"

# Where PostgreSQL's programs are.
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
    # With the examples, because the features of the dependencies are then those of `cargo test --workspace`: nothing is built twice.
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
# Self-signed, for localhost; the other one is of nobody.
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
