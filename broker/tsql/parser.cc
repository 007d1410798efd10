#include "broker/tsql/parser.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "broker/tsql/parser_core.h"
#include "broker/tsql/secrets.h"
#include "proto/check.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql {

using proto::Error;
using proto::ErrorCode;

namespace {

constexpr std::string_view kHiddenText = "***";
constexpr std::size_t kCaretLineCharactersMax = 120;

std::string spelled(const Token& token) {
  return std::string(clipped(value_of(token), kErrorTextBytesMax));
}

// The offset of the character with this number, counted from 0; the end if there are fewer.
std::size_t offset_of_character(std::string_view line, std::size_t number) {
  std::size_t offset = 0;
  for (; offset < line.size(); ++offset) {
    if (is_continuation_byte(line[offset])) continue;
    if (number == 0) break;
    --number;
  }
  return offset;
}

}  // namespace

Parser::Parser(std::string_view text, const ParseOptions& options)
    : text_(text), list_(tokenize(text, options.quoted_identifier)) {
  for (const std::string& name : options.variables) variables_.insert(to_lower(name));
}

const Token& Parser::peek(std::size_t ahead) const {
  return list_.tokens[std::min(index_ + ahead, list_.tokens.size() - 1)];
}

const Token& Parser::next() {
  const Token& token = peek();
  if (token.kind == TokenKind::error || token.kind == TokenKind::end) fail(token);
  ++index_;
  return token;
}

bool Parser::at(std::string_view keyword, std::size_t ahead) const {
  return is(peek(ahead), keyword);
}

bool Parser::at_all(std::initializer_list<std::string_view> keywords, std::size_t ahead) const {
  return std::all_of(keywords.begin(), keywords.end(),
                     [&](std::string_view keyword) { return at(keyword, ahead++); });
}

bool Parser::at_any(std::initializer_list<std::string_view> keywords, std::size_t ahead) const {
  return std::any_of(keywords.begin(), keywords.end(),
                     [&](std::string_view keyword) { return at(keyword, ahead); });
}

bool Parser::accept(std::string_view keyword) {
  if (!at(keyword)) return false;
  ++index_;
  return true;
}

bool Parser::accept_all(std::initializer_list<std::string_view> keywords) {
  if (!at_all(keywords)) return false;
  index_ += keywords.size();
  return true;
}

void Parser::expect(std::string_view keyword) {
  if (!accept(keyword)) fail();
}

void Parser::expect_all(std::initializer_list<std::string_view> keywords) {
  for (const std::string_view keyword : keywords) expect(keyword);
}

// A batch that ends too early is at fault near its last token, with 102 even if that is a keyword.
void Parser::fail(const Token& token) const {
  if (token.kind == TokenKind::error) {
    Error error = list_.error;
    if (is_secret(token))
      error.parameters.assign(error.parameters.size(), std::string(kHiddenText));
    fail(std::move(error), token.position);
  }
  if (token.kind == TokenKind::end) {
    const std::size_t count = list_.tokens.size();
    const Token& last = count > 1 ? list_.tokens[count - 2] : token;
    fail(Error(ErrorCode::incorrect_syntax,
               is_secret(last) ? std::string(kHiddenText) : spelled(last)),
         last.position);
  }
  if (is(token, "WITH")) fail(Error(ErrorCode::with_needs_semicolon), token.position);
  if (token.kind == TokenKind::word && is_reserved(token.text)) {
    fail(Error(ErrorCode::incorrect_syntax_keyword, token.text), token.position);
  }
  fail(Error(ErrorCode::incorrect_syntax,
             is_secret(token) ? std::string(kHiddenText) : spelled(token)),
       token.position);
}

bool Parser::is_secret(const Token& token) const {
  const std::size_t begin = token.position.offset;
  const bool is_open = token.kind == TokenKind::error;  // up to the end of the text
  return shows_secret(text_, begin, is_open ? text_.size() : begin + token.position.length);
}

