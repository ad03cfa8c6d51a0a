#!/usr/bin/env python3
"""Checks the feature tables in the documentation of the published packages against their Cargo.toml.

The comment above a feature in Cargo.toml is its effect in the tables, which begin with `| feature | effect |`: one in
README.md, and one in the documentation of a crate that does not include its README. A page of the guide lists all features.

usage: feature_tables.py [--write]; --write rewrites the tables"""

import json
import pathlib
import re
import subprocess
import sys
import tomllib

HEADER = "| feature | effect |"
OVERVIEW = "docs/src/reference/features.md"


def effects(manifest):
    """Yields each feature of a Cargo.toml and the comment above it, or None."""
    comment, inside = [], False
    for line in manifest.splitlines():
        if line.startswith("["):
            inside = line == "[features]"
        elif inside and line.startswith("#"):
            comment.append(line.lstrip("# "))
        elif inside and (feature := re.match(r"([\w-]+) *=", line)):
            yield feature.group(1), " ".join(comment) or None
            comment = []


def table(manifest):
    """Returns the lines of the table of a Cargo.toml."""
    features = tomllib.loads(manifest)["features"]
    lines = [HEADER, "| --- | --- |"]
    for feature, effect in effects(manifest):
        if feature == "default":
            continue
        if effect is None:
            sys.exit(f"error: the feature {feature} has no comment above it")
        enables = [f"`{other}`" for other in features[feature] if other in features]
        notes = ["default"] * (feature in features.get("default", []))
        notes += ["enables " + ", ".join(enables)] * bool(enables)
        lines.append(f"| `{feature}`{' (' + ', '.join(notes) + ')' if notes else ''} | {effect.removesuffix('.')} |")
    return lines


def replaced(text, lines, prefix=""):
    """Returns a text with its table replaced, or None if there is no table."""
    old = re.search(rf"^{re.escape(prefix + HEADER)}\n(?:{re.escape(prefix)}\|.*\n)*", text, re.MULTILINE)
    new = "".join(f"{prefix}{line}\n" for line in lines)
    return old and text[: old.start()] + new + text[old.end() :]


def settled(path, new):
    """Returns true if a file has this text, or with --write after writing it."""
    if path.exists() and path.read_text() == new:
        return True
    if "--write" in sys.argv:
        path.write_text(new)
        print(f"{path}: written")
        return True
    print(f"{path}: the table of features differs from Cargo.toml (just feature-tables --write)")
    return False


def overview(packages):
    """Returns the page of the guide with the features of all packages."""
    rows, crates = {}, [package["name"] for package in packages]
    for package in packages:
        manifest = tomllib.loads(pathlib.Path(package["manifest_path"]).read_text())["features"]
        for feature in manifest.keys() - {"default"}:
            rows.setdefault(feature, {})[package["name"]] = "default" if feature in manifest["default"] else "yes"
    lines = ["# Features", ""]
    lines += ["The effect of each feature is in the documentation of its crate. `smtp-relay` and `smtp-reactor` have no features.", ""]
    lines += ["| feature | " + " | ".join(f"`{crate}`" for crate in crates) + " |", "| --- |" + " --- |" * len(crates)]
    for feature in sorted(rows):
        lines.append(f"| `{feature}` | " + " | ".join(rows[feature].get(crate, "") for crate in crates) + " |")
    lines += ["", "<!-- Written by just feature-tables. -->", ""]
    return "\n".join(lines)


def main():
    metadata = json.loads(subprocess.check_output(["cargo", "metadata", "--no-deps", "--format-version", "1"]))
    published = [package for package in metadata["packages"] if package["publish"] != [] and package["features"]]
    failed = False
    for package in published:
        folder = pathlib.Path(package["manifest_path"]).parent
        lines = table((folder / "Cargo.toml").read_text())
        places = [(folder / "README.md", "")]
        if '#![doc = include_str!("../README.md")]' not in (folder / "src/lib.rs").read_text():
            places.append((folder / "src/lib.rs", "//! "))
        for path, prefix in places:
            new = replaced(path.read_text(), lines, prefix)
            if new is None:
                print(f"{path}: there is no table that begins with {HEADER}")
                failed = True
            else:
                failed |= not settled(path, new)
    failed |= not settled(pathlib.Path(metadata["workspace_root"], OVERVIEW), overview(published))
    return failed


if __name__ == "__main__":
    sys.exit(main())
