#!/bin/sh
# Measures servers over the loopback interface: the example server on each runtime, Postfix's smtp-sink, a `Connection`, a `Session`
# and a `Service` of smtp-tokio that do nothing more, and as floors a readiness loop, threads, and tasks of tokio and smol without
# SMTP; under TLS, the floors use rustls. Also measures the client. With two processors or more, load and servers have one each.
# Prints tables; `--results bench/results` also writes the files of the plots. See the README.
#
#   bench/load.sh [--seconds S] [--rounds N] [--idle N] [--burst N] [--connections N] [--spin] [--only messages|tls|burst|idle|client] [--case PATTERN] [--results FOLDER] [NAME=COMMAND...]
#
# A command starts a further server; `{}` in it stands for the address, or `{tls}` if it begins with TLS.
set -eu
cd "$(dirname "$0")/.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
bins=$target/load
mkdir -p "$bins"

sink=$(PATH=$PATH:/usr/sbin command -v smtp-sink) || {
    echo "load.sh: smtp-sink is not there; it comes with postfix" >&2
    exit 1
}
# It does not run as root.
[ "$(id -u)" != 0 ] || sink="$sink -u nobody"

servers= pin= load= spin=
if [ "$(nproc)" -ge 2 ] && command -v taskset >/dev/null; then
    pin="taskset -c 1 " load="taskset -c 0" spin=--spin
fi
cargo build --quiet --release --target-dir "$target" -p examples --example server
cp "$target/release/examples/server" "$bins"
for runtime in blocking smol async-std tokio; do
    server="$pin$bins/server --runtime $runtime --discard --max-connections 10000"
    servers="$servers$runtime=$server --listen {}
$runtime=$server --self-signed --listen-tls {tls}
"
done
# glibc 2.36 copies 16 KiB with `rep movsb`, which is slow on some processors at some addresses: see the README.
vectors="env GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=0x10000000"
servers="${servers}blocking-vectors=$pin$vectors $bins/server --runtime blocking --discard --self-signed --listen-tls {tls}
"
cargo build --quiet --release --target-dir "$target/bench" --manifest-path bench/Cargo.toml --bins

# Enough for the idle connections, if that may be.
ulimit -n 16384 2>/dev/null || ulimit -n "$(ulimit -Hn)"
uname -srm
awk -F': ' '/^model name/ { print $2; exit }' /proc/cpuinfo
echo "$(nproc) processors, load average $(cut -d' ' -f1-3 /proc/loadavg)"
LOAD_NOTE="$(LC_ALL=C date '+%-d %B %Y'), $(awk -F': ' '/^model name/ { print $2; exit }' /proc/cpuinfo), $(nproc) processors, \
Linux $(uname -r | cut -d. -f1,2), Rust $(rustc --version | cut -d' ' -f2 | cut -d. -f1,2)"
export LOAD_NOTE
# One argument for each line. The last server is what the others are compared with.
cp "$target/bench/release/connection" "$target/bench/release/session" "$target/bench/release/service" "$target/bench/release/floor" \
    "$target/bench/release/floor-threads" \
    "$target/bench/release/floor-smol" "$target/bench/release/floor-tokio" "$target/bench/release/floor-tls" "$bins"
# shellcheck disable=SC2086
set -- $load "$target/bench/release/load" $spin "$@"
IFS='
'
set -f
# shellcheck disable=SC2086
exec "$@" $servers "connection=$pin$bins/connection {}" "session=$pin$bins/session {}" "service=$pin$bins/service {}" \
    "smtp-sink=$pin$sink -m 10000 inet:{} 1024" \
    "floor-threads=$pin$bins/floor-threads {}" "floor-threads-read=$pin$bins/floor-threads {} read" "floor-smol=$pin$bins/floor-smol {}" \
    "floor-tokio=$pin$bins/floor-tokio {}" "floor=$pin$bins/floor {}" \
    "connection=$pin$bins/connection {tls} tls" "floor-threads=$pin$bins/floor-tls {tls} threads" "floor-smol=$pin$bins/floor-tls {tls} smol" \
    "floor-tokio=$pin$bins/floor-tls {tls} tokio" "floor=$pin$bins/floor-tls {tls}"
