#include "sim/scenario/key_pool.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/check.h"
#include "sim/random.h"

namespace ssb::sim::scenario {
namespace {

using broker::crypto::RsaPrivateKey;

constexpr std::string_view kHeader = "ssbsim throw-away RSA keys 2\n";
constexpr std::string_view kAnyVersion = "ssbsim throw-away RSA keys ";
constexpr std::uint64_t kSeed = 0x5353425F4B455953;  // any other would do as well
constexpr std::size_t kRecordHeaderBytes = 8;
constexpr std::uint32_t kKeyBytesMax = 16 * 1024;

// An open and locked file; unlocked when it is closed.
class LockedFile {
 public:
  explicit LockedFile(const std::filesystem::path& path)
      : descriptor_(
            ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR)) {
    if (descriptor_ >= 0 && ::flock(descriptor_, LOCK_EX) != 0) close();
  }
  LockedFile(const LockedFile&) = delete;
  LockedFile& operator=(const LockedFile&) = delete;
  ~LockedFile() { close(); }
  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
  [[nodiscard]] int get() const { return descriptor_; }

 private:
  void close() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }
  int descriptor_;
};

bool read_all(int descriptor, std::uint8_t* out, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::read(descriptor, out, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    out += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

void write_all(int descriptor, proto::ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(descriptor, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0)
      throw std::runtime_error(
          fmt::format("the key pool cannot be written: {}", std::strerror(errno)));
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
}

std::uint32_t get_u32(const std::uint8_t* at) {
  return (std::uint32_t{at[0]} << 24U) | (std::uint32_t{at[1]} << 16U) |
         (std::uint32_t{at[2]} << 8U) | std::uint32_t{at[3]};
}
void put_u32(std::uint8_t* at, std::uint32_t value) {
  for (unsigned i = 0; i < 4; ++i) at[i] = static_cast<std::uint8_t>(value >> (24U - 8U * i));
}

}  // namespace

KeyPool::KeyPool(std::filesystem::path file, Progress on_progress)
    : file_(std::move(file)), on_progress_(std::move(on_progress)) {}

RsaPrivateKey KeyPool::draw(int bits) {
  const std::size_t drawn = drawn_[bits]++;
  // A run that needs more of them than there is choice gets each once.
  const std::size_t number =
      drawn < kChoice ? static_cast<std::size_t>((seed_ - 1 + drawn) % kChoice) : drawn;
  if (number >= size(bits)) fill(bits, number);
  // A new object each time: OpenSSL keeps blinding and the like in the one that was used, which would tell one run from the next.
  auto fresh = RsaPrivateKey::from_pkcs8(keys_[bits].at(number).to_pkcs8().view());
  SSB_CHECK(fresh.has_value());
  return *std::move(fresh);
}

std::size_t KeyPool::size(int bits) const {
  const auto found = keys_.find(bits);
  return found == keys_.end() ? 0 : found->second.size();
}

void KeyPool::fill(int bits, std::size_t wanted) {
  std::error_code ignored;
  if (!file_.empty()) std::filesystem::create_directories(file_.parent_path(), ignored);
  const LockedFile file(file_.empty() ? std::filesystem::path("/nonexistent/pool") : file_);
  if (file.is_open()) read_records(file.get());  // another run may have added some
  while (size(bits) <= wanted) {
    if (on_progress_) {
      on_progress_(fmt::format("making a throw-away RSA-{} key for scenarios ({})", bits,
                               file.is_open() ? file_.string()
                                              : "for this run only: the pool '" + file_.string() +
                                                    "' cannot be opened"));
    }
    Random stream = Random(kSeed).split(fmt::format("RSA-{} number {}", bits, size(bits)));
    const SeededOpenSsl seeded(stream);
    RsaPrivateKey key = RsaPrivateKey::generate(bits);
    if (file.is_open()) append(file.get(), bits, key);
    keys_[bits].push_back(std::move(key));
  }
}

void KeyPool::read_records(int descriptor) {
  std::array<std::uint8_t, kHeader.size()> header{};
  if (::lseek(descriptor, 0, SEEK_END) == 0) write_all(descriptor, proto::as_bytes(kHeader));
  ::lseek(descriptor, 0, SEEK_SET);
  const bool is_whole = read_all(descriptor, header.data(), header.size());
  if (is_whole && proto::as_text(header) != kHeader &&
      proto::as_text(header).starts_with(kAnyVersion)) {
    if (::ftruncate(descriptor, 0) != 0)
      throw std::runtime_error(
          fmt::format("'{}' cannot be begun anew: {}", file_.string(), std::strerror(errno)));
    return read_records(descriptor);
  }
  if (!is_whole || proto::as_text(header) != kHeader) {
    throw std::runtime_error(fmt::format(
        "'{}' is not a key pool of this program; remove it or name another with --key-pool",
        file_.string()));
  }
  if (::fchmod(descriptor, S_IRUSR | S_IWUSR) != 0)
    throw std::runtime_error(fmt::format("'{}' belongs to somebody else", file_.string()));
  std::map<int, std::vector<RsaPrivateKey>> found;
  while (true) {
    const off_t at = ::lseek(descriptor, 0, SEEK_CUR);
    std::array<std::uint8_t, kRecordHeaderBytes> record{};
    if (read_all(descriptor, record.data(), record.size())) {
      const std::uint32_t size = get_u32(record.data() + 4);
      proto::Secret pkcs8(std::min(size, kKeyBytesMax));
      if (size <= kKeyBytesMax && read_all(descriptor, pkcs8.writable().data(), size)) {
        if (auto key = RsaPrivateKey::from_pkcs8(pkcs8.view())) {
          found[static_cast<int>(get_u32(record.data()))].push_back(std::move(*key));
          continue;
        }
      }
    }
    if (::ftruncate(descriptor, at) != 0)
      throw std::runtime_error(
          fmt::format("'{}' cannot be mended: {}", file_.string(), std::strerror(errno)));
    ::lseek(descriptor, at, SEEK_SET);
    break;
  }
  // Only grows while we run, unless somebody removed it: what this run has drawn stays.
  for (auto& [bits, keys] : found) {
    if (keys.size() > size(bits)) keys_[bits] = std::move(keys);
  }
}

void KeyPool::append(int descriptor, int bits, const RsaPrivateKey& key) {
  const proto::Secret pkcs8 = key.to_pkcs8();
  proto::Secret record(kRecordHeaderBytes + pkcs8.size());
  put_u32(record.writable().data(), static_cast<std::uint32_t>(bits));
  put_u32(record.writable().data() + 4, static_cast<std::uint32_t>(pkcs8.size()));
  std::copy(pkcs8.view().begin(), pkcs8.view().end(),
            record.writable().begin() + kRecordHeaderBytes);
  write_all(descriptor, record.view());
}

std::filesystem::path default_key_pool(
    const std::function<std::string(const char* name)>& environment) {
  std::filesystem::path folder = environment("XDG_CACHE_HOME");
  if (folder.empty() && !environment("HOME").empty())
    folder = std::filesystem::path(environment("HOME")) / ".cache";
  return folder.empty() ? folder : folder / "ssbsim" / "scenario-keys";
}

}  // namespace ssb::sim::scenario
