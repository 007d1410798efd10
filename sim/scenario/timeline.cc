#include "sim/scenario/timeline.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "sim/scenario/value_text.h"

namespace ssb::sim::scenario {
namespace {

using proto::EventClass;
using proto::TraceRecord;

constexpr std::size_t kTimeWidth = 14;
constexpr std::size_t kEventWidth = 34;
constexpr std::size_t kNodeWidthUsual = 13;  // HOST_A→HOST_B
constexpr int kEventsShown = 60;

std::string padded(const std::string& text, std::size_t width) {
  return text + std::string(width - std::min(width, display_width(text)), ' ');
}

std::string detail_of(const TraceRecord& record, std::string_view key) {
  const std::string* value = record.find(key);
  return value == nullptr ? std::string() : *value;
}

// "TCP://HOST_B:4022" -> "HOST_B".
std::string host_of(const std::string& address) {
  std::size_t from = address.find("://");
  from = from == std::string::npos ? 0 : from + 3;
  return address.substr(from, address.find(':', from) - from);
}

// 1412 -> "1,412".
std::string grouped(const std::string& number) {
  std::string out = number;
  for (std::size_t at = out.size(); at > 3; at -= 3) out.insert(at - 3, ",");
  return out;
}

// A thumbprint or another long hexadecimal number as "1EF5…9D8D".
std::string with_short_hex(std::string_view text) {
  constexpr std::size_t kShortest = 32;
  std::string out;
  while (!text.empty()) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789ABCDEF"), text.size());
    if (digits >= kShortest) {
      out += text.substr(0, 4);
      out += "…";
      out += text.substr(digits - 4, 4);
      text.remove_prefix(digits);
    } else {
      const std::size_t bytes = std::min(digits + 1, text.size());
      out += text.substr(0, bytes);
      text.remove_prefix(bytes);
    }
  }
  return out;
}

// As it fits the column.
std::string label_of(const std::string& name) {
  if (name == "source_certificate") return "signed by";
  if (name == "destination_certificate") return "sealed for";
  return name;
}

// An Error message that the other side's broker made, not its application.
bool is_broker_error(const TraceRecord& record) {
  return record.event == EventClass::message_delivered && record.subclass_name == "Broker Error";
}

bool is_refusal(const TraceRecord& record) {
  switch (record.event) {
    case EventClass::audit_conversation:
    case EventClass::message_undeliverable:
    case EventClass::corrupted_message:
    case EventClass::forwarded_message_dropped: return true;
    case EventClass::error_log: return record.error && record.error->severity() > 10;
    case EventClass::message_classify: return record.error.has_value();
    case EventClass::conversation:
    case EventClass::conversation_group:
    case EventClass::connection:
    case EventClass::queue_disabled:
    case EventClass::remote_message_acknowledgement:
    case EventClass::audit_login:
    case EventClass::activation:
    case EventClass::security_decision:
    case EventClass::message_sent:
    case EventClass::message_delivered:
    case EventClass::handshake_step:
    case EventClass::message_status: return false;
  }
  return false;
}

std::string again_text(const std::vector<int>& events) {
  return fmt::format("{} again", fmt::join(events, ", "));
}

std::string plural(std::int64_t count, std::string_view thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

}  // namespace

Timeline::Timeline(const Report& report, TimelineOptions options)
    : report_(report), options_(std::move(options)) {
  for (const std::string& node : report.nodes)
    node_width_ = std::max(node_width_, display_width(node));
  node_width_ = std::min<std::size_t>(2 * node_width_ + 1, 24);
}

std::string Timeline::text() const {
  std::string out;
  head(out);
  story(out);
  for (const Failure& failed : report_.failures) failure(out, failed);
  judgement(out);
  return out;
}

void Timeline::head(std::string& out) const {
  std::set<std::string> dialogs;
  for (const NodeRecord& record : report_.records) {
    if (!record.record.conversation_id.empty()) dialogs.insert(record.record.conversation_id);
  }
  std::string line = report_.title;
  if (report_.seed) line += fmt::format("   seed {}", *report_.seed);
  if (!options_.build.empty()) line += "   build " + options_.build;
  line += fmt::format("   {}  {}  virtual {}Z",
                      plural(static_cast<std::int64_t>(report_.nodes.size()), "node"),
                      plural(static_cast<std::int64_t>(dialogs.size()), "dialog"),
                      proto::to_datetime_text(report_.start).substr(0, 19));
  append_wrapped(out, "", "  ", line);
  for (const ScriptMessage& problem : report_.problems)
    append_wrapped(out, "", "    ", problem.line());
}

// Records and the entries of the script, in the order in which they happened.
void Timeline::story(std::string& out) const {
  std::size_t next = 0;
  int shown = 0;
  int hidden = 0;
  bool has_head = false;
  const auto show_records = [&](std::size_t until) {
    Row last;
    int times = 0;
    const auto flush = [&] {
      if (times > 0) lay_out(out, last, times);
      times = 0;
    };
    for (; next < until && next < report_.records.size(); ++next) {
      if (!is_shown(report_.records[next].record) ||
          (options_.events == EventChoice::some && shown >= kEventsShown)) {
        ++hidden;
        continue;
      }
      if (!std::exchange(has_head, true))
        out += fmt::format("\n  {}{}{}detail\n", padded("vtime", kTimeWidth),
                           padded("node", node_width_ + 1), padded("event", event_column() + 1));
      Row row = shortened_refusal(report_.records[next].record, row_of(report_.records[next]));
      if (times > 0 && row.is_same(last)) {
        ++times;
        continue;
      }
      const bool goes_on = times == 1 && !row.again.empty() && !last.again.empty() &&
                           row.at == last.at && row.node == last.node;
      if (goes_on) {
        last.again.push_back(row.again.front());
        last.event = again_text(last.again);
        continue;
      }
      flush();
      last = std::move(row);
      times = 1;
      ++shown;
    }
    flush();
  };
  for (const Entry& one : report_.entries) {
    if (options_.events != EventChoice::none) show_records(one.record);
    entry(out, one);
  }
  if (options_.events == EventChoice::none) return;
  show_records(report_.records.size());
  if (hidden > 0)
    out += fmt::format("  {}{} more event{}{}\n", padded("…", kTimeWidth), hidden,
                       hidden == 1 ? "" : "s",
                       options_.events == EventChoice::all ? "" : "   (--events all to list)");
}

void Timeline::entry(std::string& out, const Entry& entry) const {
  const std::string blanks(kTimeWidth + 2, ' ');
  switch (entry.kind) {
    case Entry::Kind::note: append_wrapped(out, "\n  -- ", "     ", entry.text); break;
    case Entry::Kind::warning:
      append_wrapped(out, "  warning  ", "           ", entry.place.text() + ": " + entry.text);
      break;
    case Entry::Kind::met:
      if (options_.events == EventChoice::all)
        append_wrapped(out, "  met      ", "           ",
                       fmt::format("{}  {}", entry.place.text(), entry.text));
      break;
    case Entry::Kind::failed:
      append_wrapped(out, "  NOT MET  ", "           ",
                     fmt::format("{}  {}", entry.place.text(), entry.text));
      break;
    case Entry::Kind::connected: break;
    case Entry::Kind::attack:
      append_wrapped(out, "\n  ATTACK   ", "           ", entry.text);
      break;
    case Entry::Kind::output:
      if (!options_.shows_results) break;
      constexpr std::size_t kAnyWidth = std::string::npos / 4;
      const bool is_cut = options_.results_width != 0;
      const bool is_usual = options_.results_width == kTimelineWidth;
      const std::string text = entry.text.empty()
                                   ? output_text(entry.output, is_usual ? 60
                                                               : is_cut ? options_.results_width
                                                                        : kAnyWidth)
                                   : entry.text + "\n";
      const std::string who =
          entry.session.empty() ? entry.node : fmt::format("{}/{}", entry.node, entry.session);
      const std::size_t before = 6 + display_width(who);
      const std::size_t width =
          is_cut ? std::max(options_.results_width, before + 1) - before : kAnyWidth;
      std::string_view rest = text;
      while (!rest.empty()) {
        const std::size_t end = rest.find('\n');
        out += fmt::format("    {}: {}\n", who, shortened(rest.substr(0, end), width));
        rest.remove_prefix(std::min(end, rest.size() - 1) + 1);
      }
      break;
  }
}

void Timeline::failure(std::string& out, const Failure& failure) const {
  out += "\n";
  append_wrapped(out, "FAIL  ", "      ",
                 fmt::format("{}   {}", failure.what, failure.place.text()));
  append_wrapped(out, "      expected  ", "                ", failure.expected);
  append_wrapped(out, "      seen      ", "                ", failure.seen);
  bool is_first = true;
  for (const std::string& line : failure.known) {
    append_wrapped(out, is_first ? "      known     " : "                ", "                  ",
                   line);
    is_first = false;
  }
}

void Timeline::judgement(std::string& out) const {
  const auto delivered =
      std::count_if(report_.records.begin(), report_.records.end(), [](const NodeRecord& r) {
        return r.record.event == EventClass::message_delivered && !is_broker_error(r.record);
      });
  if (!options_.why.empty()) out += "\n" + options_.why;
  out += "\n";
  if (report_.verdict != Verdict::does_not_parse && report_.verdict != Verdict::inconclusive) {
    out +=
        fmt::format("  expectations  {} of {} met      batches {}      delivered {}\n", report_.met,
                    report_.expectations, report_.batches, plural(delivered, "message"));
  }
  if (!report_.reason.empty()) append_wrapped(out, "  ", "  ", report_.reason);
  append_wrapped(
      out, "", "  ",
      fmt::format("{} in {:.0f} ms (virtual {})   exit {}", verdict_name(report_.verdict),
                  options_.real_ms, duration_text(report_.end - report_.start),
                  exit_code(report_.verdict)));
  for (const JudgeFinding& finding : report_.findings) {
    append_wrapped(out, "  JUDGE  ", "         ",
                   fmt::format("{}  {}  {}: {}", time_text(finding.at), finding.node, finding.judge,
                               finding.text));
  }
  if (!options_.repeat.empty())
    out += "  repeat: " + options_.repeat + "\n";  // never cut: it is to be copied
}

void Timeline::lay_out(std::string& out, const Row& row, int times) const {
  std::string event = row.event;
  if (times > 1) event += fmt::format("  ×{}", times);
  const std::string left =
      "  " + padded(row.time, kTimeWidth) + padded(row.node, node_width_) + " ";
  const std::string below(display_width(left), ' ');
  const std::size_t event_width = event_column();
  if (row.detail.empty() || display_width(event) > event_width) {
    append_wrapped(out, left, below + "  ",
                   row.detail.empty() ? event : event + "   " + row.detail);
  } else {  // what the column does not hold goes on under it
    append_wrapped(out, left + padded(event, event_width) + " ",
                   below + std::string(event_width + 1, ' '), row.detail);
  }
  for (std::size_t i = 0; i < row.tree.size(); ++i) {
    const bool is_last = i + 1 == row.tree.size();
    append_wrapped(out, below + (is_last ? "└ " : "├ "), below + (is_last ? "    " : "│   "),
                   row.tree[i]);
  }
}

// Wide enough for most; long instance names leave less for it.
std::size_t Timeline::event_column() const {
  return node_width_ > kNodeWidthUsual ? kEventWidth - 6 : kEventWidth;
}

// ---- one record ----

bool Timeline::is_shown(const TraceRecord& record) const {
  if (options_.events == EventChoice::all) return true;
  // Audit Broker Login says the same.
  constexpr int kLoginSucceeded = 28046;
  if (record.event == EventClass::error_log && record.error &&
      record.error->number() == kLoginSucceeded)
    return false;
  switch (record.event) {
    case EventClass::error_log:
    case EventClass::audit_conversation:
    case EventClass::audit_login:
    case EventClass::message_undeliverable:
    case EventClass::corrupted_message:
    case EventClass::activation:
    case EventClass::queue_disabled:
    case EventClass::forwarded_message_dropped:
    case EventClass::security_decision:
    case EventClass::message_sent:
    case EventClass::message_delivered:
    case EventClass::message_status: return true;
    case EventClass::message_classify: return record.error.has_value();
    case EventClass::conversation:
    case EventClass::conversation_group:
    case EventClass::connection:
    case EventClass::remote_message_acknowledgement:
    case EventClass::handshake_step: return false;
  }
  return true;
}

std::string Timeline::time_text(proto::TimePoint at) const {
  const std::int64_t us = (at - report_.start).count();
  const std::int64_t absolute = us < 0 ? -us : us;
  const char* sign = us < 0 ? "-" : "+";
  constexpr std::int64_t kSecond = 1'000'000;
  if (absolute < 1000 * kSecond)
    return fmt::format("{}{}.{:06}", sign, absolute / kSecond, absolute % kSecond);
  const std::int64_t seconds = absolute / kSecond;
  const std::int64_t days = seconds / 86400;
  return fmt::format("{}{}{:02}:{:02}:{:02}", sign, days == 0 ? "" : fmt::format("{}d ", days),
                     seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
}

Timeline::Row Timeline::shortened_refusal(const TraceRecord& record, Row row) const {
  row.at = record.at;
  if (options_.events == EventChoice::all || !is_refusal(record)) return row;
  std::string what = fmt::format("{}\n{}\n{}", row.node, row.event, row.detail);
  for (const std::string& line : row.tree) {
    if (!line.starts_with("peer ")) what += "\n" + line;  // its port is another after a reconnect
  }
  const auto [told, is_new] = refusals_.try_emplace(what, record.at);
  if (is_new) return row;
  row.again = {static_cast<int>(record.event)};
  row.event = again_text(row.again);
  proto::Duration since = record.at - std::exchange(told->second, record.at);
  if (since >= std::chrono::seconds(1)) since = std::chrono::round<std::chrono::seconds>(since);
  row.detail = duration_text(since) + " later";
  row.tree.clear();
  return row;
}

std::string Timeline::key_alias(const std::string& id) const {
  const auto [known, is_new] = keys_.try_emplace(id, static_cast<int>(keys_.size()) + 1);
  return fmt::format("session s{}{}", known->second, is_new ? " new" : "");
}

Timeline::Row Timeline::row_of_sent(const NodeRecord& node_record) const {
  const TraceRecord& record = node_record.record;
  Row row{.time = time_text(record.at),
          .node = node_record.node,
          .event = {},
          .detail = {},
          .tree = {}};
  const std::string to = host_of(detail_of(record, "address"));
  if (!to.empty()) row.node += "→" + to;
  const std::string kind = detail_of(record, "kind");
  const std::string sequence = detail_of(record, "sequence");
  const std::string ack = detail_of(record, "ack");
  if (kind == "ACK") {
    row.event = "ack";
    if (!ack.empty()) row.event += fmt::format(" up to {}", ack);
  } else if (kind == "ERROR") {
    row.event = "error";
  } else {
    row.event = fmt::format("msg {}", sequence);
    if (const std::string fragments = detail_of(record, "fragments");
        !fragments.empty() && fragments != "1")
      row.event +=
          fmt::format(" part {}/{}", std::stoi("0" + detail_of(record, "fragment")) + 1, fragments);
    row.event += record.find("kek") != nullptr ? "  DSH+body" : "  body";
  }
  row.event += fmt::format("  {} B", grouped(detail_of(record, "bytes")));
  std::vector<std::string> details;
  if (const std::string* kek = record.find("kek")) details.push_back("KEK " + *kek);
  if (const std::string* key = record.find("session_key")) details.push_back(key_alias(*key));
  if (const std::string* retry = record.find("retry")) details.push_back("retry " + *retry);
  if (details.empty() && detail_of(record, "security") == "none")
    details.emplace_back("not secured");
  row.detail = fmt::format("{}", fmt::join(details, " · "));
  return row;
}

Timeline::Row Timeline::row_of_decision(const NodeRecord& node_record) const {
  const TraceRecord& record = node_record.record;
  Row row{.time = time_text(record.at),
          .node = node_record.node,
          .event = {},
          .detail = {},
          .tree = {}};
  if (record.subclass_name == "Begin") {
    row.event = fmt::format("BEGIN DIALOG  {} → {}", detail_of(record, "from_service"),
                            detail_of(record, "to_service"));
  } else if (record.subclass_name == "Confirmed") {
    row.event = "identity of the other side confirmed";
  } else {
    row.event = record.subclass_name == "Accepted" ? "accepted" : "security of the reply";
  }
  row.detail = detail_of(record, "security");
  if (record.error) {  // a type that is not settled would read as "no security"
    const std::string delayed = fmt::format("delayed ({})", record.error->number());
    row.detail = row.detail == "none" ? delayed : row.detail + ", " + delayed;
  }
  // What was taken stands in `encrypt` and `sign`; what was passed over, and why, stands nowhere else.
  const auto is_told = [](const std::string& name, const std::string& value) {
    return name == "security" || name == "from_service" || name == "to_service" || name == "role" ||
           name == "conversation_handle" ||
           (name == "candidate" && value.find(": taken") != std::string::npos);
  };
  for (const auto& [name, value] : record.detail) {
    if (options_.events == EventChoice::all || !is_told(name, value))
      row.tree.push_back(padded(label_of(name), 10) + " " + with_short_hex(value));
  }
  return row;
}

Timeline::Row Timeline::row_of(const NodeRecord& node_record) const {
  const TraceRecord& record = node_record.record;
  if (record.event == EventClass::message_sent) return row_of_sent(node_record);
  if (record.event == EventClass::security_decision) return row_of_decision(node_record);
  Row row{.time = time_text(record.at),
          .node = node_record.node,
          .event = {},
          .detail = {},
          .tree = {}};
  if (record.event == EventClass::message_delivered) {
    if (is_broker_error(record)) {
      row.event = fmt::format("broker's error to [{}]", detail_of(record, "error_queue"));
      row.detail = record.text;
      return row;
    }
    row.event = fmt::format("delivered to [{}]", detail_of(record, "queue"));
    row.detail = detail_of(record, "message_type");
    return row;
  }
  if (record.event == EventClass::message_status) {
    row.event = "status";
    row.detail = record.text.empty() ? "empty" : record.text;
    return row;
  }
  row.event =
      fmt::format("{} {}", static_cast<int>(record.event), proto::event_class_name(record.event));
  std::vector<std::string> details;
  if (!record.subclass_name.empty()) details.push_back(record.subclass_name);
  if (record.error)
    details.push_back(fmt::format("{} state {}: {}", record.error->number(), record.error->state,
                                  record.error->text()));
  if (!record.text.empty() && !(record.error && record.error->text() == record.text))
    details.push_back(record.text);
  row.detail = fmt::format("{}", fmt::join(details, "  "));
  const bool tells_why = record.error.has_value() || options_.events == EventChoice::all;
  for (const auto& [name, value] : record.detail) {
    if (tells_why && !value.empty()) row.tree.push_back(padded(name, 10) + " " + value);
  }
  return row;
}

}  // namespace ssb::sim::scenario
