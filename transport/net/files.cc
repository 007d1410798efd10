// The sandbox folder of a node: T-SQL file names lead into it and nowhere else.
//
//   Every component is opened relative to the one before it, and none may be a symbolic link: what stands in the folder cannot lead out
//   either. Files are created whole and durable, or not at all. Case does not tell names apart, as on Windows: what is spelled exactly so
//   comes first, then the first in the order of bytes of those that differ from it in case alone.
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/sandbox.h"
#include "transport/net/host.h"

namespace ssb::net {
namespace {

constexpr std::size_t kFileBytesMax = std::size_t{1024} * 1024;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }
  [[nodiscard]] int get() const { return number_; }

 private:
  int number_;
};

std::string reason() {
  return std::generic_category().message(errno);
}

// How the folder spells an entry that is named with whatever case; as given when it has none.
std::string spelled_in(const Descriptor& folder, const std::string& component) {
  struct stat facts {};
  if (::fstatat(folder.get(), component.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0)
    return component;
  const int listed = ::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* entries = listed < 0 ? nullptr : ::fdopendir(listed);
  if (entries == nullptr) {
    if (listed >= 0) ::close(listed);
    return component;
  }
  const std::string wanted = proto::folded_component(component);
  std::string best;
  while (const dirent* entry = ::readdir(entries)) {
    const std::string name = entry->d_name;
    const bool is_better = best.empty() || name < best;
    if (is_better && proto::folded_component(name) == wanted) best = name;
  }
  ::closedir(entries);
  return best.empty() ? component : best;
}

// The folder that the last component stands in, opened step by step; made on the way when `create`.
Descriptor open_folder(const std::filesystem::path& root,
                       const std::vector<std::string>& components, bool create) {
  if (create) {
    std::error_code ignored;  // the open below tells what is wrong
    std::filesystem::create_directories(root, ignored);
  }
  Descriptor folder(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (std::size_t i = 0; folder.is_open() && i + 1 < components.size(); ++i) {
    const std::string component = spelled_in(folder, components[i]);
    if (create && ::mkdirat(folder.get(), component.c_str(), 0700) != 0 && errno != EEXIST)
      return Descriptor(-1);
    folder = Descriptor(
        ::openat(folder.get(), component.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  }
  return folder;
}

bool write_all(int file, proto::ByteView contents) {
  while (!contents.empty()) {
    const ssize_t written = ::write(file, contents.data(), contents.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    contents = contents.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

constexpr const char* kBadName = "not a name inside this instance's folder";

}  // namespace

std::filesystem::path SandboxFiles::path_of(std::string_view name) const {
  std::filesystem::path path = folder_;
  const auto components = proto::sandbox_components(name);
  if (components.empty()) return {};
  for (const std::string& component : components) path /= component;
  return path;
}

boost::system::result<proto::Bytes, std::string> SandboxFiles::read(std::string_view name) {
  const auto components = proto::sandbox_components(name);
  if (components.empty()) return std::string(kBadName);
  const Descriptor folder = open_folder(folder_, components, false);
  if (!folder.is_open()) return reason();
  // O_NONBLOCK: a pipe of that name must not hold the node up.
  const Descriptor file(::openat(folder.get(), spelled_in(folder, components.back()).c_str(),
                                 O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.is_open()) return reason();
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return reason();
  if (!S_ISREG(facts.st_mode)) return std::string("not a regular file");
  proto::Bytes contents;
  std::array<std::uint8_t, 16384> block{};
  for (;;) {
    const ssize_t got = ::read(file.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return reason();
    if (got == 0) return contents;
    contents.insert(contents.end(), block.begin(), block.begin() + got);
    if (contents.size() > kFileBytesMax) return std::string("larger than 1 MiB");
  }
}

boost::system::result<void, std::string> SandboxFiles::create(std::string_view name,
                                                              proto::ByteView contents) {
  const auto components = proto::sandbox_components(name);
  if (components.empty()) return std::string(kBadName);
  if (contents.size() > kFileBytesMax) return std::string("larger than 1 MiB");
  const Descriptor folder = open_folder(folder_, components, true);
  if (!folder.is_open()) return reason();
  const std::string spelled = spelled_in(folder, components.back());
  const char* last = spelled.c_str();
  const Descriptor file(
      ::openat(folder.get(), last, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.is_open()) return reason();
  if (!write_all(file.get(), contents) || ::fsync(file.get()) != 0 || ::fsync(folder.get()) != 0) {
    std::string why = reason();
    ::unlinkat(folder.get(), last, 0);
    return why;
  }
  return {};
}

}  // namespace ssb::net
