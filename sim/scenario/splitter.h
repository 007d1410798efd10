// Cuts T-SQL into batches as sqlcmd does: line by line, with GO and directives known from text inside strings and comments.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ssb::sim::scenario {

// Within a line; the end of a line of Windows counts.
[[nodiscard]] bool is_blank(char c);
// Without blanks at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view line);

// Where a line ends up: inside a comment or a quoted text that it opened, or outside of both.
class LexicalState {
 public:
  // Takes one line without its end; a `--` comment ends with it.
  void feed_line(std::string_view line);
  // One character at a time, for who changes the line on the way; `next` is 0 at the end of the line.
  void feed(char c, char next);
  void end_line();
  // Neither in a comment nor in quotes: the only place for GO and directives.
  [[nodiscard]] bool is_plain() const {
    return comment_depth_ == 0 && quote_ == '\0' && !in_line_comment_;
  }
  [[nodiscard]] bool in_comment() const { return comment_depth_ > 0 || in_line_comment_; }
  [[nodiscard]] const char* open_thing() const;  // "a /* comment", for messages; "" when plain

 private:
  int comment_depth_ = 0;
  char quote_ = '\0';  // the character that closes it
  bool in_line_comment_ = false;
  bool skip_next_ = false;  // the second character of /* and */, and of ]] in brackets
};

// "GO", "go 3 -- again": the count, or a message when what follows is not one; nullopt when the line is no GO.
struct GoLine {
  std::int64_t count = 1;
  std::string problem;
};
[[nodiscard]] std::optional<GoLine> parse_go(std::string_view line);

// Blanks and comments only.
[[nodiscard]] bool is_blank_batch(std::string_view text);

// A batch as it grows from lines; what `node` reads from its standard input.
class BatchReader {
 public:
  struct Batch {
    std::string text;
    std::int64_t repeat = 1;
    std::string problem;  // of the GO line
  };
  // The batch that this line (GO) ends, if it ends one.
  [[nodiscard]] std::optional<Batch> add_line(std::string_view line);
  // Whether a line that comes now begins outside of quotes and comments.
  [[nodiscard]] bool is_plain() const { return state_.is_plain(); }
  // What is left at the end of the input.
  [[nodiscard]] std::optional<Batch> finish();

 private:
  std::string text_;
  LexicalState state_;
};

}  // namespace ssb::sim::scenario
