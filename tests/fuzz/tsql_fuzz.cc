// Any bytes as a T-SQL batch: no crash, and a failure points into the text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "broker/tsql/parser.h"

// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto batch = ssb::broker::tsql::parse_batch(text);
  if (!batch) {
    const ssb::broker::tsql::SourcePosition& where = batch.error().where;
    if (where.offset + where.length > size || where.line < 1 || where.column < 1) std::abort();
    if (ssb::broker::tsql::caret_line(text, where).empty()) std::abort();
    if (batch.error().error.text().empty()) std::abort();
  }
  return 0;
}
