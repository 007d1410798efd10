#include "sim/memory_files.h"

#include "proto/sandbox.h"

namespace ssb::sim {
namespace {

constexpr std::size_t kFileBytesMax = std::size_t{1024} * 1024;  // as of real files
constexpr const char* kBadName = "not a name inside this instance's folder";

std::vector<std::string> folded_path(std::string_view name) {
  std::vector<std::string> path = proto::sandbox_components(name);
  for (std::string& component : path) component = proto::folded_component(component);
  return path;
}

}  // namespace

boost::system::result<proto::Bytes, std::string> MemoryFiles::read(std::string_view name) {
  const auto path = folded_path(name);
  if (path.empty()) return std::string(kBadName);
  const auto found = files_.find(path);
  if (found == files_.end()) return std::string("No such file or directory");
  return found->second;
}

boost::system::result<void, std::string> MemoryFiles::create(std::string_view name,
                                                             proto::ByteView contents) {
  auto path = folded_path(name);
  if (path.empty()) return std::string(kBadName);
  if (contents.size() > kFileBytesMax) return std::string("larger than 1 MiB");
  const bool is_new = files_.try_emplace(std::move(path), contents.begin(), contents.end()).second;
  if (!is_new) return std::string("File exists");
  return {};
}

}  // namespace ssb::sim
