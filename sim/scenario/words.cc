#include "sim/scenario/words.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "sim/scenario/near.h"

namespace ssb::sim::scenario {
namespace {

bool parts_words(char c) {
  return c == ' ' || c == '\t';
}

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Text in quotes or brackets that opens at `at`; leaves `at` behind it. The closing character doubled stands for itself. nullopt: it is
// never closed.
std::optional<std::string> read_enclosed(std::string_view line, std::size_t& at, char close) {
  ++at;
  std::string text;
  for (; at < line.size(); ++at) {
    if (line[at] != close) {
      text.push_back(line[at]);
    } else if (at + 1 < line.size() && line[at + 1] == close) {
      text.push_back(close);
      ++at;
    } else {
      ++at;
      return text;
    }
  }
  return std::nullopt;
}

}  // namespace

Words::Words(std::string_view line) : line_(line) {
  std::size_t at = std::min(line.find_first_not_of(" \t"), line.size());
  while (at < line.size()) {
    if (parts_words(line[at])) {
      ++at;
      continue;
    }
    Word word{.text = {},
              .column = static_cast<int>(at) + 1,
              .is_quoted = line[at] == '\'',
              .is_unclosed = false};
    const auto take_enclosed = [&](char close) {
      const auto text = read_enclosed(line, at, close);
      word.text += text.value_or("");
      word.is_unclosed = !text.has_value();
    };
    if (word.is_quoted) {
      take_enclosed('\'');
    } else if (line[at] == ',' || line[at] == '|') {
      word.text = line[at++];
    } else {
      while (at < line.size() && !parts_words(line[at]) && line[at] != ',' && line[at] != '|' &&
             line[at] != '\'') {
        if (line[at] == '[') {
          take_enclosed(']');
        } else {
          word.text.push_back(line[at++]);
        }
      }
    }
    words_.push_back(std::move(word));
  }
}

bool Words::sees(std::string_view keyword) const {
  return !at_end() && !peek().is_quoted && equal_ignoring_case(peek().text, keyword);
}

bool Words::accept(std::string_view keyword) {
  if (!sees(keyword)) return false;
  ++next_;
  return true;
}

void Words::expect(std::string_view keyword) {
  if (!accept(keyword)) fail(fmt::format("'{}' is expected here", keyword));
}

Word Words::take(std::string_view what) {
  if (at_end()) fail(fmt::format("{} is missing", what));
  if (peek().is_unclosed) fail("this quote or bracket is never closed");
  return words_[next_++];
}

int Words::take_int(std::string_view what) {
  const Word word = take(what);
  const auto value = parse_number<int>(word.text);
  if (!value) fail_at(word, fmt::format("{} is a number, not '{}'", what, word.text));
  return *value;
}

std::int64_t Words::take_count(std::string_view what) {
  const Word word = take(what);
  const auto value = parse_number<std::int64_t>(word.text);
  if (!value || *value < 0)
    fail_at(word, fmt::format("{} is a number of 0 or more, not '{}'", what, word.text));
  return *value;
}

double Words::take_percent(std::string_view what) {
  const Word word = take(what);
  std::string_view digits = word.text;
  if (digits.ends_with('%')) digits.remove_suffix(1);
  const auto value = parse_number<double>(digits);
  if (!value || !(*value >= 0 && *value <= 100)) {
    fail_at(word, fmt::format("{} is a percentage from 0% to 100%, not '{}'", what, word.text));
  }
  return *value / 100;
}

proto::Duration Words::take_duration(std::string_view what) {
  const Word word = take(what);
  const auto value = parse_duration(word.text);
  if (!value)
    fail_at(word, fmt::format("{} is a time like 30s, 5m, 2h or 30d, not '{}'", what, word.text));
  return *value;
}

ValuePattern Words::take_pattern(std::string_view what) {
  const bool is_like = accept("like");
  return {.text = take(what).text, .is_like = is_like};
}

std::string Words::rest(std::string_view what) {
  const auto from = static_cast<std::size_t>((at_end() ? take(what) : peek()).column - 1);
  next_ = words_.size();
  std::string_view text = line_.substr(from);
  while (!text.empty() && parts_words(text.back())) text.remove_suffix(1);
  return std::string(text);
}

void Words::expect_end() {
  if (!at_end()) fail(fmt::format("'{}' is not understood here", peek().text));
}

void Words::fail(std::string message) const {
  throw WordError{at_end() ? static_cast<int>(line_.size()) + 1 : peek().column,
                  std::move(message)};
}

void Words::fail_at(const Word& word, std::string message) {
  throw WordError{word.column, std::move(message)};
}

}  // namespace ssb::sim::scenario
