#!/usr/bin/env python3
"""events.py SOURCE-FOLDER [SSBSIM KEY-POOL]: whether each event class and subclass of proto/events.json is shown by a scenario.

A subclass has `scenarios`, which must show it, or a reason in `unprovoked`, and then nothing may show it. The scenarios of the table are
run once, and no event of SQL Server's may come that the table lacks, or under another name. docs/events.md must be the table's page.
Without SSBSIM it prints that page. Exit code: 1 when anything differs.
"""
import json
import pathlib
import subprocess
import sys

FIRST_OF_OURS = 10000  # records that SQL Server's trace does not have
HEAD = """# Events of the trace

What SQL Server's trace would show of Service Broker: each class and subclass by its number, and a scenario that shows it, or why none can.
`ssbsim run` prints them (`--events`), `--json` has them as objects with `"type": "event"`, and a scenario expects one with
`--# expect event 160 subclass 1 error 11229`. Of one class:

```sh
./dev run explain event 160
```

Made by `tests/proto/events.py .` from `proto/events.json`; `ctest -R events.provoked` runs the scenarios and holds this page to the table.

| class | subclass | what it says | shown by |
|---|---|---|---|
"""


def page(table):
    lines = []
    for number, event in table.items():
        lines.append(f"| **{number} {event['name']}** | | {event['means']} | |")
        for subclass, entry in event["subclasses"].items():
            shown = ", ".join(f"[{s[10:-4]}](../{s})" for s in entry.get("scenarios", []))
            name = f"{subclass} {entry['name']}" if entry["name"] else "none"
            lines.append(f"| | {name} | {entry['means']} | {shown or 'none. ' + entry['unprovoked']} |")
    return HEAD + "\n".join(lines) + "\n"


def shown_by(program, key_pool, root, scenarios):
    """(number, subclass) -> (class name, subclass name, scenarios)."""
    seen = {}
    for scenario in scenarios:
        run = subprocess.run([program, "run", scenario, "--net", "sim", "--json", "--key-pool", key_pool], cwd=root, check=False,
                             stdout=subprocess.PIPE, text=True)
        if run.returncode != 0:
            sys.exit(f"{scenario}: exit code {run.returncode}")
        for line in run.stdout.splitlines():
            row = json.loads(line)
            if row.get("type") == "event" and row["event"] < FIRST_OF_OURS:
                key = (str(row["event"]), str(row.get("subclass", 0)))
                seen.setdefault(key, (row["name"], row.get("subclass_name", ""), set()))[2].add(scenario)
    return seen


def differences(table, seen):
    rows = {(number, subclass): (event["name"], entry) for number, event in table.items() for subclass, entry in event["subclasses"].items()}
    for key, (name, entry) in rows.items():
        where = f"event {key[0]} subclass {key[1]}"
        if bool(entry.get("scenarios")) == bool(entry.get("unprovoked")):
            yield f"{where}: neither scenarios nor a reason, or both"
        for scenario in entry.get("scenarios", []):
            if key not in seen or scenario not in seen[key][2]:
                yield f"{where}: {scenario} does not show it"
        if entry.get("unprovoked") and key in seen:
            yield f"{where}: shown by {min(seen[key][2])}, but the table says that nothing can"
        if key in seen and seen[key][:2] != (name, entry["name"]):
            yield f"{where}: the trace calls it {seen[key][:2]}"
    for key in sorted(seen.keys() - rows.keys()):
        yield f"event {key[0]} subclass {key[1]}: not in proto/events.json"


def main():
    root = pathlib.Path(sys.argv[1])
    table = json.loads((root / "proto/events.json").read_text(encoding="utf-8"))
    if len(sys.argv) == 2:
        print(page(table), end="")
        return 0
    scenarios = sorted({s for event in table.values() for entry in event["subclasses"].values() for s in entry.get("scenarios", [])})
    problems = list(differences(table, shown_by(sys.argv[2], sys.argv[3], root, scenarios)))
    if (root / "docs/events.md").read_text(encoding="utf-8") != page(table):
        problems.append("docs/events.md is not the table's page: tests/proto/events.py . > docs/events.md")
    print("\n".join(problems) or f"{sum(len(event['subclasses']) for event in table.values())} subclasses, {len(scenarios)} scenarios")
    return 1 if problems or not scenarios else 0


sys.exit(main())
