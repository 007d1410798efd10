// What a soak has shown: FAILED when a message was lost or repeated or something grew, INVALID when it could not show it, else VALID.
//
//   Memory   each node's last life, once each kind of fault that comes in it has come: the median of the first quarter against that
//            of the last. Backlogs and RSA keys take memory that a process keeps.
//   Latency  the medians of send to receive of quiet seconds: those of the first quarter of the time against those of the last.
//   Source   our own limits.
#pragma once

#include <string>
#include <vector>

#include "sim/load/soak.h"

namespace ssb::sim::load {

inline constexpr double kMemoryGrowthMax = 1.05;
inline constexpr double kLatencyGrowthMax = 1.5;
inline constexpr double kLatencyGrowthLeastMs = 1;  // a difference below it is none
inline constexpr std::size_t kMemorySecondsMin = 60;
inline constexpr std::size_t kQuietSecondsMin = 5;  // in a quarter

struct Growth {
  double first = 0, last = 0;  // medians
  std::size_t samples_first = 0, samples_last = 0;
};

struct SoakVerdict {
  std::vector<std::string> failures;  // FAILED
  std::vector<std::string> reasons;   // INVALID
  Growth initiator_kb, target_kb, latency_ms;

  [[nodiscard]] const char* text() const;  // "VALID", "INVALID" or "FAILED"
  [[nodiscard]] int exit_code() const;     // 0, 4, 1
};
[[nodiscard]] SoakVerdict judge(const SoakResult& result);

[[nodiscard]] std::string text_of(const SoakResult& result, const SoakVerdict& verdict);
// JSON lines: "header", a "fault" and a "second" each, "summary".
[[nodiscard]] std::string json_of(const SoakResult& result, const SoakVerdict& verdict,
                                  const boost::json::object& header);

}  // namespace ssb::sim::load
