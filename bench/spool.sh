#!/bin/sh
# Measures the example `relay` with messages of 1 KB over 32 sessions; each is durable in the spool before its 250. Prints a table for
# the spool of files and the spool in PostgreSQL, with the number of waits for the disk per message.
#
#   bench/spool.sh [--seconds S] [--rounds N] [--case PATTERN]
#
# The relay delivers nothing during the measurement (`--front-end-only`). RELAY_BIN names a binary to use instead of building it, SPOOL
# a directory on the disk to measure (default: a new one in TMPDIR), PG_BIN the directory of PostgreSQL's programs. Counting needs strace.
set -eu
cd "$(dirname "$0")/.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
if [ -z "${RELAY_BIN:-}" ]; then
    cargo build --quiet --release --target-dir "$target" -p relay
    RELAY_BIN=$target/release/relay
fi
cargo build --quiet --release --target-dir "$target/bench" --manifest-path bench/Cargo.toml --bin load
load=$target/bench/release/load

tmp=$(mktemp -d "${SPOOL:-${TMPDIR:-/tmp}}/spool.XXXXXX")
chmod 755 "$tmp"
bin=${PG_BIN:-$(dirname "$(realpath "$(ls -d /usr/lib/postgresql/*/bin/initdb | sort -V | tail -1)")")}
as=
[ "$(id -u)" != 0 ] || as="runuser -u postgres --"
control() { (cd / && $as "$bin/pg_ctl" -D "$tmp/pg/data" "$@" >/dev/null 2>&1); }
trap 'control -m immediate stop; rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
mkdir "$tmp/pg"
[ -z "$as" ] || chown postgres "$tmp/pg"
(cd / && $as "$bin/initdb" -D "$tmp/pg/data" -A trust -U postgres -E UTF8 >/dev/null)
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
printf '%s\n' "port = $port" "listen_addresses = ''" "unix_socket_directories = '$tmp/pg'" >>"$tmp/pg/data/postgresql.conf"
control -w start
socket=$(echo "$tmp/pg" | sed 's,/,%2F,g')
database=postgres://postgres@$socket:$port/postgres
sql() { "$bin/psql" -h "$tmp/pg" -p "$port" -U postgres -Atqc "$1"; }

: >"$tmp/dns.txt"
relay="$RELAY_BIN --listen {} --hostname relay.test --relay-from 127.0.0.0/8 --dns $tmp/dns.txt --front-end-only"
export RUST_LOG=warn

uname -srm
awk -F': ' '/^model name/ { print $2; exit }' /proc/cpuinfo
echo "$(nproc) processors, load average $(cut -d' ' -f1-3 /proc/loadavg)"
"$load" --only messages --connections 32 --case 1K/kept "$@" "files=$relay --spool $tmp/files" "PostgreSQL=$relay --spool $database"

echo
command -v strace >/dev/null || { echo "strace is not there: no counts"; exit 0; }
# Counts the waits for the disk in a separate run, because counting slows the relay down.
once="--only messages --connections 32 --case 1K/kept/one --seconds 2 --rounds 1"
messages() { find "$tmp/counted/queue" -type f | wc -l; }
"$load" $once "files=strace -D -f --seccomp-bpf -e trace=fsync,fdatasync -c -o $tmp/strace $relay --spool $tmp/counted" >/dev/null
sleep 1
awk -v messages="$(messages)" '/fsync|fdatasync/ { printf("files: %.3f %s a message\n", $4 / messages, $NF) }' "$tmp/strace"
sql "delete from spool.message; select pg_stat_reset_shared('wal')" >/dev/null
"$load" $once "PostgreSQL=$relay --spool $database" >/dev/null
sleep 1
sql "select 'PostgreSQL: ' || round(wal_sync / (select count(*) from spool.message)::numeric, 3) || ' syncs of the WAL a message' from pg_stat_wal"
