#!/usr/bin/env python3
"""A front end and two workers on one database, which is away when they start, and once more. `tests/relay.sh` starts it."""

import argparse
import collections
import os
import shlex
import signal
import smtplib
import subprocess
import sys
import tempfile
import time

from kills import Load, free_port, left
from sink import Sink

# The next hops.
HOSTS = {"127.0.8.1": "plain", "127.0.8.2": "grey", "127.0.8.3": "held"}


def wait(seconds, what, is_done):
    end = time.time() + seconds
    while not is_done():
        if time.time() > end:
            raise SystemExit(f"FAIL after {seconds} s: {what}")
        time.sleep(0.05)


def send(port, name, octets, recipient="u@plain.example"):
    """Sends a message. Returns the code of the reply to it."""
    content = f"From: s@sender.example\r\nX-Test: {name}\r\n\r\n" + ("x" * 62 + "\r\n") * (octets // 64)
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        try:
            client.sendmail("s@sender.example", [recipient], content)
            return 250
        except smtplib.SMTPResponseException as error:
            return error.smtp_code


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--relay", required=True)
    parser.add_argument("--spool", required=True)
    parser.add_argument("--messages", type=int, default=300)
    args = parser.parse_args()
    relays = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            run(args, folder, relays)
        except SystemExit:
            for name, _ in relays:
                print(f"== {name}")
                print("".join(open(os.path.join(folder, name), errors="replace").readlines()[-20:]))
            raise
        finally:
            for _, relay in relays:
                relay.kill()


def run(args, folder, relays):
    control = shlex.split(os.environ["PG_CTL"])
    database = lambda *words: subprocess.run([*control, "-w", *words], cwd="/", check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    psql = os.path.join(os.path.dirname(next(word for word in control if word.endswith("pg_ctl"))), "psql")
    query = lambda sql: subprocess.run([psql, args.spool, "-Atc", sql], cwd="/", check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    port, own = free_port(), free_port()
    sinks = [Sink(address, port, mode) for address, mode in HOSTS.items()]
    table = os.path.join(folder, "dns.txt")
    with open(table, "w") as file:
        for domain, address in zip(["plain.example", "grey.example", "held.example"], HOSTS):
            file.write(f"{domain} MX 10 mx.{domain}\nmx.{domain} A {address}\n")
    usual = [args.relay, "--hostname", "relay.test", "--spool", args.spool, "--dns", table, "--port", str(port), "--retry", "1s"]
    roles = {
        "front": ["--front-end-only", "--listen", f"127.0.0.1:{own}", "--relay-from", "127.0.0.0/8"],
        "worker-1": ["--worker-only", "--name", "worker-1"],
        "worker-2": ["--worker-only", "--name", "worker-2"],
    }
    log = lambda name: open(os.path.join(folder, name), errors="replace").read()

    database("-m", "fast", "stop")
    for name, flags in roles.items():
        with open(os.path.join(folder, name), "wb") as out:
            relays.append((name, subprocess.Popen(usual + flags, stdout=out, stderr=out)))
    for name, relay in relays:
        wait(20, f"{name} does not wait for the database", lambda: "waiting for the database" in log(name))
        if relay.poll() is not None:
            raise SystemExit(f"FAIL {name} ended without a database")
    if "listening on" in log("front"):
        raise SystemExit("FAIL the front end listens without a database")
    database("start")
    wait(20, "the front end does not listen", lambda: "listening on" in log("front"))
    for name, _ in relays:
        wait(20, f"{name} has not opened the spool", lambda: "spool is open" in log(name))

    load = Load([own], 8, args.messages, domains=["plain.example", "grey.example"])
    wait(120, "messages are not accepted", lambda: len(load.acked) >= args.messages)
    load.end()
    # The database stops: 451, and no 250 for a message that is not stored.
    database("-m", "fast", "stop")
    code = send(own, "away", 1000)
    database("start")
    if code != 451:
        raise SystemExit(f"FAIL {code} without a database")
    wait(20, "nothing is accepted after the database was away", lambda: send(own, "back", 1000) == 250)
    load.acked[b"back"] = "plain.example"
    arrived = lambda: collections.Counter(id for sink in sinks for delivery in list(sink.taken) for id in delivery["ids"])
    wait(60, "acknowledged messages are missing", lambda: not set(load.acked) - set(arrived()))
    # While a host has not replied to the final dot, every transaction of the database ends.
    if send(own, "held", 1000, "u@held.example") != 250:
        raise SystemExit("FAIL a message for a slow host is not accepted")
    load.acked[b"held"] = "held.example"
    wait(20, "the message for a slow host does not arrive", lambda: b"held" in arrived())
    begun = query("select clock_timestamp()")
    older = f"select count(*) from pg_stat_activity where datname = current_database() and xact_start <= '{begun}'"
    wait(20, "a transaction is open while a host has not replied", lambda: query(older) == "0")
    sinks[2].may_reply.set()
    # An empty queue sends no second copy.
    wait(20, "the queue is not empty", lambda: not left(args.relay, args.spool))
    for name, relay in relays:
        relay.send_signal(signal.SIGTERM)
        if relay.wait(20) != 0:
            raise SystemExit(f"FAIL {name} ended with {relay.returncode}")
    if b"away" in arrived():
        raise SystemExit("FAIL a message that was refused arrived")
    twice = [id for id, number in arrived().items() if number > 1]
    if twice:
        raise SystemExit(f"FAIL {len(twice)} messages arrived more than once: {twice[:5]}")
    shares = {name: log(name).count(" delivered ") for name in roles}
    if shares["front"] or sum(shares.values()) != len(load.acked):
        raise SystemExit(f"FAIL deliveries by process: {shares}")
    print(f"  {len(load.acked)} messages, each there once; delivered by {shares}")


if __name__ == "__main__":
    sys.exit(main())
