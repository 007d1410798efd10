// DECLARE, SET, EXECUTE, transactions, cursors and the small statements.
#include <algorithm>
#include <array>

#include "broker/tsql/parser_core.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql {

using proto::Error;
using proto::ErrorCode;

namespace {

// Sorted. STATISTICS, TRANSACTION and IDENTITY_INSERT have forms of their own.
constexpr auto kSetOptions = std::to_array<std::string_view>({"ANSI_DEFAULTS",
                                                              "ANSI_NULLS",
                                                              "ANSI_NULL_DFLT_OFF",
                                                              "ANSI_NULL_DFLT_ON",
                                                              "ANSI_PADDING",
                                                              "ANSI_WARNINGS",
                                                              "ARITHABORT",
                                                              "ARITHIGNORE",
                                                              "CONCAT_NULL_YIELDS_NULL",
                                                              "CONTEXT_INFO",
                                                              "CURSOR_CLOSE_ON_COMMIT",
                                                              "DATEFIRST",
                                                              "DATEFORMAT",
                                                              "DEADLOCK_PRIORITY",
                                                              "FIPS_FLAGGER",
                                                              "FMTONLY",
                                                              "FORCEPLAN",
                                                              "IMPLICIT_TRANSACTIONS",
                                                              "LANGUAGE",
                                                              "LOCK_TIMEOUT",
                                                              "NOCOUNT",
                                                              "NOEXEC",
                                                              "NUMERIC_ROUNDABORT",
                                                              "OFFSETS",
                                                              "PARSEONLY",
                                                              "QUERY_GOVERNOR_COST_LIMIT",
                                                              "QUOTED_IDENTIFIER",
                                                              "REMOTE_PROC_TRANSACTIONS",
                                                              "ROWCOUNT",
                                                              "SHOWPLAN_ALL",
                                                              "SHOWPLAN_TEXT",
                                                              "SHOWPLAN_XML",
                                                              "TEXTSIZE",
                                                              "XACT_ABORT"});
static_assert(std::is_sorted(kSetOptions.begin(), kSetOptions.end()));

}  // namespace

NodePointer Parser::use_statement() {
  return node(UseDatabase{identifier()});
}

// DECLARE @v [AS] type [= value] [, ...] | DECLARE @t [AS] TABLE ( ... ) | DECLARE c CURSOR ...
NodePointer Parser::declare_statement() {
  if (!at_kind(TokenKind::variable)) return declare_cursor();
  DeclareVariables statement;
  do {
    statement.variables.push_back(variable_declaration());
  } while (accept(","));
  return node(std::move(statement));
}

VariableDeclaration Parser::variable_declaration() {
  VariableDeclaration declaration;
  declaration.position = peek().position;
  declaration.name = variable();
  accept("AS");
  if (accept("TABLE")) {
    declaration.table = table_definition();
  } else {
    declaration.type = data_type(TypeContext::declaration);
  }
  if (accept("=")) declaration.initial = expression();
  declare(declaration.name, declaration.position);
  return declaration;
}

// DECLARE name [INSENSITIVE] [SCROLL] CURSOR [option ...] FOR query [FOR READ ONLY | UPDATE [OF column, ...]]
NodePointer Parser::declare_cursor() {
  std::string name = identifier();
  std::vector<std::string> options;
  while (at_any({"INSENSITIVE", "SCROLL"})) options.push_back(word());
  expect("CURSOR");
  return cursor_definition(std::move(name), std::move(options));
}

NodePointer Parser::cursor_definition(std::string name, std::vector<std::string> options) {
  while (!at("FOR")) options.push_back(word());
  expect("FOR");
  DeclareCursor cursor{std::move(name), std::move(options), query()};
  if (accept_all({"FOR", "READ", "ONLY"})) {
    cursor.options.emplace_back("READ_ONLY");
  } else if (accept_all({"FOR", "UPDATE"}) && accept("OF")) {
    name_list();
  }
  return node(std::move(cursor));
}

NodePointer Parser::set_statement() {
  if (at_kind(TokenKind::variable)) return set_variable();
  if (at_any({"TRANSACTION", "IDENTITY_INSERT"})) return set_other_option();
  return set_options();
}

