#include "broker/tsql/token.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace ssb::broker::tsql {

namespace {

// Sorted. Words that only some statements know (QUEUE, SEND, LIFETIME, ...) are not among them.
constexpr auto kReserved = std::to_array<std::string_view>({"ADD",
                                                            "ALL",
                                                            "ALTER",
                                                            "AND",
                                                            "ANY",
                                                            "AS",
                                                            "ASC",
                                                            "AUTHORIZATION",
                                                            "BACKUP",
                                                            "BEGIN",
                                                            "BETWEEN",
                                                            "BREAK",
                                                            "BROWSE",
                                                            "BULK",
                                                            "BY",
                                                            "CASCADE",
                                                            "CASE",
                                                            "CHECK",
                                                            "CHECKPOINT",
                                                            "CLOSE",
                                                            "CLUSTERED",
                                                            "COALESCE",
                                                            "COLLATE",
                                                            "COLUMN",
                                                            "COMMIT",
                                                            "COMPUTE",
                                                            "CONSTRAINT",
                                                            "CONTAINS",
                                                            "CONTAINSTABLE",
                                                            "CONTINUE",
                                                            "CONVERT",
                                                            "CREATE",
                                                            "CROSS",
                                                            "CURRENT",
                                                            "CURRENT_DATE",
                                                            "CURRENT_TIME",
                                                            "CURRENT_TIMESTAMP",
                                                            "CURRENT_USER",
                                                            "CURSOR",
                                                            "DATABASE",
                                                            "DBCC",
                                                            "DEALLOCATE",
                                                            "DECLARE",
                                                            "DEFAULT",
                                                            "DELETE",
                                                            "DENY",
                                                            "DESC",
                                                            "DISK",
                                                            "DISTINCT",
                                                            "DISTRIBUTED",
                                                            "DOUBLE",
                                                            "DROP",
                                                            "DUMP",
                                                            "ELSE",
                                                            "END",
                                                            "ERRLVL",
                                                            "ESCAPE",
                                                            "EXCEPT",
                                                            "EXEC",
                                                            "EXECUTE",
                                                            "EXISTS",
                                                            "EXIT",
                                                            "EXTERNAL",
                                                            "FETCH",
                                                            "FILE",
                                                            "FILLFACTOR",
                                                            "FOR",
                                                            "FOREIGN",
                                                            "FREETEXT",
                                                            "FREETEXTTABLE",
                                                            "FROM",
                                                            "FULL",
                                                            "FUNCTION",
                                                            "GOTO",
                                                            "GRANT",
                                                            "GROUP",
                                                            "HAVING",
                                                            "HOLDLOCK",
                                                            "IDENTITY",
                                                            "IDENTITYCOL",
                                                            "IDENTITY_INSERT",
                                                            "IF",
                                                            "IN",
                                                            "INDEX",
                                                            "INNER",
                                                            "INSERT",
                                                            "INTERSECT",
                                                            "INTO",
                                                            "IS",
                                                            "JOIN",
                                                            "KEY",
                                                            "KILL",
                                                            "LEFT",
                                                            "LIKE",
                                                            "LINENO",
                                                            "LOAD",
                                                            "MERGE",
                                                            "NATIONAL",
                                                            "NOCHECK",
                                                            "NONCLUSTERED",
                                                            "NOT",
                                                            "NULL",
                                                            "NULLIF",
                                                            "OF",
                                                            "OFF",
                                                            "OFFSETS",
                                                            "ON",
                                                            "OPEN",
                                                            "OPENDATASOURCE",
                                                            "OPENQUERY",
                                                            "OPENROWSET",
                                                            "OPENXML",
                                                            "OPTION",
                                                            "OR",
                                                            "ORDER",
                                                            "OUTER",
                                                            "OVER",
                                                            "PERCENT",
                                                            "PIVOT",
                                                            "PLAN",
                                                            "PRECISION",
                                                            "PRIMARY",
                                                            "PRINT",
                                                            "PROC",
                                                            "PROCEDURE",
                                                            "PUBLIC",
                                                            "RAISERROR",
                                                            "READ",
                                                            "READTEXT",
                                                            "RECONFIGURE",
                                                            "REFERENCES",
                                                            "REPLICATION",
                                                            "RESTORE",
                                                            "RESTRICT",
                                                            "RETURN",
                                                            "REVERT",
                                                            "REVOKE",
                                                            "RIGHT",
                                                            "ROLLBACK",
                                                            "ROWCOUNT",
                                                            "ROWGUIDCOL",
                                                            "RULE",
                                                            "SAVE",
                                                            "SCHEMA",
                                                            "SECURITYAUDIT",
                                                            "SELECT",
                                                            "SEMANTICKEYPHRASETABLE",
                                                            "SEMANTICSIMILARITYDETAILSTABLE",
                                                            "SEMANTICSIMILARITYTABLE",
                                                            "SESSION_USER",
                                                            "SET",
                                                            "SETUSER",
                                                            "SHUTDOWN",
                                                            "SOME",
                                                            "STATISTICS",
                                                            "SYSTEM_USER",
                                                            "TABLE",
                                                            "TABLESAMPLE",
                                                            "TEXTSIZE",
                                                            "THEN",
                                                            "TO",
                                                            "TOP",
                                                            "TRAN",
                                                            "TRANSACTION",
                                                            "TRIGGER",
                                                            "TRUNCATE",
                                                            "TRY_CONVERT",
                                                            "TSEQUAL",
                                                            "UNION",
                                                            "UNIQUE",
                                                            "UNPIVOT",
                                                            "UPDATE",
                                                            "UPDATETEXT",
                                                            "USE",
                                                            "USER",
                                                            "VALUES",
                                                            "VARYING",
                                                            "VIEW",
                                                            "WAITFOR",
                                                            "WHEN",
                                                            "WHERE",
                                                            "WHILE",
                                                            "WITH",
                                                            "WRITETEXT"});
static_assert(std::is_sorted(kReserved.begin(), kReserved.end()));

constexpr char upper_letter(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}
constexpr char lower_letter(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Where a backslash ends a line inside a literal, both vanish. Returns the offset behind the line
// end, or 0.
std::size_t behind_continuation(std::string_view text, std::size_t at) {
  if (text[at] != '\\') return 0;
  if (text.substr(at + 1, 1) == "\n") return at + 2;
  if (text.substr(at + 1, 2) == "\r\n") return at + 3;
  return 0;
}

std::string unquoted(std::string_view content, char closing, bool continues) {
  std::string value;
  value.reserve(content.size());
  for (std::size_t i = 0; i < content.size(); ++i) {
    if (continues) {
      if (const std::size_t behind = behind_continuation(content, i); behind != 0) {
        i = behind - 1;
        continue;
      }
    }
    value += content[i];
    if (content[i] == closing) ++i;  // the second of a doubled quote
  }
  return value;
}

}  // namespace

bool is(const Token& token, std::string_view keyword_or_symbol) {
  if (token.text.size() != keyword_or_symbol.size()) return false;
  if (token.kind == TokenKind::symbol) return token.text == keyword_or_symbol;
  if (token.kind != TokenKind::word) return false;
  return std::equal(token.text.begin(), token.text.end(), keyword_or_symbol.begin(),
                    [](char left, char right) { return upper_letter(left) == right; });
}

bool is_reserved(std::string_view word) {
  const std::string folded = to_upper(word);
  return std::binary_search(kReserved.begin(), kReserved.end(), std::string_view(folded));
}

std::string to_upper(std::string_view text) {
  std::string folded(text);
  std::transform(folded.begin(), folded.end(), folded.begin(), upper_letter);
  return folded;
}

std::string to_lower(std::string_view text) {
  std::string folded(text);
  std::transform(folded.begin(), folded.end(), folded.begin(), lower_letter);
  return folded;
}

std::string_view clipped(std::string_view text, std::size_t count) {
  if (text.size() <= count) return text;
  while (count > 0 && is_continuation_byte(text[count])) --count;
  return text.substr(0, count);
}

std::string value_of(const Token& token) {
  const std::string_view text = token.text;
  switch (token.kind) {
    case TokenKind::quoted_identifier:
      return unquoted(text.substr(1, text.size() - 2), text.front() == '[' ? ']' : text.front(),
                      /*continues=*/false);
    case TokenKind::string:
      return unquoted(text.substr(1, text.size() - 2), text.front(), /*continues=*/true);
    case TokenKind::national_string:
      return unquoted(text.substr(2, text.size() - 3), text[1], /*continues=*/true);
    case TokenKind::word:
    case TokenKind::variable:
    case TokenKind::system_variable:
    case TokenKind::binary:
    case TokenKind::integer:
    case TokenKind::decimal:
    case TokenKind::floating:
    case TokenKind::money:
    case TokenKind::symbol:
    case TokenKind::error:
    case TokenKind::end: return std::string(text);
  }
  return std::string(text);
}

proto::Bytes binary_of(const Token& token) {
  std::string digits;
  for (std::size_t i = 2; i < token.text.size(); ++i) {
    if (const std::size_t behind = behind_continuation(token.text, i); behind != 0) {
      i = behind - 1;
    } else {
      digits += token.text[i];
    }
  }
  if (digits.size() % 2 != 0) digits.insert(digits.begin(), '0');
  return proto::from_hex(digits).value_or(proto::Bytes{});
}

}  // namespace ssb::broker::tsql
