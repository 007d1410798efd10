// Reads one batch of T-SQL into its syntax tree. GO never arrives here: the runner splits scripts
// at it.
//
//   Errors  102, 103, 105, 113, 156, 319, 336 and 4145 syntax; 111, 132 to 137, 178 and 1087 what a
//   batch as a whole
//           gets wrong (reported only when the syntax is right, as SQL Server does); 191 nested too
//           deeply. Error texts come with the position of the offending token.
//   Source  T-SQL reference, section 1.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/tsql/ast.h"
#include "proto/error.h"

namespace ssb::broker::tsql {

// Levels of blocks, parentheses, subqueries and ELSE IF; more is error 191. Keeps every recursion
// over a tree short.
inline constexpr int kNestingMax = 200;
// Binary operators in one expression: a chain a + b + c leans to the left, so its tree is as deep
// as it is long.
inline constexpr int kOperatorsPerExpressionMax = 1000;

struct ParseFailure {
  proto::Error error;
  SourcePosition where;  // the offending token; the last token when the batch ends too early
};
[[noreturn]] void throw_exception_from_error(const ParseFailure& failure,
                                             const boost::source_location& where);

template <typename T>
using ParseResult = boost::system::result<T, ParseFailure>;

struct ParseOptions {
  std::vector<std::string>
      variables;                  // declared outside: the parameters of sp_executesql, with their @
  bool quoted_identifier = true;  // SET QUOTED_IDENTIFIER; off makes "x" a string
};

[[nodiscard]] ParseResult<Batch> parse_batch(std::string_view text,
                                             const ParseOptions& options = {});

// The parameter declaration of sp_executesql: "@a int, @b nvarchar(10) OUTPUT". Blank text declares
// nothing.
[[nodiscard]] ParseResult<std::vector<ProcedureParameter>> parse_parameters(std::string_view text);

// Two lines: the source line that the position is in and a ^ under its column. Long lines are cut
// around it.
[[nodiscard]] std::string caret_line(std::string_view text, const SourcePosition& position);

}  // namespace ssb::broker::tsql