void Parser::fail(Error error, const SourcePosition& where) {
  throw Unwind{{std::move(error), where}};
}

void Parser::note(Error error, const SourcePosition& where) {
  if (!noted_) noted_ = ParseFailure{std::move(error), where};
}

bool Parser::at_kind(TokenKind kind, std::size_t ahead) const {
  return peek(ahead).kind == kind;
}

bool Parser::at_identifier(std::size_t ahead) const {
  const Token& token = peek(ahead);
  if (token.kind == TokenKind::quoted_identifier) return token.text.size() > 2;
  return token.kind == TokenKind::word && !is_reserved(token.text);
}

bool Parser::at_string(std::size_t ahead) const {
  return at_kind(TokenKind::string, ahead) || at_kind(TokenKind::national_string, ahead);
}

// Statements that begin with a word that is not reserved: such a word is no alias or argument of
// the statement before. (THROW is not among them; it needs a semicolon in front, as in SQL Server.)
bool Parser::at_statement_head() const {
  if (!at_kind(TokenKind::word)) return false;
  if (at_all({"SEND", "ON", "CONVERSATION"}) || at_all({"GET", "CONVERSATION", "GROUP"}) ||
      at_all({"ENABLE", "TRIGGER"}) || at_all({"DISABLE", "TRIGGER"})) {
    return true;
  }
  if (at_all({"MOVE", "CONVERSATION"})) return true;
  if (at("RECEIVE")) {
    return at_any({"TOP", "*", "CASE", "CONVERT", "COALESCE"}, 1) || at_identifier(1) ||
           at_kind(TokenKind::variable, 1);
  }
  return at_identifier() && at(":", 1);
}

std::string Parser::identifier() {
  if (!at_identifier()) fail();
  return value_of(next());
}

// Any word, reserved or not, in upper case.
std::string Parser::word() {
  if (!at_kind(TokenKind::word)) fail();
  return to_upper(next().text);
}

// PUBLIC is a reserved word and a role.
std::string Parser::principal() {
  if (at("PUBLIC")) return std::string(next().text);
  return identifier();
}

// [[[server.]database.]schema.]name; a part between two dots may be left out.
ObjectName Parser::object_name() {
  std::vector<std::string> parts{identifier()};
  while (accept(".")) {
    if (parts.size() == 4) fail();
    parts.push_back(at(".") ? std::string() : identifier());
  }
  ObjectName name;
  name.name = std::move(parts.back());
  const std::size_t count = parts.size();
  if (count > 1) name.schema = std::move(parts[count - 2]);
  if (count > 2) name.database = std::move(parts[count - 3]);
  if (count > 3) name.server = std::move(parts[0]);
  return name;
}

std::vector<std::string> Parser::name_list() {
  std::vector<std::string> names{identifier()};
  while (accept(",")) names.push_back(identifier());
  return names;
}

std::vector<std::string> Parser::parenthesized_names() {
  expect("(");
  std::vector<std::string> names = name_list();
  expect(")");
  return names;
}

std::string Parser::string_literal() {
  if (!at_string()) fail();
  return value_of(next());
}

proto::Bytes Parser::binary_literal() {
  if (!at_kind(TokenKind::binary)) fail();
  return binary_of(next());
}

std::int64_t Parser::big_integer() {
  if (!at_kind(TokenKind::integer)) fail();
  const Token& token = peek();
  std::int64_t value = 0;
  const auto [end, error] =
      std::from_chars(token.text.data(), token.text.data() + token.text.size(), value);
  if (error != std::errc{}) fail();
  next();
  return value;
}

std::int32_t Parser::integer() {
  const Token& token = peek();
  const std::int64_t value = big_integer();
  if (value > INT32_MAX) fail(token);
  return static_cast<std::int32_t>(value);
}

std::int32_t Parser::signed_integer() {
  if (accept("-")) return -integer();
  accept("+");
  return integer();
}

