"""Reads `cargo metadata`; prints a line for each set of features to check: a published package and flags of cargo.

The sets are: none, the default ones, each feature that the package's code names, and the others together. Those only
enable features of dependencies, so they are checked one by one where the code names them."""

import json
import pathlib
import re
import sys

for package in json.load(sys.stdin)["packages"]:
    if package["publish"] == []:
        continue
    sources = pathlib.Path(package["manifest_path"]).parent.joinpath("src").rglob("*.rs")
    named = set(re.findall(r'feature = "([\w-]+)"', "".join(path.read_text() for path in sources)))
    features = package["features"].keys() - {"default"}
    print(package["name"])
    if not features:
        continue
    print(package["name"], "--no-default-features")
    for chosen in [[feature] for feature in sorted(features & named)] + [sorted(features - named)]:
        if chosen:
            print(package["name"], "--no-default-features", "--features", ",".join(chosen))
