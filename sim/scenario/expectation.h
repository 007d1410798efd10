// Compares what was expected with what is there.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/backend.h"

namespace ssb::sim::scenario {

struct Finding {
  bool is_met = false;
  std::string seen;  // lines; what stands there instead
};

// What an expectation looks at.
struct View {
  Backend& backend;
  std::string node;             // in use
  std::string database;         // in use
  std::size_t record_mark = 0;  // events count from here
  std::uint64_t wire_mark = 0;
  const broker::tsql::Output* last_result =
      nullptr;             // of the last batch that returned rows or a count
  std::string last_batch;  // its text
  // The last values of variables, by instance (lower case) and name (lower case).
  const std::map<std::pair<std::string, std::string>, std::string>* variables = nullptr;
  const Script* script = nullptr;  // for what an instance that is down cannot be asked
};

// Looks once, now. For expectations that stand after a batch.
[[nodiscard]] Finding check(const Expectation& expectation, const View& view);

// For those that stand before it: one Finding each, in their order; `unexpected` are the errors that nobody expected.
struct BatchFindings {
  std::vector<Finding> findings;
  std::vector<broker::tsql::ServerMessage> unexpected;
};
[[nodiscard]] BatchFindings check_batch(std::span<const Expectation> expectations,
                                        const broker::tsql::Output& output);

// Whether a text is that of this error, or has it inside: the row's text with any parameters.
[[nodiscard]] bool mentions_error(std::string_view text, int number);
// What the instances know about why something did not happen: waiting messages, and the last events with an error.
[[nodiscard]] std::vector<std::string> what_nodes_know(Backend& backend,
                                                       const std::vector<std::string>& nodes);
// "Broker:Message Undeliverable 160/2, error 11229 state 1: text".
[[nodiscard]] std::string record_text(const proto::TraceRecord& record);

}  // namespace ssb::sim::scenario
