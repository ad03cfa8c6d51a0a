#!/usr/bin/env python3
"""Checks two budgets: the code lines of an adapter, and the lines of a file of the driver and of the relay's decisions.

Code lines are those that are neither blank nor comments, in files that are not tests. An adapter is thin: what it has
beyond a transport belongs into the driver. A file of the other two, tests included, can be read in one go."""

import pathlib
import sys

ADAPTERS = ["smtp-tokio", "smtp-async-std", "smtp-blocking"]
READABLE = ["smtp-driver", "smtp-relay"]
MAX_CODE_LINES = 300
MAX_FILE_LINES = 450


def sources(crate):
    for path in sorted(pathlib.Path(crate, "src").rglob("*.rs")):
        if path.name != "tests.rs" and "tests" not in path.parts:
            yield path


def is_code(line):
    line = line.strip()
    return bool(line) and not line.startswith("//")


def main():
    failed = False
    for crate in ADAPTERS:
        count = sum(is_code(line) for path in sources(crate) for line in path.read_text().splitlines())
        print(f"{crate}: {count} code lines, at most {MAX_CODE_LINES}")
        failed |= count > MAX_CODE_LINES
    for crate in READABLE:
        longest = 0
        paths = (path for part in ("src", "tests") for path in pathlib.Path(crate, part).rglob("*.rs"))
        for path in paths:
            lines = len(path.read_text().splitlines())
            longest = max(longest, lines)
            if lines > MAX_FILE_LINES:
                print(f"{path}: {lines} lines, at most {MAX_FILE_LINES}")
                failed = True
        print(f"{crate}: {longest} lines in the longest file, at most {MAX_FILE_LINES}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
