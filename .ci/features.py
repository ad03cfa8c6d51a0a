"""Reads `cargo metadata`; prints a line for each set of features to check: a published package and flags of cargo.

The sets are: the default features, none, and each feature alone. If two sets enable the same features that the package's code
names, only one of them is checked, because the other features only enable features of dependencies."""

import json
import pathlib
import re
import sys


def enabled(chosen, features):
    """Returns the chosen features and all features that they enable."""
    found, pending = set(), [*chosen]
    while pending:
        feature = pending.pop()
        if feature in features and feature not in found:
            found.add(feature)
            pending += features[feature]
    return found


for package in json.load(sys.stdin)["packages"]:
    if package["publish"] == []:
        continue
    sources = pathlib.Path(package["manifest_path"]).parent.joinpath("src").rglob("*.rs")
    named = set(re.findall(r'feature = "([\w-]+)"', "".join(path.read_text() for path in sources)))
    features, checked = package["features"], []
    for chosen in [["default"], [], *([feature] for feature in sorted(features))]:
        code = enabled(chosen, features) & named
        if code not in checked:
            checked.append(code)
            flags = [] if chosen == ["default"] else ["--no-default-features", *(["--features", *chosen] if chosen else [])]
            print(package["name"], *flags)
