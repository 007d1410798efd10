// Files as T-SQL names them ('C:\HOST_A_cert.cer'); a host maps them into a node's own folder, and no name leads out of it.
#pragma once

#include <string_view>

#include "proto/bytes.h"
#include "proto/error.h"

namespace ssb::broker::catalog {

class Files {
 public:
  virtual ~Files() = default;
  // The contents, or a reason as text ("no such file", "larger than 64 KiB").
  [[nodiscard]] virtual boost::system::result<proto::Bytes, std::string> read(
      std::string_view name) = 0;
  // Creates the file, durably; refuses when it exists.
  [[nodiscard]] virtual boost::system::result<void, std::string> create(
      std::string_view name, proto::ByteView contents) = 0;
};

}  // namespace ssb::broker::catalog
