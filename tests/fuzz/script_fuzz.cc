// Scenarios come from strangers: any text must parse or be refused, with every place inside the file.
#include <cstdint>
#include <string>

#include "proto/bytes.h"
#include "proto/check.h"
#include "sim/scenario/script.h"
#include "sim/scenario/splitter.h"
#include "sim/scenario/value_text.h"

// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ssb::sim::scenario;
  const std::string text = ssb::proto::to_string({data, size});
  ScriptOptions options;
  options.read_file = [&](const std::string& path) {
    return path == "self.sql" ? std::optional(text) : std::nullopt;
  };

  const Script script = parse_script("self.sql", text.substr(0, 4096), options);

  const auto lines = static_cast<int>(size) + 1;
  for (const ScriptMessage& message : script.errors)
    SSB_CHECK(message.place.line >= 1 && message.place.line <= lines && !message.text.empty());
  for (const Step& step : script.steps) {
    const auto* batch = std::get_if<Batch>(&step.action);
    if (batch == nullptr) continue;
    SSB_CHECK(!is_blank_batch(batch->text) && batch->repeat > 0);
    SSB_CHECK(!batch->lines.empty() && batch->place_of(1 << 20) == batch->lines.back());
  }
  // Patterns and columns are cut out of the same text.
  static_cast<void>(matches_like(text, text.substr(0, 32)));
  SSB_CHECK(display_width(shortened(text, 10)) <= 10 || display_width(text) <= 10);
  return 0;
}
