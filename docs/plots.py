#!/usr/bin/env python3
"""Draws the plots of the guide from bench/results/*.csv: docs/src/pictures/{throughput,cpu,idle,burst,parsing,sizes,recipients}.svg.

The first lines of a file of results begin with `#`; they name the date and the machine, and go into the plot.

usage: plots.py [--check]
"""

import csv
import math
import sys

from drawing import COLOURS, ROOT, Drawing, finish, number

RESULTS = ROOT / "bench/results"
WIDTH = 760
# From the least code to the most.
SERVERS = ["floor", "connection", "service", "tokio", "floor-tokio", "smol", "floor-smol", "async-std", "blocking", "floor-threads", "floor-threads-read", "smtp-sink"]


def read(name):
    """Returns the rows of a file of results, and its comment."""
    lines = (RESULTS / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    note = "; ".join(line[1:].strip() for line in lines if line.startswith("#"))
    return list(csv.DictReader(line for line in lines if line and not line.startswith("#"))), note


def ticks(most, steps=5):
    """Returns round marks from 0 to the maximum."""
    raw = most / steps
    unit = 10 ** math.floor(math.log10(raw))
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if raw <= unit * factor)
    return [index * step for index in range(int(most / step) + 1)]


def short(value):
    """Returns a number for a label, such as 102,569 or 2.72."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def axis(value):
    if value >= 1_000_000:
        return f"{value / 1_000_000:g} M"
    return f"{value / 1000:g} k" if value >= 1000 else f"{value:g}"


def bars(title, note, rows, series, unit, base=None):
    """Draws horizontal bars: `rows` are names with a value for each series; with `base`, labels have the ratio to that row."""
    bar, space, right, top = 15, 16, 96, 78 if len(series) > 1 else 56
    left = 26 + 7.6 * max(len(name) for name, _ in rows)
    group = bar * len(series) + 3 * (len(series) - 1)
    height = top + len(rows) * (group + space) + 58
    drawing = Drawing(WIDTH, height, f"{title}: " + "; ".join(f"{name} {', '.join(map(short, values))}" for name, values in rows))
    drawing.text(16, 28, title, "title")
    x = 16
    for index, name in enumerate(series if len(series) > 1 else []):
        drawing.rect(x, 43, 12, 12, "", radius=2, style=f"fill: var(--{COLOURS[index]})")
        drawing.text(x + 18, 53, name, "small")
        x += 34 + 6.2 * len(name)
    most = max(value for _, values in rows for value in values)
    scale = (WIDTH - left - right) / most
    bottom = height - 48
    for mark in ticks(most):
        drawing.line(left + mark * scale, top - 8, left + mark * scale, bottom, "grid")
        drawing.text(left + mark * scale, bottom + 17, axis(mark), "small middle")
    drawing.text(WIDTH - right + 14, bottom + 17, unit, "small")
    first = dict(rows).get(base)
    for index, (name, values) in enumerate(rows):
        y = top + index * (group + space)
        drawing.text(left - 10, y + group / 2 + 4.5, name, "end")
        for which, value in enumerate(values):
            at = y + which * (bar + 3)
            drawing.rect(left, at, value * scale, bar, "", radius=2, style=f"fill: var(--{COLOURS[which]})", title=f"{name}: {short(value)} {unit}")
            ratio = f"  ×{value / first[which]:.2f}" if first and name != base else ""
            drawing.text(left + value * scale + 6, at + 12, short(value) + ratio, "small")
    drawing.line(left, top - 8, left, bottom, "axis")
    drawing.text(16, height - 12, note, "small")
    return drawing.svg()


def curves(title, note, lines, x_name, y_name):
    """Draws lines over two logarithmic axes: `lines` are names with points."""
    left, right, top, bottom, height = 84, 28, 66, 76, 420
    points = [point for _, line in lines for point in line]
    low_x, high_x = min(x for x, _ in points), max(x for x, _ in points)
    low_y, high_y = 10 ** math.floor(math.log10(min(y for _, y in points))), max(y for _, y in points) * 1.25
    low_y *= max(factor for factor in (1, 2, 5) if low_y * factor <= min(y for _, y in points))
    wide, tall = WIDTH - left - right, height - top - bottom

    def place(x, y):
        return (left + 14 + (wide - 28) * math.log(x / low_x) / math.log(high_x / low_x),
                top + tall * (1 - math.log(y / low_y) / math.log(high_y / low_y)))

    drawing = Drawing(WIDTH, height, f"{title}: " + "; ".join(f"{short(x)}: {short(y)}" for x, y in points))
    drawing.text(16, 28, title, "title")
    decade = 10 ** math.floor(math.log10(low_y))
    while decade <= high_y:
        for factor in (1, 2, 5):
            if low_y <= decade * factor <= high_y:
                _, y = place(low_x, decade * factor)
                drawing.line(left, y, WIDTH - right, y, "grid")
                drawing.text(left - 10, y + 4, axis(decade * factor), "small end")
        decade *= 10
    for x in sorted({x for x, _ in points}):
        at, _ = place(x, low_y)
        drawing.line(at, top + tall, at, top + tall + 5, "axis")
        drawing.text(at, top + tall + 20, f"{x:g}", "small middle")
    drawing.line(left, top + tall, WIDTH - right, top + tall, "axis")
    drawing.text(16, top - 14, y_name, "small")
    drawing.text(WIDTH - right, top + tall + 38, x_name, "small end")
    for index, (name, line) in enumerate(lines):
        colour = f"var(--{COLOURS[index]})"
        path = "L".join(f"{number(x)} {number(y)}" for x, y in (place(*point) for point in line))
        drawing.add("path", d=f"M{path}", style=f"stroke: {colour}; stroke-width: 2.25; fill: none")
        for point in line:
            x, y = place(*point)
            drawing.add("circle", cx=x, cy=y, r=3.5, style=f"fill: {colour}")
            drawing.text(x - 8, y - 9, short(point[1]), "small end" if point != line[0] else "small")
    drawing.text(16, height - 12, note, "small")
    return drawing.svg()


def of_servers(rows, value):
    """Returns the value of each server, in the order of SERVERS."""
    found = {row["server"]: value(row) for row in rows}
    return [(server, found[server]) for server in SERVERS if server in found]


def messages(column, title, unit, base):
    rows, note = read("messages")
    cases = {"1K/kept/pipelined": "pipelined", "1K/kept/one-by-one": "one command at a time"}
    kept = {case: {row["server"]: float(row[column]) for row in rows if row["case"] == case} for case in cases}
    table = [(server, [kept[case][server] for case in cases]) for server in SERVERS if all(server in kept[case] for case in cases)]
    return bars(title, note, table, list(cases.values()), unit, base)


def idle():
    rows, note = read("idle")
    # smtp-sink allocates a buffer of 256 KB for each session: its bar would make the others too short to compare.
    rows = [row for row in rows if row["server"] != "smtp-sink"]
    table = of_servers(rows, lambda row: [float(row["after_ehlo_kb"]), float(row["after_message_kb"])])
    return bars("Memory of an idle connection", note, table, ["after EHLO", "after a message of 64 KB"], "KB")


def burst():
    rows, note = read("burst")
    whole = [row for row in rows if row["greeted"] == row["connections"]]
    table = of_servers(whole, lambda row: [float(row["last_ms"])])
    return bars(f"Time until the last of {int(whole[0]['connections']):,} connections at once is greeted", note, table, ["time"], "ms")


def counts():
    rows, note = read("instructions")
    return {row["case"]: float(row["instructions"]) for row in rows}, note


def parsing():
    found, note = counts()
    names = {"command/mix": "commands, mixed", "command/EHLO": "EHLO", "command/MAIL": "MAIL", "command/RCPT": "RCPT",
             "command/RSET": "RSET", "reply/mix": "replies, mixed", "reply/EHLO": "reply to EHLO"}
    table = [(label, [found[f"{case}/smtp-proto"], found[f"{case}/registry"]]) for case, label in names.items()]
    return bars("Parsing one line, with a hand-written parser beside it", note, table, ["this project", "smtp-proto 0.2 of crates.io"], "instructions")


def against(prefix, title, x_name):
    found, note = counts()
    line = sorted((int(case.split("/")[1].removeprefix(prefix)), value) for case, value in found.items() if case.startswith(f"server/{prefix}"))
    return curves(title, note, [("server", line)], x_name, "instructions a message, without I/O (logarithmic axes)")


def main(arguments):
    return finish({
        "throughput.svg": messages("messages_per_s", "Messages of 1 KB a second on one processor", "messages/s", None),
        "cpu.svg": messages("cpu_us", "Processor time of a message of 1 KB, and its ratio to the floor", "µs", "floor"),
        "idle.svg": idle(),
        "burst.svg": burst(),
        "parsing.svg": parsing(),
        "sizes.svg": against("size-", "The server's cost against the size of a message", "size in KiB"),
        "recipients.svg": against("recipients-", "The server's cost against the number of recipients", "recipients of a message of 1 KiB"),
    }, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
