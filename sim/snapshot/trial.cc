#include "sim/snapshot/trial.h"

#include <algorithm>

#include <fmt/format.h>

#include "proto/error_code.h"
#include "sim/doctor/cure.h"
#include "sim/scenario/runner.h"
#include "sim/scenario/simulated.h"
#include "sim/snapshot/topology.h"

namespace ssb::sim::snapshot {
namespace {

using doctor::bracketed;
using doctor::literal;

bool is_word(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  });
}

std::size_t trial_begins(const scenario::Report& report) {
  std::size_t record = 0;
  for (const scenario::Entry& entry : report.entries) {
    if (entry.kind == scenario::Entry::Kind::connected) record = entry.record;
  }
  return record;
}

Refused refused(const scenario::NodeRecord& seen) {
  const proto::TraceRecord& record = seen.record;
  return {.place = record.database.empty() ? seen.node : seen.node + "." + record.database,
          .event = proto::event_class_name(record.event),
          .number = record.error->number(),
          .state = record.error->state,
          .text = record.error->text()};
}

}  // namespace

std::string trial_script(const doctor::Dialog& dialog,
                         const std::vector<doctor::Subject>& instances) {
  std::string out = fmt::format(
      ":connect {}\n"
      "USE {};\n"
      "DECLARE @h uniqueidentifier;\n"
      "BEGIN DIALOG @h FROM SERVICE {} TO SERVICE {} ON CONTRACT {} WITH ENCRYPTION = {};\n"
      "SEND ON CONVERSATION @h MESSAGE TYPE {}{};\n"
      "GO\n",
      instances.at(dialog.from).name, bracketed(dialog.from_database),
      bracketed(dialog.from_service), literal(dialog.to_service), bracketed(dialog.contract),
      dialog.encryption_on ? "ON" : "OFF", bracketed(dialog.message_type),
      dialog.is_empty ? "" : " (N'<trial/>')");
  const bool can_expect = dialog.to && is_word(dialog.to_queue) && is_word(dialog.to_database);
  if (can_expect)
    out += fmt::format("--# expect delivered 1 to [{}] on {}.{}\n", dialog.to_queue,
                       instances.at(*dialog.to).name, dialog.to_database);
  else
    out += "--# settle\n";
  return out;
}

Trial run_trial(const std::string& file, const std::string& text, const doctor::Dialog& dialog,
                const std::vector<doctor::Subject>& instances,
                const broker::crypto::RsaKeySource& keys, const scenario::ScriptOptions& options) {
  const scenario::Script script = scenario::parse_script(file, text, options);
  Trial trial;
  if (!script.errors.empty()) {
    trial.why_not = script.errors.front().line();
    return trial;
  }
  // Without a bound of real time: no statement of a topology or a trial loops.
  const auto simulation = scenario::make_simulation({.seed = script.seed.value_or(kSeed),
                                                     .keys = keys,
                                                     .is_judged = false,
                                                     .wants_all_faults = false});
  const scenario::Report report = scenario::Runner(script, *simulation).run();
  if (!report.reason.empty() && report.records.empty()) {
    trial.why_not = report.reason;
    return trial;
  }
  for (std::size_t i = trial_begins(report); i < report.records.size(); ++i) {
    const scenario::NodeRecord& seen = report.records[i];
    const bool is_there = dialog.to && seen.node == instances.at(*dialog.to).name &&
                          seen.record.database == dialog.to_database;
    if (seen.record.event == proto::EventClass::message_delivered && is_there)
      trial.is_delivered = true;
    // Told in the same way: a login that succeeds, and of two connections the one too many.
    if (!seen.record.error || seen.record.error->code == proto::ErrorCode::login_succeeded ||
        seen.record.error->code == proto::ErrorCode::duplicate_connection)
      continue;
    Refused one = refused(seen);
    if (trial.refused.size() < kRefusedMax &&
        std::ranges::find(trial.refused, one) == trial.refused.end())
      trial.refused.push_back(std::move(one));
  }
  if (trial.is_delivered) {
    trial.refused.clear();  // of connections that were in each other's way
  } else if (trial.refused.empty()) {
    for (const scenario::Failure& failure : report.failures) {
      if (failure.what != "expectation")
        trial.why_not = failure.seen.substr(0, failure.seen.find('\n'));
    }
  }
  return trial;
}

}  // namespace ssb::sim::snapshot
