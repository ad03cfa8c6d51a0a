#!/usr/bin/env python3
"""Relays under load whose processes are killed at random. `tests/relay.sh` starts it."""

import argparse
import collections
import hashlib
import os
import random
import shlex
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from sink import Sink

DOMAINS = ["plain.example", "grey.example", "down.example", "tls.example", "null.example"]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def listens(port):
    """Waits until somebody listens there."""
    end = time.time() + 20
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.time() > end:
                raise
            time.sleep(0.05)


def left(relay, spool):
    """Lists the queue. An error counts as an entry."""
    listed = subprocess.run([relay, "queue", "list", "--json", "--spool", spool], capture_output=True, text=True)
    return listed.stdout or (listed.stderr if listed.returncode else "")


class Process:
    """A relay that is started again when it ends."""

    def __init__(self, command, folder):
        self.command, self.folder, self.proc, self.starts = command, folder, None, 0
        self.is_wanted = True
        threading.Thread(target=self.keep, daemon=True).start()

    def keep(self):
        while self.is_wanted:
            with open(os.path.join(self.folder, "relay.log"), "ab") as log:
                self.proc = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=log)
            self.starts += 1
            self.proc.wait()
            time.sleep(0.1)

    def kill(self):
        if self.proc and self.proc.poll() is None:
            self.proc.kill()

    def stop(self):
        self.is_wanted = False
        self.proc.send_signal(signal.SIGTERM)
        try:
            return self.proc.wait(20)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            return "had to be killed"


