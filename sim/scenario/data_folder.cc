#include "sim/scenario/data_folder.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/crypto/random.h"

namespace ssb::sim::scenario {
namespace {

constexpr std::size_t kMachineKeyBytes = 32;

[[noreturn]] void fail(const std::filesystem::path& path, const char* what) {
  throw FolderError(fmt::format("'{}' {}: {}", path.string(), what, std::strerror(errno)));
}

proto::Secret read_key(int descriptor, const std::filesystem::path& path) {
  struct stat facts {};
  if (::fstat(descriptor, &facts) != 0) fail(path, "cannot be read");
  if ((facts.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    throw FolderError(
        fmt::format("'{}' may be read by others; chmod 600 it, or begin with a new data folder",
                    path.string()));
  }
  proto::Secret key(kMachineKeyBytes);
  if (::read(descriptor, key.writable().data(), key.size()) != static_cast<ssize_t>(key.size())) {
    throw FolderError(fmt::format("'{}' is not a machine key: it has fewer than {} bytes",
                                  path.string(), kMachineKeyBytes));
  }
  return key;
}

}  // namespace

proto::Secret DataFolder::prepare() const {
  std::filesystem::create_directories(store());
  std::filesystem::create_directories(files());
  const std::filesystem::path path = machine_key();
  std::filesystem::create_directories(path.parent_path());
  std::filesystem::permissions(path.parent_path(), std::filesystem::perms::owner_all);
  const int existing = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (existing >= 0) {
    try {
      proto::Secret key = read_key(existing, path);
      ::close(existing);
      return key;
    } catch (...) {
      ::close(existing);
      throw;
    }
  }
  if (errno != ENOENT) fail(path, "cannot be opened");
  broker::crypto::check_random();  // before the first key of all
  proto::Secret key = broker::crypto::random_secret(kMachineKeyBytes);
  const int created =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (created < 0) fail(path, "cannot be made");
  const bool written =
      ::write(created, key.view().data(), key.size()) == static_cast<ssize_t>(key.size()) &&
      ::fsync(created) == 0;
  if (::close(created) != 0 || !written) fail(path, "cannot be written");
  return key;
}

}  // namespace ssb::sim::scenario
