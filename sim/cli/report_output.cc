#include "sim/cli/report_output.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "sim/cli/version.h"

namespace ssb::sim::cli {
namespace {

namespace json = boost::json;
using scenario::Entry;
using scenario::Verdict;

json::object place_json(const scenario::Place& place) {
  return {{"file", place.file}, {"line", place.line}};
}

json::array strings_json(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

json::object record_json(const scenario::NodeRecord& node_record) {
  const proto::TraceRecord& record = node_record.record;
  json::object out{{"type", "event"},
                   {"at", proto::to_iso_text(record.at)},
                   {"node", node_record.node},
                   {"event", static_cast<int>(record.event)},
                   {"name", proto::event_class_name(record.event)}};
  if (record.subclass != 0 || !record.subclass_name.empty()) out["subclass"] = record.subclass;
  if (!record.subclass_name.empty()) out["subclass_name"] = record.subclass_name;
  if (!record.database.empty()) out["database"] = record.database;
  if (!record.conversation_id.empty()) out["conversation"] = record.conversation_id;
  if (record.error) {
    out["error"] = record.error->number();
    out["state"] = record.error->state;
    out["error_text"] = record.error->text();
  }
  if (!record.text.empty()) out["text"] = record.text;
  json::array detail;
  for (const auto& [name, value] : record.detail) detail.push_back(json::object{{name, value}});
  if (!detail.empty()) out["detail"] = std::move(detail);
  return out;
}

const char* entry_type(Entry::Kind kind) {
  switch (kind) {
    case Entry::Kind::note: return "note";
    case Entry::Kind::connected: return "connected";
    case Entry::Kind::output: return "batch";
    case Entry::Kind::met: return "met";
    case Entry::Kind::failed: return "not met";
    case Entry::Kind::warning: return "warning";
    case Entry::Kind::attack: return "attack";
  }
  return "";
}

json::object entry_json(const Entry& entry, const scenario::Report& report) {
  json::object out{{"type", entry_type(entry.kind)},
                   {"at", proto::to_iso_text(entry.at)},
                   {"place", place_json(entry.place)}};
  if (!entry.node.empty()) out["node"] = entry.node;
  if (!entry.session.empty()) out["session"] = entry.session;
  if (!entry.text.empty()) out["text"] = entry.text;
  if (entry.kind == Entry::Kind::failed && entry.failure < report.failures.size()) {
    const scenario::Failure& failure = report.failures[entry.failure];
    out["what"] = failure.what;
    out["expected"] = failure.expected;
    out["seen"] = failure.seen;
    out["known"] = strings_json(failure.known);
  }
  return out;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      default:
        // XML has no other control characters.
        if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t') out += c;
    }
  }
  return out;
}

std::string junit_outcome(const FinishedRun& run) {
  const scenario::Report& report = run.report;
  std::string why = run.why ? "\n" + why::text_of(*run.why) : "";
  std::string out;
  for (const scenario::Failure& failure : report.failures) {
    out += fmt::format(
        "      <failure message=\"{}\" type=\"{}\">expected {}\nseen {}\n{}{}</failure>\n",
        escaped(failure.place.text() + " " + failure.expected), escaped(failure.what),
        escaped(failure.expected), escaped(failure.seen),
        escaped(fmt::format("{}", fmt::join(failure.known, "\n"))),
        escaped(failure.what == "expectation" ? std::exchange(why, "") : ""));
  }
  for (const scenario::JudgeFinding& finding : report.findings) {
    if (report.verdict != Verdict::failed) break;  // what an attack that is weak by design does
    out += fmt::format("      <failure message=\"{}\" type=\"judge\">at {} on {}\n{}</failure>\n",
                       escaped(finding.judge), proto::to_iso_text(finding.at),
                       escaped(finding.node), escaped(finding.text));
  }
  if (!out.empty()) return out;
  switch (report.verdict) {
    case Verdict::passed: return "";
    case Verdict::failed:  // as a whole: two networks or two runs that differ
    case Verdict::differs:
      return fmt::format("      <failure message=\"{}\" type=\"run\"/>\n", escaped(report.reason));
    case Verdict::nothing_checked: return "      <skipped message=\"ran, nothing checked\"/>\n";
    case Verdict::inconclusive:
      return fmt::format("      <skipped message=\"{}\"/>\n", escaped(report.reason));
    case Verdict::does_not_parse:
    case Verdict::environment: break;
  }
  std::string text = report.reason;
  for (const auto& problem : report.problems) text += problem.line() + "\n";
  return fmt::format("      <error message=\"{}\">{}</error>\n", verdict_name(report.verdict),
                     escaped(text));
}

}  // namespace

