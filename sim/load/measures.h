// What the two sides of a load count and time, interval by interval, and how it goes to whoever adds it up.
//
//   Units   nanoseconds. An interval holds what was completed in it; of a latency, only of messages whose intended start was measured.
//   Shape   JSON objects, a histogram as {"max": ns, "buckets": [bucket, count, ...]}.
#pragma once

#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "sim/load/costs.h"
#include "sim/load/histogram.h"
#include "sim/load/workload.h"

namespace ssb::sim::load {

// Of one side; the other side's are empty.
struct Measures {
  std::uint64_t messages = 0;  // committed: SENDs at the initiator, RECEIVEs at the target
  std::uint64_t transactions = 0;
  std::uint64_t dialogs = 0;  // begun, or seen to end
  std::uint64_t flushes = 0;  // durable steps of the store
  Costs costs;
  Nanoseconds cpu = 0;            // of the node, without what drives it
  Nanoseconds generator_cpu = 0;  // making and checking bodies, keeping the schedule
  std::uint64_t peak_kb = 0;      // memory of the process, at most
  std::uint64_t resident_kb = 0;  // at the end of the interval
  std::uint64_t swapped_kb = 0;
  Histogram lag;         // intended start to when the generator was at it
  Histogram to_ack;      // intended start to durable here and acknowledged by the target
  Histogram to_receive;  // intended start to the durable RECEIVE at the target
  Histogram round_trip;  // intended start to the durable RECEIVE of the reply

  void add(const Measures& other);
};

[[nodiscard]] boost::json::object to_json(const Histogram& histogram);
[[nodiscard]] Histogram histogram_of(const boost::json::value& value);
[[nodiscard]] boost::json::object to_json(const Measures& measures);
// Throws std::runtime_error for what is none.
[[nodiscard]] Measures measures_of(const boost::json::object& object);

}  // namespace ssb::sim::load