class Database:
    """The server of tests/relay.sh: killed, and started again."""

    def __init__(self):
        self.control, self.pid = shlex.split(os.environ["PG_CTL"]), os.environ["PG_PID"]

    def kill(self):
        if random.random() < 0.5:
            with open(self.pid) as file:
                os.kill(int(file.readline()), signal.SIGKILL)
        else:
            subprocess.run([*self.control, "-m", "immediate", "stop"], cwd="/", capture_output=True)
        time.sleep(random.random())
        # The processes of a killed server need a moment to end.
        end = time.time() + 120
        while time.time() < end:
            if subprocess.run([*self.control, "-w", "start"], cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
                return
            time.sleep(0.2)
        raise SystemExit("the database does not start again")


class Load:
    """Messages, each with a name of its own. Those with a 250 are `acked`."""

    def __init__(self, ports, threads, most=None, pause=0.0, domains=DOMAINS):
        self.ports, self.most, self.pause, self.domains = ports, most, pause, domains
        self.lock, self.acked, self.count, self.is_over = threading.Lock(), {}, 0, False
        self.threads = [threading.Thread(target=self.send, daemon=True) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def next(self):
        with self.lock:
            if self.is_over or self.most is not None and len(self.acked) >= self.most:
                return None
            self.count += 1
            return self.count

    def send(self):
        client = None
        while (n := self.next()) is not None:
            domain = self.domains[n % len(self.domains)]
            content = f"From: s@sender.example\r\nTo: u{n}@{domain}\r\nSubject: {n}\r\nX-Test: m{n}\r\n\r\n{'x' * 60}\r\n"
            try:
                client = client or smtplib.SMTP("127.0.0.1", random.choice(self.ports), timeout=30)
                client.sendmail("s@sender.example", [f"u{n}@{domain}"], content)
                with self.lock:
                    self.acked[b"m%d" % n] = domain
            except (OSError, smtplib.SMTPException):
                client = None
                time.sleep(0.1)
            time.sleep(self.pause)

    def end(self):
        self.is_over = True
        for thread in self.threads:
            thread.join(60)


def certificate(folder):
    """A context for a server, and the hash of its key for a TLSA record."""
    key, cert = (os.path.join(folder, name) for name in ("key.pem", "cert.pem"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", cert,
                    "-subj", "/CN=mx.tls.example", "-days", "2"], check=True, capture_output=True)
    public = subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, hashlib.sha256(public).hexdigest()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--relay", required=True)
    parser.add_argument("--spool", required=True)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--messages", type=int)
    parser.add_argument("--only", choices=["relays", "database"], help="kill only these")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    random.seed(args.seed)
    is_shared = args.spool.startswith("postgres:")
    relays = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            return run(args, folder, is_shared, relays)
    finally:
        for relay in relays:
            relay.is_wanted = False
            relay.kill()


def run(args, folder, is_shared, relays):
    port = free_port()
    tls, digest = certificate(folder)
    sinks = {
        "plain": Sink("127.0.7.1", port),
        "grey": Sink("127.0.7.2", port, "grey"),
        "backup": Sink("127.0.7.4", port),
        "tls": Sink("127.0.7.5", port, "tls", tls),
        "sender": Sink("127.0.7.6", port),
    }
    table = os.path.join(folder, "dns.txt")
    with open(table, "w") as file:
        file.write(f"""
plain.example MX 10 mx.plain.example
mx.plain.example A 127.0.7.1
grey.example MX 10 mx.grey.example
mx.grey.example A 127.0.7.2
down.example MX 10 mx1.down.example
down.example MX 20 mx2.down.example
mx1.down.example A 127.0.7.3
mx2.down.example A 127.0.7.4
tls.example MX 10 mx.tls.example secure
mx.tls.example A 127.0.7.5 secure
_{port}._tcp.mx.tls.example TLSA 3 1 1 {digest} secure
null.example MX 0 .
sender.example MX 10 mx.sender.example
mx.sender.example A 127.0.7.6
""")
    ports = [free_port() for _ in range(2 if is_shared else 1)]
    relays += [Process([args.relay, "--listen", f"127.0.0.1:{own}", "--hostname", "relay.test", "--spool", args.spool, "--dns", table, "--port", str(port),
                       "--relay-from", "127.0.0.0/8", "--retry", "1s,1s,2s", "--expire", "1h", "--timeout", "10", "--connect-timeout", "2",
                       "--name", f"relay-{n}"], folder) for n, own in enumerate(ports)]
    victims = [] if args.only == "database" else list(relays)
    if is_shared and args.only != "relays":
        victims.append(Database())
    for own in ports:
        listens(own)
    began = time.time()
    load = Load(ports, 4, args.messages, 0.01 if args.kills else 0.0)
    for n in range(args.kills):
        time.sleep(random.uniform(0.3, 1.5))
        random.choice(victims).kill()
        if n % 20 == 19:
            print(f"  {n + 1} kills, {len(load.acked)} messages acknowledged", flush=True)
    if args.messages:
        while len(load.acked) < args.messages and time.time() - began < 300:
            time.sleep(0.2)
    load.end()

    def arrived():
        return {id for sink in sinks.values() for delivery in list(sink.taken) for id in delivery["ids"]}

    # A restarted relay reclaims the leases of the killed one.
    end = time.time() + 150
    while set(load.acked) - arrived() and time.time() < end:
        time.sleep(0.2)
    took = time.time() - began
    # An empty queue sends no second copy.
    while (entries := left(args.relay, args.spool)) and time.time() < end:
        time.sleep(0.2)
    # The last kill may have been a moment ago.
    for own in ports:
        listens(own)
    statuses = [relay.stop() for relay in relays]

    faults = []
    missing = sorted(set(load.acked) - arrived())
    if missing:
        faults.append(f"{len(missing)} acknowledged messages are missing: {missing[:5]}")
    twice = 0
    for name, sink in sinks.items():
        deliveries = collections.defaultdict(list)
        for delivery in sink.taken:
            if name == "tls" and not delivery["secure"]:
                faults.append("a message arrived in plaintext in spite of DANE")
            for id in delivery["ids"]:
                deliveries[id].append(delivery)
        for id, all in deliveries.items():
            twice += len(all) > 1
            unseen = sum(not delivery["seen"] for delivery in all)
            # A report may be stored twice by a relay that is killed before it records the failure.
            if len(all) > 1 + unseen and not (name == "sender" and args.kills):
                faults.append(f"{id} arrived {len(all)} times at {name}, though {len(all) - unseen} replies were seen")
    if any(status != 0 for status in statuses):
        faults.append(f"exit status after SIGTERM: {statuses}")
    if entries:
        faults.append(f"the queue is not empty: {entries[:300]}")
    print(f"  seed {args.seed}: {args.kills} kills, {len(load.acked)} messages acknowledged of {load.count}, all there after {took:.1f} s, {twice} arrived twice")
    for fault in faults[:10]:
        print(f"  FAIL {fault}")
    if faults:
        with open(os.path.join(folder, "relay.log"), errors="replace") as log:
            print("".join(log.readlines()[-20:]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
