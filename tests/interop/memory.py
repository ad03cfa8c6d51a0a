"""Has many clients do at once what makes a careless server keep a lot, and looks at the memory that it holds meanwhile.

    memory.py -- SERVER ARGUMENT...

SERVER has to say `listening on 127.0.0.1:PORT (smtp)` and is to be the process that is started.
"""

import argparse
import pathlib
import re
import socket
import subprocess
import threading

CLIENTS = 30  # fewer than a server takes from one peer
PATIENCE = 20  # seconds
# What a session may hold, in KiB: buffers for a line, a read and a write, and if it is a thread its stack and a heap.
ROOM = 256
SAID = 960 << 10  # octets that each client says, if somebody listens: much more, and less than an endless line may have

parser = argparse.ArgumentParser()
parser.add_argument("server", nargs="+")
options = parser.parse_args()

ENVELOPE = b"MAIL FROM:<sender@client.example>\r\nRCPT TO:<to@example.org>\r\n"
FLOODS = {
    "a line without an end": [b"NOOP ", b"x" * 16000],
    "commands, and no reply is read": [b"", b"NOOP\r\n" * 2000],
    "a message in chunks of one octet": [ENVELOPE, b"BDAT 1\r\nx" * 1000],
    "recipients": [ENVELOPE, b"RCPT TO:<to@example.org>\r\n" * 500],
    "a message without an end": [ENVELOPE + b"DATA\r\nX: y\r\n\r\n", b"x" * 16000],
}

def connect(port):
    connection = socket.create_connection(("127.0.0.1", port), PATIENCE)
    assert connection.recv(100).startswith(b"220 ")
    connection.sendall(b"EHLO client.example\r\n")
    assert connection.recv(1000).startswith(b"250-")
    return connection


def flood(connection, begin, on):
    """Says it as long as anybody listens."""
    connection.settimeout(0.5)
    try:
        connection.sendall(begin)
        for _ in range(SAID // len(on)):
            connection.sendall(on)
    except OSError:
        pass


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
    for name, (begin, on) in FLOODS.items():
        connections = [connect(port) for _ in range(CLIENTS)]
        threads = [threading.Thread(target=flood, args=(connection, begin, on)) for connection in connections]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        held = resident(server)
        print(f"{name}: {held - before} KiB more than at first")
        assert held < most, f"{name}: {held - before} KiB more than at first, and not {most - before}"
        for connection in connections:
            connection.close()
    with connect(port) as connection:
        connection.sendall(b"QUIT\r\n")
        assert connection.recv(100).startswith(b"221 ")
finally:
    server.terminate()
    server.wait()
