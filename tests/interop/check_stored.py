#!/usr/bin/env python3
"""Checks that what a mail server stored is what was sent, byte for byte.

check_stored.py DIRECTORY (--sent FILE | --attachment FILE) [options]

DIRECTORY is a Maildir (its new/ is looked at, and nothing may be left in its tmp/), or holds one file a message. A server may put
fields of its own on top (`--trace`); everything below has to be the message. The files looked at are
removed, so that the next check finds only its own.

The last line of the output says what is wrong; exit status 0 when nothing is.
"""

import argparse
import email
import email.policy
import pathlib
import re
import sys
import time


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--sent", type=pathlib.Path, help="the message as it was sent")
    parser.add_argument("--attachment", type=pathlib.Path, help="instead: a file that the message carries as a MIME attachment")
    parser.add_argument("--count", type=int, default=1, help="how many copies must be there")
    parser.add_argument("--trace", action="append", default=[], metavar="NAME",
                        help="a field the server puts on top; in this order; NAME+ for several in a row")
    parser.add_argument("--match", action="append", default=[], metavar="REGEX",
                        help="must match one of the trace fields, unfolded")
    parser.add_argument("--lf", action="store_true", help="the server stores lines with LF")
    parser.add_argument("--trailer", action="store_true", help="the server puts an empty line behind the message")
    parser.add_argument("--wait", type=float, default=0, help="seconds in which the messages may still arrive")
    return parser.parse_args()


class Wrong(Exception):
    pass


def split_trace(stored, names, line_end):
    """Takes the trace fields off the top: the fields, unfolded, and what is left."""
    fields = []
    for name in names:
        several = name.endswith("+")
        # A field continues on each following line that starts with a blank (RFC 5322 2.2.3).
        field = re.compile(rb"(?i)" + re.escape(name.rstrip("+").encode()) + rb":[^\r\n]*" + line_end
                           + rb"(?:[ \t][^\r\n]*" + line_end + rb")*")
        found = field.match(stored)
        if not found:
            raise Wrong(f"expected the field {name} on top, found {stored[:60]!r}")
        while found:
            fields.append(re.sub(rb"\s+", b" ", found.group()).strip().decode("utf-8", "replace"))
            stored = stored[found.end():]
            found = several and field.match(stored)
    return fields, stored


def check_same(got, sent):
    if got == sent:
        return
    at = next((n for n, (a, b) in enumerate(zip(got, sent)) if a != b), min(len(got), len(sent)))
    raise Wrong(f"differs at octet {at} ({len(got)} stored, {len(sent)} sent): "
                f"stored {got[max(at - 20, 0):at + 30]!r}, sent {sent[max(at - 20, 0):at + 30]!r}")


def check_attachment(message, path):
    parsed = email.message_from_bytes(message, policy=email.policy.default)
    for part in parsed.iter_attachments():
        if part.get_filename() == path.name:
            content = part.get_content()
            if isinstance(content, str):
                content = content.encode()
            return check_same(content, path.read_bytes())
    raise Wrong(f"there is no attachment named {path.name}")


def check(options, stored):
    line_end = b"\n" if options.lf else b"\r\n"
    fields, message = split_trace(stored, options.trace, line_end)
    for pattern in options.match:
        if not any(re.search(pattern, field) for field in fields):
            raise Wrong(f"no field matches {pattern}: {fields}")
    if options.trailer:
        message = message.removesuffix(line_end)
    if options.attachment:
        return check_attachment(message, options.attachment)
    sent = options.sent.read_bytes()
    if not sent.endswith(b"\r\n"):
        sent += b"\r\n"  # DATA carries whole lines only (RFC 5321 4.1.1.4): the sender completes the last line
    check_same(message, sent.replace(b"\r\n", b"\n") if options.lf else sent)


def main():
    options = arguments()
    new = options.directory / "new"
    directory = new if new.is_dir() else options.directory
    deadline = time.monotonic() + options.wait
    while True:
        files = sorted(path for path in directory.glob("*") if path.is_file()) if directory.is_dir() else []
        if len(files) >= options.count or time.monotonic() >= deadline:
            break
        time.sleep(0.05)
    # The writer may not have finished the file: wait for the same time.
    while True:
        try:
            if len(files) != options.count:
                raise Wrong(f"{len(files)} messages stored, {options.count} sent")
            for path in files:
                check(options, path.read_bytes())
            unfinished = list((options.directory / "tmp").glob("*")) if new.is_dir() else []
            if unfinished:
                raise Wrong(f"{len(unfinished)} files left in tmp/")
        except Wrong as wrong:
            if time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            problem = str(wrong)
        else:
            problem = None
        break
    for path in files:
        path.unlink()
    if problem:
        sys.exit(problem)


if __name__ == "__main__":
    main()
