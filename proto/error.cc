#include "proto/error.h"

#include <algorithm>
#include <stdexcept>

#include "proto/error_code.h"

namespace ssb::proto {

const std::vector<ErrorRow>& error_rows() {
  static const std::vector<ErrorRow> rows = [] {
    std::vector<ErrorRow> all = {
#define SSB_ERROR(number, severity, name, text) {ErrorCode::name, severity, #name, text},
#include "proto/errors.def"
#undef SSB_ERROR
    };
    std::sort(all.begin(), all.end(),
              [](const ErrorRow& a, const ErrorRow& b) { return a.code < b.code; });
    return all;
  }();
  return rows;
}

const ErrorRow* find_error(std::int32_t number) {
  const auto& rows = error_rows();
  const auto found = std::lower_bound(
      rows.begin(), rows.end(), number,
      [](const ErrorRow& row, std::int32_t n) { return static_cast<std::int32_t>(row.code) < n; });
  if (found == rows.end() || static_cast<std::int32_t>(found->code) != number) return nullptr;
  return &*found;
}

int Error::severity() const {
  if (own_severity) return *own_severity;
  const ErrorRow* row = find_error(number());
  return row == nullptr ? 16 : row->severity;
}

std::string Error::text() const {
  const ErrorRow* row = find_error(number());
  if (row == nullptr) return parameters.empty() ? std::string() : parameters.front();
  std::string out;
  for (const char* at = row->text; *at != '\0'; ++at) {
    const bool parameter = at[0] == '%' && at[1] >= '1' && at[1] <= '9';
    if (!parameter) {
      out.push_back(*at);
      continue;
    }
    ++at;
    const auto index = static_cast<std::size_t>(*at - '1');
    if (index < parameters.size()) out += parameters[index];
  }
  return out;
}

void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::logic_error("unexpected failure " + std::to_string(error.number()) + ": " +
                         error.text());
}

}  // namespace ssb::proto
