#include <cmath>

#include <fmt/format.h>

#include "sim/load/report.h"

namespace ssb::sim::load {
namespace {

// The ceiling's two runs may differ by so much before the machine counts as busy.
constexpr double kCeilingSpreadMax = 0.05;

double ms(const Histogram& histogram, double percent) {
  return static_cast<double>(histogram.percentile(percent)) / 1e6;
}

std::string latency_row(const char* label, const Histogram& histogram) {
  if (histogram.count() == 0) return fmt::format("{:<20} not measured\n", label);
  return fmt::format("{:<20}{:>10.3f}{:>10.3f}{:>10.3f}{:>10.3f}{:>10.3f}{:>10.3f}  n {}\n", label,
                     ms(histogram, 50), ms(histogram, 90), ms(histogram, 99), ms(histogram, 99.9),
                     ms(histogram, 99.999), ms(histogram, 100), histogram.count());
}

std::string node_row(const char* label, const Measures& measures, double seconds) {
  const auto messages = static_cast<double>(std::max<std::uint64_t>(1, measures.messages));
  return fmt::format(
      "{:<10}{:>9.2f} us cpu a message, {:.0f} % of a core; {:.1f} messages a transaction; {:.2f} "
      "flushes per 1,000 messages; {:.0f} MB at most\n",
      label, static_cast<double>(measures.cpu) / messages / 1e3,
      seconds > 0 ? static_cast<double>(measures.cpu) / seconds / 1e7 : 0,
      messages / static_cast<double>(std::max<std::uint64_t>(1, measures.transactions)),
      1000 * static_cast<double>(measures.flushes) / messages,
      static_cast<double>(measures.peak_kb) / 1024);
}

std::string operations_text(const LoadResult& result) {
  if (result.total.target.messages == 0) return "";
  std::string out =
      fmt::format("{:<26}{:>14}{:>14}\n", "for 1,000 messages", "initiator", "target");
  for (const Operation& operation : operations_of(
           result.total.initiator.costs, result.total.target.costs, result.total.target.messages)) {
    if (operation.initiator == 0 && operation.target == 0) continue;
    out += fmt::format("{:<26}{:>14.2f}{:>14.2f}\n", operation.what, operation.initiator,
                       operation.target);
  }
  return out;
}

std::string ceiling_text(const Report& report) {
  if (report.seals() <= 0) return "";
  std::string out = fmt::format(
      "ceiling   AES-128-GCM of {} bytes, one core, this run: {:.0f}/s; {:.1f} % of it used{}\n",
      report.result.workload.size_bytes, report.seals(),
      100 * report.result.per_second() / report.seals(),
      report.result.workload.security == Security::none ? " (nothing of it is sealed)" : "");
  const double spread = std::abs(report.seals_after - report.seals_before) / report.seals();
  if (spread > kCeilingSpreadMax)
    out += fmt::format(
        "note      the ceiling changed by {:.0f} % during the run: the machine is not quiet\n",
        100 * spread);
  return out;
}

}  // namespace

std::vector<Cost> costs_of(const Report& report) {
  const LoadResult& result = report.result;
  const auto messages =
      static_cast<double>(std::max<std::uint64_t>(1, result.total.target.messages));
  const auto us = [&](Nanoseconds time) { return static_cast<double>(time) / messages / 1e3; };
  const Measures& one = result.total.initiator;
  const Measures& other = result.total.target;
  const double seal = report.seals() > 0 ? 1e6 / report.seals() : 0;
  double left = us(one.cpu + other.cpu);
  std::vector<Cost> out;
  const auto take = [&](std::string what, double cost) {
    left -= cost;
    out.push_back({std::move(what), cost});
  };
  const auto bodies = [&](std::uint64_t bytes) {
    return static_cast<double>(bytes) / messages / result.workload.size_bytes;
  };
  const auto& sealed = one.costs.dialogs;
  const auto& opened = other.costs.dialogs;
  if (result.workload.security != Security::none)
    take("dialog AES-GCM, counted bytes sealed and opened, at the ceiling's cost",
         bodies(sealed.sealed_bytes + sealed.opened_bytes + opened.sealed_bytes +
                opened.opened_bytes) *
             seal);
  const auto rsa = [&](const broker::dialog::OperationCounts& counts) {
    return static_cast<double>(counts.rsa_signs) * report.rsa.sign_us +
           static_cast<double>(counts.rsa_verifies) * report.rsa.verify_us +
           static_cast<double>(counts.rsa_wraps) * report.rsa.wrap_us +
           static_cast<double>(counts.rsa_unwraps) * report.rsa.unwrap_us;
  };
  if (result.workload.security != Security::none)
    take("RSA of dialogs, counted, at the cost of one alone",
         (rsa(sealed) + rsa(opened)) / messages);
  if (result.workload.transport_encrypted)
    take("TLS records, counted bytes sent and received, at the ceiling's cost",
         bodies(one.costs.network.sent_bytes + one.costs.network.received_bytes +
                other.costs.network.sent_bytes + other.costs.network.received_bytes) *
             seal);
  take("all else of both nodes: store, queues, network", left);
  out.push_back({"the generator: making and checking bodies, schedule",
                 us(one.generator_cpu + other.generator_cpu)});
  return out;
}

std::string text_of(const Report& report) {
  const LoadResult& result = report.result;
  const Interval& total = result.total;
  std::string out = fmt::format("{}: {}\n", report.verdict.is_valid() ? "VALID" : "INVALID",
                                describe(result.workload));
  for (const std::string& text : report.verdict.reasons) out += "INVALID   " + text + "\n";
  for (const std::string& text : report.verdict.notes) out += "note      " + text + "\n";
  out += fmt::format("received  {:.0f}/s over {:.1f} s", result.per_second(), total.seconds);
  if (!result.workload.is_closed() && total.seconds > 0)
    out += fmt::format("; offered {:.0f}/s",
                       static_cast<double>(total.initiator.lag.count()) / total.seconds);
  if (total.initiator.dialogs > 0 && total.seconds > 0)
    out += fmt::format("; {:.1f} new dialogs/s",
                       static_cast<double>(total.initiator.dialogs) / total.seconds);
  out += "\n";
  out += node_row("initiator", total.initiator, total.seconds);
  out += node_row("target", total.target, total.seconds);
  out += ceiling_text(report);
  out += fmt::format("{:<20}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}\n",
                     result.workload.is_closed() ? "ms, closed loop" : "ms, from intended", "p50",
                     "p90", "p99", "p99.9", "p99.999", "max");
  if (!result.workload.is_closed()) out += latency_row("schedule lag", total.initiator.lag);
  out += latency_row("send to ack", total.initiator.to_ack);
  out += latency_row("send to receive", total.target.to_receive);
  if (result.workload.request_reply) out += latency_row("round trip", total.initiator.round_trip);
  out += "cpu of a message\n";
  for (const Cost& cost : costs_of(report))
    out += fmt::format("{:>9.2f} us {}\n", cost.us, cost.what);
  out += operations_text(result);
  out += fmt::format(
      "{} dialogs, {} sent, {} received{}: {}\n", result.dialogs, result.sent, result.received,
      result.workload.request_reply ? fmt::format(", {} answered", result.replied) : "",
      result.violations.empty() ? "each exactly once and in order" : "VIOLATED");
  for (const std::string& text : result.violations) out += "  " + text + "\n";
  return out;
}

std::string csv_of(const Report& report) {
  std::string out =
      "second,seconds,sent,received,received_per_second,initiator_cpu_ms,target_cpu_ms,flushes,"
      "syncs,written_kib,rsa,seals,opens,sends,receives,lag_p99_ms,to_ack_p50_ms,to_ack_p99_ms,to_"
      "receive_p50_ms,to_receive_p99_ms,"
      "round_trip_p50_ms,round_trip_p99_ms\n";
  std::size_t second = 0;
  for (const Interval& interval : report.result.intervals) {
    const Measures& one = interval.initiator;
    const Measures& other = interval.target;
    const auto both = [&](auto of) { return of(one.costs) + of(other.costs); };
    out += fmt::format(
        "{},{:.3f},{},{},{:.1f},{:.3f},{:.3f},{},{},{},{},{},{},{},{},{:.6f},{:.6f},{:.6f},{:.6f},{"
        ":.6f},{:.6f},{:.6f}"
        "\n",
        second++, interval.seconds, one.messages, other.messages,
        interval.seconds > 0 ? static_cast<double>(other.messages) / interval.seconds : 0,
        static_cast<double>(one.cpu) / 1e6, static_cast<double>(other.cpu) / 1e6,
        one.flushes + other.flushes, both([](const Costs& c) { return c.disk.syncs; }),
        both([](const Costs& c) { return c.disk.bytes_written / 1024; }), both([](const Costs& c) {
          return c.dialogs.rsa_signs + c.dialogs.rsa_verifies + c.dialogs.rsa_wraps +
                 c.dialogs.rsa_unwraps;
        }),
        both([](const Costs& c) { return c.dialogs.seals; }),
        both([](const Costs& c) { return c.dialogs.opens; }),
        both([](const Costs& c) { return c.network.sends; }),
        both([](const Costs& c) { return c.network.receives; }), ms(one.lag, 99),
        ms(one.to_ack, 50), ms(one.to_ack, 99), ms(other.to_receive, 50), ms(other.to_receive, 99),
        ms(one.round_trip, 50), ms(one.round_trip, 99));
  }
  return out;
}

std::string progress_line(const LoadResult& so_far) {
  if (so_far.intervals.empty()) return "";
  // The last that both sides have told of.
  std::size_t whole = so_far.intervals.size();
  while (whole > 0 && (so_far.intervals[whole - 1].seconds <= 0 ||
                       so_far.intervals[whole - 1].initiator.cpu == 0))
    --whole;
  if (whole == 0) return "";
  const Interval& last = so_far.intervals[whole - 1];
  const Histogram& latency = latency_of(so_far.workload, last);
  return fmt::format("{} s: {:.0f}/s, p50 {:.2f} ms, p99 {:.2f} ms, cpu {:.0f} % and {:.0f} %",
                     whole, static_cast<double>(last.target.messages) / last.seconds,
                     ms(latency, 50), ms(latency, 99),
                     static_cast<double>(last.initiator.cpu) / last.seconds / 1e7,
                     static_cast<double>(last.target.cpu) / last.seconds / 1e7);
}

}  // namespace ssb::sim::load
