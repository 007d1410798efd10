#include "sim/sweep/fault_kinds.h"

#include <array>
#include <cmath>

#include <fmt/format.h>

namespace ssb::sim::sweep {
namespace {

// From low to high, evenly over the orders of magnitude.
std::uint64_t log_between(Random& random, double low, double high) {
  return static_cast<std::uint64_t>(std::llround(low * std::pow(high / low, random.unit())));
}

std::string percent(const FaultSeat& seat) {
  return fmt::format(
      "{}%", seat.is_extreme ? 60 + seat.random.below(41) : log_between(seat.random, 1, 40));
}

// Of the messages between the adjacent layers; most often all of them.
std::string filter(const FaultSeat& seat) {
  static constexpr std::array<std::string_view, 8> kFilters = {
      "", "", "", "", " only ack", " only begin", " only sequenced", " only error"};
  return std::string(kFilters.at(seat.random.below(kFilters.size())));
}

// What passes is late by some milliseconds, or by as much as makes retries.
std::string delay(const FaultSeat& seat) {
  const std::uint64_t ms = seat.is_gentle    ? log_between(seat.random, 1, 200)
                           : seat.is_extreme ? log_between(seat.random, 1000, 10'000)
                                             : log_between(seat.random, 1, 2000);
  return fmt::format("delay {}ms", ms);
}

std::string hop(const FaultSeat& seat, const std::string& what) {
  return fmt::format("net {} -> {} {}{}", seat.from, seat.to, what, filter(seat));
}
std::string link(const FaultSeat& seat, const std::string& what) {
  return fmt::format("link {} -> {} {}", seat.from, seat.to, what);
}

constexpr auto kPair = FaultKind::Reach::pair;
constexpr auto kNode = FaultKind::Reach::node;
constexpr auto kNothing = FaultKind::Ends::nothing;
constexpr auto kAtOnce = FaultKind::Ends::at_once;
constexpr auto kAnyTime = FaultKind::Ends::any_time;

constexpr std::array kKinds = {
    FaultKind{"hop.loss", kPair, kNothing, false, false,
              [](const FaultSeat& s) { return hop(s, "loss " + percent(s)); }, "heal", "", "",
              "hop.lost"},
    FaultKind{"hop.duplicate", kPair, kNothing, false, false,
              [](const FaultSeat& s) { return hop(s, "duplicate " + percent(s)); }, "heal", "", "",
              "hop.repeated"},
    FaultKind{"hop.reorder", kPair, kNothing, false, false,
              [](const FaultSeat& s) { return hop(s, "reorder " + percent(s)); }, "heal", "", "",
              "hop.reordered"},
    FaultKind{"hop.delay", kPair, kNothing, true, false,
              [](const FaultSeat& s) { return hop(s, delay(s)); }, "heal", "", "", "hop.delayed"},
    FaultKind{"link.delay", kPair, kNothing, true, false,
              [](const FaultSeat& s) { return link(s, delay(s)); }, "heal", "", "", ""},
    // Slower than this, a message of 10 MB is under way for longer than a cure is given time.
    FaultKind{"link.bandwidth", kPair, kNothing, false, false,
              [](const FaultSeat& s) {
                return link(s, fmt::format("bandwidth {}kB/s", log_between(s.random, 200, 10'000)));
              },
              "heal", "", "", ""},
    FaultKind{"link.stall", kPair, kNothing, false, false,
              [](const FaultSeat& s) {
                return link(s, fmt::format("stall {}ms", log_between(s.random, 100, 60'000)));
              },
              "heal", "", "", ""},
    FaultKind{"link.cut", kPair, kNothing, false, false,
              [](const FaultSeat& s) { return link(s, "cut"); }, "heal", "", "", ""},
    FaultKind{"link.corrupt", kPair, kNothing, false, false,
              [](const FaultSeat& s) { return link(s, "corrupt"); }, "heal", "", "", ""},
    FaultKind{"partition", kPair, kNothing, false, false,
              [](const FaultSeat& s) { return fmt::format("partition {} | {}", s.from, s.to); },
              "heal", "", "", ""},
    FaultKind{"heal", kPair, kNothing, false, true,
              [](const FaultSeat&) { return std::string("heal"); }, "", "", "", ""},
    FaultKind{"disk.slow", kNode, kNothing, false, false,
              [](const FaultSeat& s) { return fmt::format("disk {} slow", s.from); }, "",
              "disk {} ok", "", ""},
    FaultKind{"disk.torn", kNode, kNothing, false, false,
              [](const FaultSeat& s) { return fmt::format("disk {} torn", s.from); }, "",
              "disk {} ok", "", ""},
    FaultKind{"disk.full", kNode, kAnyTime, false, false,
              [](const FaultSeat& s) { return fmt::format("disk {} full", s.from); }, "",
              "disk {} ok", "restart {}", "storage.failed"},
    FaultKind{"crash", kNode, kAtOnce, false, false,
              [](const FaultSeat& s) { return fmt::format("crash {}", s.from); }, "", "",
              "restart {}", ""},
    FaultKind{"crash.at_write", kNode, kAnyTime, false, false,
              [](const FaultSeat& s) {
                return fmt::format("crash {} after write {}", s.from,
                                   log_between(s.random, 1, s.is_extreme ? 300 : 30) - 1);
              },
              "", "disk {} ok", "restart {}", "storage.failed"},
    FaultKind{"restart", kNode, kAtOnce, false, false,
              [](const FaultSeat& s) { return fmt::format("restart {}", s.from); }, "", "",
              "restart {}", ""},
};

}  // namespace

std::span<const FaultKind> fault_kinds() {
  return kKinds;
}

}  // namespace ssb::sim::sweep
