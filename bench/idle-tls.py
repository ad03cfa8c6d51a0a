#!/usr/bin/env python3
"""Measures how much the resident memory of an example server grows with each idle connection under TLS.

    bench/idle-tls.py [--connections N] COMMAND...

`{}` in the command stands for the address to listen on; the server must offer STARTTLS (`--self-signed`). Prints KB for
each connection: after EHLO under TLS, and after a message of 64 KB. It needs Linux, for `/proc`."""

import re
import socket
import ssl
import subprocess
import sys
import time

BODY = b"Subject: x\r\n\r\n" + (b"x" * 70 + b"\r\n") * 910 + b".\r\n"


class Connection:
    def __init__(self, address, context):
        self.socket = socket.create_connection(address)
        self.reply()
        self.command(b"EHLO client.example\r\n")
        self.command(b"STARTTLS\r\n")
        self.socket = context.wrap_socket(self.socket)
        self.command(b"EHLO client.example\r\n")

    def command(self, octets):
        self.socket.sendall(octets)
        self.reply()

    def reply(self):
        octets = b""
        while not re.search(rb"^\d{3} .*\r\n\Z", octets, re.M):
            more = self.socket.recv(4096)
            assert more, octets
            octets += more

    def message(self):
        for command in [b"MAIL FROM:<a@client.example>\r\n", b"RCPT TO:<b@mx.example>\r\n", b"DATA\r\n", BODY]:
            self.command(command)


def resident(pid):
    # Time to tidy up.
    time.sleep(1)
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def main():
    arguments, connections = sys.argv[1:], 1000
    if arguments[:1] == ["--connections"]:
        connections, arguments = int(arguments[1]), arguments[2:]
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = free.getsockname()
    command = [word.replace("{}", "%s:%d" % address) for word in arguments]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        server.stdout.readline()
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        first = [Connection(address, context) for _ in range(4)]
        first[0].message()
        before = resident(server.pid)
        idle = [Connection(address, context) for _ in range(connections)]
        greeted = resident(server.pid)
        for connection in idle:
            connection.message()
        used = resident(server.pid)
        print(f"{(greeted - before) / connections:.2f} KB after EHLO, {(used - before) / connections:.2f} KB after a message")
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
