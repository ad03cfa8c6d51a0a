# Everything CI does is a recipe here, and CI calls nothing else: `just ci`.

set shell := ["bash", "-euo", "pipefail", "-c"]

# The recipes.
[private]
default:
    @just --list --unsorted

# Everything, cheapest first; the unit tests come last so that their summaries end the output.
ci: fmt clippy doc no-std features examples bench-check fuzz-smoke deny interop test

# Formatting, of the crates outside the workspace too.
fmt:
    cargo fmt --all --check
    for crate in bench fuzz tests/no-std; do \
        if [ -f $crate/Cargo.toml ]; then cargo fmt --manifest-path $crate/Cargo.toml --check; fi; \
    done

# Lints: default features, the bare core, all features.
clippy:
    cargo clippy --workspace --all-targets -- -D warnings
    cargo clippy -p smtp-proto --all-targets --no-default-features -- -D warnings
    cargo clippy --workspace --all-targets --all-features -- -D warnings

# Documentation builds, and its links lead somewhere.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --all-features

# The tests of all crates, doctests included.
test:
    cargo test --workspace

# The core really does without std: a program without it links, and runs a whole session.
no-std:
    cargo clippy --manifest-path tests/no-std/Cargo.toml --target-dir target/no-std -- -D warnings
    cargo run --manifest-path tests/no-std/Cargo.toml --target-dir target/no-std

# Each library with none of its features, and with each one alone.
features:
    #!/usr/bin/env bash
    set -euo pipefail
    cargo metadata --no-deps --format-version 1 | python3 .ci/features.py | while read -r package features; do
        echo "checking $package with features: ${features:-none}"
        cargo check --quiet -p "$package" --no-default-features ${features:+--features "$features"} </dev/null
    done

# The examples build as a user builds them: crate by crate, for those of the adapters have the same names, and of each
# name the last that was built is in target/release/examples. So tokio's come last.
examples:
    for crate in smtp-proto smtp-blocking smtp-async-std smtp-tokio; do cargo build --release -p $crate --examples; done

# The benches compile.
bench-check:
    cd bench && cargo bench --no-run

# Each fuzz target for a few seconds where cargo-fuzz is installed; elsewhere they only have to compile.
fuzz-smoke seconds="10":
    #!/usr/bin/env bash
    set -euo pipefail
    if [ ! -f fuzz/Cargo.toml ]; then
        echo "no fuzz targets"
    elif cargo fuzz --version >/dev/null 2>&1; then
        for target in $(cargo fuzz list); do
            cargo fuzz run --sanitizer none "$target" -- -max_total_time={{ seconds }}
        done
    else
        echo "cargo-fuzz is not installed: the targets are compiled, not run"
        cargo check --manifest-path fuzz/Cargo.toml
    fi

# Real programs over loopback, into our server and out of our client.
interop:
    for adapter in tokio smol async-std blocking; do ADAPTER=$adapter tests/interop/run.sh || exit; done

# How much of the core the tests reach from outside, without its unit tests; tests/COVERAGE.md says what the rest is. Needs
# cargo-llvm-cov, and an llvm-cov and an llvm-profdata of the LLVM in `rustc -vV`: the component llvm-tools of rustup,
# or those that LLVM_COV and LLVM_PROFDATA name. Some minutes, not part of the CI. `just coverage --text` shows each line.
coverage *flags:
    #!/usr/bin/env bash
    set -euo pipefail
    export CARGO_TARGET_DIR="$PWD/target/coverage"
    . <(cargo llvm-cov show-env --sh)
    cargo llvm-cov clean --workspace
    cargo test --workspace --all-features --test '*'
    RUSTDOCFLAGS=-Cinstrument-coverage cargo test --workspace --all-features --doc
    cargo llvm-cov report -p smtp-proto {{ flags }}

# Changes the parsers, the framing of content and the table of states in small ways, and looks for changes that no test
# notices: the unit tests of the core first, then the stories, with what those missed. tests/MUTANTS.md says what is
# left. Needs cargo-mutants, and an hour or two; not part of the CI.
mutants *flags:
    cargo mutants -p smtp-proto --cargo-arg=--lib {{ flags }} || [[ $? == [23] ]]
    cargo mutants -p smtp-proto --iterate --baseline skip --timeout 300 --test-package smtp-tests {{ flags }} -- --test transcripts

# Licences, advisories and sources of the dependencies.
deny:
    @if cargo deny --version >/dev/null 2>&1; then cargo deny --workspace check; \
    else echo "cargo-deny is not installed: dependencies are not checked (cargo install --locked cargo-deny)"; fi
