// Reads the words of a directive: plain, 'quoted' or [bracketed], each with its column.
//
//   Errors  the readers throw WordError where the line does not fit; parse_directive catches it. Nobody else sees it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/directive.h"

namespace ssb::sim::scenario {

struct WordError {
  int column;
  std::string message;
};

struct Word {
  std::string text;  // quotes and brackets resolved
  int column = 1;
  bool is_quoted = false;
  bool is_unclosed = false;  // an error only where the word is taken: notes are free text
};

class Words {
 public:
  explicit Words(std::string_view line);

  [[nodiscard]] bool at_end() const { return next_ == words_.size(); }
  [[nodiscard]] const Word& peek() const { return words_[next_]; }
  // Whether the next word is this keyword, in any case, unquoted.
  [[nodiscard]] bool sees(std::string_view keyword) const;
  bool accept(std::string_view keyword);
  void expect(std::string_view keyword);
  // The next word, whatever it is; `what` names it in the error when there is none.
  Word take(std::string_view what);
  int take_int(std::string_view what);
  std::int64_t take_count(std::string_view what);  // 0 or more
  double take_percent(std::string_view what);      // "10%" -> 0.1
  proto::Duration take_duration(std::string_view what);
  ValuePattern take_pattern(std::string_view what);  // 'x', x, like 'x%'
  // All that follows, as written.
  std::string rest(std::string_view what);
  void expect_end();
  [[noreturn]] void fail(std::string message) const;  // at the next word
  [[noreturn]] static void fail_at(const Word& word, std::string message);

 private:
  std::string_view line_;
  std::vector<Word> words_;
  std::size_t next_ = 0;
};

}  // namespace ssb::sim::scenario