// SET @v = value | SET @v += value | SET @x.modify('...') | SET @c = CURSOR ... FOR query
NodePointer Parser::set_variable() {
  std::string name = declared_variable();
  if (accept_all({".", "MODIFY", "("})) {
    ModifyXmlVariable modify{std::move(name), expression()};
    expect(")");
    return node(std::move(modify));
  }
  const std::optional<AssignmentOperator> op = accept_assignment_operator();
  if (!op) fail();
  if (accept("CURSOR")) return cursor_definition(std::move(name), {});
  return node(SetVariable{std::move(name), *op, expression()});
}

// SET option [, option ...] ON | OFF | value
NodePointer Parser::set_options() {
  SetOptions options;
  do {
    const Token& token = peek();
    std::string name = word();
    if (name == "STATISTICS") {
      name += ' ' + word();
    } else if (!std::binary_search(kSetOptions.begin(), kSetOptions.end(),
                                   std::string_view(name))) {
      fail(Error(ErrorCode::unknown_function_or_option, token.text), token.position);
    }
    options.names.push_back(std::move(name));
  } while (accept(","));
  if (accept("-")) {
    options.value = "-" + std::to_string(integer());
  } else if (at_string()) {
    options.value = string_literal();
  } else if (at_kind(TokenKind::variable)) {
    options.value = declared_variable();
  } else if (at_kind(TokenKind::integer) || at_kind(TokenKind::binary)) {
    options.value = std::string(next().text);
  } else {
    if (!at_any({"ON", "OFF"}) && !at_identifier()) fail();
    options.value = to_upper(value_of(next()));
  }
  return node(std::move(options));
}

// SET TRANSACTION ISOLATION LEVEL level | SET IDENTITY_INSERT table ON | OFF
NodePointer Parser::set_other_option() {
  SetOptions options;
  if (accept("IDENTITY_INSERT")) {
    options.names.emplace_back("IDENTITY_INSERT");
    options.table = object_name();
    options.value = on_off() ? "ON" : "OFF";
    return node(std::move(options));
  }
  expect_all({"TRANSACTION", "ISOLATION", "LEVEL"});
  options.names.emplace_back("TRANSACTION ISOLATION LEVEL");
  if (accept_all({"READ", "UNCOMMITTED"})) {
    options.value = "READ UNCOMMITTED";
  } else if (accept_all({"READ", "COMMITTED"})) {
    options.value = "READ COMMITTED";
  } else if (accept_all({"REPEATABLE", "READ"})) {
    options.value = "REPEATABLE READ";
  } else {
    if (!at_any({"SNAPSHOT", "SERIALIZABLE"})) fail();
    options.value = word();
  }
  return node(std::move(options));
}

NodePointer Parser::print_statement() {
  return node(Print{expression()});
}

Expression Parser::constant_or_variable() {
  if (!at_kind(TokenKind::system_variable)) return literal_or_variable();
  const Token& token = next();
  return Expression{token.position, SystemVariable{to_upper(token.text)}};
}

// RAISERROR ( message , severity , state [, argument ...] ) [WITH LOG | NOWAIT | SETERROR [, ...]]
NodePointer Parser::raise_error() {
  RaiseError statement;
  expect("(");
  statement.message = constant_or_variable();
  expect(",");
  statement.severity = constant_or_variable();
  expect(",");
  statement.state = constant_or_variable();
  while (accept(",")) statement.arguments.push_back(constant_or_variable());
  expect(")");
  if (at("WITH") && at_any({"LOG", "NOWAIT", "SETERROR"}, 1)) {
    next();
    do {
      if (accept("LOG")) {
        statement.log = true;
      } else if (accept("NOWAIT")) {
        statement.no_wait = true;
      } else {
        expect("SETERROR");
        statement.set_error = true;
      }
    } while (accept(","));
  }
  return node(std::move(statement));
}

// THROW [number , message , state]
NodePointer Parser::throw_statement() {
  Throw statement;
  if (at_kind(TokenKind::integer) || at_kind(TokenKind::variable)) {
    statement.number = literal_or_variable();
    expect(",");
    statement.message = string_or_variable();
    expect(",");
    statement.state = literal_or_variable();
  }
  return node(std::move(statement));
}

