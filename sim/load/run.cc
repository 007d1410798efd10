#include "sim/load/run.h"

#include <algorithm>
#include <array>
#include <utility>

#include "sim/load/node_pair.h"

namespace ssb::sim::load {
namespace {

class Run {
 public:
  explicit Run(const RunOptions& options)
      : options_(options),
        nodes_(
            options,
            [this](Side side, const Measures& measures, Nanoseconds at) {
              add_interval(side, measures, at);
            },
            [this](Side side, const Measures& measures, Nanoseconds) {
              add_histograms(side, measures);
            }) {}

  LoadResult run() {
    nodes_.start();
    if (options_.remote) {
      nodes_.set_up_remote();
    } else {
      nodes_.set_up(&address_of);
    }
    measure();
    nodes_.drain();
    nodes_.finish();
    return std::move(nodes_.result());
  }

 private:
  void measure() {
    const Phases phases = nodes_.begin();
    last_interval_ = phases.measured_from;
    const auto intervals =
        static_cast<std::size_t>((options_.workload.duration + kSecond - 1) / kSecond);
    // Longer than that only when a node does not come to say so.
    nodes_.hear(phases.measured_until + options_.drain_at_most,
                [&] { return nodes_.is_over() || std::min(heard_[0], heard_[1]) >= intervals; });
  }

  void add_interval(Side side, const Measures& measures, Nanoseconds at) {
    LoadResult& result = nodes_.result();
    std::size_t& index = heard_[static_cast<std::size_t>(side)];
    if (result.intervals.size() <= index) result.intervals.emplace_back();
    Interval& interval = result.intervals[index];
    if (side == Side::target) {  // whose count is the throughput
      interval.seconds = static_cast<double>(at - last_interval_) / static_cast<double>(kSecond);
      result.total.seconds += interval.seconds;
      last_interval_ = at;
    }
    (side == Side::initiator ? interval.initiator : interval.target) = measures;
    (side == Side::initiator ? result.total.initiator : result.total.target).add(measures);
    ++index;
    const std::size_t whole = std::min(heard_[0], heard_[1]);
    if (whole > shown_ && options_.on_interval) options_.on_interval(result);
    shown_ = std::max(shown_, whole);
  }
  // What was meant to start in the measured time and was completed later: it counts in the latencies, not in the throughput.
  void add_histograms(Side side, const Measures& measures) {
    LoadResult& result = nodes_.result();
    Measures late;
    late.to_ack = measures.to_ack;
    late.to_receive = measures.to_receive;
    late.round_trip = measures.round_trip;
    late.lag = measures.lag;
    late.peak_kb = measures.peak_kb;
    late.swapped_kb = measures.swapped_kb;
    (side == Side::initiator ? result.total.initiator : result.total.target).add(late);
  }

  const RunOptions& options_;
  std::array<std::size_t, 2> heard_{};  // intervals, by side
  std::size_t shown_ = 0;
  Nanoseconds last_interval_ = 0;
  NodePair nodes_;
};

}  // namespace

const Histogram& latency_of(const Workload& workload, const Interval& interval) {
  if (workload.request_reply) return interval.initiator.round_trip;
  return workload.is_remote ? interval.initiator.to_ack : interval.target.to_receive;
}

double LoadResult::per_second() const {
  return total.seconds > 0 ? static_cast<double>(total.target.messages) / total.seconds : 0;
}

LoadResult run_load(const RunOptions& options) {
  return Run(options).run();
}

}  // namespace ssb::sim::load
