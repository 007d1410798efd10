// Batches, statement heads, blocks and control of flow.
#include <algorithm>
#include <array>

#include "broker/tsql/parser_core.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql {

using proto::Error;
using proto::ErrorCode;

Batch Parser::batch() {
  Batch batch;
  statements_into(batch.statements);
  if (!at_kind(TokenKind::end)) fail();
  check_labels();
  return batch;
}

// Statements up to END or the end of the batch. END CONVERSATION is a statement, never the end of a block.
void Parser::statements_into(StatementList& list) {
  while (true) {
    while (accept(";")) terminated_ = true;
    if (at_kind(TokenKind::end) || (at("END") && !at("CONVERSATION", 1))) return;
    list.push_back(statement());
    terminated_ = false;
  }
}

Statement Parser::statement() {
  const Nested nested(*this);
  const SourcePosition begin = peek().position;
  Statement statement;
  statement.node = statement_node();
  const SourcePosition& last = list_.tokens[index_ - 1].position;
  statement.position = begin;
  statement.position.length = last.offset + last.length - begin.offset;
  return statement;
}

// The body of IF, ELSE and WHILE.
StatementPointer Parser::nested_statement() {
  terminated_ = true;
  return std::make_unique<Statement>(statement());
}

// The production whose words stand here, which are then taken; null when there is none.
NodePointer Parser::dispatch(std::span<const Head> heads) {
  for (const Head& head : heads) {
    std::size_t count = 0;
    while (count < head.words.size() && !head.words[count].empty() && at(head.words[count], count))
      ++count;
    if (count < head.words.size() && !head.words[count].empty()) continue;
    index_ += count;
    return (this->*head.production)();
  }
  return nullptr;
}

NodePointer Parser::statement_node() {
  static constexpr auto kHeads = std::to_array<Head>({
      {{"SET"}, &Parser::set_statement},
      {{"IF"}, &Parser::if_statement},
      {{"BEGIN"}, &Parser::begin_statement},
      {{"END", "CONVERSATION"}, &Parser::end_conversation},
      {{"SEND", "ON", "CONVERSATION"}, &Parser::send_statement},
      {{"RECEIVE"}, &Parser::receive_statement},
      {{"DECLARE"}, &Parser::declare_statement},
      {{"EXEC"}, &Parser::execute_statement},
      {{"EXECUTE"}, &Parser::execute_statement},
      {{"CREATE"}, &Parser::create_statement},
      {{"ALTER"}, &Parser::alter_statement},
      {{"DROP"}, &Parser::drop_statement},
      {{"USE"}, &Parser::use_statement},
      {{"PRINT"}, &Parser::print_statement},
      {{"COMMIT"}, &Parser::commit_statement},
      {{"ROLLBACK"}, &Parser::rollback_statement},
      {{"SAVE"}, &Parser::save_statement},
      {{"WAITFOR"}, &Parser::waitfor_statement},
      {{"WHILE"}, &Parser::while_statement},
      {{"BREAK"}, &Parser::break_statement},
      {{"CONTINUE"}, &Parser::continue_statement},
      {{"RETURN"}, &Parser::return_statement},
      {{"GOTO"}, &Parser::goto_statement},
      {{"RAISERROR"}, &Parser::raise_error},
      {{"THROW"}, &Parser::throw_statement},
      {{"INSERT"}, &Parser::insert_statement},
      {{"UPDATE", "STATISTICS"}, &Parser::unsupported_statement},
      {{"UPDATE"}, &Parser::update_statement},
      {{"DELETE"}, &Parser::delete_statement},
      {{"TRUNCATE", "TABLE"}, &Parser::truncate_statement},
      {{"GRANT"}, &Parser::grant_statement},
      {{"DENY"}, &Parser::deny_statement},
      {{"REVOKE"}, &Parser::revoke_statement},
      {{"REVERT"}, &Parser::revert_statement},
      {{"BACKUP"}, &Parser::backup_statement},
      {{"RESTORE"}, &Parser::restore_statement},
      {{"OPEN"}, &Parser::open_statement},
      {{"CLOSE"}, &Parser::close_statement},
      {{"GET", "CONVERSATION", "GROUP"}, &Parser::get_conversation_group},
      {{"MOVE", "CONVERSATION"}, &Parser::move_conversation},
      {{"ADD"}, &Parser::add_statement},
      {{"FETCH"}, &Parser::fetch_statement},
      {{"DEALLOCATE"}, &Parser::deallocate_statement},
      {{"KILL"}, &Parser::kill_statement},
      {{"DBCC"}, &Parser::dbcc_statement},
      {{"CHECKPOINT"}, &Parser::checkpoint_statement},
      {{"RECONFIGURE"}, &Parser::reconfigure_statement},
      {{"MERGE"}, &Parser::unsupported_statement},
      {{"BULK", "INSERT"}, &Parser::unsupported_statement},
      {{"ENABLE", "TRIGGER"}, &Parser::unsupported_statement},
      {{"DISABLE", "TRIGGER"}, &Parser::unsupported_statement},
      {{"READTEXT"}, &Parser::unsupported_statement},
      {{"WRITETEXT"}, &Parser::unsupported_statement},
      {{"UPDATETEXT"}, &Parser::unsupported_statement},
      {{"SETUSER"}, &Parser::unsupported_statement},
      {{"SHUTDOWN"}, &Parser::unsupported_statement},
  });
  head_ = index_;
  if (at("SELECT") || at_parenthesized_query()) return select_statement();
  if (at("WITH")) return with_statement();
  if (NodePointer node = dispatch(kHeads)) return node;
  if (at_identifier() && at(":", 1)) return label();
  // Only the first statement of a batch may leave out EXEC.
  if (at_identifier() && head_ == 0) return execute_procedure({});
  fail();
}

