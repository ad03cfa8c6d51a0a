"""Parts of the drawings of the guide: SVG files without dependencies, the same at each run.

A drawing is readable on white and on black. Alone it follows the reader's system; in a page of the guide it has the colours of the
theme (docs/theme/guide.css)."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs/src/pictures"
COLOURS = ["a", "b", "c", "d", "e"]

LIGHT = {
    "ink": "#1f2933", "soft": "#66727f", "grid": "#dfe4ea", "paper": "#ffffff", "box": "#eef3fb", "edge": "#33557f",
    "a": "#2f6fb0", "b": "#d9822b", "c": "#3c9a6c", "d": "#b0489c", "e": "#8a94a0",
}
DARK = {
    "ink": "#d5dae6", "soft": "#98a2b8", "grid": "#343b52", "paper": "#161923", "box": "#262e47", "edge": "#7fa7dc",
    "a": "#6aa9e9", "b": "#f0a860", "c": "#6cc79a", "d": "#db86cb", "e": "#8f99ad",
}
RULES = """\
.drawn text { font-family: system-ui, -apple-system, "Segoe UI", sans-serif; font-size: 13px; fill: var(--ink) }
.drawn .title { font-size: 16px; font-weight: 600 }
.drawn .small { font-size: 11.5px; fill: var(--soft) }
.drawn .strong { font-weight: 600 }
.drawn .end { text-anchor: end }
.drawn .middle { text-anchor: middle }
.drawn .paper { fill: var(--paper) }
.drawn .grid { stroke: var(--grid); stroke-width: 1; fill: none }
.drawn .axis { stroke: var(--soft); stroke-width: 1; fill: none }
.drawn .box { fill: var(--box); stroke: var(--edge); stroke-width: 1.25 }
.drawn .private { stroke-dasharray: 4 3 }
.drawn .arrow { stroke: var(--edge); stroke-width: 1.25; fill: none }
.drawn .head { fill: var(--edge) }"""


def number(value):
    """Returns a coordinate as a text, as short as possible."""
    return f"{value:.1f}".removesuffix(".0")


def escape(text):
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


class Drawing:
    """An SVG picture of this size."""

    def __init__(self, width, height, label):
        self.width, self.height, self.label, self.parts = width, height, label, []

    def add(self, name, content=None, **attributes):
        text = "".join(
            f' {key.rstrip("_").replace("_", "-")}="{number(value) if isinstance(value, (int, float)) else escape(value)}"'
            for key, value in attributes.items()
        )
        self.parts.append(f"<{name}{text}/>" if content is None else f"<{name}{text}>{content}</{name}>")

    def text(self, x, y, text, kind="", title=None):
        content = escape(text) + (f"<title>{escape(title)}</title>" if title else "")
        self.add("text", content, x=x, y=y, **({"class_": kind} if kind else {}))

    def rect(self, x, y, width, height, kind, radius=0, style=None, title=None):
        extra = {"rx": radius} if radius else {}
        if style:
            extra["style"] = style
        self.add("rect", f"<title>{escape(title)}</title>" if title else None, class_=kind, x=x, y=y, width=width, height=height, **extra)

    def line(self, x1, y1, x2, y2, kind):
        self.add("path", class_=kind, d=f"M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}")

    def svg(self):
        def variables(colours):
            return " ".join(f"--{name}: {colour};" for name, colour in colours.items())

        lines = [
            f'<svg class="drawn" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" height="{self.height}" role="img" aria-label="{escape(self.label)}">',
            "<style>",
            f".drawn {{ {variables(LIGHT)} }}",
            f"@media (prefers-color-scheme: dark) {{ .drawn {{ {variables(DARK)} }} }}",
            RULES,
            "</style>",
            f'<rect class="paper" width="{self.width}" height="{self.height}" rx="6"/>',
            *self.parts,
            "</svg>",
        ]
        return "\n".join(lines) + "\n"


def finish(pictures, arguments, command="just pictures"):
    """Writes the pictures (names and texts); with --check, compares them with the files. Returns the exit status."""
    check = "--check" in arguments
    differing = []
    for name, text in pictures.items():
        path = PICTURES / name
        if check:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                differing.append(path.relative_to(ROOT))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"drawn: {path.relative_to(ROOT)}")
    for path in differing:
        print(f"{path} differs from its source: run `{command}`, and look at it", file=sys.stderr)
    if check and not differing:
        print(f"{', '.join(pictures)}: the same as their sources")
    return 1 if differing else 0