bool Parser::on_off() {
  if (accept("ON")) return true;
  expect("OFF");
  return false;
}

// name = 'text'
std::string Parser::option_string(std::string_view name) {
  expect(name);
  expect("=");
  return string_literal();
}

std::string Parser::password() {
  return option_string("PASSWORD");
}

std::optional<std::string> Parser::authorization() {
  if (!accept("AUTHORIZATION")) return std::nullopt;
  return principal();
}

std::string Parser::variable() {
  if (!at_kind(TokenKind::variable)) fail();
  return std::string(next().text);
}

std::string Parser::declared_variable() {
  const SourcePosition where = peek().position;
  std::string name = variable();
  use(name, where, ErrorCode::variable_not_declared);
  return name;
}

std::string Parser::table_variable() {
  const SourcePosition where = peek().position;
  std::string name = variable();
  use(name, where, ErrorCode::table_variable_not_declared);
  return name;
}

void Parser::declare(const std::string& name, const SourcePosition& where) {
  if (!variables_.insert(to_lower(name)).second) {
    note(Error(ErrorCode::variable_declared_twice, name), where);
  }
}

void Parser::use(const std::string& name, const SourcePosition& where, ErrorCode code) {
  if (!variables_.contains(to_lower(name))) note(Error(code, name), where);
}

// ( ... ) with everything inside.
void Parser::skip_parentheses() {
  expect("(");
  for (std::size_t depth = 1; depth > 0;) {
    const Token& token = next();
    if (is(token, "(")) ++depth;
    if (is(token, ")")) --depth;
  }
}

Parser::Nested::Nested(Parser& owner) : parser(owner) {
  if (parser.nesting_ >= kNestingMax) {
    Parser::fail(Error(ErrorCode::statement_nested_too_deeply, std::to_string(kNestingMax)),
                 parser.peek().position);
  }
  ++parser.nesting_;
}

void throw_exception_from_error(const ParseFailure& failure, const boost::source_location&) {
  throw std::logic_error("value() of a parse failure: " + failure.error.text());
}

ParseResult<Batch> parse_batch(std::string_view text, const ParseOptions& options) {
  try {
    Parser parser(text, options);
    Batch batch = parser.batch();
    if (parser.noted()) return *parser.noted();
    return batch;
  } catch (const Unwind& unwind) {
    return unwind.failure;
  }
}

ParseResult<std::vector<ProcedureParameter>> parse_parameters(std::string_view text) {
  try {
    Parser parser(text, {});
    std::vector<ProcedureParameter> parameters = parser.parameters_only();
    if (parser.noted()) return *parser.noted();
    return parameters;
  } catch (const Unwind& unwind) {
    return unwind.failure;
  }
}

std::string caret_line(std::string_view source, const SourcePosition& position) {
  std::size_t at = std::min(position.offset, source.size());
  const std::string text = without_secrets(source, at);
  const std::size_t line_begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;  // npos + 1 is 0
  std::string_view line =
      std::string_view(text).substr(line_begin, text.find('\n', at) - line_begin);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);

  const std::string_view before = std::string_view(text).substr(line_begin, at - line_begin);
  auto column = static_cast<std::size_t>(
      std::count_if(before.begin(), before.end(), [](char c) { return !is_continuation_byte(c); }));
  if (column > kCaretLineCharactersMax / 2) {
    const std::size_t hidden = column - kCaretLineCharactersMax / 2;
    line.remove_prefix(offset_of_character(line, hidden));
    column -= hidden;
  }
  line = line.substr(0, offset_of_character(line, kCaretLineCharactersMax));

  std::string marker;
  for (const char c : line.substr(0, offset_of_character(line, column))) {
    if (!is_continuation_byte(c)) marker += c == '\t' ? '\t' : ' ';
  }
  return std::string(line) + '\n' + marker + '^';
}

}  // namespace ssb::broker::tsql
