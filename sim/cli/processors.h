// How many processors this process may really use.
//
//   Source  sched_getaffinity(2); cgroup v2's cpu.max ("max 100000", "150000 100000") and v1's cpu.cfs_quota_us and cpu.cfs_period_us.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace ssb::sim::cli {

// Of "quota period"; nullopt: no bound. At least 1.
[[nodiscard]] std::optional<int> processors_of_quota(const std::string& text);
// The smallest of the affinity mask and every quota from our own group up to the root. `root` is "/" outside of tests.
[[nodiscard]] int usable_processors(const std::filesystem::path& root);

}  // namespace ssb::sim::cli
