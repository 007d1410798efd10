#include "sim/cli/processors.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

namespace ssb::sim::cli {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << text << '\n';
}

TEST(ProcessorsTest, AQuotaIsRoundedUp) {
  EXPECT_EQ(processors_of_quota("max 100000"), std::nullopt);
  EXPECT_EQ(processors_of_quota("-1 100000"), std::nullopt);
  EXPECT_EQ(processors_of_quota(""), std::nullopt);
  EXPECT_EQ(processors_of_quota("150000 100000"), 2);
  EXPECT_EQ(processors_of_quota("10000 100000"), 1);
}

TEST(ProcessorsTest, TheNarrowestGroupDecides) {
  std::string name = (fs::temp_directory_path() / "ssb-cgroup-XXXXXX").string();
  const fs::path root = ::mkdtemp(name.data());
  const int all = usable_processors(root);  // no groups: the affinity mask
  EXPECT_GE(all, 1);
  write(root / "proc/self/cgroup", "0::/a/b");
  write(root / "sys/fs/cgroup/a/b/cpu.max", "max 100000");
  write(root / "sys/fs/cgroup/a/cpu.max", "100000 100000");
  EXPECT_EQ(usable_processors(root), 1);

  write(root / "sys/fs/cgroup/a/cpu.max", "max 100000");
  EXPECT_EQ(usable_processors(root), all);
  write(root / "proc/self/cgroup", "4:cpu,cpuacct:/job\n3:memory:/job");
  write(root / "sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "50000");
  write(root / "sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000");
  EXPECT_EQ(usable_processors(root), 1);
  fs::remove_all(root);
}

}  // namespace
}  // namespace ssb::sim::cli
