// The machine's disk, with what is written to it and how often it is told to make that durable counted: what a load says of its store.
//
//   Units   calls and bytes. A sync is one fsync or fdatasync, of a file or of the folder; what SQLite syncs beside a file when it makes
//           one (its folder, once) is not seen.
//   Why     beside the store and not in it: a node that nobody measures pays nothing.
//   Source  our own; https://www.sqlite.org/vfs.html.
#pragma once

#include <cstdint>
#include <memory>

#include "broker/store/disk.h"

namespace ssb::broker::store {

struct DiskCounts {
  std::uint64_t writes = 0;
  std::uint64_t bytes_written = 0;
  std::uint64_t reads = 0;
  std::uint64_t bytes_read = 0;
  std::uint64_t syncs = 0;
};

// `counts` must outlive the disk; it is changed by the thread that uses the store, and by no other.
[[nodiscard]] std::shared_ptr<Disk> make_counting_disk(DiskCounts& counts);

}  // namespace ssb::broker::store
