#!/usr/bin/env python3
"""Counts the doc headlines that begin with a question word: CONTRIBUTING.md requires a noun phrase or a verb.

A headline is the first line of each block of `///` or `//!` lines. Prints the offenders and their share, and fails
at 2 %.

usage: headlines.py [FILE OR DIRECTORY]..., by default smtp-proto/src
"""

import pathlib
import re
import sys

LIMIT = 2.0
DOC = re.compile(r"\s*(///(?!/)|//!)\s?(.*)")
QUESTION = re.compile(r"(What|Whether|Who|Whom|Whose|How|Where|When|Why)\b")


def headlines(path):
    """Yields the line number and the text of each headline of a file."""
    before = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = DOC.match(line)
        kind = match and match.group(1)
        if kind and kind != before:
            yield number, match.group(2)
        before = kind


def main(arguments):
    paths = [pathlib.Path(argument) for argument in arguments or ["smtp-proto/src"]]
    files = [file for path in paths for file in (sorted(path.rglob("*.rs")) if path.is_dir() else [path])]
    found = [(file, *headline) for file in files for headline in headlines(file)]
    offenders = [headline for headline in found if QUESTION.match(headline[2])]
    for file, number, text in offenders:
        print(f"{file}:{number}: {text}")
    share = 100 * len(offenders) / len(found) if found else 0.0
    print(f"{len(offenders)} of {len(found)} doc headlines begin with a question word: {share:.1f} %")
    if not found:
        sys.exit("error: no doc comments found")
    if share >= LIMIT:
        sys.exit(f"error: the limit is {LIMIT:g} %")


if __name__ == "__main__":
    main(sys.argv[1:])
