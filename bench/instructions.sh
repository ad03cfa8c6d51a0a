#!/bin/sh
# Counts instructions per unit of work with callgrind, and prints a table.
#
#   bench/instructions.sh [PATTERN]     only cases whose name has PATTERN in it
#   bench/instructions.sh --results     all cases, also into results/instructions.csv
#
# Runs each case for 1 round and for 101 rounds: the difference is 100 rounds without start and set-up. Asserts nothing.
set -eu
cd "$(dirname "$0")"
results=/dev/null
if [ "${1:-}" = --results ]; then
    shift
    results=results/instructions.csv
fi
cargo build --release --quiet --bin instructions --bin drivers
bins=${CARGO_TARGET_DIR:-../target}/release

# Prints the instructions of a whole run.
count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$1" "$2" 2>&1 >/dev/null |
        sed -n 's/.*Collected : *//p'
}

row() {
    few=$(count "$1" 1)
    many=$(count "$1" 101)
    echo "$units $few $many" | awk -v name="$2" -v unit="$3" -v results="$results" '{
        cost = ($3 - $2) / 100 / $1
        printf(cost < 100 ? "%-48s %12.3f  %s\n" : "%-48s %12.0f  %s\n", name, cost, unit)
        gsub(", ", "; ", name)
        printf(cost < 100 ? "%s,%.3f,%s\n" : "%s,%.0f,%s\n", name, cost, unit) >>results
    }'
}

printf '%-48s %12s  %s\n' case instructions per
printf '# %s, %s, Rust %s, %s\ncase,instructions,unit\n' "$(LC_ALL=C date '+%-d %B %Y')" "$(uname -m)" \
    "$(rustc --version | cut -d' ' -f2 | cut -d. -f1,2)" "$(valgrind --version)" >$results
for program in "$bins/instructions" "$bins/drivers"; do
    "$program" | while read -r case unit; do
        case $case in *"${1:-}"*) ;; *) continue ;; esac
        units=$("$program" "$case" 1)
        row "$case" "$case" "$unit"
        # glibc copies large pieces with `rep movsb`, of which callgrind counts every octet as an instruction. This makes
        # it copy them with vectors.
        case $case in
        */copying/*)
            (export GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=1000000000
            row "$case" "$case, vector copies" "$unit")
            ;;
        esac
    done
done
