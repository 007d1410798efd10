#include "sim/scenario/splitter.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "sim/scenario/near.h"

namespace ssb::sim::scenario {
bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

void LexicalState::feed(char c, char next) {
  if (skip_next_) {
    skip_next_ = false;
    return;
  }
  if (in_line_comment_) return;
  if (comment_depth_ > 0) {  // comments nest in T-SQL
    if (c == '*' && next == '/')
      --comment_depth_;
    else if (c == '/' && next == '*')
      ++comment_depth_;
    else
      return;
    skip_next_ = true;
    return;
  }
  if (quote_ != '\0') {  // a doubled quote closes and opens again: the same place; ]] does not open
    if (c == ']' && quote_ == ']' && next == ']')
      skip_next_ = true;
    else if (c == quote_)
      quote_ = '\0';
    return;
  }
  if (c == '-' && next == '-') {
    in_line_comment_ = true;
  } else if (c == '/' && next == '*') {
    ++comment_depth_;
    skip_next_ = true;
  } else if (c == '\'' || c == '"') {
    quote_ = c;
  } else if (c == '[') {
    quote_ = ']';
  }
}

void LexicalState::end_line() {
  in_line_comment_ = false;
  skip_next_ = false;
}

void LexicalState::feed_line(std::string_view line) {
  for (std::size_t i = 0; i < line.size(); ++i)
    feed(line[i], i + 1 < line.size() ? line[i + 1] : '\0');
  end_line();
}

const char* LexicalState::open_thing() const {
  if (comment_depth_ > 0) return "a /* comment";
  if (quote_ == '\'') return "a text in ' quotes";
  if (quote_ == '"') return "a name in \" quotes";
  if (quote_ == ']') return "a name in [brackets]";
  return "";
}

std::optional<GoLine> parse_go(std::string_view line) {
  std::string_view text = trimmed(line);
  if (text.size() < 2 || !equal_ignoring_case(text.substr(0, 2), "GO")) return std::nullopt;
  text.remove_prefix(2);
  if (!text.empty() && !is_blank(text.front()) && !text.starts_with("--")) return std::nullopt;
  text = trimmed(text.substr(0, text.find("--")));
  GoLine go;
  if (text.empty()) return go;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), go.count);
  constexpr std::int64_t kRepeatMax = 1'000'000;
  if (error != std::errc() || end != text.data() + text.size() || go.count < 0 ||
      go.count > kRepeatMax) {
    go.problem = "GO takes a count from 0 to 1000000, and nothing else on its line";
  }
  return go;
}

bool is_blank_batch(std::string_view text) {
  LexicalState state;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      state.end_line();
      continue;
    }
    const char next = i + 1 < text.size() && text[i + 1] != '\n' ? text[i + 1] : '\0';
    const bool was_comment = state.in_comment();
    state.feed(text[i], next);
    if (!was_comment && !state.in_comment() && !is_blank(text[i])) return false;
  }
  return true;
}

std::optional<BatchReader::Batch> BatchReader::add_line(std::string_view line) {
  if (state_.is_plain()) {
    if (const auto go = parse_go(line)) {
      Batch batch{.text = std::exchange(text_, {}), .repeat = go->count, .problem = go->problem};
      if (is_blank_batch(batch.text) && batch.problem.empty()) return std::nullopt;
      return batch;
    }
  }
  state_.feed_line(line);
  text_.append(line);
  text_.push_back('\n');
  return std::nullopt;
}

std::optional<BatchReader::Batch> BatchReader::finish() {
  state_ = {};
  Batch batch{.text = std::exchange(text_, {}), .repeat = 1, .problem = {}};
  if (is_blank_batch(batch.text)) return std::nullopt;
  return batch;
}

}  // namespace ssb::sim::scenario
