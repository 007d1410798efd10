#include "sim/load/soak.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "sim/load/clock.h"
#include "sim/load/faulty_link.h"

namespace ssb::sim::load {
namespace {

constexpr Nanoseconds kGap = 30 * kSecond;
constexpr std::size_t kKinds = 6;
constexpr std::size_t kFaultsMin = kKinds;  // each once
constexpr double kKillsUntil = 0.5;  // of the time; each node is killed at least once all the same
constexpr double kQuietFrom = 2.0 / 3;  // of the gap that follows a fault

bool is_kill(FaultKind kind) {
  return kind == FaultKind::kill_target || kind == FaultKind::kill_initiator;
}
bool has_certificate(FaultKind kind, Security security) {
  switch (kind) {
    case FaultKind::replace_target_certificate: return security != Security::none;
    case FaultKind::replace_initiator_certificate: return security == Security::full;
    case FaultKind::cut:
    case FaultKind::kill_target:
    case FaultKind::stall:
    case FaultKind::kill_initiator: return true;
  }
  return true;
}

class Soak {
 public:
  explicit Soak(const SoakOptions& options)
      : options_(options),
        link_({{.listen_address = loopback_address(4),
                .to_address = address_of(Side::initiator),
                .port = kLoadPort},
               {.listen_address = loopback_address(5),
                .to_address = address_of(Side::target),
                .port = kLoadPort}}),
        nodes_(
            options.run,
            [this](Side side, const Measures& measures, Nanoseconds at) {
              add(side, measures, at);
            },
            [this](Side side, const Measures& measures, Nanoseconds) {
              total(side).add(measures);
            }) {
    result_.workload = options.run.workload;
    result_.found_per_second = options.found_per_second;
  }

  SoakResult run() {
    nodes_.start();
    nodes_.set_up(
        [](Side heard_at) { return loopback_address(heard_at == Side::initiator ? 4 : 5); });
    phases_ = nodes_.begin();
    try {
      go_on();
    } catch (const LoadFailure&
                 failure) {  // a node that ends by itself, or answers no more, is a finding by now
      nodes_.violate(failure.what());
    }
    return whole();
  }

 private:
  void go_on() {
    for (const Fault& fault :
         soak_plan(options_.run.workload.duration, options_.run.workload.security)) {
      listen_until(phases_.measured_from + fault.at);
      if (nodes_.is_over()) break;
      inflict(fault.kind);
    }
    listen_until(phases_.measured_until + kSecond / 2);
    nodes_.drain();
    nodes_.finish();
  }
  Measures& total(Side side) {
    LoadResult& load = nodes_.result();
    return side == Side::initiator ? load.total.initiator : load.total.target;
  }
  void listen_until(Nanoseconds at) {
    nodes_.hear(at, [this] { return nodes_.is_over(); });
  }
  [[nodiscard]] Nanoseconds now() const { return monotonic_now() - phases_.measured_from; }

  // ---- faults ----
  void inflict(FaultKind kind) {
    result_.faults.push_back({kind, now()});
    switch (kind) {
      case FaultKind::replace_target_certificate: replace(Side::target); break;
      case FaultKind::replace_initiator_certificate: replace(Side::initiator); break;
      case FaultKind::cut: link_.cut(); break;
      case FaultKind::stall: link_.stall(); break;
      case FaultKind::kill_target: kill(Side::target); break;
      case FaultKind::kill_initiator: kill(Side::initiator); break;
    }
    say(fmt::format("{:.1f} s: {}",
                    static_cast<double>(result_.faults.back().at) / static_cast<double>(kSecond),
                    name(kind)));
  }
  void kill(Side side) {
    nodes_.kill(side);
    nodes_.restart(side);
    (side == Side::initiator ? result_.initiator_life : result_.target_life) =
        static_cast<std::size_t>(std::max<Nanoseconds>(0, now()) / kSecond) + 1;
  }
  void replace(Side side) {
    const Rollover rollover = rollover_of(side, ++rollovers_[static_cast<std::size_t>(side)]);
    nodes_.batch(side, rollover.make);
    nodes_.copy_file(side, rollover.file);
    nodes_.batch(other(side), rollover.take);
    nodes_.batch(side, rollover.activate);
    if (rollover.drop_own.empty()) return;
    nodes_.batch(side, rollover.drop_own);
    nodes_.batch(other(side), rollover.drop_taken);
  }

