#!/usr/bin/env python3
"""Checks that the local links of all Markdown files lead to existing files and headings.

Links to other hosts are only counted, so the check needs no network. In docs/src, included files count as links, and each chapter
must be in SUMMARY.md.

usage: links.py [ROOT]
       links.py --built FOLDER     the same for HTML pages
"""

import html
import pathlib
import re
import subprocess
import sys
import urllib.parse

FENCE = re.compile(r"\s*(```|~~~)")
CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")
LINK = re.compile(r"!?\[[^\]\[]*(?:\[[^\]]*\][^\]\[]*)*\]\(\s*<?([^()\s>]*(?:\([^()]*\)[^()\s>]*)*)>?(?:\s+\"[^\"]*\")?\s*\)")
REFERENCE = re.compile(r"\s{0,3}\[([^\]]+)\]:\s*<?(\S+?)>?\s*$")
HTML = re.compile(r"<(?:a|img|source)\b[^>]*?\b(?:href|src|srcset)=\"([^\"]+)\"")
ANCHOR = re.compile(r"<a\b[^>]*?\b(?:name|id)=\"([^\"]+)\"|\bid=\"([^\"]+)\"")
HEADING = re.compile(r"\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
INCLUDE = re.compile(r"\{\{#(?:include|rustdoc_include|playground)\s+([^}:\s]+)(:[^}]*)?\}\}")


def prose(path):
    """Yields the line number and the text of each line that is not code."""
    fence = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = FENCE.match(line)
        if match and (fence is None or match.group(1) == fence):
            fence = None if fence else match.group(1)
        elif fence is None:
            yield number, line


def slug(heading):
    """Returns the anchor of a heading, in the form of mdBook and GitHub."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
    text = re.sub(r"[*]|<[^>]*>|\{#[^}]*\}", "", text)
    return "".join(letter for letter in text.replace(" ", "-") if letter.isalnum() or letter in "-_")


def anchors(path, known={}):
    if path not in known:
        found = set()
        for _, line in prose(path):
            match = HEADING.match(line)
            if match:
                own = re.search(r"\{#([\w-]+)\}\s*$", match.group(2))
                name = own.group(1) if own else slug(match.group(2))
                number, unique = 0, name
                while unique in found:
                    number += 1
                    unique = f"{name}-{number}"
                found.add(unique)
            found.update(group for pair in ANCHOR.findall(line) for group in pair if group)
        for included in includes(path):
            if included.suffix == ".md" and included.exists():
                found |= anchors(included)
        known[path] = found
    return known[path]


def includes(path):
    text = path.read_text(encoding="utf-8")
    return [(path.parent / match.group(1)).resolve() for match in INCLUDE.finditer(text)]


def targets(path):
    for number, line in prose(path):
        bare = CODE.sub("", line)
        for match in LINK.finditer(bare):
            yield number, match.group(1)
        for match in HTML.finditer(bare):
            yield number, match.group(1)
        match = REFERENCE.match(bare)
        if match and not match.group(1).startswith("^"):
            yield number, match.group(2)


def fault_of(path, target):
    """Returns the fault of a link, or None."""
    if re.match(r"[a-z][a-z0-9+.-]*:", target, re.I) or target.startswith("//"):
        return None
    name, _, anchor = urllib.parse.unquote(target).partition("#")
    file = (path.parent / name).resolve() if name else path
    if not file.exists():
        return f"there is no {name}"
    if anchor and file.suffix == ".md" and anchor not in anchors(file):
        return f"{name or path.name} has no heading #{anchor}"
    return None


def check_built(folder):
    """Checks that all files named by the pages of a book are in the book."""
    pages = {path: path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.html"))}
    names = {path: set(re.findall(r"\b(?:id|name)=\"([^\"]+)\"", text)) for path, text in pages.items()}
    faults = []
    for path, text in pages.items():
        if path.name == "404.html":
            continue
        text = re.sub(r"<(script|style)\b[^>]*>.*?</\1>|<pre.*?</pre>", "", text, flags=re.S)
        for target in re.findall(r"\b(?:href|src)=\"([^\"]*)\"", text):
            target = html.unescape(target)
            if re.match(r"[a-z][a-z0-9+.-]*:", target, re.I):
                continue
            name, _, anchor = urllib.parse.unquote(target).partition("#")
            file = (path.parent / name).resolve() if name else path.resolve()
            if not file.exists():
                faults.append(f"{path}: there is no {target}")
            elif anchor and path.name != "print.html" and file.suffix == ".html" and anchor not in names.get(file, anchor):
                faults.append(f"{path}: {target}: no such place")
    print("\n".join(faults + [f"{len(pages)} pages, {len(faults)} broken links"]))
    return bool(faults)


def main(arguments):
    if arguments[:1] == ["--built"]:
        return check_built(pathlib.Path(arguments[1]).resolve())
    root = pathlib.Path(arguments[0] if arguments else ".").resolve()
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", "*.md"],
        cwd=root, check=True, capture_output=True, text=True,
    ).stdout.split("\n")
    files = [root / name for name in listed if name and (root / name).exists()]
    faults, links = [], 0
    for path in files:
        shown = path.relative_to(root)
        for number, target in targets(path):
            links += 1
            fault = fault_of(path, target)
            if fault:
                faults.append(f"{shown}:{number}: {target}: {fault}")
        if "docs/src" in path.as_posix():
            for included in includes(path):
                links += 1
                if not included.exists():
                    faults.append(f"{shown}: there is no {included} to include")
    summary = root / "docs/src/SUMMARY.md"
    if summary.exists():
        chapters = {(summary.parent / target).resolve() for _, target in targets(summary)}
        for path in files:
            if summary.parent in path.parents and path != summary and path.parent.name != "tables" and path.resolve() not in chapters:
                faults.append(f"{path.relative_to(root)}: not in SUMMARY.md")
    print("\n".join(faults + [f"{links} local and other links in {len(files)} files, {len(faults)} broken"]))
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
