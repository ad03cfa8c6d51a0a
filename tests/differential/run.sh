#!/usr/bin/env bash
# The same octets to ours and to other implementations: parsers in Rust, servers over loopback. See README.md.
#
#     tests/differential/run.sh [--differences | --table]
#
# Installs Postfix (for smtp-sink) with apt-get if it is missing, and aiosmtpd with pip into a virtual environment of its own.
# It runs as root, as smtp-sink wants to be started by root. SERVER_BIN names a binary to use instead of building the example.
set -uo pipefail
exec </dev/null

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$here/../interop/lib.sh"
cd "$root" || exit 1

[ "$(id -u)" -eq 0 ] || { echo "run this as root: smtp-sink has to be started by root"; exit 1; }
PATH=$PATH:/usr/sbin:/sbin # smtp-sink is there

tmp=$(mktemp -d)
chmod 755 "$tmp" # smtp-sink goes in as another user
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

install() {
    command -v smtp-sink >/dev/null || install_packages postfix || return
    python3 -m venv "$tmp/venv" || { install_packages python3-venv && python3 -m venv --clear "$tmp/venv"; } || return
    "$tmp/venv/bin/python" -m pip install --quiet --disable-pip-version-check aiosmtpd
}
install || { echo "FAIL: what the comparison needs cannot be installed"; exit 1; }

target=${CARGO_TARGET_DIR:-target}
if [ -z "${SERVER_BIN:-}" ]; then
    cargo build --release -p smtp-tokio --all-features --example server || exit
    cp "$target/release/examples/server" "$tmp/server" || exit # other adapters have one of this name
fi

status=0
cargo run --quiet --manifest-path "$here/Cargo.toml" --target-dir "$target/differential" -- "$@" || status=1
mkdir "$tmp/servers" && chmod 755 "$tmp/servers"
"$tmp/venv/bin/python" "$here/run.py" "$tmp/servers" "${SERVER_BIN:-$tmp/server}" "$@" || status=1
exit $status
