#!/usr/bin/env python3
"""Writes the messages that the interoperability tests send. Always the same bytes.

make_messages.py DIRECTORY

NAME.eml has lines that end in CRLF, NAME.lf the same lines with LF. NAME.open is NAME.lf less its last LF, and NAME-blank.eml
is NAME.eml with an empty line behind: some programs put a line end behind what they are given.
"""

import pathlib
import sys

HEAD = b"From: sender@client.example\r\nTo: to@example.org\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\n" \
       b"Message-ID: <%s@client.example>\r\nSubject: %s\r\n"
MIME = b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"


def message(name, body, more=b""):
    return HEAD % (name.encode(), name.encode()) + more + b"\r\n" + body


def messages():
    yield "plain", message("plain", b"Hello,\r\n\r\n  indented\r\ntrailing blank \r\n\ttab\r\nBye\r\n")
    yield "dots", message("dots", b".\r\n..\r\n...\r\n.hidden\r\n. \r\nx.\r\n\r\n.\r\nQUIT\r\n.\r\nend\r\n")
    yield "dot-end", message("dot-end", b"text\r\n.\r\n.\r\n")
    yield "blank-end", message("blank-end", b"text\r\n\r\n\r\n\r\n")
    yield "headers-only", message("headers-only", b"")[:-2]
    yield "eight-bit", message("eight-bit", "Grüße, 你好, Привет\r\n".encode() * 20, MIME)
    yield "long-lines", message("long-lines", b"".join(b"%d" % (n % 10) * 998 + b"\r\n" for n in range(50)))
    yield "no-final-line-end", message("no-final-line-end", b"first\r\nlast")
    # About 2 MiB, each line dot-stuffed: many times any buffer between the two ends.
    yield "large", message("large", b"".join(b".%07d %s\r\n" % (n, b"." * (n % 64)) for n in range(50000)))
    # Past the size limit that the server is started with.
    yield "too-large", message("too-large", (b"y" * 70 + b"\r\n") * 70000)
    yield "utf8-header", message("utf8-header", b"text\r\n").replace(b"Subject: ", "Subject: Grüße ".encode())


def main():
    directory = pathlib.Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in messages():
        (directory / f"{name}.eml").write_bytes(content)
        (directory / f"{name}-blank.eml").write_bytes(content + b"\r\n")
        with_lf = content.replace(b"\r\n", b"\n")
        (directory / f"{name}.lf").write_bytes(with_lf)
        (directory / f"{name}.open").write_bytes(with_lf.removesuffix(b"\n"))


if __name__ == "__main__":
    main()
