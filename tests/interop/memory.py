"""Has many clients do at once what makes a careless server keep a lot, and looks at the memory that it holds meanwhile.

    memory.py -- SERVER ARGUMENT...

SERVER has to say `listening on 127.0.0.1:PORT (smtp)` and is to be the process that is started. Each flood has to be heard and
answered as the limits of `smtp-proto/src/limits.rs` have it, to the last reply.
"""

import argparse
import concurrent.futures
import itertools
import pathlib
import re
import socket
import subprocess
import threading

CLIENTS = 30  # fewer than a server accepts from one peer
PATIENCE = 20  # seconds
# Maximum memory of a session, in KiB: buffers for a line, a read and a write, and for a thread its heap and its stack, which
# is large without optimisation (200 with it). It is much less than each client sends.
ROOM = 384
# Octets that each client sends, if the server reads them: less than the limit of an endless line, and less than the example
# servers read after the end of a session.
SAID = 960 << 10
LEAST = 64 << 10  # octets that each client must be able to send, however long it takes
STALLED = 0.5  # seconds without progress, after LEAST, that mean that the server stopped reading

parser = argparse.ArgumentParser()
parser.add_argument("server", nargs="+")
options = parser.parse_args()

ENVELOPE = b"MAIL FROM:<sender@client.example>\r\nRCPT TO:<to@example.org>\r\n"
# For each flood: the beginning, the repeated part, the end, and the replies after that number of repetitions. EHLO and 999
# more commands make no progress: the next one exceeds `idle_commands`, and RCPT receives its 452 before 421.
FLOODS = {
    "a line without an end": (b"NOOP ", b"x", b"\r\n", lambda times: [("500", 1), ("221", 1)]),
    "commands, and no reply is read": (b"", b"NOOP\r\n", b"", lambda times: [("250", 999), ("421", 1)]),
    "a message in chunks of one octet": (
        ENVELOPE, b"BDAT 1\r\nx", b"BDAT 0 LAST\r\n", lambda times: [("250", 2 + times + 1), ("221", 1)],
    ),
    "recipients": (
        # 452 to 1,000 beyond the limit, and to 1,000 more, which are idle commands.
        ENVELOPE, b"RCPT TO:<to@example.org>\r\n", b"", lambda times: [("250", 1 + 1000), ("452", 2000), ("421", 1)],
    ),
    "a message without an end": (
        ENVELOPE + b"DATA\r\nX: y\r\n\r\n", b"x", b"\r\n.\r\n",
        lambda times: [("250", 2), ("354", 1), ("250", 1), ("221", 1)],
    ),
}
WAITS = {"a message in chunks of one octet"}  # the server stops reading until the client reads replies


def connect(port, waits=False):
    connection = socket.socket()
    connection.settimeout(PATIENCE)
    if waits:
        # Small segments and buffers: the kernel soon has no room for unread replies and for input.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1200)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 12)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
    else:
        # Room for all replies: they have arrived, even if the connection breaks.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    connection.connect(("127.0.0.1", port))
    assert connection.recv(100).startswith(b"220 ")
    connection.sendall(b"EHLO client.example\r\n")
    assert connection.recv(1000).startswith(b"250-")
    return connection


def flood(connection, begin, unit):
    """Says it as long as anybody listens, and reads nothing; how many octets of units that was."""
    connection.sendall(begin)
    many = unit * (16000 // len(unit))
    sent = 0
    try:
        while sent < SAID:
            connection.settimeout(PATIENCE if sent < LEAST else STALLED)
            sent += connection.send(many[sent % len(many) :])
    except TimeoutError:
        assert sent >= LEAST, f"nobody listens behind {sent} octets"
    except ConnectionError:
        pass  # the replies show if that was correct
    return sent


def finish(connection, octets):
    """Says the rest, and reads all replies: each code, and how often it came in a row."""
    connection.settimeout(PATIENCE)
    received = bytearray()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        # The server may stop reading until the client reads replies.
        said = pool.submit(connection.sendall, octets)
        try:
            while some := connection.recv(1 << 16):
                received += some
        except ConnectionError:
            pass
        said.exception()
    connection.close()
    codes = (line[:3].decode() for line in received.splitlines())
    return [(code, len(list(lines))) for code, lines in itertools.groupby(codes)]


def resident(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])


server = subprocess.Popen(options.server, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
try:
    found = None
    while not found:
        line = server.stdout.readline()
        assert line, "the server ends without saying where it listens"
        found = re.fullmatch(r"listening on 127\.0\.0\.1:(\d+) \(smtp\)\n", line)
    threading.Thread(target=server.stdout.read, daemon=True).start()
    port = int(found[1])
    before = resident(server)
    most = before + CLIENTS * ROOM
    pool = concurrent.futures.ThreadPoolExecutor(CLIENTS)
    for name, (begin, unit, end, replies) in FLOODS.items():
        connections = [connect(port, name in WAITS) for _ in range(CLIENTS)]
        sent = list(pool.map(lambda connection: flood(connection, begin, unit), connections))
        held = resident(server)
        print(f"{name}: {min(sent)} octets or more said by each, {held - before} KiB more than at first")
        assert held < most, f"{name}: {held - before} KiB more than at first, and not {most - before}"
        rests = [unit[octets % len(unit) or len(unit) :] + end + b"QUIT\r\n" for octets in sent]
        for octets, answer in zip(sent, pool.map(finish, connections, rests)):
            expected = replies(-(-octets // len(unit)))
            assert answer == expected, f"{name}: {octets} octets were answered with {answer}, and not {expected}"
            assert name not in WAITS or octets < SAID, f"{name}: all of it was taken, and no reply was read"
    with connect(port) as connection:
        connection.sendall(b"QUIT\r\n")
        assert connection.recv(100).startswith(b"221 ")
finally:
    server.terminate()
    server.wait()
