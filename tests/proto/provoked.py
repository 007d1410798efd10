#!/usr/bin/env python3
"""provoked.py SOURCE-FOLDER: whether each error of proto/errors.def is provoked by a test, or says why none can.

A test provokes an error where it expects it: a scenario's `--# expect` line with its number, a transcript's `Msg N`, or C++ that names its
code or number. The reason of a row that none provokes is `unprovoked` in its entry of proto/explain.json. A row of Service Broker that no
scenario provokes names in `provoked` the test that does: "by a statement: tests/sql/x.test", and that test has to have it.
docs/errors.md may not list a row among the numbers that never come.
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


def is_of_broker(number):
    return 8400 <= number <= 8499 or 9600 <= number <= 9799 or 11200 <= number <= 11299 or 28000 <= number <= 28100


expected = set()
for text in texts("scenarios", ".sql", ".sqlcmd"):
    for line in re.findall(r"^--# expect .*$", text, re.M):
        expected.update(re.findall(r"(?<![\d.])\d{3,5}(?![\d.])", line))
in_scenarios = set(expected)
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
    if number in in_scenarios or not is_provoked or not is_of_broker(int(number)):
        continue
    test = re.search(r"tests/\S+$", explained.get(number, {}).get("provoked", ""))
    path = root / test.group() if test else None
    if path is None or not path.is_file() or not re.search(rf"\b({number}|{name})\b", path.read_text(encoding="utf-8")):
        problems.append(f"{number} {name}: no scenario provokes it, and `provoked` in proto/explain.json names no test that does")
# docs/errors.md lists what there is not.
for cell in re.findall(r"^\|[^|]*\(\d+\) \|([^|]*)\|", (root / "docs/errors.md").read_text(encoding="utf-8"), re.M):
    for first, last in re.findall(r"(\d+)(?:-(\d+))?", cell):
        absent = range(int(first), int(last or first) + 1)
        problems += [f"{number} {name}: docs/errors.md says that it is not there" for number, name in rows if int(number) in absent]
if not rows:
    problems.append("proto/errors.def has no rows")
print("\n".join(problems) or f"{len(rows)} errors")
sys.exit(1 if problems else 0)
