#!/usr/bin/env python3
"""count_greetings.py PORT LIMIT: behind a proxy at PORT, each client gets LIMIT sessions at a time, and no other client pays for it.

The proxy takes a PROXY header from its client, so this program says by itself which client it is. The last line of the output says what
is wrong; exit status 0 when nothing is.
"""

import socket
import sys


def session(port, client):
    """Opens a connection in the name of a client: the socket, and the code of the greeting."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(f"PROXY TCP4 {client} 127.0.0.1 4711 25\r\n".encode())
    return connection, connection.recv(512)[:3].decode()


def main():
    port, limit = int(sys.argv[1]), int(sys.argv[2])
    open_sessions = []
    for client in ("192.0.2.31", "192.0.2.32"):
        codes = []
        for _ in range(limit + 1):
            connection, code = session(port, client)
            open_sessions.append(connection)
            codes.append(code)
        if codes != ["220"] * limit + ["421"]:
            sys.exit(f"{client} was greeted with {codes}")


main()
