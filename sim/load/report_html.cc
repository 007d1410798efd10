// One page without network: plots as inline SVG, every figure of them in the tables below.
#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "sim/load/report.h"

namespace ssb::sim::load {
namespace {

constexpr double kWidth = 720, kHeight = 260, kLeft = 70, kRight = 20, kTop = 16, kBottom = 36;

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

struct Line {
  std::string label;
  const char* colour;
  std::vector<std::pair<double, double>> points;
};
struct Tick {
  double at;
  std::string label;
};

double largest(const std::vector<Line>& lines) {
  double out = 0;
  for (const Line& line : lines) {
    for (const auto& [x, y] : line.points) out = std::max(out, y);
  }
  return out;
}

// 1, 2 or 5 times a power of ten, about a fifth of it.
double step_of(double range) {
  if (range <= 0) return 1;
  const double power = std::pow(10, std::floor(std::log10(range / 5)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (range / (factor * power) <= 6) return factor * power;
  }
  return 10 * power;
}

// `x_max`, `y_max`: of the axes, which begin at 0.
std::string plot(const std::string& title, const std::vector<Line>& lines,
                 const std::vector<Tick>& x_ticks, double x_max, double y_max,
                 const std::function<std::string(double)>& y_label,
                 const std::vector<double>& y_ticks) {
  const auto x = [&](double at) {
    return kLeft + (x_max > 0 ? at / x_max : 0) * (kWidth - kLeft - kRight);
  };
  const auto y = [&](double at) {
    return kHeight - kBottom - (y_max > 0 ? at / y_max : 0) * (kHeight - kTop - kBottom);
  };
  std::string out =
      fmt::format("<h2>{}</h2>\n<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n",
                  escaped(title), kWidth, kHeight, escaped(title));
  for (const double tick : y_ticks)
    out += fmt::format(
        "<line class=\"grid\" x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/><text x=\"{3}\" "
        "y=\"{4:.1f}\" text-anchor=\"end\">{5}</text>\n",
        kLeft, kWidth - kRight, y(tick), kLeft - 6, y(tick) + 4, y_label(tick));
  for (const Tick& tick : x_ticks)
    out += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", x(tick.at),
                       kHeight - kBottom + 18, tick.label);
  double legend = kLeft + 8;
  for (const Line& line : lines) {
    out += fmt::format("<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"2\" points=\"",
                       line.colour);
    for (const auto& [at, value] : line.points)
      out += fmt::format("{:.1f},{:.1f} ", x(at), y(value));
    out += fmt::format("\"/><text x=\"{}\" y=\"{}\" fill=\"{}\">{}</text>\n", legend, kTop + 4,
                       line.colour, escaped(line.label));
    legend += 8.0 * static_cast<double>(line.label.size()) + 16;
  }
  return out + "</svg>\n";
}

std::vector<double> linear_ticks(double max) {
  std::vector<double> out;
  const double step = step_of(max);
  for (int i = 0; i * step <= max * 1.0001; ++i) out.push_back(i * step);
  return out;
}

// x: how many nines, -log10(1 - share); y: log10 of microseconds.
std::string latency_plot(const LoadResult& result) {
  constexpr int kNinesMax = 5;
  constexpr int kStepsPerNine = 20;
  const auto line = [](const char* label, const char* colour, const Histogram& histogram) {
    Line out{label, colour, {}};
    if (histogram.count() == 0) return out;
    for (int step = 1; step <= kNinesMax * kStepsPerNine; ++step) {
      const double nines = static_cast<double>(step) / kStepsPerNine;
      const double share = 1 - std::pow(10, -nines);
      const double us = static_cast<double>(histogram.percentile(100 * share)) / 1e3;
      out.points.emplace_back(nines, std::log10(std::max(1.0, us)));
      if (static_cast<double>(histogram.count()) * (1 - share) < 1) break;  // nothing beyond it
    }
    return out;
  };
  std::vector<Line> lines = {line("schedule lag", "#888888", result.total.initiator.lag),
                             line("send to ack", "#b35900", result.total.initiator.to_ack),
                             line("send to receive", "#0059b3", result.total.target.to_receive),
                             line("round trip", "#1a7f37", result.total.initiator.round_trip)};
  std::erase_if(lines, [](const Line& one) { return one.points.empty(); });
  const double decades = std::max(1.0, std::ceil(largest(lines)));
  std::vector<double> ticks;
  for (int i = 0; i <= static_cast<int>(decades); ++i) ticks.push_back(i);
  return plot(
      fmt::format("Latency by percentile, ms, {}", result.workload.is_closed()
                                                       ? "closed loop (not of an offered rate)"
                                                       : "from the intended start"),
      lines,
      {{0.301, "50 %"}, {1, "90 %"}, {2, "99 %"}, {3, "99.9 %"}, {4, "99.99 %"}, {5, "99.999 %"}},
      kNinesMax + 0.1, decades,
      [](double at) { return fmt::format("{:g}", std::pow(10, at) / 1e3); }, ticks);
}

std::string throughput_plot(const LoadResult& result) {
  Line received{"received /s", "#0059b3", {}};
  Line sent{"sent /s", "#b35900", {}};
  double at = 0;
  for (const Interval& interval : result.intervals) {
    if (interval.seconds <= 0) continue;
    at += interval.seconds;
    received.points.emplace_back(at,
                                 static_cast<double>(interval.target.messages) / interval.seconds);
    sent.points.emplace_back(at,
                             static_cast<double>(interval.initiator.messages) / interval.seconds);
  }
  std::vector<Tick> ticks;
  for (const double tick : linear_ticks(at)) ticks.push_back({tick, fmt::format("{:g} s", tick)});
  const double most = std::max(1.0, 1.1 * largest({received, sent}));
  return plot(
      "Messages a second over time", {received, sent}, ticks, at, most,
      [](double value) { return fmt::format("{:.0f}", value); }, linear_ticks(most));
}

std::string cost_bar(const Report& report) {
  const std::vector<Cost> costs = costs_of(report);
  double sum = 0;
  for (const Cost& cost : costs) sum += std::max(0.0, cost.us);
  static constexpr const char* kColours[] = {"#0059b3", "#1a7f37", "#5b9bd5", "#b35900", "#888888"};
  std::string out = fmt::format(
      "<h2>Processor time of a message, both nodes: {:.2f} &#181;s</h2>\n<svg viewBox=\"0 0 {} "
      "{}\" role=\"img\" aria-label=\"cost by operation\">\n",
      sum, kWidth, 30 + 22 * costs.size());
  double at = 0;
  std::size_t number = 0;
  for (const Cost& cost : costs) {
    const double width = sum > 0 ? std::max(0.0, cost.us) / sum * kWidth : 0;
    const char* colour = kColours[number % std::size(kColours)];
    out += fmt::format(
        "<rect x=\"{:.1f}\" y=\"0\" width=\"{:.1f}\" height=\"22\" fill=\"{}\"/><rect x=\"0\" "
        "y=\"{}\" width=\"12\" height=\"12\" fill=\"{}\"/><text x=\"20\" y=\"{}\">{:.2f} &#181;s, "
        "{:.1f} %: {}</text>\n",
        at, width, colour, 32 + 22 * number, colour, 42 + 22 * number, cost.us,
        sum > 0 ? 100 * cost.us / sum : 0, escaped(cost.what));
    at += width;
    ++number;
  }
  return out + "</svg>\n";
}

std::string operations_table(const LoadResult& result) {
  if (result.total.target.messages == 0) return "";
  std::string out =
      "<h2>Operations for 1,000 messages, counted</h2>\n<table "
      "class=\"numbers\"><tr><th></th><th>initiator</th><th>target</th></tr>\n";
  for (const Operation& operation : operations_of(
           result.total.initiator.costs, result.total.target.costs, result.total.target.messages))
    out += fmt::format("<tr><th>{}</th><td>{:.2f}</td><td>{:.2f}</td></tr>\n",
                       escaped(operation.what), operation.initiator, operation.target);
  return out + "</table>\n";
}

std::string ceiling_bar(const Report& report) {
  if (report.seals() <= 0) return "";
  const double share = std::min(1.0, report.result.per_second() / report.seals());
  return fmt::format(
      "<h2>Share of the ceiling: {0:.1f} % of {1:.0f}/s</h2>\n<svg viewBox=\"0 0 {2} 24\" "
      "role=\"img\" aria-label=\"share of the ceiling\"><rect width=\"{2}\" height=\"22\" "
      "fill=\"#dddddd\"/><rect width=\"{3:.1f}\" height=\"22\" fill=\"#0059b3\"/></svg>\n"
      "<p>The ceiling is AES-128-GCM of bodies of this size on one core, through a kept context, "
      "measured before and after this run ({4:.0f}/s and {5:.0f}/s).</p>\n",
      100 * share, report.seals(), kWidth, share * kWidth, report.seals_before, report.seals_after);
}

std::string environment_table(const Report& report) {
  std::string out = "<h2>Where it ran</h2>\n<table>\n";
  const auto row = [&](std::string_view key, std::string_view value) {
    out += fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", escaped(key), escaped(value));
  };
  row("command", "ssbsim" + report.arguments);
  row("build", report.version + " " + report.build);
  for (const auto& [key, value] : report.environment)
    row(std::string_view(key.data(), key.size()),
        value.is_string() ? std::string(value.get_string()) : boost::json::serialize(value));
  return out + "</table>\n";
}

}  // namespace

std::string html_of(const Report& report) {
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>ssbsim "
      "load</title>\n"
      "<style>body{{font:15px/1.5 system-ui,sans-serif;max-width:760px;margin:2em auto;padding:0 "
      "1em;color:#1a1a1a}}h1{{font-size:1.4em}}h2{{font-size:1.05em;margin-top:2em}}svg{{width:100%"
      ";height:auto}}text{{font-size:12px}}.grid{{stroke:#dddddd}}pre{{white-space:pre-wrap;"
      "background:#f4f4f4;padding:1em}}th{{text-align:left;padding-right:1em;vertical-align:top}}"
      ".numbers td{{text-align:right;padding-left:2em}}.bad{{color:#b00020}}@media "
      "print{{body{{margin:0}}}}</style></head>\n<body>\n"
      "<h1>Load: <span{}>{}</span></h1>\n<p>{}</p>\n",
      report.verdict.is_valid() ? "" : " class=\"bad\"",
      report.verdict.is_valid() ? "VALID" : "INVALID", escaped(describe(report.result.workload)));
  out += latency_plot(report.result);
  out += throughput_plot(report.result);
  out += cost_bar(report);
  out += operations_table(report.result);
  out += ceiling_bar(report);
  out += fmt::format("<h2>Figures</h2>\n<pre>{}</pre>\n", escaped(text_of(report)));
  out += environment_table(report);
  return out + "</body></html>\n";
}

}  // namespace ssb::sim::load
