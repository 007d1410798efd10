#include "sim/scenario/script.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "proto/bytes.h"
#include "sim/scenario/script_parser.h"
#include "sim/scenario/splitter.h"

namespace ssb::sim::scenario {
namespace {

// UTF-8 of a file as editors write it: with a byte order mark, or in UTF-16.
std::string to_utf8(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) return std::string(text.substr(3));
  if (text.starts_with("\xFF\xFE")) return proto::from_utf16le(proto::as_bytes(text.substr(2)));
  return std::string(text);
}

}  // namespace

Place Batch::place_of(int line) const {
  if (lines.empty()) return {};
  const auto index = static_cast<std::size_t>(std::max(line, 1) - 1);
  return lines[std::min(index, lines.size() - 1)];
}

std::string ScriptMessage::line() const {
  return fmt::format("{}:{}:{}: {}", place.file, place.line, place.column, text);
}

int Script::expectation_count() const {
  return static_cast<int>(std::count_if(steps.begin(), steps.end(), [](const Step& step) {
    return std::holds_alternative<Expectation>(step.action);
  }));
}

Script parse_script(std::string_view file, std::string_view text, const ScriptOptions& options) {
  Script script;
  script.file = file;
  script.title = std::filesystem::path(file).stem().string();
  ScriptParser parser(script, options);
  parser.read(std::string(file), to_utf8(text), 0);
  parser.finish();
  return script;
}

}  // namespace ssb::sim::scenario
