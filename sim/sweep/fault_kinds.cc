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

// Of the messages between the adjacent layers; most often all of them. What is late for some alone changes the order.
std::string filter(const FaultSeat& seat) {
  if (seat.is_gentle) return "";
  static constexpr std::array<std::string_view, 11> kFilters = {
      "",          "",           "", "", "", " only ack", " only begin", " only sequenced",
      " only end", " only error"};
  const std::uint64_t drawn = seat.random.below(kFilters.size());
  if (drawn + 1 < kFilters.size()) return std::string(kFilters.at(drawn));
  const auto types = static_cast<std::uint64_t>(seat.message_types.size());
  return types == 0 ? ""
                    : fmt::format(" only type [{}]", seat.message_types[seat.random.below(types)]);
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
constexpr auto kInCommit = FaultKind::Ends::in_commit;
constexpr auto kHarm = FaultKind::Effect::harm;
constexpr auto kLateness = FaultKind::Effect::lateness;
constexpr auto kCure = FaultKind::Effect::cure;
constexpr auto kClock = FaultKind::Effect::clock;

constexpr std::array kKinds = {
    FaultKind{"hop.loss", kPair, kNothing, kHarm,
              [](const FaultSeat& s) { return hop(s, "loss " + percent(s)); }, "heal", "", "",
              "hop.lost"},
    FaultKind{"hop.duplicate", kPair, kNothing, kHarm,
              [](const FaultSeat& s) { return hop(s, "duplicate " + percent(s)); }, "heal", "", "",
              "hop.repeated"},
    FaultKind{"hop.reorder", kPair, kNothing, kHarm,
              [](const FaultSeat& s) { return hop(s, "reorder " + percent(s)); }, "heal", "", "",
              "hop.reordered"},
    // What is changed must be refused: only where every dialog is secured.
    FaultKind{"hop.corrupt", kPair, kNothing, kHarm,
              [](const FaultSeat& s) { return hop(s, "corrupt " + percent(s)); }, "heal", "", "",
              "hop.corrupted", true},
    FaultKind{"hop.delay", kPair, kNothing, kLateness,
              [](const FaultSeat& s) { return hop(s, delay(s)); }, "heal", "", "", "hop.delayed"},
    FaultKind{"link.delay", kPair, kNothing, kLateness,
              [](const FaultSeat& s) { return link(s, delay(s)); }, "heal", "", "",
              "network.delayed"},
    // Slower than this, a message of 10 MB is under way for longer than a cure is given time.
    FaultKind{"link.bandwidth", kPair, kNothing, kHarm,
              [](const FaultSeat& s) {
                return link(s, fmt::format("bandwidth {}kB/s", log_between(s.random, 200, 10'000)));
              },
              "heal", "", "", "network.slowed"},
    FaultKind{"link.stall", kPair, kNothing, kHarm,
              [](const FaultSeat& s) {
                return link(s, fmt::format("stall {}ms", log_between(s.random, 100, 60'000)));
              },
              "heal", "", "", "network.stalled"},
    FaultKind{"link.jitter", kPair, kNothing, kHarm,
              [](const FaultSeat& s) {
                return link(s, fmt::format("jitter {}ms", log_between(s.random, 1, 2000)));
              },
              "heal", "", "", "network.jittered"},
    FaultKind{"link.clog", kPair, kNothing, kHarm,
              [](const FaultSeat& s) {
                return link(s, fmt::format("clog {}ms", log_between(s.random, 100, 30'000)));
              },
              "heal", "", "", "network.clogged"},
    FaultKind{"link.refused", kPair, kNothing, kHarm,
              [](const FaultSeat& s) { return link(s, "connect refused"); }, "heal", "", "",
              "network.connect_refused"},
    FaultKind{"link.lost", kPair, kNothing, kHarm,
              [](const FaultSeat& s) { return link(s, "connect lost"); }, "heal", "", "",
              "network.connect_lost"},
    FaultKind{"link.cut", kPair, kNothing, kHarm, [](const FaultSeat& s) { return link(s, "cut"); },
              "heal", "", "", "network.cut"},
    FaultKind{"link.corrupt", kPair, kNothing, kHarm,
              [](const FaultSeat& s) { return link(s, "corrupt"); }, "heal", "", "",
              "network.corrupted"},
    FaultKind{"partition", kPair, kNothing, kHarm,
              [](const FaultSeat& s) { return fmt::format("partition {} | {}", s.from, s.to); },
              "heal", "", "", "network.partitioned"},
    FaultKind{"partition.one_way", kPair, kNothing, kHarm,
              [](const FaultSeat& s) { return fmt::format("partition {} -> {}", s.from, s.to); },
              "heal", "", "", "network.partitioned"},
    FaultKind{"swizzle", kPair, kNothing, kHarm,
              [](const FaultSeat& s) {
                return fmt::format("swizzle {} | {} for {}ms", s.from, s.to,
                                   log_between(s.random, 100, 120'000));
              },
              "heal", "", "", "network.swizzled"},
    FaultKind{"heal", kPair, kNothing, kCure, [](const FaultSeat&) { return std::string("heal"); },
              "", "", "", ""},
    FaultKind{"disk.slow", kNode, kNothing, kHarm,
              [](const FaultSeat& s) { return fmt::format("disk {} slow", s.from); }, "",
              "disk {} ok", "", "storage.slowed"},
    FaultKind{"disk.torn", kNode, kNothing, kHarm,
              [](const FaultSeat& s) { return fmt::format("disk {} torn", s.from); }, "",
              "disk {} ok", "", "storage.torn"},
    FaultKind{"disk.full", kNode, kAnyTime, kHarm,
              [](const FaultSeat& s) { return fmt::format("disk {} full", s.from); }, "",
              "disk {} ok", "restart {}", "storage.failed"},
    FaultKind{"disk.fails", kNode, kInCommit, kHarm,
              [](const FaultSeat& s) {
                static constexpr std::array<std::string_view, 3> kCalls = {"read", "write", "sync"};
                const std::string_view call = kCalls.at(s.random.below(kCalls.size()));
                // An instance reads little: most of what it needs is in memory.
                return fmt::format("disk {} fails {} {}", s.from, call,
                                   log_between(s.random, 1, call == "read" ? 3 : 30));
              },
              "", "disk {} ok", "restart {}", "storage.failed"},
    FaultKind{"disk.unreadable", kNode, kAnyTime, kHarm,
              [](const FaultSeat& s) { return fmt::format("disk {} unreadable", s.from); }, "",
              "disk {} ok", "restart {}", "storage.read_failed"},
    FaultKind{"clock.drift", kNode, kNothing, kClock,
              [](const FaultSeat& s) {
                return fmt::format("drift {} {}{}ppm", s.from, s.random.chance(0.5) ? "+" : "-",
                                   log_between(s.random, 1, s.is_extreme ? 10'000 : 300));
              },
              "drift {} +0ppm", "", "", "clock.drifts"},
    // Less than what is left of the time for retries: those of a clock that is set back are later
    // by as much.
    FaultKind{"clock.jump", kNode, kNothing, kClock,
              [](const FaultSeat& s) {
                return fmt::format("jump {} {}{}ms", s.from, s.random.chance(0.5) ? "+" : "-",
                                   log_between(s.random, 1, 20'000));
              },
              "", "", "", "clock.jumped"},
    FaultKind{"crash", kNode, kAtOnce, kHarm,
              [](const FaultSeat& s) { return fmt::format("crash {}", s.from); }, "", "",
              "restart {}", "node.crashed"},
    FaultKind{"crash.at_write", kNode, kInCommit, kHarm,
              [](const FaultSeat& s) {
                return fmt::format("crash {} after write {}", s.from,
                                   log_between(s.random, 1, s.is_extreme ? 300 : 30) - 1);
              },
              "", "disk {} ok", "restart {}", "storage.failed"},
    FaultKind{"crash.at_sync", kNode, kInCommit, kHarm,
              [](const FaultSeat& s) {
                return fmt::format("crash {} after sync {}", s.from,
                                   log_between(s.random, 1, s.is_extreme ? 60 : 10) - 1);
              },
              "", "disk {} ok", "restart {}", "storage.failed"},
    FaultKind{"restart", kNode, kAtOnce, kHarm,
              [](const FaultSeat& s) { return fmt::format("restart {}", s.from); }, "", "",
              "restart {}", "node.stopped"},
};

}  // namespace

std::span<const FaultKind> fault_kinds() {
  return kKinds;
}

}  // namespace ssb::sim::sweep
