// What one run of one scenario came to: the story in order, what was met and what was not.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/scenario/backend.h"
#include "sim/scenario/script.h"

namespace ssb::sim::scenario {

enum class Verdict {
  passed,
  nothing_checked,  // ran to its end, but no expectation is in it
  failed,
  inconclusive,  // needs another back end, or a fault or attacker that it asks for never came
  differs,       // two runs of one seed are not alike
  does_not_parse,
  environment,  // a port, the disk, a permission
};
// "PASS", "RAN, nothing checked", "FAIL", ...
[[nodiscard]] const char* verdict_name(Verdict verdict);
// Of the program, when this was all; batch-contract.md 6.2.
[[nodiscard]] int exit_code(Verdict verdict);
// The one that decides for many files: the more severe of two.
[[nodiscard]] Verdict worse(Verdict a, Verdict b);

struct Failure {
  Place place;
  std::string what;                // "expectation", "unexpected error", "cannot connect", ...
  std::string expected;            // one line
  std::string seen;                // lines
  std::vector<std::string> known;  // what the nodes know about the cause
  std::size_t step = 0;            // of the script
};

// One thing of the story; the trace records up to number `record` come before it.
struct Entry {
  enum class Kind { note, connected, output, met, failed, warning, attack } kind = Kind::note;
  Place place;
  std::size_t record = 0;
  proto::TimePoint at{};
  std::string node;
  std::string session;  // in use; empty: that of `:connect`
  std::string
      text;  // the note, the attack, the expectation as written; of a batch that is left waiting: so
  broker::tsql::Output output;  // of Kind::output
  std::size_t failure = 0;      // index into failures, of Kind::failed
  std::size_t step = 0;         // of the script
};

struct Report {
  std::string file;
  std::string title;
  Verdict verdict = Verdict::failed;
  std::string reason;                 // of a verdict that no failure explains
  std::optional<std::uint64_t> seed;  // of the simulator
  std::vector<std::string> claims, corpus, nodes;
  std::optional<Catalogue> catalogue;
  std::size_t text_hash = 0;
  int expectations = 0;
  int met = 0;
  int batches = 0;
  proto::TimePoint start{}, end{};
  std::vector<Entry> entries;
  std::vector<Failure> failures;
  std::vector<JudgeFinding> findings;
  Probes probes;
  std::vector<proto::Bytes> read_by_attackers;
  std::vector<NodeRecord> records;
  std::vector<ScriptMessage> problems;  // of a script that does not parse
  std::vector<ScriptMessage> warnings;
};

// Says that an attacker of the script never did anything; empty: each did, or there is none.
[[nodiscard]] std::string idle_attacker(const Probes& probes);

}  // namespace ssb::sim::scenario
