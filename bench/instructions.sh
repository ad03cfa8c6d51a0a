#!/bin/sh
# Counts instructions per unit of work with callgrind, and prints a table.
#
#   bench/instructions.sh [PATTERN]     only cases whose name has PATTERN in it
#
# A case is run for 1 round and for 101; the difference is 100 rounds, whatever set-up and start-up cost. Nothing is
# asserted here.
set -eu
cd "$(dirname "$0")"
cargo build --release --quiet --bin instructions
program=${CARGO_TARGET_DIR:-target}/release/instructions

# Instructions of a whole run.
count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$1" "$2" 2>&1 >/dev/null |
        sed -n 's/.*Collected : *//p'
}

printf '%-40s %14s  %s\n' case instructions per
"$program" | while read -r case unit; do
    case $case in *"${1:-}"*) ;; *) continue ;; esac
    units=$("$program" "$case" 1)
    few=$(count "$case" 1)
    many=$(count "$case" 101)
    echo "$case $units $few $many $unit" |
        awk '{ cost = ($4 - $3) / 100 / $2; printf(cost < 100 ? "%-40s %14.3f  %s\n" : "%-40s %14.0f  %s\n", $1, cost, $5) }'
done
