#include "sim/cli/processors.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <vector>

#include <sched.h>

namespace ssb::sim::cli {
namespace {

namespace fs = std::filesystem;

std::string first_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

std::optional<double> number(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || value <= 0) return std::nullopt;
  return value;
}

// The folders of our group and of those above it, below the mount of one controller.
std::vector<fs::path> groups(const fs::path& root, const std::string& controllers,
                             const fs::path& mount) {
  std::vector<fs::path> out;
  std::ifstream in(root / "proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {  // "0::/a/b", "4:cpu,cpuacct:/a/b"
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string of = line.substr(first + 1, second - first - 1);
    if (controllers.empty() ? !of.empty()
                            : ("," + of + ",").find("," + controllers + ",") == std::string::npos)
      continue;
    fs::path group = fs::path(line.substr(second + 1)).relative_path();
    for (; !group.empty(); group = group.parent_path()) out.push_back(mount / group);
  }
  out.push_back(mount);
  return out;
}

}  // namespace

std::optional<int> processors_of_quota(const std::string& text) {
  const std::size_t blank = text.find(' ');
  if (blank == std::string::npos) return std::nullopt;
  const auto quota = number(text.substr(0, blank));
  const auto period = number(text.substr(blank + 1));
  if (!quota || !period) return std::nullopt;  // "max", -1
  return std::max(1, static_cast<int>(std::ceil(*quota / *period)));
}

int usable_processors(const fs::path& root) {
  int count = 1;
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (::sched_getaffinity(0, sizeof(mask), &mask) == 0) count = std::max(1, CPU_COUNT(&mask));
  const auto bound = [&](const std::string& quota) {
    if (const auto processors = processors_of_quota(quota)) count = std::min(count, *processors);
  };
  for (const fs::path& group : groups(root, "", root / "sys/fs/cgroup"))
    bound(first_line(group / "cpu.max"));
  for (const fs::path& group : groups(root, "cpu", root / "sys/fs/cgroup/cpu"))
    bound(first_line(group / "cpu.cfs_quota_us") + " " + first_line(group / "cpu.cfs_period_us"));
  return count;
}

}  // namespace ssb::sim::cli
