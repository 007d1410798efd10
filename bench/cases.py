"""The goals: what is measured for each, beside which bound, and what must and what should come of it.

A measurement is asked for by its command, as a key: the first in a round runs it, the others take its figures.
"""
import dataclasses
import json
import statistics
import typing

SOAK_SECONDS = 600


class NotMeasured(Exception):
    """With its reason: an option or a peer that is not there."""


class InvalidRound(NotMeasured):
    """This round gives no figure; another one may."""


class Broken(Exception):
    """A measurement that failed: no figure is better than a wrong one."""


@dataclasses.dataclass(frozen=True)
class Case:
    number: str
    subject: str
    ours: typing.Callable
    bound: typing.Optional[typing.Callable] = None
    must: typing.Optional[float] = None
    goal: typing.Optional[float] = None
    unit: str = "/s"
    bound_name: str = ""
    higher_is_better: bool = True
    is_ratio: bool = True  # False: the figure itself is compared with must and goal
    conversations: typing.Optional[dict] = None  # by effort: how many, when that is what is measured

    def at(self, effort):
        """The case with its number of conversations, which its subject then names."""
        if self.conversations is None:
            return self
        count = self.conversations[effort]
        wanted = self.conversations["full"]
        note = f"{count:,}" if count == wanted else f"{count:,} (the goal says {wanted:,}: --full)"
        return dataclasses.replace(
            self, subject=self.subject.format(note), ours=lambda m: self.ours(m, count),
            bound=self.bound and (lambda m: self.bound(m, count)))


# ---- ssbsim load ----

VALID, INVALID = 0, 4  # its exit codes: with the second one it measured itself, not the nodes


def load_figures(text, written):
    """The report of ssbsim load --json, and what it wrote to disk as the system counted it."""
    lines = [json.loads(line) for line in text.splitlines() if line.strip()]
    summary = lines[-1]
    if summary["violations"]:
        raise Broken(f"ssbsim load: not exactly once in order: {summary['violations']}")
    if not summary["valid"]:
        raise InvalidRound("INVALID, " + "; ".join(summary["reasons"]))
    return {"summary": summary, "intervals": [line for line in lines if line["type"] == "interval"], "written": written}


def rate(load):
    return load["summary"]["received_per_second"]


def of_both(load, name):
    return load["summary"]["initiator"][name] + load["summary"]["target"][name]


def cpu(load):
    """Seconds a message, both nodes, without what makes and checks the bodies."""
    return of_both(load, "cpu_ns") * 1e-9 / load["summary"]["target"]["messages"]


def round_trip(load):
    return load["summary"]["ms"]["round_trip"]["p50"] * 1e-3


def flushes(load):
    return of_both(load, "flushes") * 1000 / load["summary"]["target"]["messages"]


def written_over_payload(load, size):
    return load["written"] / (load["summary"]["sent"] * size)


def halves(load):
    """Throughput of the second half over that of the first."""
    rates = [line["target"]["messages"] / line["seconds"] for line in load["intervals"]]
    middle = len(rates) // 2
    return statistics.mean(rates[middle:]) / statistics.mean(rates[:middle])


