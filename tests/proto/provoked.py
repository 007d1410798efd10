#!/usr/bin/env python3
"""provoked.py SOURCE-FOLDER: whether each error of proto/errors.def is provoked by a test, or says why none can.

A test provokes an error where it expects it: a scenario's `--# expect` line with its number, a transcript's `Msg N`, or C++ that names its
code or number. The reason of a row that none provokes is `unprovoked` in its entry of proto/explain.json.
Exit code: 1 when a row has neither, or both.
"""
import json
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
rows = re.findall(r"^SSB_ERROR\((\d+),\s*\d+,\s*(\w+),", (root / "proto/errors.def").read_text(encoding="utf-8"), re.M)
explained = json.loads((root / "proto/explain.json").read_text(encoding="utf-8"))


def texts(folder, *suffixes):
    return [path.read_text(encoding="utf-8") for path in sorted((root / folder).rglob("*")) if path.suffix in suffixes]


expected = set()
for text in texts("scenarios", ".sql", ".sqlcmd"):
    for line in re.findall(r"^--# expect .*$", text, re.M):
        expected.update(re.findall(r"(?<![\d.])\d{3,5}(?![\d.])", line))
for text in texts("tests/sql", ".test"):
    expected.update(re.findall(r"^Msg (\d+),", text, re.M))
    expected.update(re.findall(r"^(\d{3,5})$", text, re.M))  # ERROR_NUMBER()
code = "\n".join(texts("tests", ".cc", ".h"))
named = set(re.findall(r"ErrorCode::(\w+)", code))
expected.update(re.findall(r"(?<![\w.'])\d{3,5}(?![\w.'])", code))

problems = []
for number, name in rows:
    is_provoked = number in expected or name in named
    reason = explained.get(number, {}).get("unprovoked")
    if not is_provoked and not reason:
        problems.append(f"{number} {name}: no test provokes it, and proto/explain.json gives no reason")
    if is_provoked and reason:
        problems.append(f"{number} {name}: provoked, but proto/explain.json says why it is not")
if not rows:
    problems.append("proto/errors.def has no rows")
print("\n".join(problems) or f"{len(rows)} errors")
sys.exit(1 if problems else 0)
