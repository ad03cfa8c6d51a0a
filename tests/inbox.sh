#!/usr/bin/env bash
# The page of the example `inbox` in a real browser, without a window.
#
#     tests/inbox.sh
#
# Sends ordinary, faulty and hostile mail, and uses the page by keyboard and mouse. Nothing of a hostile message may run, or reach a
# server. Screenshots are in target/inbox, light and dark, wide and narrow. INBOX_BIN names a binary to use instead of building it.
# Chromium and its driver are installed with apt-get if they are missing, as root. Everything is on 127.0.0.1, on free ports.
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
    # With the examples: the features of the dependencies are then those of `cargo test --workspace`, and nothing is built twice.
    cargo build --workspace --bin inbox --examples || exit
    INBOX_BIN=${CARGO_TARGET_DIR:-target}/debug/inbox
fi
mkdir -p target/inbox
python3 "$here/inbox/check.py" "$(realpath "$INBOX_BIN")" target/inbox "$tmp"
