"""Fails if a dependency has a licence that deny.toml does not allow."""

import json
import re
import subprocess
import sys
import tomllib

with open("deny.toml", "rb") as f:
    allowed = set(tomllib.load(f)["licenses"]["allow"])
metadata = json.loads(
    subprocess.check_output(["cargo", "metadata", "--format-version", "1", "--locked"])
)
bad = []
for package in metadata["packages"]:
    expression = (package["license"] or "").replace("/", " OR ")
    # An expression is satisfied if one of its alternatives consists of allowed licences alone.
    alternatives = [
        set(re.findall(r"[A-Za-z0-9.+-]+(?: WITH [A-Za-z0-9.+-]+)?", part.replace(" AND ", " , ")))
        for part in re.split(r"\bOR\b", expression.replace("(", " ").replace(")", " "))
    ]
    if not any(names and names <= allowed for names in alternatives):
        bad.append(f"{package['name']} {package['version']}: {package['license']}")
if bad:
    sys.exit("licences that are not allowed:\n  " + "\n  ".join(bad))
print(f"{len(metadata['packages'])} packages, every licence allowed")
