// How FOR XML writes one row: handed from the translation to the function that runs inside SQLite.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/tsql/types.h"

namespace ssb::broker::tsql {

struct ForXmlRow {
  bool is_path = false;
  bool has_elements = false;  // of RAW and AUTO: columns as elements, not as attributes
  std::string element;        // around each row; "" = none
  std::vector<std::pair<std::string, DataType>> columns;

  [[nodiscard]] std::string text() const;
  [[nodiscard]] static ForXmlRow parse(std::string_view text);
};

}  // namespace ssb::broker::tsql
