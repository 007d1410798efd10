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

std::string with_bytes_exchanged(std::string_view text) {
  std::string out(text.substr(0, text.size() / 2 * 2));
  for (std::size_t i = 0; i + 1 < out.size(); i += 2) std::swap(out[i], out[i + 1]);
  return out;
}

}  // namespace

bool needs_simulation(const Step& step) {
  const auto* crash = std::get_if<Crash>(&step.action);
  const auto* attack = std::get_if<Attack>(&step.action);
  return std::holds_alternative<NetFault>(step.action) ||
         std::holds_alternative<LinkFault>(step.action) ||
         std::holds_alternative<Partition>(step.action) ||
         std::holds_alternative<Swizzle>(step.action) ||
         std::holds_alternative<KeyFault>(step.action) ||
         std::holds_alternative<OwnerLost>(step.action) ||
         std::holds_alternative<RandomFault>(step.action) ||
         std::holds_alternative<Heal>(step.action) ||
         std::holds_alternative<DiskFault>(step.action) ||
         (attack != nullptr && attack->seat != Attack::Seat::configuration) ||
         (crash != nullptr && (crash->after || crash->returns_after));
}

std::string to_utf8(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) return std::string(text.substr(3));
  if (text.starts_with("\xFF\xFE")) return proto::from_utf16le(proto::as_bytes(text.substr(2)));
  if (text.starts_with("\xFE\xFF"))
    return proto::from_utf16le(proto::as_bytes(with_bytes_exchanged(text.substr(2))));
  return std::string(text);
}

std::string encoding_problem(std::string_view text) {
  const std::size_t zero = text.find('\0');
  if (zero == std::string_view::npos) return "";
  const bool is_wide = text.size() > 1 && (text[0] == '\0') != (text[1] == '\0');
  if (!is_wide) return "the file has a zero byte: it is no text; save it as UTF-8";
  return fmt::format(
      "the file is in UTF-16{} without a byte order mark; save it as UTF-8, or with the mark",
      text[0] == '\0' ? "BE" : "LE");
}

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
  parser.read(std::string(file), text, 0);
  parser.finish();
  return script;
}

}  // namespace ssb::sim::scenario
