#!/usr/bin/env bash
# The interoperability tests of all runtimes: `run.sh` for each, two at a time, because most of a run is waiting.
#
# Prints the output of a run when it has ended; the exit status is 0 only if all passed. JOBS (2) says how many at a time.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
trap 'exit 130' INT TERM

# Nothing is installed or built twice at the same time.
ONLY=nothing "$here/run.sh" || exit
printf '%s\n' tokio smol async-std blocking | xargs -P "${JOBS:-2}" -I{} bash -c \
    '"$0/run.sh" --runtime {} >"$1/{}" 2>&1; status=$?; flock "$1" cat "$1/{}"; exit $status' "$here" "$logs"
