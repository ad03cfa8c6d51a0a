#!/usr/bin/env python3
"""Checks line budgets: the code lines of each adapter and of some examples, and the lines of each file of smtp-driver and
smtp-relay.

Code lines are lines without blank lines and comments, in files that are not tests. The budgets keep an adapter down to a transport,
and a file short enough to read at once."""

import pathlib
import sys

MAX_CODE_LINES = {"smtp-tokio": 300, "smtp-async-std": 300, "smtp-blocking": 300, "smtp-reactor": 450}
READABLE = ["smtp-driver", "smtp-relay"]
MAX_FILE_LINES = 450
# An example, the first words of the block that counts (none: the whole file), and its maximum code lines.
EXAMPLES = [
    ("hello_send.rs", "", 50),
    ("hello_server.rs", "", 50),
    ("catcher.rs", "impl Service for", 40),
    ("catcher_threads.rs", "impl Service for", 40),
    ("proxy.rs", "", 80),
    ("own_runtime/runtime.rs", "impl Transport for", 60),
]


def sources(crate):
    for path in sorted(pathlib.Path(crate, "src").rglob("*.rs")):
        if path.name != "tests.rs" and "tests" not in path.parts:
            yield path


def is_code(line):
    line = line.strip()
    return bool(line) and not line.startswith("//")


def block(lines, beginning):
    """Returns the lines of the block, or all lines without a beginning."""
    if not beginning:
        return lines
    begin = next(number for number, line in enumerate(lines) if line.startswith(beginning))
    return lines[begin : lines.index("}", begin) + 1]


def main():
    failed = False
    for name, beginning, limit in EXAMPLES:
        lines = pathlib.Path("examples", name).read_text().splitlines()
        count = sum(is_code(line) for line in block(lines, beginning))
        if count > limit:
            print(f"examples/{name}: {count} code lines{beginning and ' of ' + beginning}, at most {limit}")
            failed = True
    for crate, limit in MAX_CODE_LINES.items():
        count = sum(is_code(line) for path in sources(crate) for line in path.read_text().splitlines())
        print(f"{crate}: {count} code lines, at most {limit}")
        failed |= count > limit
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