Counts count(const std::vector<FinishedRun>& runs) {
  Counts counts;
  for (const FinishedRun& run : runs) {
    switch (run.report.verdict) {
      case Verdict::passed: ++counts.passed; break;
      case Verdict::nothing_checked: ++counts.nothing_checked; break;
      case Verdict::failed:
      case Verdict::differs: ++counts.failed; break;
      case Verdict::inconclusive: ++counts.inconclusive; break;
      case Verdict::does_not_parse:
      case Verdict::environment: ++counts.broken; break;
    }
  }
  return counts;
}

std::string counts_text(const Counts& counts) {
  std::string out = fmt::format("{} passed, {} failed", counts.passed, counts.failed);
  if (counts.nothing_checked > 0)
    out += fmt::format(", {} ran with nothing checked", counts.nothing_checked);
  if (counts.inconclusive > 0) out += fmt::format(", {} inconclusive", counts.inconclusive);
  if (counts.broken > 0) out += fmt::format(", {} could not run", counts.broken);
  return out;
}

std::string json_header(const std::string& arguments) {
  return json::serialize(json::object{{"type", "header"},
                                      {"program", "ssbsim"},
                                      {"version", version()},
                                      {"build", build_id()},
                                      {"command", "ssbsim" + arguments}});
}

std::vector<std::string> json_lines(const FinishedRun& run) {
  const scenario::Report& report = run.report;
  std::vector<std::string> lines;
  json::object begin{{"type", "scenario"},
                     {"file", report.file},
                     {"title", report.title},
                     {"hash", fmt::format("{:016x}", report.text_hash)},
                     {"backend", run.net},
                     {"nodes", strings_json(report.nodes)},
                     {"claims", strings_json(report.claims)},
                     {"corpus", strings_json(report.corpus)}};
  if (report.seed) begin["seed"] = *report.seed;
  if (!run.fingerprint.empty()) begin["fingerprint"] = run.fingerprint;
  lines.push_back(json::serialize(begin));
  for (const auto& problem : report.problems) {
    lines.push_back(json::serialize(json::object{{"type", "problem"},
                                                 {"place", place_json(problem.place)},
                                                 {"column", problem.place.column},
                                                 {"text", problem.text}}));
  }
  std::size_t next = 0;
  for (const Entry& entry : report.entries) {
    for (; next < entry.record && next < report.records.size(); ++next)
      lines.push_back(json::serialize(record_json(report.records[next])));
    lines.push_back(json::serialize(entry_json(entry, report)));
  }
  for (; next < report.records.size(); ++next)
    lines.push_back(json::serialize(record_json(report.records[next])));
  for (const scenario::JudgeFinding& finding : report.findings) {
    lines.push_back(json::serialize(json::object{{"type", "finding"},
                                                 {"at", proto::to_iso_text(finding.at)},
                                                 {"node", finding.node},
                                                 {"judge", finding.judge},
                                                 {"text", finding.text}}));
  }
  if (run.why) {
    for (std::string& line : json_lines(*run.why)) lines.push_back(std::move(line));
  }
  lines.push_back(json::serialize(json::object{{"type", "result"},
                                               {"file", report.file},
                                               {"verdict", verdict_name(report.verdict)},
                                               {"reason", report.reason},
                                               {"expectations", report.expectations},
                                               {"met", report.met},
                                               {"batches", report.batches},
                                               {"virtual_us", (report.end - report.start).count()},
                                               {"real_ms", run.real_ms}}));
  return lines;
}

std::string json_summary(const std::vector<FinishedRun>& runs, int exit_code) {
  const Counts counts = count(runs);
  return json::serialize(json::object{{"type", "summary"},
                                      {"passed", counts.passed},
                                      {"failed", counts.failed},
                                      {"nothing_checked", counts.nothing_checked},
                                      {"inconclusive", counts.inconclusive},
                                      {"broken", counts.broken},
                                      {"exit", exit_code},
                                      {"complete", true}});
}

std::string junit_xml(const std::vector<FinishedRun>& runs) {
  const Counts counts = count(runs);
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  out += fmt::format(
      "<testsuites>\n  <testsuite name=\"ssbsim\" tests=\"{}\" failures=\"{}\" errors=\"{}\" "
      "skipped=\"{}\">\n",
      runs.size(), counts.failed, counts.broken, counts.nothing_checked + counts.inconclusive);
  for (const FinishedRun& run : runs) {
    out += fmt::format("    <testcase classname=\"scenario\" name=\"{}\" time=\"{:.3f}\">\n",
                       escaped(run.report.file), run.real_ms / 1000);
    out += junit_outcome(run);
    out += "    </testcase>\n";
  }
  return out + "  </testsuite>\n</testsuites>\n";
}

}  // namespace ssb::sim::cli
