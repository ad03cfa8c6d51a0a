#!/usr/bin/env python3
"""Draws the layers of the crates: docs/src/pictures/layers.svg. Reads `cargo metadata --no-deps`.

The arrows are the dependencies between crates of the workspace, without indirect ones; dashed arrows are optional. Add a new crate to
ROWS; a dependency must not lead upwards.

usage: cargo metadata --no-deps --format-version 1 | layers.py [--check]
"""

import json
import sys

from drawing import Drawing, finish, number

# From the top: the name of each row, and the contents of its crates.
ROWS = [
    ("programs", {
        "inbox": "catches mail, shows it on a page",
        "examples": "servers, clients, filters",
        "relay": "spool, next hop, retries",
    }),
    ("adapters", {
        "smtp-tokio": "tokio",
        "smtp-async-std": "smol, async-std",
        "smtp-blocking": "threads",
    }),
    ("driver", {
        "smtp-driver": "Client, Mailer, Service",
        "smtp-rustls": "TLS by rustls",
        "smtp-reactor": "futures on threads, poll(2)",
    }),
    ("no I/O, no clock", {
        "smtp-proto": "types, parser, two machines",
        "smtp-relay": "routes, DANE, MTA-STS, retries",
    }),
]
# They check and measure the others.
LEFT_OUT = {"smtp-tests", "smtp-bench", "smtp-differential"}
WIDTH, BOX, GAP, TOP, LEFT, SPACE = 820, 56, 58, 16, 112, 20
# At the right, for arrows that pass a row.
CORRIDOR = 36


def graph(metadata):
    """Returns the dependencies of each crate on others of the workspace, the optional ones, and the published crates."""
    packages = {package["name"]: package for package in metadata["packages"] if package["name"] not in LEFT_OUT}
    uses, optional = {}, set()
    for name, package in packages.items():
        # Of a package that is not published, the programs count, and they may be examples.
        counts = [other for other in package["dependencies"] if other["kind"] != "dev" or package["publish"] == []]
        own = [other for other in counts if other["name"] in set(packages) - {name}]
        uses[name] = sorted({other["name"] for other in own})
        optional |= {(name, other["name"]) for other in own if other["optional"]}
    return uses, optional, {name for name, package in packages.items() if package["publish"] is None}


def reduced(uses, optional):
    """Removes dependencies that a crate also has indirectly, by a dependency that is not optional."""
    firm = {name: [other for other in direct if (name, other) not in optional] for name, direct in uses.items()}

    def reach(name):
        return set(uses[name]).union(*(reach(other) for other in uses[name]))

    return {
        name: [other for other in direct if not any(other in reach(third) for third in firm[name] if third != other)]
        for name, direct in uses.items()
    }


def places(names):
    """Returns the box of each crate."""
    boxes = {}
    for row, (_, crates) in enumerate(ROWS):
        here = [crate for crate in crates if crate in names]
        corridor = CORRIDOR if 0 < row < len(ROWS) - 1 else 0
        width = (WIDTH - LEFT - 12 - corridor - SPACE * (len(here) - 1)) / max(len(here), 1)
        for column, crate in enumerate(here):
            boxes[crate] = (LEFT + column * (width + SPACE), TOP + row * (BOX + GAP), width)
    return boxes


def arrow(drawing, boxes, source, target, share, offer, kind):
    (x1, y1, w1), (x2, y2, w2) = boxes[source], boxes[target]
    if y1 == y2:
        # Beside each other.
        start, end = (x1 + w1, x2) if x1 < x2 else (x1, x2 + w2)
        middle = y1 + BOX / 2
        path, tip, turn = f"M{number(start)} {number(middle)}L{number(end)} {number(middle)}", (end, middle), 1 if x1 < x2 else -1
        x, y = tip
        head = f"M{number(x)} {number(y)}l{-8 * turn} -4.5v9z"
    elif y2 - y1 > BOX + GAP and abs(x1 + w1 - x2 - w2) < 1:
        # Past the rows between, in the corridor.
        x = x1 + w1 - CORRIDOR / 2
        path, head = f"M{number(x)} {number(y1 + BOX)}L{number(x)} {number(y2 - 5)}", f"M{number(x)} {number(y2)}l-4.5 -8h9z"
    else:
        start, end = x1 + w1 * share, x2 + w2 * offer
        top, bottom = y1 + BOX, y2
        bend = (bottom - top) * 0.5
        path = (f"M{number(start)} {number(top)}C{number(start)} {number(top + bend)} "
                f"{number(end)} {number(bottom - bend)} {number(end)} {number(bottom - 5)}")
        head = f"M{number(end)} {number(bottom)}l-4.5 -8h9z"
    drawing.add("path", class_=kind, d=path)
    drawing.add("path", class_="head", d=head)


def main(arguments):
    uses, optional, published = graph(json.load(sys.stdin))
    rows = {crate: row for row, (_, crates) in enumerate(ROWS) for crate in crates}
    missing = sorted(set(uses) - set(rows))
    if missing:
        sys.exit(f"docs/layers.py: give these crates a place in ROWS: {', '.join(missing)}")
    upwards = [f"{name} -> {other}" for name in uses for other in uses[name] if rows[other] < rows[name]]
    if upwards:
        sys.exit(f"docs/layers.py: these dependencies lead upwards: {', '.join(upwards)}")

    boxes = places(uses)
    height = TOP + len(ROWS) * BOX + (len(ROWS) - 1) * GAP + TOP
    drawing = Drawing(WIDTH, height, "The crates in layers: programs use adapters, adapters the driver, and the driver the core")
    for row, (name, _) in enumerate(ROWS):
        y = TOP + row * (BOX + GAP)
        if row:
            drawing.line(12, y - GAP / 2, WIDTH - 12, y - GAP / 2, "grid")
        drawing.text(12, y + BOX / 2 + 4, name, "small")
    arrows = [(source, target) for source, targets in reduced(uses, optional).items() for target in targets]

    def next_row(one, other):
        return boxes[other][1] - boxes[one][1] == BOX + GAP

    def centre(name):
        return boxes[name][0] + boxes[name][2] / 2

    for source, target in arrows:
        down = sorted((other for of, other in arrows if of == source and next_row(of, other)), key=centre)
        up = sorted((of for of, other in arrows if other == target and next_row(of, other)), key=centre)
        share = offer = 0.5
        if target in down:
            share, offer = (down.index(target) + 1) / (len(down) + 1), (up.index(source) + 1) / (len(up) + 1)
        kind = "arrow private" if (source, target) in optional else "arrow"
        arrow(drawing, boxes, source, target, share, offer, kind)
    for crate, (x, y, width) in boxes.items():
        drawing.rect(x, y, width, BOX, "box" if crate in published else "box private", radius=7)
        drawing.text(x + width / 2, y + 24, crate, "strong middle")
        drawing.text(x + width / 2, y + 42, ROWS[rows[crate]][1][crate], "small middle")
    return finish({"layers.svg": drawing.svg()}, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
