// Plays a run again up to a place, with a cure after it or without. Private to this folder.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/doctor/doctor.h"
#include "sim/scenario/report.h"
#include "sim/why/why.h"

namespace ssb::sim::why {

struct Play {
  std::unique_ptr<scenario::Simulation> simulation;  // goes on where the steps end
  scenario::Report report;
  std::size_t record_mark = 0;  // records before the cure
  proto::TimePoint stopped{};   // when the cure began
  std::string problem;          // the cure does not run
};

// The steps of the subject; what is under way is let come to rest; the cure; and then one of the steps once more.
[[nodiscard]] Play play(const Subject& subject, const std::vector<std::string>& cure,
                        std::optional<std::size_t> again = std::nullopt);

// The instances as they stand, for the doctor.
[[nodiscard]] doctor::Instances instances_of(const scenario::Simulation& simulation);

}  // namespace ssb::sim::why
