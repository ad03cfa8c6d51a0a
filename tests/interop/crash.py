"""Kills a server with SIGKILL while clients send as fast as they can, and looks at what is in its Maildir.

    crash.py --maildir DIRECTORY [--rounds N] [--seed N] -- SERVER ARGUMENT...

SERVER has to say `listening on 127.0.0.1:PORT (smtp)`, and to store into DIRECTORY. What a client has read 250 for is in
`new`, once and octet by octet as it was sent, whatever happens; and nothing is there that is not a whole message.
"""

import argparse
import hashlib
import pathlib
import random
import re
import socket
import subprocess
import threading
import time

CLIENTS = 6
PATIENCE = 20  # seconds

parser = argparse.ArgumentParser()
parser.add_argument("--maildir", type=pathlib.Path, required=True)
parser.add_argument("--rounds", type=int, default=6)
parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
parser.add_argument("server", nargs="+")
options = parser.parse_args()

sent = {}  # the sent messages, by name
acknowledged = set()  # names of those that were answered with 250
failures = []  # errors that ended clients, except the loss of a killed server
lock = threading.Lock()
told = threading.Condition(lock)  # notified for each new entry in `acknowledged` or `failures`


def make_message(name, chance):
    """A message that says what is in it: some are short, some take many writes."""
    lines = [chance.choice(["", ".", "..", ".x", "x" * chance.randrange(900)]) for _ in range(chance.choice([1, 30, 600]))]
    body = "".join(line + "\r\n" for line in lines)
    digest = hashlib.sha256(body.encode()).hexdigest()
    return f"X-Name: {name}\r\nX-Digest: {digest}\r\n\r\n{body}".encode()


def ask(stream, octets, code):
    stream.write(octets)
    stream.flush()
    while True:
        line = stream.readline()
        if not line.endswith(b"\n"):
            raise ConnectionError("the server is gone")
        if line[3:4] != b"-":
            break
    assert line.startswith(code), f"{octets[:60]!r} got {line!r}"


def be_client(port, client, chance, killed):
    """Sends until the server is killed. Whatever else ends it is a failure: an exception ends a thread and nothing more."""
    try:
        send_all(port, client, chance)
    except Exception as error:
        with told:
            if not (killed.is_set() and isinstance(error, ConnectionError)):
                failures.append(f"client {client}: {error!r}")
                told.notify_all()


def send_all(port, client, chance):
    """Sends one message after the other, without end."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        stream = connection.makefile("rwb")
        ask(stream, b"", b"220")
        ask(stream, b"EHLO client.example\r\n", b"250")
        for number in range(10**9):
            name = f"{client}.{number}"
            message = make_message(name, chance)
            with lock:
                sent[name] = message
            ask(stream, b"MAIL FROM:<sender@client.example>\r\n", b"250")
            ask(stream, b"RCPT TO:<to@example.org>\r\n", b"250")
            if chance.random() < 0.5:
                ask(stream, b"DATA\r\n", b"354")
                stuffed = re.sub(rb"(?m)^\.", b"..", message)
                ask(stream, stuffed + b".\r\n", b"250")
            else:
                ask(stream, b"BDAT %d LAST\r\n" % len(message) + message, b"250")
            with told:
                acknowledged.add(name)
                told.notify_all()


def run_round(number, chance):
    server = subprocess.Popen(options.server, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    killed = threading.Event()
    try:
        found = None
        while not found:
            line = server.stdout.readline()
            assert line, "the server ends without saying where it listens"
            found = re.fullmatch(r"listening on 127\.0\.0\.1:(\d+) \(smtp\)\n", line)
        threading.Thread(target=server.stdout.read, daemon=True).start()
        clients = [
            threading.Thread(
                target=be_client,
                args=(int(found[1]), f"{number}.{client}", random.Random(chance.random()), killed),
                daemon=True,
            )
            for client in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        # Kill the server after this number of further messages, while others are being sent.
        enough = len(acknowledged) + chance.randrange(1, 60)
        with told:
            done = told.wait_for(lambda: failures or len(acknowledged) >= enough, PATIENCE)
        assert done, "the server acknowledges nothing"
        time.sleep(chance.random() * 0.01)
    finally:
        killed.set()
        server.kill()
        server.wait()
    for client in clients:
        client.join(PATIENCE)
        assert not client.is_alive(), "a client hangs"
    assert not failures, "; ".join(failures)


def look():
    """Everything in `new` is whole, and everything that was acknowledged is there."""
    found = set()
    for file in (options.maildir / "new").iterdir():
        stored = file.read_bytes()
        start = re.search(rb"^X-Name: (\S+)\r\n", stored, re.MULTILINE)
        assert start, f"no message of ours: {file.name}"
        trace, message, name = stored[: start.start()], stored[start.start() :], start[1].decode()
        assert re.fullmatch(rb"Return-Path: <sender@client\.example>\r\nReceived: (.+\r\n)+", trace), trace
        assert message == sent[name], f"{name}: {len(message)} of {len(sent[name])} octets in {file.name}"
        head, body = message.split(b"\r\n\r\n", 1)
        assert head.endswith(hashlib.sha256(body).hexdigest().encode()), f"{name}: the digest is another"
        assert name not in found, f"{name} is there twice"
        found.add(name)
    lost = acknowledged - found
    assert not lost, f"acknowledged and not there: {sorted(lost)}"
    return len(found)


print(f"seed {options.seed}")
seeded = random.Random(options.seed)
for round_number in range(options.rounds):
    run_round(round_number, seeded)
    kept = look()
    print(f"killed: {len(acknowledged)} acknowledged, {kept} stored, {len(sent)} begun")
