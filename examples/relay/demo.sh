#!/usr/bin/env bash
# Sends one message through the relay to the example server, with a file in place of the DNS, and prints the message that
# arrived. Builds the programs, or uses those in a given directory: demo.sh target/debug.
set -euo pipefail
cd "$(dirname "$0")/../.."

programs=${1:-}
if [ -z "$programs" ]; then
    cargo build -p relay -p examples --bin relay --example server --example send
    programs=${CARGO_TARGET_DIR:-target}/debug
fi

tmp=$(mktemp -d)
children=()
finish() {
    [ ${#children[@]} -eq 0 ] || kill "${children[@]}" 2>/dev/null || true
    wait
    rm -rf "$tmp"
}
trap finish EXIT

# Tries COMMAND until it succeeds, for ten seconds.
await() {
    local deadline=$((SECONDS + 10))
    until "$@"; do
        [ $SECONDS -lt $deadline ] || { cat "$tmp"/*.log; exit 1; }
        sleep 0.1
    done
}

# start NAME COMMAND...: runs COMMAND in the background, and sets $port when it listens.
start() {
    local log=$tmp/$1.log
    shift
    "$@" >"$log" 2>&1 &
    children+=($!)
    await grep -qs '^listening on ' "$log"
    port=$(sed -n 's/^listening on 127\.0\.0\.1:\([0-9]*\) .*/\1/p' "$log")
}

arrived() { [ -n "$(ls "$tmp/maildir/new" 2>/dev/null)" ]; }

start server "$programs/examples/server" --listen 127.0.0.1:0 --maildir "$tmp/maildir"
echo "server: listens on 127.0.0.1:$port, and stores into a Maildir"

printf 'example.org MX 10 mx.example.org\nmx.example.org A 127.0.0.1\n' >"$tmp/dns.txt"
start relay "$programs/relay" --listen 127.0.0.1:0 --relay-from 127.0.0.0/8 --hostname relay.example.net \
    --spool "$tmp/spool" --dns "$tmp/dns.txt" --port "$port"
echo "relay:  listens on 127.0.0.1:$port, and stores into its spool"

printf 'Subject: hi\n\nHello\n' | "$programs/examples/send" --server "127.0.0.1:$port" --tls none \
    --from ann@example.net --to bob@example.org

await arrived
echo "In the Maildir of the server:"
cat "$tmp"/maildir/new/*