// EXEC AS ... | EXEC ( 'text' ) | EXEC [@result =] procedure | EXEC @procedure
NodePointer Parser::execute_statement() {
  if (at("AS")) return execute_as();
  if (at("(")) return execute_text();
  std::string result;
  if (at_kind(TokenKind::variable) && at("=", 1)) {
    result = declared_variable();
    expect("=");
  }
  return execute_procedure(std::move(result));
}

// ( text [, argument ...] ) [AS USER | LOGIN = 'name'] [AT server]
NodePointer Parser::execute_text() {
  ExecuteText statement;
  expect("(");
  statement.text = expression();
  while (accept(",")) statement.arguments.push_back(execute_argument());
  expect(")");
  if (at("AS") && at_any({"USER", "LOGIN"}, 1)) {
    next();
    ExecuteAsClause as;
    as.kind = accept("USER") ? ExecuteAsKind::user : ExecuteAsKind::login;
    if (as.kind == ExecuteAsKind::login) expect("LOGIN");
    expect("=");
    as.name = string_literal();
    statement.as = std::move(as);
  }
  if (accept("AT")) statement.at_server = identifier();
  return node(std::move(statement));
}

// procedure [argument [, ...]] [WITH RECOMPILE]
NodePointer Parser::execute_procedure(std::string result) {
  Execute statement;
  statement.result = std::move(result);
  if (at_kind(TokenKind::variable)) {
    statement.procedure_variable = declared_variable();
  } else {
    statement.procedure = object_name();
  }
  const bool arguments =
      at_any({"-", "+", "NULL", "DEFAULT"}) || at_alias() ||
      (!at_kind(TokenKind::word) && !at_kind(TokenKind::symbol) && !at_kind(TokenKind::end));
  if (arguments) {
    do {
      statement.arguments.push_back(execute_argument());
    } while (accept(","));
  }
  statement.recompile = accept_all({"WITH", "RECOMPILE"});
  return node(std::move(statement));
}

// [@name =] constant | @variable [OUT[PUT]] | DEFAULT | word
ExecuteArgument Parser::execute_argument() {
  ExecuteArgument argument;
  if (at_kind(TokenKind::variable) && at("=", 1)) {
    argument.name = variable();
    expect("=");
  }
  const Token& token = peek();
  if (accept("DEFAULT")) {
    argument.value = Expression{token.position, DefaultValue{}};
  } else if (at_identifier()) {
    argument.value = Expression{token.position, StringLiteral{identifier(), /*national=*/true}};
  } else {
    argument.value = constant_or_variable();
  }
  argument.output = accept("OUTPUT") || accept("OUT");
  return argument;
}

// EXEC[UTE] AS CALLER | SELF | OWNER | 'user'
ExecuteAsClause Parser::execute_as_clause() {
  if (!accept("EXEC")) expect("EXECUTE");
  expect("AS");
  ExecuteAsClause clause;
  if (accept("CALLER")) {
    clause.kind = ExecuteAsKind::caller;
  } else if (accept("SELF")) {
    clause.kind = ExecuteAsKind::self;
  } else if (accept("OWNER")) {
    clause.kind = ExecuteAsKind::owner;
  } else {
    clause.kind = ExecuteAsKind::user;
    clause.name = string_literal();
  }
  return clause;
}

// EXECUTE AS CALLER | USER = name | LOGIN = name [WITH NO REVERT | WITH COOKIE INTO @v]
NodePointer Parser::execute_as() {
  expect("AS");
  ExecuteAs statement;
  if (accept("CALLER")) {
    statement.kind = ExecuteAsKind::caller;
    return node(std::move(statement));
  }
  statement.kind = accept("USER") ? ExecuteAsKind::user : ExecuteAsKind::login;
  if (statement.kind == ExecuteAsKind::login) expect("LOGIN");
  expect("=");
  statement.name = string_or_variable();
  statement.no_revert = accept_all({"WITH", "NO", "REVERT"});
  if (accept_all({"WITH", "COOKIE", "INTO"})) statement.cookie = declared_variable();
  return node(std::move(statement));
}

// REVERT [WITH COOKIE = @v]
NodePointer Parser::revert_statement() {
  Revert statement;
  if (accept_all({"WITH", "COOKIE", "="})) statement.cookie = literal_or_variable();
  return node(std::move(statement));
}

std::optional<std::string> Parser::transaction_name() {
  if (at_kind(TokenKind::variable)) return declared_variable();
  if (at_alias()) return identifier();
  return std::nullopt;
}

