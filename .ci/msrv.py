#!/usr/bin/env python3
"""Reads `cargo metadata --all-features`; checks the dependencies of the published packages against their rust-version.

Fails if a dependency has a newer rust-version than the package that needs it, except for those in EXCEPTIONS. Does not check the
dependencies of tests and examples, which support only the newest stable Rust."""

import json
import sys

# Packages that need a newer Rust in all versions, with the feature that enables them.
EXCEPTIONS = {"encodify": "mail-builder"}


def version(text):
    return tuple(int(number) for number in (text or "0").split("-")[0].split("."))[:2]


def needed(package, nodes):
    """Returns the identifiers of all packages that a package needs with all its features."""
    found, pending = set(), [package]
    while pending:
        for dependency in nodes[pending.pop()]["deps"]:
            if any(kind["kind"] != "dev" for kind in dependency["dep_kinds"]) and dependency["pkg"] not in found:
                found.add(dependency["pkg"])
                pending.append(dependency["pkg"])
    return found


def main():
    metadata = json.load(sys.stdin)
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    faults = set()
    for member in metadata["workspace_members"]:
        package = packages[member]
        if package["publish"] == []:
            continue
        for dependency in (packages[found] for found in needed(member, nodes)):
            if version(dependency["rust_version"]) > version(package["rust_version"]):
                if dependency["name"] not in EXCEPTIONS:
                    faults.add(f"{package['name']} ({package['rust_version']}): {dependency['name']} "
                               f"{dependency['version']} needs Rust {dependency['rust_version']}")
    print("\n".join(sorted(faults)) or "no dependency of a published package needs a newer Rust than the package")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