// WITH [XMLNAMESPACES (...)] [common tables], then SELECT, INSERT, UPDATE or DELETE. 319 when the statement before lacks its semicolon.
// Name spaces are for the XML methods alone: what FOR XML would write with them is not supported.
NodePointer Parser::with_statement() {
  if (!terminated_) fail();
  if (!accept_all({"WITH", "XMLNAMESPACES"})) return after_common_tables(common_tables());
  xquery_prolog_ = xml_name_spaces();
  has_for_xml_ = false;
  std::vector<CommonTable> tables;
  if (accept(",")) tables = common_table_list();
  NodePointer statement = after_common_tables(std::move(tables));
  xquery_prolog_.clear();
  if (has_for_xml_) return node(Unsupported{"FOR XML in a statement with XMLNAMESPACES"});
  return statement;
}

// ('uri' AS prefix | DEFAULT 'uri', ...), as the prolog of an XQuery.
std::string Parser::xml_name_spaces() {
  const auto quoted = [](const std::string& uri) {
    std::string out = "\"";
    for (const char c : uri) out.append(c == '"' ? 2 : 1, c);
    return out + "\";";
  };
  std::string prolog;
  expect("(");
  do {
    if (accept("DEFAULT")) {
      prolog += "declare default element namespace " + quoted(string_literal());
      continue;
    }
    const std::string uri = string_literal();
    expect("AS");
    prolog += "declare namespace " + identifier() + "=" + quoted(uri);
  } while (accept(","));
  expect(")");
  return prolog;
}

NodePointer Parser::after_common_tables(std::vector<CommonTable> tables) {
  if (accept("INSERT")) return insert(std::move(tables));
  if (accept("UPDATE")) return update(std::move(tables));
  if (accept("DELETE")) return remove(std::move(tables));
  if (accept("MERGE")) return unsupported_statement();
  SelectStatement select{query()};
  select.query.with = std::move(tables);
  return node(std::move(select));
}

// A head that this parser knows and does not read: everything to the next semicolon outside parentheses goes.
NodePointer Parser::unsupported_statement() {
  Unsupported statement;
  for (std::size_t i = head_; i < index_; ++i) {
    if (!statement.head.empty()) statement.head += ' ';
    statement.head += to_upper(list_.tokens[i].text);
  }
  std::size_t depth = 0;
  while (!at_kind(TokenKind::end) && !(depth == 0 && at(";"))) {
    const Token& token = next();
    if (is(token, "(")) ++depth;
    if (is(token, ")") && depth > 0) --depth;
  }
  return node(std::move(statement));
}

