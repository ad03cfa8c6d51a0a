"""Reads `cargo metadata`; prints the published packages as flags of cargo."""

import json
import sys

print(*(f"-p {package['name']}" for package in json.load(sys.stdin)["packages"] if package["publish"] != []))
