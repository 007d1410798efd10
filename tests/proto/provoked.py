#!/usr/bin/env python3
"""provoked.py SOURCE-FOLDER: whether each error of proto/errors.def is provoked by a test, or says why none can.

A test provokes an error where it expects it: a scenario's `--# expect` line with its number, a transcript's `Msg N`, or C++ that names its
code or number. The reason of a row that none provokes is `unprovoked` in its entry of proto/explain.json. A row of Service Broker that no
scenario provokes names in `provoked` the test that does: "by a statement: tests/sql/x.test", and that test has to have it.
Each number of tests/proto/broker_numbers.txt is such a row, or docs/errors.md says why it never comes, and nothing else stands there.
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


def numbers_in(text):
    """Of "8403, 9605-9608": all five."""
    return [n for first, last in re.findall(r"(\d+)(?:-(\d+))?", text) for n in range(int(first), int(last or first) + 1)]


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
page = (root / "docs/errors.md").read_text(encoding="utf-8")
absent = []
for title, count, cell in re.findall(r"^\| ([^|]*) \((\d+)\) \|([^|]*)\|", page, re.M):
    numbers = numbers_in(cell)
    absent += numbers
    if int(count) != len(numbers):
        problems.append(f"docs/errors.md: '{title}' has {len(numbers)} numbers, not {count}")
problems += [f"{number} {name}: docs/errors.md says that it is not there" for number, name in rows if int(number) in absent]
public = [number for line in (root / "tests/proto/broker_numbers.txt").read_text(encoding="utf-8").splitlines()
          if not line.startswith("#") for number in numbers_in(line)]
known = {int(number) for number, name in rows}
problems += [f"{number}: neither in proto/errors.def, nor does docs/errors.md say why it never comes" for number in public
             if number not in known and number not in absent]
problems += [f"{number}: docs/errors.md lists what tests/proto/broker_numbers.txt does not have" for number in absent if number not in public]
problems += [f"{number}: twice in docs/errors.md" for number in sorted(set(absent)) if absent.count(number) > 1]
said = re.search(r"Of the (\d+) numbers [^:]*?, (\d+) never come", page)
if said is None or [int(n) for n in said.groups()] != [len(public), len(absent)]:
    problems.append(f"docs/errors.md: of {len(public)} numbers {len(absent)} never come, and the page says something else")
if not rows:
    problems.append("proto/errors.def has no rows")
print("\n".join(problems) or f"{len(rows)} errors")
sys.exit(1 if problems else 0)
