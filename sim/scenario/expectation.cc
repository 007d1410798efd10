#include "sim/scenario/expectation.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "sim/scenario/look.h"
#include "sim/scenario/near.h"
#include "sim/scenario/value_text.h"

namespace ssb::sim::scenario {
namespace {

using broker::tsql::Output;
using broker::tsql::RowCount;
using broker::tsql::RowSet;
using broker::tsql::ServerMessage;
using proto::EventClass;

bool matches(const ValuePattern& pattern, std::string_view seen) {
  return pattern.is_like ? matches_like(seen, pattern.text) : pattern.text == seen;
}

bool is_date_type(broker::tsql::SqlType type) {
  using broker::tsql::SqlType;
  return type == SqlType::date || type == SqlType::smalldatetime || type == SqlType::datetime ||
         type == SqlType::datetime2;
}

// '2008-11-26' means the same as '2008-11-26 00:00:00.000'.
bool is_same_time(const std::string& expected, const std::string& seen) {
  const auto a = proto::parse_datetime(expected);
  const auto b = proto::parse_datetime(seen);
  return a && b && *a == *b;
}

const RowSet* last_rows(const Output& output) {
  for (auto item = output.rbegin(); item != output.rend(); ++item) {
    if (const auto* rows = std::get_if<RowSet>(&*item)) return rows;
  }
  return nullptr;
}

std::optional<std::int64_t> last_count(const Output& output) {
  for (auto item = output.rbegin(); item != output.rend(); ++item) {
    if (const auto* rows = std::get_if<RowSet>(&*item))
      return static_cast<std::int64_t>(rows->rows.size());
    if (const auto* count = std::get_if<RowCount>(&*item)) return count->rows;
  }
  return std::nullopt;
}

// ---- what a batch says ----

Finding check_rows(const ExpectRows& expected, const Output& result) {
  const auto count = last_count(result);
  if (!count) return {false, "no result"};
  return {*count == expected.count, fmt::format("{} row{}", *count, *count == 1 ? "" : "s")};
}

Finding check_value(const ExpectValue& expected, const Output& result) {
  const RowSet* rows = last_rows(result);
  if (rows == nullptr) return {false, "no result set"};
  if (rows->rows.empty()) return {false, "a result set without rows"};
  const auto& row = rows->rows.front();
  if (row.empty()) return {false, "a row without columns"};
  const std::string seen = value_text(row.front());
  const bool is_time = !rows->columns.empty() && is_date_type(rows->columns.front().type.type) &&
                       !expected.value.is_like;
  return {matches(expected.value, seen) || (is_time && is_same_time(expected.value.text, seen)),
          fmt::format("'{}'", seen)};
}

Finding check_columns(const ExpectColumns& expected, const Output& result) {
  const RowSet* rows = last_rows(result);
  if (rows == nullptr) return {false, "no result set"};
  std::vector<std::string> names;
  for (const auto& column : rows->columns) names.push_back(column.name);
  const bool same = std::equal(names.begin(), names.end(), expected.names.begin(),
                               expected.names.end(), equal_ignoring_case);
  return {same, fmt::format("columns {}", fmt::join(names, ", "))};
}

// The last result, or what the last query says now where it is asked again.
Finding check_result(const Expectation& expectation, const View& view) {
  Output fresh;
  const Output* result = view.last_result;
  if (expectation.within || !expectation.node.empty()) {
    const Looked looked = look_at(view.backend, node_of(expectation, view),
                                  database_of(expectation, view), view.last_batch);
    if (!looked.problem.empty())
      return {false, "the last query cannot be asked again: " + looked.problem};
    fresh = looked.output;
    result = &fresh;
  }
  if (result == nullptr) return {false, "no batch has returned anything yet"};
  if (const auto* rows = std::get_if<ExpectRows>(&expectation.what))
    return check_rows(*rows, *result);
  if (const auto* value = std::get_if<ExpectValue>(&expectation.what))
    return check_value(*value, *result);
  return check_columns(std::get<ExpectColumns>(expectation.what), *result);
}

// ---- what is in the views ----

// Whether this instance has ever had to do with a service of that name, byte for byte.
bool has_seen_service(const std::string& service, const Expectation& expectation,
                      const View& view) {
  const std::string node = node_of(expectation, view);
  for (const NodeRecord& record : view.backend.records()) {
    if (!equal_ignoring_case(record.node, node)) continue;
    for (const auto& [name, value] : record.record.detail) {
      if (value == service) return true;
    }
  }
  for (const std::string& database : databases_of(expectation, view)) {
    const Looked looked =
        look_at(view.backend, node, database, "SELECT far_service FROM sys.conversation_endpoints");
    for (const auto& row : looked.rows()) {
      if (value_text(row.at(0)) == service) return true;
    }
  }
  return false;
}

Finding check_status(const ExpectStatus& expected, const Expectation& expectation,
                     const View& view) {
  std::vector<std::string> lines;
  bool is_met = expected.kind == ExpectStatus::Kind::none;
  for (const std::string& database : databases_of(expectation, view)) {
    const Looked looked =
        look_at(view.backend, node_of(expectation, view), database,
                "SELECT to_service_name, transmission_status FROM sys.transmission_queue");
    if (!looked.problem.empty()) return {false, looked.problem};
    for (const auto& row : looked.rows()) {
      const std::string service = value_text(row.at(0));
      const std::string status = value_text(row.at(1));
      if (!expected.service.empty() && service != expected.service) continue;
      lines.push_back(fmt::format("{}: to '{}', status {}", database, service,
                                  status.empty() ? "empty" : "'" + status + "'"));
      switch (expected.kind) {
        case ExpectStatus::Kind::number:
          is_met = is_met || mentions_error(status, expected.number);
          break;
        case ExpectStatus::Kind::empty:
          is_met = is_met || status.find_first_not_of(' ') == std::string::npos;
          break;
        case ExpectStatus::Kind::none: is_met = false; break;
      }
    }
  }
  if (lines.empty()) lines.emplace_back("nothing waits in sys.transmission_queue");
  if (is_met && expected.kind == ExpectStatus::Kind::none && !expected.service.empty() &&
      !has_seen_service(expected.service, expectation, view)) {
    return {false, fmt::format("no conversation on {} was ever to a service '{}', so none can wait",
                               node_of(expectation, view), expected.service)};
  }
  return {is_met, fmt::format("{}", fmt::join(lines, "\n"))};
}

Finding check_queue_error(const ExpectQueueError& expected, const Expectation& expectation,
                          const View& view) {
  const std::string code = fmt::format("<Code>{}</Code>", expected.number);
  const proto::Bytes wide = proto::to_utf16le(code);
  std::string name = expected.queue;
  for (std::size_t at = 0; (at = name.find(']', at)) != std::string::npos; at += 2)
    name.insert(at, 1, ']');
  int messages = 0;
  bool found_queue = false;
  std::string problem;
  for (const std::string& database : databases_of(expectation, view)) {
    const Looked looked = look_at(view.backend, node_of(expectation, view), database,
                                  fmt::format("SELECT message_body FROM [{}]", name));
    if (!looked.problem.empty()) {
      problem = looked.problem;
      continue;
    }
    found_queue = true;
    for (const auto& row : looked.rows()) {
      ++messages;
      const auto* body = std::get_if<proto::Bytes>(&row.at(0));
      const proto::ByteView bytes = body == nullptr ? proto::ByteView{} : proto::ByteView(*body);
      const auto has = [&](proto::ByteView part) {
        return std::search(bytes.begin(), bytes.end(), part.begin(), part.end()) != bytes.end();
      };
      if (has(proto::as_bytes(code)) || has(wide))
        return {true, fmt::format("error {}", expected.number)};
    }
  }
  if (!found_queue) return {false, problem};
  return {false, fmt::format("{} message{} in [{}], none with that error", messages,
                             messages == 1 ? "" : "s", expected.queue)};
}

Finding check_state(const ExpectState& expected, const Expectation& expectation, const View& view) {
  const std::string node = node_of(expectation, view);
  const auto found =
      view.variables == nullptr
          ? std::map<std::pair<std::string, std::string>, std::string>::const_iterator{}
          : view.variables->find({to_lower(node), to_lower(expected.variable)});
  if (view.variables == nullptr || found == view.variables->end()) {
    return {false, fmt::format("no batch on {} has given {} a value", node, expected.variable)};
  }
  for (const std::string& database : databases_of(expectation, view)) {
    const Looked looked =
        look_at(view.backend, node, database,
                fmt::format("SELECT state, state_desc FROM sys.conversation_endpoints WHERE "
                            "conversation_handle = '{}'",
                            found->second));
    if (!looked.problem.empty()) return {false, looked.problem};
    if (looked.rows().empty()) continue;
    std::string state = value_text(looked.rows().front().at(0));
    state.erase(state.find_last_not_of(' ') + 1);
    const std::string name = value_text(looked.rows().front().at(1));
    return {equal_ignoring_case(state, expected.state) || equal_ignoring_case(name, expected.state),
            fmt::format("{} ({})", state, name)};
  }
  return {false, fmt::format("no endpoint with the handle {}", found->second)};
}

// ---- what has been recorded ----

bool fits(const ExpectEvent& expected, const proto::TraceRecord& record) {
  return static_cast<int>(record.event) == expected.event &&
         (!expected.subclass || record.subclass == *expected.subclass) &&
         (!expected.error || (record.error && record.error->number() == *expected.error)) &&
         (!expected.state || (record.error && record.error->state == *expected.state));
}

bool is_at(const Expectation& expectation, const View& view, const NodeRecord& record) {
  return equal_ignoring_case(record.node, node_of(expectation, view)) &&
         (expectation.database.empty() || record.record.database.empty() ||
          equal_ignoring_case(record.record.database, expectation.database));
}

Finding check_event(const ExpectEvent& expected, const Expectation& expectation, const View& view) {
  std::vector<std::string> near;
  const auto& records = view.backend.records();
  for (std::size_t i = view.record_mark; i < records.size(); ++i) {
    if (!is_at(expectation, view, records[i])) continue;
    if (fits(expected, records[i].record))
      return {!expected.is_absent, record_text(records[i].record)};
    const bool is_near = static_cast<int>(records[i].record.event) == expected.event ||
                         (expected.error && records[i].record.error &&
                          records[i].record.error->number() == *expected.error);
    if (is_near) near.push_back(record_text(records[i].record));
  }
  const bool has_run = view.backend.is_running(node_of(expectation, view)) ||
                       std::any_of(records.begin(), records.end(), [&](const NodeRecord& record) {
                         return equal_ignoring_case(record.node, node_of(expectation, view));
                       });
  if (expected.is_absent && !has_run)
    return {false,
            fmt::format("{} has not run, so its silence says nothing", node_of(expectation, view))};
  if (expected.is_absent) return {true, "no such event"};
  constexpr std::size_t kShown = 4;
  if (near.size() > kShown) near.erase(near.begin(), near.end() - kShown);
  return {false, near.empty() ? "no such event" : fmt::format("only {}", fmt::join(near, "\n"))};
}

bool is_named_in_batch(const std::string& name, const View& view) {
  if (view.script == nullptr) return false;
  return std::any_of(view.script->steps.begin(), view.script->steps.end(), [&](const Step& step) {
    const auto* batch = std::get_if<Batch>(&step.action);
    return batch != nullptr && to_lower(batch->text).find(to_lower(name)) != std::string::npos;
  });
}

// Why nothing can ever be put on that queue; empty: it can.
std::string why_no_queue(const std::string& queue, const Expectation& expectation,
                         const View& view) {
  const std::string node = node_of(expectation, view);
  if (!view.backend.is_running(node)) {
    if (is_named_in_batch(queue, view)) return "";
    return fmt::format("{} is not running, and no batch of this script names [{}]", node, queue);
  }
  std::vector<std::string> databases = {expectation.database};
  if (expectation.database.empty()) databases = database_names(view.backend, node);
  std::vector<std::string> names;
  for (const std::string& database : databases) {
    const Looked looked =
        look_at(view.backend, node, database, "SELECT name FROM sys.service_queues");
    for (const auto& row : looked.rows()) {
      names.push_back(value_text(row.at(0)));
      if (equal_ignoring_case(names.back(), queue)) return "";
    }
  }
  const std::vector<std::string_view> views(names.begin(), names.end());
  const auto near = near_names(queue, views, 1);
  return fmt::format("there is no queue [{}] on {}{}{}", queue, node,
                     expectation.database.empty() ? "" : "." + expectation.database,
                     near.empty() ? "" : fmt::format("; did you mean [{}]?", near.front()));
}

Finding check_delivered(const ExpectDelivered& expected, const Expectation& expectation,
                        const View& view) {
  std::int64_t count = 0;
  std::set<std::string> elsewhere;
  const auto& records = view.backend.records();
  bool is_known = false;  // something was put on it, before the mark perhaps
  for (std::size_t i = 0; i < records.size(); ++i) {
    const proto::TraceRecord& record = records[i].record;
    if (record.event != EventClass::message_delivered) continue;
    const std::string* queue = record.find("queue");
    if (queue == nullptr) continue;
    const bool is_this =
        is_at(expectation, view, records[i]) && equal_ignoring_case(*queue, expected.queue);
    is_known = is_known || is_this;
    if (i < view.record_mark) continue;
    if (is_this) {
      ++count;
    } else {
      elsewhere.insert(fmt::format("{}.{}.{}", records[i].node, record.database, *queue));
    }
  }
  std::string seen = fmt::format("{} to [{}]", count, expected.queue);
  const std::string problem = is_known ? "" : why_no_queue(expected.queue, expectation, view);
  if (!problem.empty()) seen = problem;
  if (count == 0 && !elsewhere.empty())
    seen += fmt::format("; others went to {}", fmt::join(elsewhere, ", "));
  return {problem.empty() && count == expected.count, seen};
}

Finding check_wire(const ExpectWire& expected, const View& view) {
  const WireFinding finding =
      view.backend.find_on_wire(expected.text, view.wire_mark, expected.one, expected.other);
  if (finding.bytes_seen == 0)
    return {false, "nothing was sent there, so nothing can be said about it"};
  return {finding.is_found == expected.is_plaintext,
          fmt::format("'{}' is {} in the {} bytes recorded", expected.text,
                      finding.is_found ? "readable" : "not readable", finding.bytes_seen)};
}

Finding check_attacker(const ExpectAttacker& expected, const View& view) {
  const std::vector<proto::Bytes> bodies = view.backend.read_by_attackers();
  const proto::Bytes wide = proto::to_utf16le(expected.text);
  const auto has = [](const proto::Bytes& body, proto::ByteView text) {
    return std::search(body.begin(), body.end(), text.begin(), text.end()) != body.end();
  };
  const bool is_known = std::any_of(bodies.begin(), bodies.end(), [&](const proto::Bytes& body) {
    return has(body, proto::as_bytes(expected.text)) || has(body, wide);
  });
  return {is_known == expected.knows,
          fmt::format("attackers have read {} bodies, {} with that text", bodies.size(),
                      is_known ? "one" : "none")};
}

// The general companions of an error that says why.
bool is_companion(int number) {
  return number == 3013 || number == 5069;
}

bool fits(const ExpectError& expected, const ServerMessage& message) {
  return message.error.number() == expected.number &&
         (!expected.level || message.severity == *expected.level) &&
         (!expected.state || message.error.state == *expected.state);
}

std::string seen_messages(const std::vector<const ServerMessage*>& messages, const char* none) {
  if (messages.empty()) return none;
  std::string out;
  for (const ServerMessage* message : messages)
    out += (out.empty() ? "" : "\n") + message_text(*message);
  while (out.ends_with('\n')) out.pop_back();
  return out;
}

// Why the database that it looks at is none; empty: it is there, or cannot be asked about.
std::string why_no_database(const Expectation& expectation, const View& view) {
  const std::string node = node_of(expectation, view);
  if (expectation.database.empty() || !view.backend.is_running(node)) return "";
  const std::vector<std::string> names = database_names(view.backend, node);
  const std::vector<std::string_view> views(names.begin(), names.end());
  for (const std::string_view name : views) {
    if (equal_ignoring_case(name, expectation.database)) return "";
  }
  const auto near = near_names(expectation.database, views, 1);
  return fmt::format("{} has no database '{}'{}", node, expectation.database,
                     near.empty() ? "" : fmt::format("; did you mean {}?", near.front()));
}

}  // namespace

Finding check(const Expectation& expectation, const View& view) {
  if (std::string problem = why_no_database(expectation, view); !problem.empty())
    return {false, std::move(problem)};
  if (const auto* status = std::get_if<ExpectStatus>(&expectation.what))
    return check_status(*status, expectation, view);
  if (const auto* event = std::get_if<ExpectEvent>(&expectation.what))
    return check_event(*event, expectation, view);
  if (const auto* error = std::get_if<ExpectQueueError>(&expectation.what))
    return check_queue_error(*error, expectation, view);
  if (const auto* delivered = std::get_if<ExpectDelivered>(&expectation.what))
    return check_delivered(*delivered, expectation, view);
  if (const auto* state = std::get_if<ExpectState>(&expectation.what))
    return check_state(*state, expectation, view);
  if (const auto* wire = std::get_if<ExpectWire>(&expectation.what)) return check_wire(*wire, view);
  if (const auto* attacker = std::get_if<ExpectAttacker>(&expectation.what))
    return check_attacker(*attacker, view);
  return check_result(expectation, view);
}

BatchFindings check_batch(std::span<const Expectation> expectations, const Output& output) {
  std::vector<const ServerMessage*> errors, warnings, prints;
  for (const auto& item : output) {
    const auto* message = std::get_if<ServerMessage>(&item);
    if (message == nullptr) continue;
    (message->severity > 10         ? errors
     : message->error.number() == 0 ? prints
                                    : warnings)
        .push_back(message);
  }
  BatchFindings out;
  // Errors are expected in their order; one that is not expected, nor a companion, is told of.
  std::vector<bool> taken(errors.size(), false);
  std::vector<bool> is_out_of_order(errors.size(), false);
  std::size_t next = 0;
  for (const Expectation& expectation : expectations) {
    Finding& finding = out.findings.emplace_back();
    if (const auto* error = std::get_if<ExpectError>(&expectation.what)) {
      std::size_t at = next;
      while (at < errors.size() && !fits(*error, *errors[at])) ++at;
      finding = {at < errors.size(), seen_messages(errors, "no error")};
      if (finding.is_met) {
        taken[at] = true;
        next = at + 1;
        continue;
      }
      for (std::size_t early = 0; early < next; ++early) {
        if (taken[early] || is_out_of_order[early] || !fits(*error, *errors[early])) continue;
        is_out_of_order[early] = true;
        finding.seen = "the order is wrong: it came before the one expected first\n" + finding.seen;
        break;
      }
    } else if (const auto* warning = std::get_if<ExpectWarning>(&expectation.what)) {
      finding.is_met = std::any_of(warnings.begin(), warnings.end(), [&](const auto* m) {
        return m->error.number() == warning->number;
      });
      finding.seen = seen_messages(warnings, "no warning");
    } else if (const auto* print = std::get_if<ExpectPrint>(&expectation.what)) {
      const auto text_of = [](const ServerMessage& m) {
        return m.error.parameters.empty() ? std::string() : m.error.parameters.front();
      };
      finding.is_met = std::any_of(prints.begin(), prints.end(), [&](const auto* m) {
        return matches(print->text, text_of(*m));
      });
      finding.seen = seen_messages(prints, "nothing printed");
    }
  }
  for (std::size_t i = 0; i < errors.size(); ++i) {
    if (!taken[i] && !is_out_of_order[i] &&
        !(is_companion(errors[i]->error.number()) && errors.size() > 1))
      out.unexpected.push_back(*errors[i]);
  }
  return out;
}

}  // namespace ssb::sim::scenario
