#include "sim/scenario/look.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "proto/error.h"
#include "sim/scenario/near.h"
#include "sim/scenario/value_text.h"

namespace ssb::sim::scenario {
namespace {

using broker::tsql::RowSet;
using broker::tsql::ServerMessage;

// Events that say why something did not go on.
bool tells_a_cause(const proto::TraceRecord& record) {
  using proto::EventClass;
  return record.error || record.event == EventClass::message_undeliverable ||
         record.event == EventClass::corrupted_message ||
         record.event == EventClass::forwarded_message_dropped ||
         record.event == EventClass::error_log;
}

}  // namespace

const std::vector<broker::store::Row>& Looked::rows() const {
  static const std::vector<broker::store::Row> none;
  for (auto item = output.rbegin(); item != output.rend(); ++item) {
    if (const auto* rows = std::get_if<RowSet>(&*item)) return rows->rows;
  }
  return none;
}

Looked look_at(Backend& backend, const std::string& node, const std::string& database,
               const std::string& select) {
  if (!backend.is_running(node)) return {{}, fmt::format("{} is not running", node)};
  auto output = backend.look(node, database, select);
  if (!output) return {{}, output.error().text};
  for (const auto& item : *output) {
    const auto* message = std::get_if<ServerMessage>(&item);
    if (message != nullptr && message->severity > 10)
      return {{}, fmt::format("error {}: {}", message->error.number(), message->error.text())};
  }
  return {*output, ""};
}

std::vector<std::string> database_names(Backend& backend, const std::string& node) {
  const Looked looked = look_at(backend, node, "master", "SELECT name FROM sys.databases");
  std::vector<std::string> names;
  for (const auto& row : looked.rows()) names.push_back(value_text(row.at(0)));
  return names;
}

std::string node_of(const Expectation& expectation, const View& view) {
  return expectation.node.empty() ? view.node : expectation.node;
}

std::string database_of(const Expectation& expectation, const View& view) {
  if (!expectation.database.empty()) return expectation.database;
  return equal_ignoring_case(node_of(expectation, view), view.node) ? view.database : "master";
}

std::vector<std::string> databases_of(const Expectation& expectation, const View& view) {
  const bool is_in_use = equal_ignoring_case(node_of(expectation, view), view.node);
  if (is_in_use || !expectation.database.empty()) return {database_of(expectation, view)};
  return database_names(view.backend, node_of(expectation, view));
}

bool mentions_error(std::string_view text, int number) {
  const proto::ErrorRow* row = proto::find_error(number);
  if (row == nullptr) return false;
  // The row's text as a pattern: each %1 is any text, the rest must stand in order.
  std::string_view pattern = row->text;
  std::size_t from = 0;
  bool has_letters = false;
  while (!pattern.empty()) {
    const std::size_t parameter = std::min(pattern.find('%'), pattern.size());
    const std::string_view part = pattern.substr(0, parameter);
    pattern.remove_prefix(std::min(parameter + 2, pattern.size()));
    if (part.empty()) continue;
    const std::size_t at = text.find(part, from);
    if (at == std::string_view::npos) return false;
    has_letters = true;
    from = at + part.size();
  }
  return has_letters;
}

std::string record_text(const proto::TraceRecord& record) {
  std::string out =
      fmt::format("{} {}", proto::event_class_name(record.event), static_cast<int>(record.event));
  if (record.subclass != 0 || !record.subclass_name.empty())
    out += fmt::format("/{} {}", record.subclass, record.subclass_name);
  if (record.error)
    out += fmt::format(", error {} state {}: {}", record.error->number(), record.error->state,
                       record.error->text());
  if (!record.text.empty() && !(record.error && record.text == record.error->text()))
    out += fmt::format(": {}", record.text);
  return out;
}

namespace {

// The last different ones in their order; those of dialogs take the places of connections', which repeat themselves.
std::vector<std::string> last_causes(const std::vector<NodeRecord>& records) {
  constexpr std::size_t kEventsShown = 6;
  constexpr std::size_t kOfDialogsShown = 5;
  std::map<std::size_t, std::string> found;  // by position
  const auto take = [&](bool is_of_dialog, std::size_t until) {
    for (std::size_t i = records.size(); i-- > 0 && found.size() < until;) {
      const proto::TraceRecord& record = records[i].record;
      if (!tells_a_cause(record) || record.conversation_id.empty() == is_of_dialog) continue;
      std::string line = fmt::format("{}  {}", records[i].node, record_text(record));
      const bool is_known = std::any_of(found.begin(), found.end(),
                                        [&](const auto& other) { return other.second == line; });
      if (!is_known) found.emplace(i, std::move(line));
    }
  };
  take(true, kOfDialogsShown);
  take(false, kEventsShown);
  std::vector<std::string> lines;
  lines.reserve(found.size());
  for (auto& [position, line] : found) lines.push_back(std::move(line));
  return lines;
}

}  // namespace

std::vector<std::string> what_nodes_know(Backend& backend, const std::vector<std::string>& nodes) {
  constexpr std::size_t kWaitingShown = 6;
  std::vector<std::string> lines;
  for (const std::string& node : nodes) {
    if (!backend.is_running(node)) continue;
    for (const std::string& database : database_names(backend, node)) {
      const Looked looked =
          look_at(backend, node, database,
                  "SELECT to_service_name, transmission_status FROM sys.transmission_queue");
      for (const auto& row : looked.rows()) {
        if (lines.size() == kWaitingShown) break;
        const std::string status = value_text(row.at(1));
        lines.push_back(fmt::format(
            "still in {}.{}'s transmission queue: a message to '{}', status {}", node, database,
            value_text(row.at(0)), status.empty() ? "EMPTY" : "'" + status + "'"));
      }
    }
  }
  for (std::string& line : last_causes(backend.records())) lines.push_back(std::move(line));
  return lines;
}

}  // namespace ssb::sim::scenario
