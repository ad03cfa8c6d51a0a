"""Reads `cargo metadata`; prints, for each published package, its name alone and then with each feature it has."""

import json
import sys

for package in json.load(sys.stdin)["packages"]:
    if package["publish"] == []:
        continue
    print(package["name"])
    for feature in package["features"]:
        if feature != "default":
            print(package["name"], feature)
