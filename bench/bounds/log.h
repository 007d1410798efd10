// An append-only log in a preallocated file that is used again from its start: the least that a durable commit has to write.
//
//   Shape   what was appended, one after the other; at the end of the file it goes on at the start. The file is written full of zeros
//           first, so that a flush never has to write the file system's own records (fallocate alone would leave that to the first use).
//   Units   bytes; one flush is one pwrite and one fdatasync.
//   Errors  std::runtime_error. The file is deleted at once and lives as long as it is open.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "bench/bounds/measure.h"

namespace ssb::bench {

class Log {
 public:
  Log(const std::filesystem::path& folder, std::size_t capacity) : capacity_(capacity) {
    std::string name = folder / "durable_bound_XXXXXX";
    file_ = ::mkstemp(name.data());
    require(file_ >= 0 && ::unlink(name.c_str()) == 0, "making the log");
    const Bytes zeros(std::size_t{1} << 20);
    for (std::size_t at = 0; at < capacity_; at += zeros.size())
      require(::pwrite(file_, zeros.data(), zeros.size(), static_cast<off_t>(at)) ==
                  static_cast<ssize_t>(zeros.size()),
              "preallocating the log");
    require(::fsync(file_) == 0, "flushing the log");
  }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  ~Log() { ::close(file_); }

  void append(std::span<const std::uint8_t> bytes) {
    waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
  }
  // What was appended is durable afterwards.
  void flush() {
    if (at_ + waiting_.size() > capacity_) at_ = 0;
    require(::pwrite(file_, waiting_.data(), waiting_.size(), static_cast<off_t>(at_)) ==
                    static_cast<ssize_t>(waiting_.size()) &&
                ::fdatasync(file_) == 0,
            "a flush");
    at_ += waiting_.size();
    written_ += waiting_.size();
    ++flushes_;
    waiting_.clear();
  }
  [[nodiscard]] std::uint64_t flushes() const { return flushes_; }
  [[nodiscard]] std::uint64_t written() const { return written_; }

 private:
  int file_ = -1;
  std::size_t capacity_;
  std::size_t at_ = 0;
  Bytes waiting_;
  std::uint64_t flushes_ = 0;
  std::uint64_t written_ = 0;
};

}  // namespace ssb::bench
