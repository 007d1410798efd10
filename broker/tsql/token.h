// The words of T-SQL: what the lexer makes of a batch, and what a token's text means.
//
//   Shape   tokens borrow from the batch's text, which outlives them.
//   Source  T-SQL reference, section 1.1.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "broker/tsql/expression_ast.h"
#include "proto/bytes.h"

namespace ssb::broker::tsql {

enum class TokenKind {
  word,               // an identifier or keyword without quotes
  quoted_identifier,  // [x] or "x"
  variable,           // @x
  system_variable,    // @@x
  string,             // 'x'
  national_string,    // N'x'
  binary,             // 0x00
  integer,
  decimal,
  floating,
  money,
  symbol,  // operators and punctuation; also a character that T-SQL does not know
  error,   // the text cannot be read from here on: the last token before end
  end,
};

struct Token {
  TokenKind kind = TokenKind::end;
  SourcePosition position;
  std::string_view text;  // as written, with quotes
};

// Identifiers and variables have 1 to 128 characters (103).
inline constexpr std::size_t kIdentifierCharactersMax = 128;
// What errors show of a token, cut by clipped().
inline constexpr std::size_t kErrorTextBytesMax = 128;

// Whether the token is this keyword or symbol; the keyword is given in upper case. Quoted
// identifiers never are.
[[nodiscard]] bool is(const Token& token, std::string_view keyword_or_symbol);
// Whether the word cannot name anything without quotes.
[[nodiscard]] bool is_reserved(std::string_view word);
// ASCII letters in upper or lower case; other characters stay.
[[nodiscard]] std::string to_upper(std::string_view text);
[[nodiscard]] std::string to_lower(std::string_view text);
// Of UTF-8: within a character.
[[nodiscard]] constexpr bool is_continuation_byte(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}
// At most count bytes from the start, never half a character.
[[nodiscard]] std::string_view clipped(std::string_view text, std::size_t count);

// The content of a string, quoted identifier or other token: quotes and line continuations
// resolved.
[[nodiscard]] std::string value_of(const Token& token);
// The bytes of a binary token; an odd digit count gets a leading zero digit.
[[nodiscard]] proto::Bytes binary_of(const Token& token);

}  // namespace ssb::broker::tsql