def memory_growth(load):
    """The peak of both nodes at the end over that in the middle."""
    peaks = [line["initiator"]["peak_kb"] + line["target"]["peak_kb"] for line in load["intervals"]]
    return peaks[-1] / peaks[len(peaks) // 2]


FLOW = "load --security full --size {} --processes 2"
ONE_CLIENT = "load --security full --size 1024 --processes 2 --messages-per-transaction 1 --dialogs {}"
REPLY = "load --security full --size 1024 --processes 2 --messages-per-transaction 1 --dialogs 1 --in-flight 1 --request-reply"
# A RECEIVE takes messages of one conversation group, so here one each: with two that wait, two messages would share a flush of the target,
# whatever the nodes can do.
NEW_DIALOGS = "load --security full --size 1024 --processes 2 --messages-per-dialog 1 --messages-per-transaction {} --dialogs 256 --receivers 64"
NOT_FLUSHED = " --not-flushed"
# Few at once: a dialog that waits for thousands of signatures before it is sent again after four seconds, and costs two.
NEW_SIGNED = NEW_DIALOGS.format(1) + NOT_FLUSHED + " --sign-every-dialog --in-flight 256"
SOAK = f"load --security full --size 1024 --processes 2 --duration {SOAK_SECONDS} --warm-up 5"


def flow(size, flushed=False):
    # Of large messages fewer at once: eight MiB on the way are enough, and stay in the processors' caches.
    in_flight = " --in-flight 512" if size > 4096 else ""
    return FLOW.format(size) + in_flight + ("" if flushed else NOT_FLUSHED)


# ---- programs of the bench ----

IN_TURN = "body_bytes:1024/dialogs:10000"
PLAIN = "^(seal|open)/body_bytes:(1024|16384)$"


def plain(name, size):
    return lambda m: m(f"dialog_bench {PLAIN}")[f"{name}/body_bytes:{size}"]


def in_turn(name):
    return lambda m: m("dialog_bench ^(seal|open)_in_turn/")[f"{name}_in_turn/{IN_TURN}"]


def bound(program, size, field="messages_per_s"):
    return lambda m: m(f"{program} --size {size}")[field]


def idle(m, count, waiting=False):
    return m(f"idle_bench --conversations {count}" + (" --waiting" if waiting else ""))


def peer(command, field="messages_per_s"):
    return lambda m: m("peer " + command)[field]


def soak(m, count):
    if count != SOAK_SECONDS:
        raise NotMeasured("ten minutes: --full")
    return m(SOAK)


# Memory: from where the caches that are bounded are full.
IDLE = {"quick": 500, "normal": 100_000, "full": 1_000_000}
MANY = {"quick": 500, "normal": 10_000, "full": 1_000_000}
SOAKED = {"quick": 0, "normal": 0, "full": SOAK_SECONDS}

CASES = [
    Case("1a", "seal, 1 KiB", plain("seal", 1024), bound("seal_bound", 1024), 0.8, 2.5, bound_name="S"),
    Case("1b", "open, 1 KiB", plain("open", 1024), bound("seal_bound", 1024, "open_messages_per_s"), 0.8, 2.5, bound_name="S"),
    Case("1c", "seal, 16 KiB", plain("seal", 16384), bound("seal_bound", 16384), 0.95, 2.5, bound_name="S"),
    Case("1d", "open, 16 KiB", plain("open", 16384), bound("seal_bound", 16384, "open_messages_per_s"), 0.95, 2.5, bound_name="S"),
    Case("2a", "seal over 10,000 dialogs in turn, 1 KiB", in_turn("seal"), bound("seal_bound", 1024), 0.55, 0.8,
         bound_name="S"),
    Case("2b", "open over 10,000 dialogs in turn, 1 KiB", in_turn("open"), bound("seal_bound", 1024, "open_messages_per_s"), 0.55, 0.8,
         bound_name="S"),
    Case("3a", "node to node, not flushed, 1 KiB", lambda m: rate(m(flow(1024))), bound("exchange_bound", 1024), 0.45, 0.6,
         bound_name="E"),
    Case("3b", "node to node, not flushed, 16 KiB", lambda m: rate(m(flow(16384))), bound("exchange_bound", 16384), 0.65,
         0.85, bound_name="E"),
    Case("3c", "the same, 1 KiB, against ZeroMQ CURVE", lambda m: rate(m(flow(1024))), peer("zeromq --size 1024"), 1, 1,
         bound_name="ZeroMQ"),
    Case("4", "CPU a message, both nodes, not flushed, 1 KiB", lambda m: cpu(m(flow(1024))),
         bound("exchange_bound", 1024, "cpu_s_per_message"), 2.2, 1.7, "s", "E", higher_is_better=False),
    Case("5a", "durable, 1 KiB", lambda m: rate(m(flow(1024, True))), bound("durable_bound", 1024), 0.15, 0.35, bound_name="D"),
    Case("5b", "durable, 16 KiB", lambda m: rate(m(flow(16384, True))), bound("durable_bound", 16384), 0.4, 0.8,
         bound_name="D"),
    Case("5c", "durable, 1 KiB, against RabbitMQ quorum queue", lambda m: rate(m(flow(1024, True))),
         peer("rabbitmq --queue quorum --size 1024"), 2.5, 6, bound_name="RabbitMQ"),
    Case("5d", "durable, 1 KiB, against PostgreSQL, commits of 100", lambda m: rate(m(flow(1024, True))),
         peer("postgresql --per-commit 100 --size 1024"), 1.2, 2.8, bound_name="PostgreSQL"),
    Case("6a", "flushes a 1,000 durable messages", lambda m: flushes(m(flow(1024, True))),
         bound("durable_bound", 1024, "flushes_per_1000"), 30, 15, "", "D", higher_is_better=False, is_ratio=False),
    Case("6b", "bytes written over payload, durable", lambda m: written_over_payload(m(flow(1024, True)), 1024),
         bound("durable_bound", 1024, "written_over_payload"), 10, 3, "", "D", higher_is_better=False, is_ratio=False),
    Case("7a", "one message a transaction, one client, against PostgreSQL", lambda m: rate(m(ONE_CLIENT.format(1))),
         peer("postgresql --per-commit 1 --size 1024"), 1.5, None, bound_name="PostgreSQL"),
    Case("7b", "one message a transaction, one client, against fdatasync", lambda m: rate(m(ONE_CLIENT.format(1))),
         bound("durable_bound", 1024, "fdatasync_per_s"), 0.6, 0.9, bound_name="fdatasync"),
    Case("7d", "the same, against fdatasync of two at once", lambda m: rate(m(ONE_CLIENT.format(1))),
         bound("durable_bound", 1024, "fdatasync_beside_another_per_s"), None, None, bound_name="fdatasync of two"),
    # As many that receive: two RECEIVEs of one message each are two messages a flush, whatever is sent.
    Case("7c", "one message a transaction, 32 clients against one", lambda m: rate(m(ONE_CLIENT.format("32 --receivers 32"))),
         lambda m: rate(m(ONE_CLIENT.format(1))), None, 15, bound_name="one"),
    Case("8", "new full dialogs, nothing cached, both cores",
         lambda m: rate(m(NEW_SIGNED)),
         lambda m: m("rsa_bound")["messages_per_s"], 0.75, 0.9, bound_name="RSA"),
    Case("9a", "new dialogs, cached KEK, not flushed, against 8", lambda m: rate(m(NEW_DIALOGS.format(100) + NOT_FLUSHED)),
         lambda m: rate(m(NEW_SIGNED)), 15, 30, bound_name="8"),
    Case("9b", "new dialogs, cached KEK, durable, against 8", lambda m: rate(m(NEW_DIALOGS.format(100))),
         lambda m: rate(m(NEW_SIGNED)), 4, 10, bound_name="8"),
    Case("10a", "request and reply p50, not flushed", lambda m: round_trip(m(REPLY + NOT_FLUSHED)),
         bound("exchange_bound", 1024, "reply_p50_s"), 1.6, 1.3, "s", "E", higher_is_better=False),
    Case("10b", "request and reply p50, durable", lambda m: round_trip(m(REPLY)),
         bound("durable_bound", 1024, "reply_p50_s"), 1.4, 1.1, "s", "D", higher_is_better=False),
    Case("11", "resident bytes an idle conversation, an end, at {}", lambda m, n: idle(m, n)["bytes_per_conversation"] or
         not_measured("below 80,000 conversations caches hide it"), None, 300, 160, "bytes", higher_is_better=False,
         is_ratio=False, conversations=IDLE),
    Case("12a", "throughput beside idle conversations against 1,000, at {}", lambda m, n: idle(m, n)["flow_messages_per_s"],
         lambda m, n: idle(m, 1000)["flow_messages_per_s"], 0.8, 0.95, bound_name="few", conversations=MANY),
    Case("12b", "throughput beside waiting messages against none, at {}",
         lambda m, n: idle(m, n, True)["flow_messages_per_s"], lambda m, n: idle(m, n)["flow_messages_per_s"], 0.85, 0.95,
         bound_name="none", conversations=MANY),
    Case("13a", "second half of ten minutes against the first, durable", lambda m, n: halves(soak(m, n)), None, 0.9, 0.98, "",
         is_ratio=False, conversations=SOAKED),
    Case("13b", "memory after ten minutes against after five, durable", lambda m, n: memory_growth(soak(m, n)), None, 1.05, 1.0,
         "", higher_is_better=False, is_ratio=False, conversations=SOAKED),
    Case("14", "restart to the first delivery, conversations and messages {}", lambda m, n: idle(m, n, True)["restart_s"],
         None, 5, 1, "s", higher_is_better=False, is_ratio=False, conversations=MANY),
    Case("15", "p99 of others while bindings, certificates and dialogs are made",
         lambda m: m("disturb_bench")["disturbed_p99_s"], lambda m: m("disturb_bench")["quiet_p99_s"], 2, 1.1, "s", "quiet",
         higher_is_better=False),
    Case("16", "simulator: virtual messages a second, one core", lambda m: m("sim_bench")["messages_per_s"], None, 100_000,
         300_000, is_ratio=False),
]


def not_measured(reason):
    raise NotMeasured(reason)
