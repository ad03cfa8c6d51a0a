#!/usr/bin/env python3
"""The relay with real DNSSEC: a zone that Knot DNS signs, one delivery by DANE, one bogus answer.

dnssec.py --relay PATH

The signed zone is the root, so that one key signs everything and the relay's anchor is that key. Between the relay and Knot is a proxy
that changes one address on its way: that answer is bogus. The last line of the output says what is wrong; exit status 0 when nothing is.
"""

import argparse
import hashlib
import json
import pathlib
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from sink import Sink

# The proxy replaces the first by the second.
SIGNED, FORGED = socket.inet_aton("127.0.0.99"), socket.inet_aton("127.0.0.12")


def free_port():
    """A port that is free now, for UDP and TCP."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def await_(seconds, condition):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


class Forger:
    """A proxy in front of a name server, which changes one address in the answers."""

    def __init__(self, server):
        self.server = server
        self.port = free_port()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.tcp = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.datagrams, daemon=True).start()
        threading.Thread(target=self.connections, daemon=True).start()

    def datagrams(self):
        while True:
            query, client = self.udp.recvfrom(65535)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as upstream:
                upstream.settimeout(5)
                upstream.sendto(query, ("127.0.0.1", self.server))
                self.udp.sendto(upstream.recv(65535).replace(SIGNED, FORGED), client)

    def connections(self):
        while True:
            client, _ = self.tcp.accept()
            upstream = socket.create_connection(("127.0.0.1", self.server))
            threading.Thread(target=self.copy, args=(client, upstream, lambda octets: octets), daemon=True).start()
            threading.Thread(target=self.copy, args=(upstream, client, lambda octets: octets.replace(SIGNED, FORGED)), daemon=True).start()

    @staticmethod
    def copy(source, target, change):
        try:
            while octets := source.recv(65535):
                target.sendall(change(octets))
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def certificate(folder):
    """A self-signed certificate: the context of its server, and the data of its TLSA record (3 1 1)."""
    key, chain, public = folder / "key.pem", folder / "cert.pem", folder / "public.der"
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=mx.example.org", "-keyout", key, "-out", chain], **quiet)
    subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER", "-out", public], **quiet)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return context, "3 1 1 " + hashlib.sha256(public.read_bytes()).hexdigest()


def knot(folder, port, zone):
    """Starts Knot DNS with the signed zone: its process, and the file with the key."""
    (folder / "root.zone").write_text(zone)
    (folder / "knot.conf").write_text(f"""
server:
    listen: 127.0.0.1@{port}
    rundir: {folder}
database:
    storage: {folder}
policy:
  - id: ours
    algorithm: ecdsap256sha256
    single-type-signing: on
zone:
  - domain: .
    storage: {folder}
    file: root.zone
    dnssec-signing: on
    dnssec-policy: ours
    zonefile-sync: -1
    journal-content: none
""")
    log = open(folder / "knot.log", "w")
    process = subprocess.Popen(["knotd", "-c", folder / "knot.conf"], stdout=log, stderr=log)
    keys = lambda: subprocess.run(["kdig", "@127.0.0.1", "-p", str(port), ".", "DNSKEY", "+noall", "+answer", "+time=1"],
                                  capture_output=True, text=True).stdout
    if not await_(20, lambda: "DNSKEY" in keys()):
        process.terminate()
        sys.exit("Knot does not answer: " + (folder / "knot.log").read_text())
    anchor = folder / "anchor.key"
    anchor.write_text(keys())
    return process, anchor


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--relay", required=True)
    relay = parser.parse_args().relay
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        context, tlsa = certificate(folder)
        port, dns_port = free_port(), free_port()
        signed = Sink("127.0.0.11", port, "tls", context)
        forged = Sink("127.0.0.12", port)
        name_server, anchor = knot(folder, dns_port, f""". 60 SOA ns.test. host.test. 1 60 60 60 60
. 60 NS ns.test.
ns.test. 60 A 127.0.0.1
example.org. 60 MX 10 mx.example.org.
mx.example.org. 60 A 127.0.0.11
_{port}._tcp.mx.example.org. 60 TLSA {tlsa}
forged.example. 60 MX 10 mx.forged.example.
mx.forged.example. 60 A 127.0.0.99
""")
        forger = Forger(dns_port)
        command = [relay, "--listen", "127.0.0.1:0", "--hostname", "relay.test", "--spool", folder / "spool", "--relay-from", "127.0.0.0/8",
                   "--dns", f"127.0.0.1:{forger.port}", "--dns-anchor", anchor, "--port", str(port), "--retry", "1s", "--timeout", "10"]
        log = open(folder / "relay.log", "w")
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            listening = process.stdout.readline()
            if not listening:
                sys.exit("the relay does not start: " + (folder / "relay.log").read_text())
            with smtplib.SMTP("127.0.0.1", int(listening.split()[2].rpartition(":")[2])) as client:
                for recipient in ("u@example.org", "u@forged.example"):
                    client.sendmail("a@sender.example", [recipient], f"Subject: t\r\nX-Test: {recipient}\r\n\r\nhello\r\n")

            def waiting():
                listed = subprocess.run([relay, "queue", "list", "--json", "--spool", folder / "spool"], capture_output=True, text=True)
                return [json.loads(line) for line in listed.stdout.splitlines()]

            def said():
                return (folder / "relay.log").read_text()

            if not await_(30, lambda: signed.taken):
                sys.exit(f"nothing was delivered by DANE: {waiting()}\n{said()}")
            if not all(delivery["secure"] for delivery in signed.taken):
                sys.exit("the delivery by DANE was in plaintext")
            if not await_(30, lambda: any(one["recipient"] == "u@forged.example" and one["attempts"] >= 2 for one in waiting())):
                sys.exit(f"the message to the forged address does not wait: {waiting()}\n{said()}")
            if forged.taken:
                sys.exit("a message went to the forged address")
        finally:
            process.terminate()
            process.wait(20)
            name_server.terminate()
            name_server.wait(20)
    print("one delivery by DANE, none to a forged address")


main()
