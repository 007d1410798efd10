// Asking the instances questions for expectations and reports.
#pragma once

#include <string>
#include <vector>

#include "sim/scenario/expectation.h"

namespace ssb::sim::scenario {

struct Looked {
  broker::tsql::Output output;
  std::string problem;  // an error instead of rows

  // Of the last result set; none when there is none.
  [[nodiscard]] const std::vector<broker::store::Row>& rows() const;
};
[[nodiscard]] Looked look_at(Backend& backend, const std::string& node, const std::string& database,
                             const std::string& select);

// Of a running instance.
[[nodiscard]] std::vector<std::string> database_names(Backend& backend, const std::string& node);

// Where an expectation looks: `on HOST[.db]`, or what is in use.
[[nodiscard]] std::string node_of(const Expectation& expectation, const View& view);
[[nodiscard]] std::string database_of(const Expectation& expectation, const View& view);
// As database_of; on another instance than the one in use and without a database named: all its databases.
[[nodiscard]] std::vector<std::string> databases_of(const Expectation& expectation,
                                                    const View& view);

}  // namespace ssb::sim::scenario
