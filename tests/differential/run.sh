#!/usr/bin/env bash
# The same octets to ours and to other implementations: parsers in Rust, servers over loopback. See README.md.
#
#     tests/differential/run.sh [--differences | --table]
#
# Run it as root: smtp-sink must be started by root, and apt-get installs Postfix (for smtp-sink) if it is missing. pip
# installs aiosmtpd, in the judged version, into a virtual environment in the target directory, which later runs use again.
# SERVER_BIN names a binary to use instead of building the example.
set -uo pipefail
exec </dev/null

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$here/../interop/lib.sh"
cd "$root" || exit 1

[ "$(id -u)" -eq 0 ] || { echo "run this as root: smtp-sink has to be started by root"; exit 1; }
PATH=$PATH:/usr/sbin:/sbin # smtp-sink is there

tmp=$(mktemp -d)
chmod 755 "$tmp" # smtp-sink enters as another user
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

install() {
    command -v smtp-sink >/dev/null || install_packages postfix || return
    make_python
}
install || { echo "FAIL: what the comparison needs cannot be installed"; exit 1; }

target=${CARGO_TARGET_DIR:-target}
# As tests/interop/run.sh and `cargo test` build them.
cargo build --workspace --examples --bin smtp-differential || exit

status=0
"$target/debug/smtp-differential" "$@" || status=1
mkdir "$tmp/servers" && chmod 755 "$tmp/servers"
"$python" "$here/run.py" "$tmp/servers" "${SERVER_BIN:-$target/debug/examples/server}" "$@" || status=1
exit $status
