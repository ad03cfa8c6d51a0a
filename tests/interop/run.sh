#!/usr/bin/env bash
# Runs the interoperability tests on one runtime, over loopback: real clients send to the example `server`, and the example
# `send` sends to real servers.
#
#     tests/interop/run.sh [--runtime tokio|smol|async-std|blocking]
#
# Prints `ok NAME` or `FAIL NAME: reason` for each check, and `N passed, N failed` at the end. The exit status is 1 if a check
# failed. SERVER_BIN, SEND_BIN and ETRN_BIN name binaries to use instead of building them. ONLY=into or ONLY=out runs one
# half, ONLY=extensions the rare extensions and a server behind a proxy, ONLY=hostile the killed and flooded servers (a part
# of into). ONLY=nothing only installs and builds. `all.sh` runs this script for all runtimes.
#
# Run it as root: only root can start Postfix and smtp-sink, and it installs missing programs with apt-get (Postfix, Dovecot,
# HAProxy, swaks, curl, msmtp, gsasl and OpenSSL). It installs aiosmtpd with pip into a virtual environment in the target
# directory, which later runs use again. It uses free ports on 127.0.0.1, and one temporary directory for all other files. At
# the end it stops each process and removes the directory.
set -uo pipefail
exec </dev/null

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$here/lib.sh"
cd "$root" || exit 1

runtime=tokio
case "$*" in
    "" | "--runtime tokio") first_port=12000 ;;
    "--runtime smol") runtime=smol first_port=16000 ;;
    "--runtime async-std") runtime=async-std first_port=20000 ;;
    "--runtime blocking") runtime=blocking first_port=24000 ;;
    *) echo "usage: tests/interop/run.sh [--runtime tokio|smol|async-std|blocking]"; exit 1 ;;
esac

first_port=$((first_port + $$ % 40 * 100)) # another run for this runtime most likely has other ports

[ "$(id -u)" -eq 0 ] || { echo "run this as root: Postfix has to be started by root"; exit 1; }

# Postfix and smtp-source are in sbin, which may not be in the path.
PATH=$PATH:/usr/sbin:/sbin

tmp=$(mktemp -d)
chmod 755 "$tmp" # Postfix and smtp-sink go in as other users
finish() {
    declare -F stop_postfix >/dev/null && stop_postfix
    declare -F stop_dovecot >/dev/null && stop_dovecot
    declare -F stop_exim >/dev/null && stop_exim
    stop_all
    rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' INT TERM

### Requirements

install() {
    local missing=() program
    for program in postfix haproxy swaks curl msmtp gsasl openssl python3; do
        command -v $program >/dev/null || missing+=("$program")
    done
    command -v dovecot >/dev/null || missing+=(dovecot-core)
    # swaks needs this for TLS.
    perl -MNet::SSLeay -e 1 2>/dev/null || missing+=(libnet-ssleay-perl)
    [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}" || return

    make_python
}

install || { echo "FAIL: what the checks need cannot be installed"; exit 1; }

# The development profile of the whole workspace: `cargo test` has built it, and it panics on an overflow.
[ -n "${SERVER_BIN:-}" ] && [ -n "${SEND_BIN:-}" ] && [ -n "${ETRN_BIN:-}" ] || cargo build --workspace --examples || exit

# example NAME BINARY [FLAG...]: creates $tmp/NAME, which runs this binary with these flags, or the built one.
example() {
    local name=$1 binary=$2
    shift 2
    if [ -z "$binary" ]; then
        # A copy, because a build while the checks run must not change what they run.
        binary=$tmp/$name-binary
        cp "${CARGO_TARGET_DIR:-target}/debug/examples/$name" "$binary" || return
    fi
    printf '#!/bin/sh\nexec %q %s "$@"\n' "$(realpath "$binary")" "$*" >"$tmp/$name" && chmod 755 "$tmp/$name"
}

example server "${SERVER_BIN:-}" --runtime "$runtime" || exit 1
example send "${SEND_BIN:-}" --runtime "$runtime" || exit 1
example etrn "${ETRN_BIN:-}" || exit 1
server_bin=$tmp/server send_bin=$tmp/send etrn_bin=$tmp/etrn

messages=$tmp/messages
"$python" "$here/make_messages.py" "$messages" || exit 1

# make_certificate NAME: creates $tmp/NAME.pem and $tmp/NAME.key, a self-signed certificate for mx.example.org.
make_certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=mx.example.org \
        -addext subjectAltName=DNS:mx.example.org -addext basicConstraints=critical,CA:FALSE \
        -keyout "$tmp/$1.key" -out "$tmp/$1.pem" >"$tmp/log" 2>&1 || { cat "$tmp/log"; return 1; }
}
make_certificate mx && make_certificate other || exit 1

### The checks

into() {
    . "$here/into_server.sh"
    . "$here/auth_into_server.sh"
    hostile
}

hostile() {
    . "$here/hostile.sh"
}

out_of() {
    . "$here/out_of_client.sh"
    . "$here/auth_out_of_client.sh"
}

extensions() {
    . "$here/extensions.sh"
}

case ${ONLY:-} in
    into) into ;;
    extensions) extensions ;;
    out) out_of ;;
    hostile) hostile ;;
    nothing) . "$here/exim.sh" && install_exim; exit ;;
    *) into; out_of; extensions ;;
esac

echo "$runtime: $passed passed, $failed failed"
[ $failed -eq 0 ]
