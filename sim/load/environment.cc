#include "sim/load/environment.h"

#include <chrono>
#include <fstream>
#include <string>

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "proto/time.h"

namespace ssb::sim::load {
namespace {

namespace fs = std::filesystem;

// "name : value" of a file of /proc.
std::string value_in(const char* file, const std::string& name) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(name)) continue;
    const std::size_t colon = line.find(':');
    const std::size_t first = line.find_first_not_of(" \t", colon + 1);
    if (colon != std::string::npos && first != std::string::npos) return line.substr(first);
  }
  return "";
}

std::string first_line(const char* file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

}  // namespace

boost::json::object environment_record(const fs::path& data) {
  utsname system{};
  ::uname(&system);
  struct statfs disk {};
  ::statfs(data.c_str(), &disk);
  const std::string flags = value_in("/proc/cpuinfo", "flags");
  const std::string governor = first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  const auto now = std::chrono::time_point_cast<proto::Duration>(std::chrono::system_clock::now());
  return {{"time", proto::to_iso_text(now)},
          {"cpu", value_in("/proc/cpuinfo", "model name")},
          {"cores", ::sysconf(_SC_NPROCESSORS_ONLN)},
          {"vaes", flags.find(" vaes") != std::string::npos},
          {"virtual", flags.find(" hypervisor") != std::string::npos},
          {"governor", governor.empty() ? "unknown" : governor},
          {"memory", value_in("/proc/meminfo", "MemTotal")},
          {"kernel", fmt::format("{} {} {}", system.sysname, system.release, system.machine)},
          {"load_before", first_line("/proc/loadavg")},
          {"file_system", fmt::format("{:#x}", static_cast<unsigned long>(disk.f_type))},
          {"openssl", OpenSSL_version(OPENSSL_VERSION)},
          {"compiler", __VERSION__}};
}

}  // namespace ssb::sim::load
