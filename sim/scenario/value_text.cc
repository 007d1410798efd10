#include "sim/scenario/value_text.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "broker/tsql/convert.h"
#include "sim/scenario/near.h"

namespace ssb::sim::scenario {
namespace {

using broker::store::Value;
using namespace broker::tsql;

struct ValueTexts {
  std::string operator()(std::monostate) const { return "NULL"; }
  std::string operator()(std::int64_t number) const { return std::to_string(number); }
  std::string operator()(double number) const { return fmt::format("{}", number); }
  std::string operator()(const std::string& text) const { return text; }
  std::string operator()(const proto::Bytes& bytes) const { return "0x" + proto::to_hex(bytes); }
};

bool is_right_aligned(const Value& value) {
  return std::holds_alternative<std::int64_t>(value) || std::holds_alternative<double>(value);
}

// One line of a cell: line ends would break the table.
std::string cell_text(const Value& value, const broker::tsql::DataType& type,
                      std::size_t width_max) {
  // Decimals and money show all digits of their scale, as sqlcmd does.
  std::string text = std::holds_alternative<double>(value)
                         ? broker::tsql::to_text(value, type).value_or("NULL")
                         : value_text(value);
  for (char& c : text) {
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  }
  return shortened(text, width_max);
}

std::string padded(const std::string& text, std::size_t width, bool right) {
  const std::string blanks(width - std::min(width, display_width(text)), ' ');
  return right ? blanks + text : text + blanks;
}

void append_line(std::string& out, std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  out += line;
  out += '\n';
}

std::string row_count_text(std::int64_t rows) {
  return fmt::format("({} row{} affected)\n", rows, rows == 1 ? "" : "s");
}

// [set] or [^set] at the start of `pattern`; takes it off. False when the character is not in it.
bool matches_set(char c, std::string_view& pattern) {
  const std::size_t close = pattern.find(']', 1);
  if (close == std::string_view::npos) {
    pattern.remove_prefix(1);
    return c == '[';
  }
  std::string_view set = pattern.substr(1, close - 1);
  pattern.remove_prefix(close + 1);
  const bool negated = set.starts_with('^');
  if (negated) set.remove_prefix(1);
  bool found = false;
  for (std::size_t i = 0; i < set.size(); ++i) {
    const bool is_range = i + 2 < set.size() && set[i + 1] == '-';
    found = found || (is_range ? c >= set[i] && c <= set[i + 2] : c == set[i]);
    if (is_range) i += 2;
  }
  return found != negated;
}

// Both in lower case. One place to come back to is enough: a later % makes an earlier one's choice final.
bool like_lower(std::string_view text, std::string_view pattern) {
  std::string_view retry_text, retry_pattern;
  bool can_retry = false;
  while (true) {
    if (pattern.starts_with('%')) {
      pattern.remove_prefix(1);
      if (pattern.empty()) return true;
      retry_text = text;
      retry_pattern = pattern;
      can_retry = true;
      continue;
    }
    if (text.empty() && pattern.empty()) return true;
    bool matched = false;
    if (!text.empty() && !pattern.empty()) {
      if (pattern.front() == '[') {
        matched = matches_set(text.front(), pattern);
      } else {
        matched = pattern.front() == '_' || pattern.front() == text.front();
        pattern.remove_prefix(1);
      }
      text.remove_prefix(1);
    }
    if (matched) continue;
    if (!can_retry || retry_text.empty()) return false;
    retry_text.remove_prefix(1);
    text = retry_text;
    pattern = retry_pattern;
  }
}

}  // namespace

std::string value_text(const Value& value) {
  return std::visit(ValueTexts{}, value);
}

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string shortened(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  std::size_t end = 0;
  std::size_t columns = 0;
  while (end < text.size()) {
    if ((static_cast<unsigned char>(text[end]) & 0xC0U) != 0x80U &&
        ++columns == std::max<std::size_t>(width, 1))
      break;
    ++end;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string table_text(const RowSet& rows, std::size_t column_width_max) {
  std::vector<std::size_t> widths;
  std::vector<bool> right;
  std::vector<std::string> headers;
  for (const ResultColumn& column : rows.columns) {
    headers.push_back(shortened(column.name, column_width_max));
    widths.push_back(std::max<std::size_t>(display_width(headers.back()), 1));
    right.push_back(!rows.rows.empty());
  }
  std::vector<std::vector<std::string>> cells;
  for (const auto& row : rows.rows) {
    std::vector<std::string>& texts = cells.emplace_back();
    for (std::size_t i = 0; i < widths.size() && i < row.size(); ++i) {
      texts.push_back(cell_text(row[i], rows.columns[i].type, column_width_max));
      widths[i] = std::max(widths[i], display_width(texts[i]));
      right[i] = right[i] &&
                 (is_right_aligned(row[i]) || std::holds_alternative<broker::store::Null>(row[i]));
    }
  }
  std::string out;
  const auto append_cells = [&](const std::vector<std::string>& texts) {
    std::string line;
    for (std::size_t i = 0; i < texts.size(); ++i)
      line += (i == 0 ? "" : " ") + padded(texts[i], widths[i], right[i]);
    append_line(out, std::move(line));
  };
  append_cells(headers);
  std::string dashes;
  for (const std::size_t width : widths)
    dashes += (dashes.empty() ? "" : " ") + std::string(width, '-');
  append_line(out, std::move(dashes));
  for (const auto& texts : cells) append_cells(texts);
  out += '\n';
  return out + row_count_text(static_cast<std::int64_t>(rows.rows.size()));
}

std::string message_text(const ServerMessage& message) {
  if (message.error.number() == 0)
    return message.error.parameters.empty() ? "\n" : message.error.parameters.front() + "\n";
  std::string place =
      message.procedure.empty() ? "" : fmt::format(", Procedure {}", message.procedure);
  std::string out;
  if (message.severity > 10) {
    out = fmt::format("Msg {}, Level {}, State {}{}, Line {}\n", message.error.number(),
                      message.severity, message.error.state, place, message.line);
  }
  out += message.error.text() + "\n";
  if (!message.caret.empty()) out += message.caret + (message.caret.ends_with('\n') ? "" : "\n");
  return out;
}

std::string output_text(const Output& output, std::size_t column_width_max) {
  std::string out;
  bool after_rows = false;
  for (const OutputItem& item : output) {
    if (const auto* rows = std::get_if<RowSet>(&item)) {
      out += table_text(*rows, column_width_max);
    } else if (const auto* count = std::get_if<RowCount>(&item)) {
      if (!after_rows) out += row_count_text(count->rows);  // a result set has said it already
    } else if (const auto* message = std::get_if<ServerMessage>(&item)) {
      out += message_text(*message);
    } else if (const auto* changed = std::get_if<DatabaseChanged>(&item)) {
      out += fmt::format("Changed database context to '{}'.\n", changed->database);
    }
    after_rows = std::holds_alternative<RowSet>(item);
  }
  return out;
}

bool matches_like(std::string_view text, std::string_view pattern) {
  return like_lower(to_lower(text), to_lower(pattern));
}

}  // namespace ssb::sim::scenario
