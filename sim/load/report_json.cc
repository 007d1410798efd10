#include <algorithm>
#include <stdexcept>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "sim/load/report.h"

namespace ssb::sim::load {
namespace {

namespace json = boost::json;

// Each number of a workload once, for writing and reading.
template <typename W, typename Visit>
void visit(W& workload, Visit visit) {
  visit("transport_encrypted", workload.transport_encrypted);
  visit("rsa_bits", workload.rsa_bits);
  visit("size_bytes", workload.size_bytes);
  visit("dialogs", workload.dialogs);
  visit("messages_per_dialog", workload.per_dialog);
  visit("messages_per_transaction", workload.per_transaction);
  visit("receivers", workload.receivers);
  visit("in_flight", workload.in_flight);
  visit("seed", workload.seed);
  visit("request_reply", workload.request_reply);
  visit("flushed", workload.flushed);
  visit("sign_every_dialog", workload.sign_every_dialog);
  visit("is_remote", workload.is_remote);
  visit("warm_up_ns", workload.warm_up);
  visit("duration_ns", workload.duration);
}

template <typename Enum>
Enum parse(const json::value& value, std::initializer_list<Enum> all) {
  for (const Enum one : all) {
    if (value.is_string() && value.get_string() == name(one)) return one;
  }
  throw std::runtime_error(fmt::format("{} is not known here", json::serialize(value)));
}

}  // namespace

json::object to_json(const Workload& workload) {
  json::object out{{"security", name(workload.security)},
                   {"arrivals", name(workload.arrival)},
                   {"rate", workload.rate}};
  visit(workload, [&](const char* of, const auto& value) { out[of] = value; });
  return out;
}

Workload workload_of(const json::object& object) {
  Workload workload;
  workload.security =
      parse(object.at("security"), {Security::full, Security::anonymous, Security::none});
  workload.arrival =
      parse(object.at("arrivals"), {Arrival::closed, Arrival::constant, Arrival::poisson});
  workload.rate = object.at("rate").to_number<double>();
  visit(workload, [&](const char* of, auto& value) {
    value = json::value_to<std::decay_t<decltype(value)>>(object.at(of));
  });
  return workload;
}

namespace {

json::object percentiles(const Histogram& histogram) {
  json::object out{{"count", histogram.count()}};
  for (const double percent : {50.0, 90.0, 99.0, 99.9, 99.99, 99.999})
    out[fmt::format("p{}", percent)] = static_cast<double>(histogram.percentile(percent)) / 1e6;
  out["max"] = static_cast<double>(histogram.max()) / 1e6;
  return out;
}

json::object object_of(const Interval& interval) {
  return {{"seconds", interval.seconds},
          {"initiator", to_json(interval.initiator)},
          {"target", to_json(interval.target)}};
}

Interval interval_of(const json::object& line) {
  Interval out;
  out.seconds = line.at("seconds").to_number<double>();
  out.initiator = measures_of(line.at("initiator").as_object());
  out.target = measures_of(line.at("target").as_object());
  return out;
}

void take_header(const json::object& line, Report& report) {
  const auto* kind = line.if_contains("kind");
  if (kind == nullptr || *kind != "load")
    throw std::runtime_error("this does not begin with the header of a load");
  const json::object& identity = line.at("identity").as_object();
  report.result.workload = workload_of(identity.at("workload").as_object());
  report.result.processes = identity.at("processes").to_number<int>();
  report.shard = identity.at("shard").as_string();
  report.version = line.at("version").as_string();
  report.build = line.at("build").as_string();
  report.arguments = line.at("arguments").as_string();
  report.environment = line.at("environment").as_object();
}

void take_summary(const json::object& line, Report& report) {
  LoadResult& result = report.result;
  result.total = interval_of(line);
  result.sent = line.at("sent").to_number<std::uint64_t>();
  result.received = line.at("received").to_number<std::uint64_t>();
  result.replied = line.at("replied").to_number<std::uint64_t>();
  result.dialogs = line.at("dialogs").to_number<std::uint64_t>();
  result.was_stopped = line.at("stopped").as_bool();
  for (const auto& text : line.at("violations").as_array())
    result.violations.emplace_back(text.as_string());
  report.seals_before = line.at("ceiling_before").to_number<double>();
  report.seals_after = line.at("ceiling_after").to_number<double>();
  const json::object& rsa = line.at("rsa_us").as_object();
  report.rsa = {.sign_us = rsa.at("sign").to_number<double>(),
                .verify_us = rsa.at("verify").to_number<double>(),
                .wrap_us = rsa.at("wrap").to_number<double>(),
                .unwrap_us = rsa.at("unwrap").to_number<double>()};
  report.is_complete = line.at("complete").as_bool();
}

}  // namespace

json::object identity_of(const Report& report) {
  return {{"kind", "load"},
          {"version", report.version},
          {"build", report.build},
          {"workload", to_json(report.result.workload)},
          {"processes", report.result.processes},
          {"shard", report.shard}};
}

std::string header_line(const Report& report) {
  return json::serialize(json::object{{"type", "header"},
                                      {"kind", "load"},
                                      {"version", report.version},
                                      {"build", report.build},
                                      {"arguments", report.arguments},
                                      {"identity", identity_of(report)},
                                      {"environment", report.environment}});
}

std::string interval_line(std::size_t index, const Interval& interval) {
  json::object line{{"type", "interval"}, {"index", index}};
  for (auto& [key, value] : object_of(interval)) line[key] = value;
  return json::serialize(line);
}

std::string summary_line(const Report& report, int exit_code) {
  const LoadResult& result = report.result;
  const Measures& initiator = result.total.initiator;
  json::object line{
      {"type", "summary"},
      {"loop", result.workload.is_closed() ? "closed" : "open"},
      {"received_per_second", result.per_second()},
      {"sent", result.sent},
      {"received", result.received},
      {"replied", result.replied},
      {"dialogs", result.dialogs},
      {"violations", json::array(result.violations.begin(), result.violations.end())},
      {"valid", report.verdict.is_valid()},
      {"reasons", json::array(report.verdict.reasons.begin(), report.verdict.reasons.end())},
      {"notes", json::array(report.verdict.notes.begin(), report.verdict.notes.end())},
      {"ceiling_before", report.seals_before},
      {"ceiling_after", report.seals_after},
      {"rsa_us", json::object{{"sign", report.rsa.sign_us},
                              {"verify", report.rsa.verify_us},
                              {"wrap", report.rsa.wrap_us},
                              {"unwrap", report.rsa.unwrap_us}}},
      {"ms", json::object{{"lag", percentiles(initiator.lag)},
                          {"to_ack", percentiles(initiator.to_ack)},
                          {"to_receive", percentiles(result.total.target.to_receive)},
                          {"round_trip", percentiles(initiator.round_trip)}}}};
  for (auto& [key, value] : object_of(result.total)) line[key] = value;
  line["stopped"] = result.was_stopped;
  line["exit"] = exit_code;
  line["complete"] = report.is_complete;
  return json::serialize(line);
}

Report read_report(std::string_view text) {
  Report report;
  bool has_header = false;
  try {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      const json::value line = json::parse(json::string_view(text.data(), end));
      text.remove_prefix(std::min(end + 1, text.size()));
      const json::object& object = line.as_object();
      if (!has_header) {
        take_header(object, report);
        has_header = true;
      } else if (object.at("type") == "interval") {
        report.result.intervals.push_back(interval_of(object));
      } else {
        take_summary(object, report);
      }
    }
  } catch (const boost::system::system_error& error) {
    throw std::runtime_error(fmt::format("a line of it cannot be read ({})", error.what()));
  } catch (const std::out_of_range&) {
    throw std::runtime_error("something is missing in a line of it");
  }
  if (!has_header) throw std::runtime_error("it is empty");
  report.verdict = judge(report.result);
  return report;
}

}  // namespace ssb::sim::load
