#!/usr/bin/env python3
"""The same sessions to three servers, and how what they do differs from what ours does.

run.py DIRECTORY SERVER [--differences]

DIRECTORY is an empty one that everybody can read. SERVER is the example `server`. The sessions are those of
inputs/sessions.txt; aiosmtpd and Postfix's smtp-sink get them, too. Ours keeps bare CR and LF here, where it refuses
messages with them otherwise: so it is seen what each takes for the end of a message. Each difference has to be in JUDGED.md, and
each row there about a session has to be about one; otherwise the exit status is 1.
"""

import pathlib
import re
import socket
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
PATIENCE = 20  # seconds for a server to reply, to start, or to store


### Inputs

def octets(text):
    """The escapes of tests/README.md."""
    one = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "s": b" ", "\\": b"\\"}

    def octets_of(escape):
        if escape[1] is not None:
            return octets(escape[2]) * int(escape[1])
        return bytes([int(escape[3], 16)]) if escape[3] else one[escape[4]]

    pieces, end = [], 0
    for escape in re.finditer(r"\\(?:\{(\d+)\*([^}]*)\}|x([0-9A-Fa-f]{2})|([rnt0s\\]))", text):
        pieces += [text[end:escape.start()].encode(), octets_of(escape)]
        end = escape.end()
    return b"".join(pieces) + text[end:].encode()


def sessions():
    """(title, commands, the last flight or None) of each."""
    for part in re.split(r"^\[", (HERE / "inputs/sessions.txt").read_text(), flags=re.M)[1:]:
        title, *lines = [line for line in part.splitlines() if line]
        commands = [line for line in lines if not line.startswith("> ")]
        flight = [line[2:] for line in lines if line.startswith("> ")]
        yield title.rstrip("]"), commands, flight[0] if flight else "QUIT\\r\\n"


### Servers

class Server:
    """A server that runs. `store` is where it puts messages, one a file, and `own` matches what it puts on top."""

    def __init__(self, name, command, store, own, port=None, lines=b"\r\n", trailer=b""):
        self.name, self.store, self.own, self.lines, self.trailer = name, store, own, lines, trailer
        # Discard its standard error, which only reports unknown commands.
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if port is None:
            announced = re.match(r"listening on \S+:(\d+)", self.process.stdout.readline())
            port = int(announced[1])
        self.address = ("127.0.0.1", port)

    def connect(self):
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return socket.create_connection(self.address, PATIENCE)
            except ConnectionRefusedError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.05)

    def stored(self):
        """The messages since the last call, as they were sent: without what the server puts on top."""
        # A server that greets a new connection has finished the previous session.
        with self.connect() as again:
            again.recv(1)
        files = [path for path in sorted(self.store.glob("*")) if path.is_file()] if self.store.is_dir() else []
        messages = [re.sub(self.own, b"", path.read_bytes(), count=1) for path in files]
        for path in files:
            path.unlink()
        return sorted(message.removesuffix(self.trailer).replace(self.lines, b"\r\n") for message in messages)

    def stop(self):
        self.process.kill()
        self.process.wait()


def start(directory, server):
    field = rb"[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*"
    sink = directory / "sink"
    sink.mkdir(mode=0o777)
    sink.chmod(0o777)  # smtp-sink does not run as root
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return [
        Server("ours", [server, "--listen", "127.0.0.1:0", "--maildir", directory / "ours", "--line-endings", "keep"],
               directory / "ours/new", rb"\A(?:(?:Return-Path|Received):" + field + rb")*"),
        Server("aiosmtpd", [sys.executable, HERE.parent / "interop/serve_aiosmtpd.py", directory / "aiosmtpd"],
               directory / "aiosmtpd", rb"\A(?:X-(?:Mail|Rcpt):" + field + rb")*"),
        Server("smtp-sink", ["smtp-sink", "-u", "nobody", "-d", f"{sink}/message.", f"127.0.0.1:{port}", "100"], sink,
               rb"\A(?:(?:X-(?:Client|Helo|Mail|Rcpt)-[A-Za-z]+|Received):" + field + rb")*", port, b"\n", b"\n"),
    ]


### Sessions

class Replies:
    def __init__(self, connection):
        self.file = connection.makefile("rb")

    def next(self):
        """The class of the next reply, as `2yz`; `close` at the end."""
        try:
            while True:
                line = self.file.readline()
                if not line:
                    return "close"
                if line[3:4] != b"-":
                    return f"{line[:1].decode('ascii', 'replace')}yz"
        except TimeoutError:
            return "silence"
        except ConnectionResetError:
            return "close"

    def all(self):
        replies = []
        while not replies or replies[-1] not in ("close", "silence"):
            replies.append(self.next())
        return " ".join(replies)


def converse(server, commands, flight):
    """What is said to each command, and what is stored."""
    said = []
    with server.connect() as connection:
        replies = Replies(connection)
        said.append(("", replies.next()))
        try:
            for command in commands:
                connection.sendall(octets(command) + b"\r\n")
                said.append((command, replies.next()))
            connection.sendall(octets(flight))
            said.append((flight, replies.all()))
        except (BrokenPipeError, ConnectionResetError):
            said.append((flight, "close"))
    return said, server.stored()


def difference(title, ours, theirs):
    """The first one: what theirs does that ours does not."""
    for (command, here), (_, there) in zip(ours[0], theirs[0]):
        if here != there:
            return f"{title}: {command}", f"{there} not {here}"
    if len(ours[1]) != len(theirs[1]):
        return title, f"stores {len(theirs[1])} not {len(ours[1])}"
    if ours[1] != theirs[1]:
        return title, "stores other octets"
    return None


### What is judged

class Row:
    def __init__(self, number, line):
        cells = [cell.strip().replace("\1", "|") for cell in line.replace("\\|", "\1").strip("|").split("|")]
        _, pattern, who, self.does, right, section, why = cells
        if right not in ("ours", "both") or not section or not why:
            sys.exit(f"JUDGED.md:{number}: say who is right, where it is written, and why")
        self.number, self.pattern = number, re.compile(pattern.strip("`"))
        self.unseen = set(who.split(", "))
        self.who = set(self.unseen)


def main():
    directory, program, *wish = sys.argv[1:]
    directory = pathlib.Path(directory)
    lines = (HERE / "JUDGED.md").read_text().splitlines()
    rows = [Row(number, line) for number, line in enumerate(lines, 1) if line.startswith("| session ")]
    problems, differences, count = [], 0, 0
    servers = start(directory, program)
    try:
        for title, commands, flight in sessions():
            count += 1
            ours, *others = [converse(server, commands, flight) for server in servers]
            if "--table" in wish:
                for server, (said, stored) in zip(servers, [ours, *others]):
                    print(f"{title} | {server.name} | {', '.join(reply for _, reply in said)} | {stored}")
            for server, theirs in zip(servers[1:], others):
                found = difference(title, ours, theirs)
                if found is None:
                    continue
                differences += 1
                text = f"session | {found[0]} | {server.name} | {found[1]}"
                if "--differences" in wish:
                    print(text)
                for row in rows:
                    if server.name in row.who and row.does == found[1] and row.pattern.search(found[0]):
                        row.unseen.discard(server.name)
                        break
                else:
                    problems.append(f"not in JUDGED.md: {text}")
    finally:
        for server in servers:
            server.stop()
    problems += [f"JUDGED.md:{row.number}: no such difference with {who} any more" for row in rows for who in row.unseen]
    print(f"inputs/sessions.txt: {count} sessions, {len(servers)} servers, {differences} differences")
    print(f"{len(problems)} problems")
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
