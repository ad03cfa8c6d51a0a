#!/usr/bin/env bash
# Runs the interoperability tests on all runtimes: `run.sh` for each, two at a time, because a run mostly waits.
#
# Prints the output of each run at its end. The exit status is 0 only if all passed. JOBS (2) is the number of simultaneous
# runs.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
trap 'exit 130' INT TERM

# Install and build once, before the runs.
ONLY=nothing "$here/run.sh" || exit
printf '%s\n' tokio smol async-std blocking | xargs -P "${JOBS:-2}" -I{} bash -c \
    '"$0/run.sh" --runtime {} >"$1/{}" 2>&1; status=$?; flock "$1" cat "$1/{}"; exit $status' "$here" "$logs"
