#!/usr/bin/env python3
"""A relay whose disk is full: 452 and no 250, and all that was accepted arrives. `tests/relay.sh` starts it."""

import argparse
import contextlib
import os
import resource
import signal
import subprocess
import sys
import tempfile

from kills import free_port, left
from roles import send, wait
from sink import Sink


@contextlib.contextmanager
def relay(args, folder, spool, port, limit=None):
    own = free_port()
    table = os.path.join(folder, "dns.txt")
    with open(table, "w") as file:
        file.write("plain.example MX 10 mx.plain.example\nmx.plain.example A 127.0.8.3\n")
    command = [args.relay, "--listen", f"127.0.0.1:{own}", "--hostname", "relay.test", "--spool", spool, "--dns", table, "--port", str(port),
               "--relay-from", "127.0.0.0/8", "--retry", "1s", "--connect-timeout", "2"]
    # Python ignores SIGXFSZ, and so does the relay: a write beyond the limit is an error then.
    limits = (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))) if limit else None
    with open(os.path.join(folder, "log"), "wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=limits, restore_signals=False)
    try:
        wait(20, "the relay does not listen", lambda: "listening on" in open(os.path.join(folder, "log")).read())
        yield own
        process.send_signal(signal.SIGTERM)
        if process.wait(30) != 0:
            raise SystemExit(f"FAIL the relay ended with {process.returncode}")
    finally:
        process.kill()


def arrived(sink):
    return sorted(id.decode() for delivery in list(sink.taken) for id in delivery["ids"])


def limited(args):
    """Files may have 64 KiB."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        sink = Sink("127.0.8.3", port)
        with relay(args, folder, os.path.join(folder, "spool"), port, 64 << 10) as own:
            codes = [send(own, "m1", 1000), send(own, "m2", 600_000), send(own, "m3", 1000)]
            wait(20, "a message is missing", lambda: len(sink.taken) >= 2)
        files = os.listdir(os.path.join(folder, "spool", "queue")) + os.listdir(os.path.join(folder, "spool", "incoming"))
        if codes != [250, 452, 250] or arrived(sink) != ["m1", "m3"] or files:
            raise SystemExit(f"FAIL a file that may not grow: {codes}, arrived {arrived(sink)}, left {files}")
        print("  a file that may not grow: 452, and the others arrive")


def full(args):
    """A file system of 2 MiB, while the next hop is down."""
    with tempfile.TemporaryDirectory() as folder:
        disk = os.path.join(folder, "disk")
        os.mkdir(disk)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], capture_output=True).returncode:
            print("  a full file system: SKIP, it cannot be mounted here")
            return
        try:
            fill(args, folder, os.path.join(disk, "spool"))
        finally:
            subprocess.run(["umount", "-l", disk])


def fill(args, folder, spool):
    port = free_port()
    with relay(args, folder, spool, port) as own:
        codes = {}
        for n in range(40):
            codes[f"m{n}"] = send(own, f"m{n}", 100_000)
        accepted = sorted(name for name, code in codes.items() if code == 250)
        if not accepted or set(codes.values()) != {250, 452}:
            raise SystemExit(f"FAIL a full file system: {codes}")
        sink = Sink("127.0.8.3", port)
        wait(60, "accepted messages are missing", lambda: len(sink.taken) >= len(accepted))
        wait(60, "there is no room again", lambda: send(own, "last", 100_000) == 250)
        wait(60, "the last message is missing", lambda: "last" in arrived(sink))
        # An empty queue sends no second copy.
        wait(60, "the queue is not empty", lambda: not left(args.relay, spool))
    files = os.listdir(os.path.join(spool, "queue"))
    if arrived(sink) != sorted([*accepted, "last"]) or files:
        raise SystemExit(f"FAIL a full file system: accepted {accepted}, arrived {arrived(sink)}, left {files}")
    print(f"  a full file system: {len(accepted)} accepted and {40 - len(accepted)} refused with 452; those accepted arrive once")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--relay", required=True)
    args = parser.parse_args()
    limited(args)
    full(args)


if __name__ == "__main__":
    sys.exit(main())
