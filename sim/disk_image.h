// What is on a simulated disk: named files, what a reader of them sees, and what a loss of power
// may still take back.
//
//   Shape   a file: contents | changes since its last sync, each with what it replaced; what it wrote stands in the contents, or
//           in what a later change replaced
//           names:  as seen | as durable | changes since the last sync of their folder
//           A name is absolute and normal: "/node/5.ssb"; "/" is there always.
//   Units   bytes; a disk writes kSectorBytes wholly or not at all, unless it tears.
//   Source  our own. The guarantees are POSIX's alone: fsync of a file makes its bytes and its size
//           durable, fsync of a folder the names in it, and nothing else orders anything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "broker/crypto/digest.h"
#include "proto/bytes.h"

namespace ssb::sim {

inline constexpr std::uint64_t kSectorBytes = 512;
// Of one file: a disk's cache is finite. Beyond it the oldest changes become durable by themselves.
inline constexpr std::size_t kCachedBytesMax = std::size_t{8} << 20;
inline constexpr std::size_t kNameChangesMax = 1024;

using Draw = std::function<std::uint64_t()>;

// Bytes that grow without being moved; what was never written is zero.
class Blocks {
 public:
  [[nodiscard]] std::uint64_t size() const { return size_; }
  void resize(std::uint64_t size);
  // Within the size, both.
  void read(std::uint64_t offset, std::span<std::uint8_t> to) const;
  void write(std::uint64_t offset, proto::ByteView bytes);
  [[nodiscard]] std::uint8_t& at(std::uint64_t offset) {
    return blocks_[offset / kBlockBytes][offset % kBlockBytes];
  }
  [[nodiscard]] proto::Bytes copy(std::uint64_t offset, std::uint64_t bytes) const;

 private:
  static constexpr std::size_t kBlockBytes = std::size_t{16} << 10;
  // Calls work(from, to, bytes of the block) for each block of the range, in order; from and to count from the range's start.
  template <typename Work>
  static void each_block(std::uint64_t offset, std::size_t bytes, Work work);

  std::vector<std::unique_ptr<std::uint8_t[]>> blocks_;
  std::uint64_t size_ = 0;
};

class FileImage {
 public:
  [[nodiscard]] std::uint64_t size() const { return contents_.size(); }
  // How many bytes there were to read; fewer than asked for at the end of the file.
  [[nodiscard]] std::size_t read(std::uint64_t offset, std::span<std::uint8_t> to) const;
  void write(std::uint64_t offset, proto::ByteView bytes);
  void resize(std::uint64_t size);
  void sync();

  // Goes back to the durable state, then lets some of the changes survive: none, all, the first
  // ones, or any of them sector by sector. A disk that tears may cut the last write at any byte: true
  // when it did.
  bool lose_power(const Draw& draw, bool tears);
  // Flips bits of a durable byte. False when there is no such byte.
  bool rot(std::uint64_t offset, std::uint8_t mask);

  // Of what is seen and what is durable.
  void add_digest(proto::Bytes& out) const;

 private:
  struct Change {
    std::uint64_t offset;
    std::uint64_t size_before;
    std::size_t size;     // of what was written
    proto::Bytes before;  // from offset on, as far as the file went
    bool is_resize;       // to `offset`
  };

  void keep(Change change);
  void apply(const Change& change, proto::ByteView after, std::size_t from, std::size_t to);
  void apply_sectors(const Change& change, proto::ByteView after, const Draw& draw);
  // What it wrote, while every later change is undone.
  [[nodiscard]] proto::Bytes after(const Change& change) const;
  void undo(const Change& change);

  Blocks contents_;
  std::deque<Change> changes_;
  std::size_t cached_bytes_ = 0;
};

class DiskImage {
 public:
  [[nodiscard]] bool exists(const std::string& name) const { return names_.contains(name); }
  [[nodiscard]] bool has_folder(const std::string& name) const { return has_folder(names_, name); }
  // nullptr when there is no such file.
  [[nodiscard]] std::shared_ptr<FileImage> find(const std::string& name) const;
  // Its folder must exist, the name must not.
  std::shared_ptr<FileImage> create(const std::string& name);
  void make_folder(const std::string& name);
  void remove(const std::string& name);
  // The last parts of the names in a folder, in order.
  [[nodiscard]] std::vector<std::string> list(const std::string& folder) const;
  [[nodiscard]] std::vector<std::string> files() const;
  void sync_folder(const std::string& folder);

  // How many writes were torn.
  std::uint64_t lose_power(const Draw& draw, bool tears);

  [[nodiscard]] std::uint64_t used_bytes() const;
  [[nodiscard]] broker::crypto::Sha256Digest fingerprint() const;

  [[nodiscard]] static std::string folder_of(const std::string& name);

 private:
  struct Entry {
    bool is_there = true;
    std::shared_ptr<FileImage> file{};  // none of a folder
  };
  struct NameChange {
    std::string name;
    Entry entry;
  };
  using Names = std::map<std::string, Entry>;

  [[nodiscard]] static bool has_folder(const Names& names, const std::string& name);
  static void apply(Names& names, const NameChange& change);
  void change(const std::string& name, Entry entry);

  Names names_;
  Names durable_names_;
  std::deque<NameChange> changes_;
};

}  // namespace ssb::sim