bool Parser::accept_transaction() {
  return accept("TRAN") || accept("TRANSACTION");
}

// BEGIN [DISTRIBUTED] TRAN[SACTION] [name] [WITH MARK ['text']]
NodePointer Parser::begin_transaction() {
  BeginTransaction statement;
  statement.distributed = accept("DISTRIBUTED");
  if (!accept_transaction()) fail();
  statement.name = transaction_name();
  if (accept_all({"WITH", "MARK"}) && at_string()) next();
  return node(std::move(statement));
}

// COMMIT [WORK | TRAN[SACTION] [name]] [WITH ( DELAYED_DURABILITY = ON | OFF )]
NodePointer Parser::commit_statement() {
  CommitTransaction statement;
  if (accept_transaction()) {
    statement.name = transaction_name();
  } else {
    accept("WORK");
  }
  if (at_all({"WITH", "(", "DELAYED_DURABILITY"})) {
    next();
    skip_parentheses();
  }
  return node(std::move(statement));
}

// ROLLBACK [WORK | TRAN[SACTION] [name]]
NodePointer Parser::rollback_statement() {
  RollbackTransaction statement;
  if (accept_transaction()) {
    statement.name = transaction_name();
  } else {
    accept("WORK");
  }
  return node(std::move(statement));
}

// SAVE TRAN[SACTION] name
NodePointer Parser::save_statement() {
  if (!accept_transaction()) fail();
  std::optional<std::string> name = transaction_name();
  if (!name) fail();
  return node(SaveTransaction{std::move(*name)});
}

// [GLOBAL] name | @variable
std::string Parser::cursor_name() {
  if (at_kind(TokenKind::variable)) return declared_variable();
  if (at("GLOBAL") && at_identifier(1)) next();
  return identifier();
}

NodePointer Parser::open_cursor() {
  return node(OpenCursor{cursor_name()});
}
NodePointer Parser::close_cursor() {
  return node(CloseCursor{cursor_name()});
}
NodePointer Parser::deallocate_statement() {
  return node(DeallocateCursor{cursor_name()});
}

// FETCH [[NEXT | PRIOR | FIRST | LAST | ABSOLUTE n | RELATIVE n] FROM] cursor [INTO @v, ...]
NodePointer Parser::fetch_statement() {
  FetchCursor fetch;
  if (accept("NEXT")) {
    fetch.orientation = FetchOrientation::next;
  } else if (accept("PRIOR")) {
    fetch.orientation = FetchOrientation::prior;
  } else if (accept("FIRST")) {
    fetch.orientation = FetchOrientation::first;
  } else if (accept("LAST")) {
    fetch.orientation = FetchOrientation::last;
  } else if (accept("ABSOLUTE")) {
    fetch.orientation = FetchOrientation::absolute;
    fetch.row = literal_or_variable();
  } else if (accept("RELATIVE")) {
    fetch.orientation = FetchOrientation::relative;
    fetch.row = literal_or_variable();
  }
  accept("FROM");
  fetch.name = cursor_name();
  if (accept("INTO")) {
    do {
      fetch.into.push_back(declared_variable());
    } while (accept(","));
  }
  return node(std::move(fetch));
}

// KILL session [WITH STATUSONLY]
NodePointer Parser::kill_statement() {
  Kill statement{literal_or_variable()};
  accept_all({"WITH", "STATUSONLY"});
  return node(std::move(statement));
}

// DBCC command [( argument, ... )] [WITH option, ...]
NodePointer Parser::dbcc_statement() {
  Dbcc statement;
  statement.command = word();
  if (accept("(")) {
    while (!accept(")")) {
      const Token& token = next();
      if (!is(token, ",")) statement.arguments.push_back(value_of(token));
    }
  }
  if (accept("WITH")) {
    do {
      word();
    } while (accept(","));
  }
  return node(std::move(statement));
}

// CHECKPOINT [seconds]
NodePointer Parser::checkpoint_statement() {
  if (at_kind(TokenKind::integer)) next();
  return node(Checkpoint{});
}

NodePointer Parser::reconfigure_statement() {
  return node(Reconfigure{accept_all({"WITH", "OVERRIDE"})});
}

}  // namespace ssb::broker::tsql
