// Snapshots come from strangers: any bytes must be read or refused, with a line inside of the file, and what is read must become a script
// that parses.
#include <algorithm>
#include <cstdint>
#include <string>

#include "proto/bytes.h"
#include "proto/check.h"
#include "sim/snapshot/snapshot.h"
#include "sim/snapshot/topology.h"

// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ssb::sim::snapshot;
  const std::string text = ssb::proto::to_string({data, size});
  std::vector<Problem> problems;

  const auto snapshot = read_snapshot("a.json", text, problems);

  SSB_CHECK(snapshot.has_value() == problems.empty());
  SSB_CHECK(problems.size() <= kProblemsMax);
  const auto lines = static_cast<int>(size) + 1;
  for (const Problem& problem : problems)
    SSB_CHECK(problem.line >= 1 && problem.line <= lines && !problem.text.empty());
  if (!snapshot) return 0;
  const std::vector<Snapshot> all{*snapshot};
  const Topology topology(all, {});
  // Certificates take a key each, which is too slow here: the part without them.
  SSB_CHECK(!topology.databases_script().empty() && !topology.instance(0).empty());
  return 0;
}
