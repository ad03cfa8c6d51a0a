#!/usr/bin/env bash
# Tests the page of the example `inbox` in headless Chromium.
#
#     tests/inbox.sh
#
# Sends ordinary, faulty and hostile mail, and uses the page by keyboard and mouse. Fails if a script of a hostile message
# runs or a message loads anything from a server. Screenshots are in target/inbox, light and dark, wide and narrow. INBOX_BIN
# names a binary to use instead of building it. As root, installs Chromium and its driver with apt-get if they are missing.
# Uses only 127.0.0.1 and free ports.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.." || exit 1

tmp=$(mktemp -d)
. "$here/interop/lib.sh"
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

if ! command -v chromium >/dev/null || ! command -v chromedriver >/dev/null; then
    install_packages chromium chromium-driver fonts-dejavu-core || exit 1
fi
if [ -z "${INBOX_BIN:-}" ]; then
    # Build the examples, too: then the dependencies have the same features as in `cargo test --workspace`, and are not built
    # twice.
    cargo build --workspace --bin inbox --examples || exit
    INBOX_BIN=${CARGO_TARGET_DIR:-target}/debug/inbox
fi
mkdir -p target/inbox
python3 "$here/inbox/check.py" "$(realpath "$INBOX_BIN")" target/inbox "$tmp"
