#!/usr/bin/env python3
"""bench.py SOURCE-FOLDER BUILD-FOLDER: bench/run and the bounds work and count rightly. Nothing here depends on how fast the machine is."""
import importlib.machinery
import importlib.util
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(sys.argv[1]).resolve()
BUILD = pathlib.Path(sys.argv[2]).resolve()
sys.dont_write_bytecode = True


def load_run():
    loader = importlib.machinery.SourceFileLoader("bench_run", str(SOURCE / "bench/run"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("bench_run", loader))
    loader.exec_module(module)
    return module


bench_run = load_run()


def bench(*arguments):
    return subprocess.run([SOURCE / "bench/run", *map(str, arguments)], capture_output=True, text=True, check=False)


class BoundsTest(unittest.TestCase):
    def line(self, name, *arguments):
        out = subprocess.run([BUILD / "bench/bounds" / name, "--seconds", "0.1", *arguments], capture_output=True, text=True, check=False)
        self.assertEqual(out.returncode, 0, out.stderr)
        (text,) = out.stdout.splitlines()
        line = json.loads(text)
        self.assertEqual(line["name"], name)
        self.assertGreater(line["messages_per_s"], 0)
        self.assertGreater(line["cpu_s_per_message"], 0)
        return line

    def test_seal_opens_what_it_sealed(self):
        for size in (1024, 16384):
            line = self.line("seal_bound", "--size", str(size), "--contexts", "100")
            self.assertEqual(line["size"], size)
            self.assertGreater(line["opened"], 0)
            self.assertEqual(line["failed"], 0)

    def test_rsa_verifies_what_it_signed(self):
        line = self.line("rsa_bound", "--threads", "2")
        self.assertGreater(line["verified"], 0)
        self.assertEqual(line["failed"], 0)

    def check_exchange(self, line):
        self.assertGreater(line["received"], 0)
        self.assertEqual(line["sent"], line["received"])
        self.assertEqual(line["out_of_order"], 0)
        self.assertGreater(line["replies"], 0)

    def test_exchange_delivers_all_in_order(self):
        for arguments in (["--size", "1024"], ["--size", "16384"], ["--raw"], ["--gather-bytes", "1"], ["--one-core"]):
            self.check_exchange(self.line("exchange_bound", *arguments))

    def test_durable_delivers_all_in_order_and_flushes_every_batch(self):
        with tempfile.TemporaryDirectory(dir=BUILD) as folder:
            line = self.line("durable_bound", "--folder", folder, "--log-mib", "4", "--batch", "64")
            self.check_exchange(line)
            # One flush at either end covers 64 messages at most; both write each body at least once.
            self.assertGreaterEqual(line["flushes_per_1000"], 1000 / 64)
            self.assertGreaterEqual(line["written_over_payload"], 2)
            self.assertEqual(list(pathlib.Path(folder).iterdir()), [])


class ManyConversationsTest(unittest.TestCase):
    def line(self, name, *arguments):
        out = subprocess.run([BUILD / "bench" / name, *arguments], capture_output=True, text=True, check=False)
        self.assertEqual(out.returncode, 0, out.stderr)
        return json.loads(out.stdout)

    def test_everything_arrives_while_others_begin_and_certificates_change(self):
        line = self.line("disturb_bench", "--seconds", "0.6", "--dialogs-per-tick", "2", "--ticks-per-definition", "2")
        self.assertEqual((line["received"], line["wrong"]), (line["sent"], 0))
        self.assertGreater(line["dialogs"], 0)
        self.assertGreater(line["definitions"], 0)
        self.assertEqual(line["quiet_messages"] + line["disturbed_messages"], line["received"])

    def test_every_message_beside_idle_conversations_comes_once(self):
        line = self.line("idle_bench", "--conversations", "150", "--messages", "250", "--size", "100")
        self.assertEqual((line["received"], line["wrong"]), (150 + 250 + 1, 0))

    def test_a_waiting_message_is_there_after_a_restart(self):
        line = self.line("idle_bench", "--conversations", "150", "--messages", "250", "--size", "100", "--waiting")
        self.assertEqual((line["received"], line["wrong"], line["waiting"]), (250 + 1, 0, 150))
        self.assertGreater(line["restart_s"], 0)

    def test_the_simulator_delivers_all_with_and_without_judges(self):
        line = self.line("sim_bench", "--messages", "250", "--size", "100")
        self.assertEqual(line["wrong"], 0)
        self.assertGreater(line["judged_messages_per_s"], 0)


class FakeBuild:
    """A build folder whose programs print what a test wants."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        (self.folder / "bench/bounds").mkdir(parents=True)
        (self.folder / "build.ninja").touch()
        (self.folder / "CMakeCache.txt").touch()

    def program(self, name, script):
        path = self.folder / name
        path.write_text("#!/bin/sh\n" + script)
        path.chmod(0o755)

    def says(self, name, status=0, **line):
        self.program(name, f"echo '{json.dumps(line)}'\nexit {status}\n")

    def load(self, summary):
        options = "--security --size --processes --not-flushed --json --data --duration --warm-up --quiet --key-pool"
        summary = {"type": "summary", "violations": [], "valid": True, "reasons": [], **summary}
        self.program("ssbsim", f"""[ "$2" = --help ] && {{ echo "{options}"; exit; }}
while [ $# -gt 0 ]; do [ "$1" = --json ] && echo '{json.dumps(summary)}' > "$2"; shift; done
""")


class TableTest(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.fake = FakeBuild(self.temporary.name)
        self.file = self.fake.folder / "result.json"
        self.baseline = self.fake.folder / "baseline.json"

    def run_fake(self, *arguments):
        out = bench("--no-build", "--build-folder", self.fake.folder, "--json", self.file, "--baseline", self.baseline, *arguments)
        rows = {row["number"]: row for row in json.loads(self.file.read_text())["rows"]} if self.file.exists() else {}
        return out, rows

    def test_a_ratio_is_ours_over_the_bound(self):
        self.fake.says("bench/bounds/exchange_bound", messages_per_s=1000, cpu_s_per_message=1e-6)
        self.fake.load({"received_per_second": 550, "initiator": {"cpu_ns": 5000}, "target": {"cpu_ns": 3000, "messages": 4}})

        out, rows = self.run_fake("--only", "3a,3c,4", "--rounds", "5")

        self.assertEqual(out.returncode, 0, out.stderr)
        self.assertAlmostEqual(rows["3a"]["ratio"], 0.55)
        self.assertEqual(len(rows["3a"]["rounds"]), 5)
        self.assertEqual(rows["3a"]["verdict"], "must MET")
        self.assertAlmostEqual(rows["4"]["ratio"], 2)  # less is better: between 1.7 and 2.2
        self.assertEqual(rows["4"]["verdict"], "must MET")
        self.assertEqual(rows["3c"]["verdict"], "not measured")
        self.assertIn("without --peers", out.stdout)

    def test_fewer_than_five_rounds_claim_nothing(self):
        self.fake.says("bench/sim_bench", messages_per_s=400_000)
        out, rows = self.run_fake("--only", "16", "--rounds", "4")
        self.assertEqual(rows["16"]["verdict"], "(goal MET)")
        self.assertIn("prove nothing", out.stdout)

    def test_a_bound_that_fails_ends_the_run_without_a_table(self):
        self.fake.says("bench/bounds/exchange_bound", status=1, messages_per_s=1000, out_of_order=3)
        self.fake.load({"received_per_second": 550})
        out, rows = self.run_fake("--only", "3a", "--rounds", "1")
        self.assertEqual((out.returncode, rows, out.stdout), (1, {}, ""))

    def test_a_load_that_was_not_exactly_once_ends_the_run_without_a_table(self):
        self.fake.says("bench/bounds/exchange_bound", messages_per_s=1000)
        self.fake.load({"received_per_second": 550, "violations": ["7 came twice"]})
        out, rows = self.run_fake("--only", "3a", "--rounds", "1")
        self.assertEqual((out.returncode, rows, out.stdout), (1, {}, ""))
        self.assertIn("7 came twice", out.stderr)

    def test_a_round_in_which_load_measured_itself_gives_no_figure(self):
        self.fake.says("bench/bounds/exchange_bound", messages_per_s=1000)
        self.fake.load({"received_per_second": 550, "valid": False, "reasons": ["the generator was late"]})
        out, rows = self.run_fake("--only", "3a", "--rounds", "2")
        self.assertEqual(out.returncode, 0, out.stderr)
        self.assertEqual(rows["3a"]["verdict"], "not measured")
        self.assertIn("INVALID, the generator was late", out.stdout)

    def test_a_load_that_could_not_run_gives_no_figure(self):
        self.fake.says("bench/bounds/exchange_bound", messages_per_s=1000)
        self.fake.load({})
        self.fake.program("ssbsim", (self.fake.folder / "ssbsim").read_text().removeprefix("#!/bin/sh\n") + "echo no target >&2; exit 12\n")
        out, rows = self.run_fake("--only", "3a", "--rounds", "1")
        self.assertEqual(out.returncode, 0, out.stderr)
        self.assertIn("no target", rows["3a"]["reason"])

    def test_an_option_that_load_has_not_is_named(self):
        self.fake.says("bench/bounds/exchange_bound", reply_p50_s=1)
        self.fake.load({})
        out, rows = self.run_fake("--only", "10a", "--rounds", "1")
        self.assertEqual(rows["10a"]["verdict"], "not measured")
        self.assertIn("--request-reply", rows["10a"]["reason"])
        self.assertEqual(out.returncode, 0)

    def test_slower_than_the_baseline_is_exit_code_3(self):
        self.fake.says("bench/sim_bench", messages_per_s=100_000)
        self.assertEqual(self.run_fake("--only", "16", "--keep")[0].returncode, 0)
        self.fake.says("bench/sim_bench", messages_per_s=93_000)  # within 10 %
        self.assertEqual(self.run_fake("--only", "16")[0].returncode, 0)
        self.fake.says("bench/sim_bench", messages_per_s=80_000)
        out, _ = self.run_fake("--only", "16")
        self.assertEqual(out.returncode, 3)
        self.assertIn("SLOWER THAN THE BASELINE: 16", out.stdout)

    def test_the_spread_widens_what_is_allowed(self):
        def row(ratio, low, high):
            return {"number": "1a", "subject": "x", "ratio": ratio, "min": low, "max": high, "higher_is_better": True}

        self.assertEqual(bench_run.compare([row(0.8, 0.8, 0.8)], {"rows": [row(1, 1, 1)]}).__len__(), 1)
        self.assertEqual(bench_run.compare([row(0.8, 0.6, 1)], {"rows": [row(1, 1, 1)]}), [])

    def test_the_real_programs_fill_a_row(self):
        out = bench("--quick", "--only", "1a", "--no-build", "--build-folder", BUILD, "--json", self.file)
        self.assertEqual(out.returncode, 0, out.stderr)
        result = json.loads(self.file.read_text())
        (row,) = result["rows"]
        self.assertGreater(row["ours"], 0)
        self.assertGreater(row["bound"], 0)
        self.assertAlmostEqual(row["ratio"], row["ours"] / row["bound"])
        self.assertTrue(result["machine"]["processor"])
        self.assertEqual([path.name for path in BUILD.glob("bench-run-*")], [])


class DocsTest(unittest.TestCase):
    text = (SOURCE / "docs/benchmarks.md").read_text()

    def test_every_command_of_bench_run_is_one(self):
        commands = sorted(set(re.findall(r"`bench/run([^`]*)`", self.text)))
        self.assertGreaterEqual(len(commands), 6)
        for command in commands:
            out = bench(*command.split(), "--list")
            self.assertEqual(out.returncode, 0, command + out.stderr)

    def test_every_command_of_a_bound_is_one(self):
        commands = sorted(set(re.findall(r"`build/release/(bench/bounds/[^`]*)`", self.text)))
        self.assertEqual(len(commands), 4)
        for command in commands:
            program, *arguments = command.split()
            out = subprocess.run([BUILD / program, *arguments, "--seconds", "0.05"], capture_output=True, text=True, check=False)
            self.assertEqual(out.returncode, 0, command + out.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