  // ---- what is measured ----
  void add(Side side, const Measures& measures, Nanoseconds at) {
    total(side).add(measures);
    // Told at the end of its second, or a little later when the node was busy.
    const auto index = static_cast<std::size_t>(
        std::max<Nanoseconds>(0, (at - phases_.measured_from + kSecond / 2) / kSecond - 1));
    if (result_.seconds.size() <= index) result_.seconds.resize(index + 1);
    SoakSecond& second = result_.seconds[index];
    if (side == Side::initiator) {
      second.sent += measures.messages;
      second.initiator_kb = measures.resident_kb;
      return;
    }
    // Whole histograms of every second would be the largest thing here.
    const auto ms = [&](double percent) {
      return static_cast<double>(measures.to_receive.percentile(percent)) / 1e6;
    };
    second.received += measures.messages;
    second.target_kb = measures.resident_kb;
    second.p50_ms = std::max(second.p50_ms, ms(50));
    second.p99_ms = std::max(second.p99_ms, ms(99));
    nodes_.result().total.seconds = static_cast<double>(index + 1);
    say(fmt::format("{} s: {}/s, p50 {:.2f} ms, p99 {:.2f} ms", index + 1, second.received,
                    second.p50_ms, second.p99_ms));
  }
  void say(const std::string& line) {
    if (options_.on_line) options_.on_line(line);
  }

  // Whether nothing was done for so long that it should be over, and nothing is for the rest of that second.
  [[nodiscard]] bool is_quiet(std::size_t second) const {
    const Nanoseconds begin = static_cast<Nanoseconds>(second) * kSecond;
    const Nanoseconds end = begin + kSecond;
    const std::size_t count = result_.faults.size();
    if (count == 0) return true;
    if (end <= result_.faults.front().at) return true;
    for (std::size_t i = 0; i < count; ++i) {
      const Nanoseconds at = result_.faults[i].at;
      const Nanoseconds next =
          i + 1 < count ? result_.faults[i + 1].at : options_.run.workload.duration;
      const auto recovered =
          at + static_cast<Nanoseconds>(static_cast<double>(next - at) * kQuietFrom);
      if (begin >= recovered && end <= next) return true;
    }
    return false;
  }

  SoakResult whole() {
    for (std::size_t i = 0; i < result_.seconds.size(); ++i)
      result_.seconds[i].is_quiet = is_quiet(i);
    result_.load = std::move(nodes_.result());
    return std::move(result_);
  }

  const SoakOptions& options_;
  FaultyLink link_;  // before the nodes: they are told its addresses
  SoakResult result_;
  std::array<int, 2> rollovers_{};
  Phases phases_;
  NodePair nodes_;
};

}  // namespace

const char* name(FaultKind kind) {
  switch (kind) {
    case FaultKind::replace_target_certificate: return "the target's certificate replaced";
    case FaultKind::cut: return "connections cut";
    case FaultKind::kill_target: return "the target killed and started again";
    case FaultKind::stall: return "the network held up";
    case FaultKind::replace_initiator_certificate: return "the initiator's certificate replaced";
    case FaultKind::kill_initiator: return "the initiator killed and started again";
  }
  return "";
}

std::vector<Fault> soak_plan(Nanoseconds duration, Security security) {
  const auto gaps =
      std::max<std::size_t>(kFaultsMin + 1, static_cast<std::size_t>(duration / kGap));
  const Nanoseconds gap = duration / static_cast<Nanoseconds>(gaps);
  std::vector<Fault> out;
  std::size_t next = 0;
  for (std::size_t i = 1; i < gaps; ++i) {
    const Nanoseconds at = gap * static_cast<Nanoseconds>(i);
    const auto fits = [&](FaultKind kind) {
      const bool is_late = static_cast<double>(at) > kKillsUntil * static_cast<double>(duration);
      return has_certificate(kind, security) && !(is_kill(kind) && is_late && i > kFaultsMin);
    };
    while (!fits(static_cast<FaultKind>(next % kKinds))) ++next;
    out.push_back({static_cast<FaultKind>(next++ % kKinds), at});
  }
  return out;
}

SoakResult run_soak(const SoakOptions& options) {
  return Soak(options).run();
}

}  // namespace ssb::sim::load
