// An instance with an engine and sessions, in memory, and its output as text.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "broker/tsql/convert.h"
#include "broker/tsql/runtime.h"
#include "broker/tsql/session.h"
#include "tests/broker/catalog/test_instance.h"

namespace ssb::broker::tests {

class SessionFixture {
 public:
  SessionFixture()
      : views(test.instance), engine(test.instance, views), runtime(test.instance, engine, views) {
    for (const auto& [id, database] : test.instance.databases()) engine.open_database(id, now);
  }

  tsql::Session& session(int id = 51) {
    auto& slot = sessions[id];
    if (!slot) slot = std::make_unique<tsql::Session>(runtime, id, catalog::SecurityContext{});
    return *slot;
  }

  // Runs a batch to its end, or until it waits.
  tsql::Output run(std::string text, int id = 51) {
    session(id).submit(std::move(text));
    return resume(id);
  }
  tsql::Output resume(int id = 51) {
    tsql::Output out;
    tsql::Session& running = session(id);
    for (int round = 0; round < 100 && running.is_running(); ++round) {
      running.run(now, out);
      if (running.is_waiting()) break;
    }
    Actions actions;
    engine.take_actions(actions, now);
    return out;
  }
  void advance(proto::Duration by) {
    now += by;
    engine.expire(now);
  }

  TestInstance test;
  proto::TimePoint now = kNow;
  catalog::SystemViews views;
  conversation::Engine engine;
  tsql::Runtime runtime;
  std::map<int, std::unique_ptr<tsql::Session>> sessions;
};

inline std::string row_text(const store::Row& row, const std::vector<tsql::ResultColumn>& columns) {
  std::string text;
  for (std::size_t i = 0; i < row.size(); ++i) {
    text += (i == 0 ? "" : " | ") + tsql::to_text(row[i], columns[i].type).value_or("NULL");
  }
  return text;
}

// Output as a client might print it.
inline std::string output_text(const tsql::Output& out) {
  std::string text;
  for (const tsql::OutputItem& item : out) {
    if (const auto* rows = std::get_if<tsql::RowSet>(&item)) {
      for (std::size_t i = 0; i < rows->columns.size(); ++i) {
        text += fmt::format("{}{} {}", i == 0 ? "" : " | ", rows->columns[i].name,
                            type_name(rows->columns[i].type));
      }
      text += '\n';
      for (const store::Row& row : rows->rows) text += row_text(row, rows->columns) + '\n';
    } else if (const auto* count = std::get_if<tsql::RowCount>(&item)) {
      text += fmt::format("({} row{})\n", count->rows, count->rows == 1 ? "" : "s");
    } else if (const auto* changed = std::get_if<tsql::DatabaseChanged>(&item)) {
      text += "database " + changed->database + '\n';
    } else {
      const auto& message = std::get<tsql::ServerMessage>(item);
      if (message.error.number() == 0) {
        text += message.error.parameters[0] + '\n';
        continue;
      }
      text += fmt::format("Msg {}, Level {}, State {},{} Line {}: {}\n", message.error.number(),
                          message.severity, message.error.state,
                          message.procedure.empty() ? "" : " Procedure " + message.procedure + ",",
                          message.line, message.error.text());
      if (!message.caret.empty()) text += message.caret + '\n';
    }
  }
  return text;
}

}  // namespace ssb::broker::tests
