// The files of one simulated instance, as T-SQL names them: 'C:\dir\x.cer', '/dir/x.cer' and 'c:\Dir\X.CER' are the same one.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "broker/catalog/files.h"

namespace ssb::sim {

class MemoryFiles : public broker::catalog::Files {
 public:
  [[nodiscard]] boost::system::result<proto::Bytes, std::string> read(
      std::string_view name) override;
  [[nodiscard]] boost::system::result<void, std::string> create(std::string_view name,
                                                                proto::ByteView contents) override;

 private:
  std::map<std::vector<std::string>, proto::Bytes> files_;  // under their folded components
};

}  // namespace ssb::sim
