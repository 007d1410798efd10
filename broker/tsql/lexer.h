// Cuts a batch into tokens; blanks, -- comments and nested /* */ comments vanish.
//
//   Errors  103 a name of more than 128 characters; 105 an unclosed quote or bracket; 113 an
//   unclosed comment. The
//           first one is kept as a token of kind error, so that the parser reports whatever is
//           wrong before it first.
//   Source  T-SQL reference, section 1.1.
#pragma once

#include <string_view>
#include <vector>

#include "broker/tsql/token.h"
#include "proto/error.h"

namespace ssb::broker::tsql {

struct TokenList {
  std::vector<Token> tokens;  // the last one is of kind end
  proto::Error error;         // of the token of kind error, if there is one
};

// With quoted_identifier off, "x" is a string. Tokens borrow from text.
[[nodiscard]] TokenList tokenize(std::string_view text, bool quoted_identifier);

}  // namespace ssb::broker::tsql