// A module whose body has semicolons of its own: everything to the end of the batch goes.
NodePointer Parser::unsupported_module() {
  require_first_in_batch();
  NodePointer statement = unsupported_statement();
  while (!at_kind(TokenKind::end)) next();
  return statement;
}

// 111 unless CREATE or ALTER, whose words are right behind, begins the batch.
void Parser::require_first_in_batch() const {
  if (head_ == 0) return;
  const Token& head = list_.tokens[head_];
  std::string words;
  for (std::size_t i = head_; i < index_; ++i) {
    if (!words.empty()) words += ' ';
    words += to_upper(list_.tokens[i].text);
  }
  fail(Error(ErrorCode::must_be_first_in_batch, words), head.position);
}

// BEGIN DIALOG, CONVERSATION TIMER, TRAN, DISTRIBUTED TRAN, TRY, or a block
NodePointer Parser::begin_statement() {
  if (accept("DIALOG")) return begin_dialog();
  if (accept_all({"CONVERSATION", "TIMER"})) return begin_conversation_timer();
  if (at_any({"TRAN", "TRANSACTION", "DISTRIBUTED"})) return begin_transaction();
  if (accept("TRY")) return try_catch();
  terminated_ = true;
  Block block;
  statements_into(block.statements);
  if (block.statements.empty()) fail();
  expect("END");
  return node(std::move(block));
}

// BEGIN TRY statements END TRY BEGIN CATCH statements END CATCH
NodePointer Parser::try_catch() {
  TryCatch statement;
  terminated_ = true;
  statements_into(statement.body);
  expect_all({"END", "TRY"});
  accept(";");
  expect_all({"BEGIN", "CATCH"});
  terminated_ = true;
  statements_into(statement.handler);
  expect_all({"END", "CATCH"});
  return node(std::move(statement));
}

// IF condition statement [ELSE statement]; a semicolon before ELSE is allowed
NodePointer Parser::if_statement() {
  If statement;
  statement.condition = predicate();
  statement.then = nested_statement();
  if (at(";") && at("ELSE", 1)) next();
  if (accept("ELSE")) statement.otherwise = nested_statement();
  return node(std::move(statement));
}

NodePointer Parser::while_statement() {
  While statement;
  statement.condition = predicate();
  ++loops_;
  statement.body = nested_statement();
  --loops_;
  return node(std::move(statement));
}

NodePointer Parser::break_statement() {
  if (loops_ == 0) note(Error(ErrorCode::break_outside_loop), list_.tokens[head_].position);
  return node(Break{});
}

NodePointer Parser::continue_statement() {
  if (loops_ == 0) note(Error(ErrorCode::continue_outside_loop), list_.tokens[head_].position);
  return node(Continue{});
}

// RETURN [value]; a value only inside a procedure (178)
NodePointer Parser::return_statement() {
  Return statement;
  if (at_expression()) {
    if (!in_procedure_) note(Error(ErrorCode::return_value_in_batch), list_.tokens[head_].position);
    statement.value = expression();
  }
  return node(std::move(statement));
}

NodePointer Parser::goto_statement() {
  const SourcePosition where = peek().position;
  GoTo statement{identifier()};
  gotos_.push_back({to_lower(statement.label), where});
  return node(std::move(statement));
}

// name :
NodePointer Parser::label() {
  const SourcePosition where = peek().position;
  Label statement{identifier()};
  expect(":");
  const bool known = std::any_of(labels_.begin(), labels_.end(), [&](const LabelUse& use) {
    return use.name == to_lower(statement.name);
  });
  if (known) note(Error(ErrorCode::label_declared_twice, statement.name), where);
  labels_.push_back({to_lower(statement.name), where});
  return node(std::move(statement));
}

void Parser::check_labels() {
  for (const LabelUse& jump : gotos_) {
    const bool known = std::any_of(labels_.begin(), labels_.end(),
                                   [&](const LabelUse& use) { return use.name == jump.name; });
    if (!known) note(Error(ErrorCode::unknown_label, jump.name), jump.where);
  }
}

}  // namespace ssb::broker::tsql
