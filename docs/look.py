#!/usr/bin/env python3
"""Takes screenshots of the built guide with Chromium, in light and dark mode, into target/look. Fails if Mermaid did not draw a diagram.

usage: look.py [PAGE]...     without arguments: all pages
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BOOK, LOOK = ROOT / "target/book", ROOT / "target/look"
# Nothing is asked of the network.
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--virtual-time-budget=8000"]
DARK = ["--blink-settings=preferredColorScheme=0"]


def chromium(page, *flags):
    program = shutil.which("chromium") or shutil.which("google-chrome") or sys.exit("look.py: Chromium is not installed")
    with tempfile.TemporaryDirectory() as profile:
        command = [program, *FLAGS, f"--user-data-dir={profile}", *flags, page.as_uri()]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


def main(names):
    pages = [BOOK / name for name in names] or [path for path in sorted(BOOK.rglob("*.html")) if path.name not in ("print.html", "toc.html", "404.html")]
    LOOK.mkdir(parents=True, exist_ok=True)
    left = []
    for page in pages:
        name = page.relative_to(BOOK).with_suffix("").as_posix().replace("/", "-")
        for theme, flags in {"light": [], "dark": DARK}.items():
            chromium(page, *flags, "--window-size=1200,2400", f"--screenshot={LOOK / f'{name}-{theme}.png'}")
        if "language-mermaid" in page.read_text(encoding="utf-8"):
            drawn = chromium(page, "--dump-dom")
            left += [page.name] * len(re.findall(r'<code class="[^"]*language-mermaid', drawn))
        print(f"looked at {name}")
    if left:
        sys.exit(f"look.py: pictures that Mermaid did not draw are in {', '.join(left)}")


if __name__ == "__main__":
    main(sys.argv[1:])
