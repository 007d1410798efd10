#!/usr/bin/env python3
"""Writes docs/coverage.md from a run of all scenarios: which claim and which failure report is played where, and with what result.

  ssbsim run scenarios --check-determinism --json >results.json
  scenarios/coverage.py results.json            writes the page
  scenarios/coverage.py --check results.json    compares it with what is there

scenarios/ids.json has all ids, and the reason of each that no scenario plays.
Exit code: 0 all well; 1 a scenario did not pass, an id is played nowhere and has no reason, a reason has become wrong, an id is
unknown, or (--check) the page is another one.
"""
import argparse
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "coverage.md"
HEAD = """# Claims and failure reports, and where they are played

Made by `scenarios/coverage.py` from a run of all scenarios in the simulator, each twice and compared; `./dev test` refuses a page that
differs from what the run gives. The same scenarios run on real TCP.

"""
KINDS = {"M": "Mirroring endpoints and their certificates", "R": "Replacing service certificates", "D": "Certificates for dialog security",
         "T": "TLS for client connections", "K": "Keys, and recovery in another region"}


class Results:
    """What a run says: ids of each scenario, and how it ended."""

    def __init__(self, path):
        self.files, self.verdicts, self.problems = {}, {}, []
        failed = []
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                if record["type"] == "scenario":
                    self.files[record["file"]] = record["claims"] + record["corpus"]
                elif record["type"] == "result":
                    self.verdicts[record["file"]] = record["verdict"]
                    if record["verdict"] != "PASS":
                        failed.append(record)
                elif record["type"] in ("problem", "finding", "not met"):
                    self.problems.append(json.dumps(record))
        if not self.files:
            self.problems.append(f"{path}: no scenario has run")
        self.problems += [f"{r['file']}: {r['verdict']} {r['reason']}" for r in failed]

    def of(self, name):
        return sorted(file for file, ids in self.files.items() if name in ids)


def cell(text):
    return text.replace("|", "\\|")


def played(results, ids, name):
    files = results.of(name)
    if files:
        shown = ", ".join(f"[{pathlib.PurePath(file).stem}](../{file})" for file in files)
        return f"{shown} | {'pass' if all(results.verdicts.get(file) == 'PASS' for file in files) else 'FAIL'}"
    return f"{cell(ids['not_played'].get(name, '?'))} | not played"


def page(results, ids):
    out = [HEAD]
    for letter, title in KINDS.items():
        out.append(f"## {title}\n\n| claim | says | scenarios | result |\n|---|---|---|---|\n")
        out += [f"| {name} | {cell(text)} | {played(results, ids, name)} |\n" for name, text in ids["claims"].items() if name[0] == letter]
        out.append("\n")
    out.append("## Failure reports\n\nGrade A: symptom, cause and cure are in the report; B: one of them is inferred; C: a symptom alone.\n\n")
    out.append("| id | grade | what is wrong | what shows | scenarios | result |\n|---|---|---|---|---|---|\n")
    for name, row in ids["corpus"].items():
        out.append(f"| {name} | {row['grade']} | {cell(row['change'])} | {cell(row['symptom'])} | {played(results, ids, name)} |\n")
    baselines = sorted({name for names in results.files.values() for name in names if name.startswith("BL-")})
    out.append("\n## Baselines that work\n\n| id | scenarios | result |\n|---|---|---|\n")
    out += [f"| {name} | {played(results, ids, name)} |\n" for name in baselines]
    return "".join(out)


def problems_of(results, ids):
    known = ids["claims"].keys() | ids["corpus"].keys()
    for name in known:
        files, reason = results.of(name), ids["not_played"].get(name)
        if not files and not reason:
            yield f"{name}: no scenario plays it, and scenarios/ids.json says no reason"
        if files and reason:
            yield f"{name}: {files[0]} plays it, but scenarios/ids.json has a reason why none does"
    yield from (f"{name}: a reason for an unknown id" for name in ids["not_played"].keys() - known)
    for file, names in results.files.items():
        yield from (f"{file}: unknown id {name}" for name in names if name not in known and not name.startswith("BL-"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", help="of ssbsim run scenarios --json")
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    options = parser.parse_args()
    results = Results(options.results)
    ids = json.loads((ROOT / "scenarios" / "ids.json").read_text(encoding="utf-8"))
    problems = results.problems + sorted(problems_of(results, ids))
    text = page(results, ids)
    if options.check and (not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text):
        problems.append("docs/coverage.md is not what the run gives: write it with scenarios/coverage.py")
    if not options.check:
        PAGE.write_text(text, encoding="utf-8")
    for problem in problems:
        print(f"coverage: {problem}", file=sys.stderr)
    print(f"coverage: {len(results.files)} scenarios, {sum(1 for n in [*ids['claims'], *ids['corpus']] if results.of(n))} of "
          f"{len(ids['claims']) + len(ids['corpus'])} ids played")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
