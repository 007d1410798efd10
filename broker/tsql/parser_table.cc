// CREATE TABLE, ALTER TABLE, CREATE INDEX and the column lists of table variables.
#include "broker/tsql/parser_core.h"

namespace ssb::broker::tsql {

NodePointer Parser::create_table() {
  CreateTable table;
  table.name = object_name();
  table.definition = table_definition();
  storage_options();
  return node(std::move(table));
}

// ( element [,] ... )
TableDefinition Parser::table_definition() {
  TableDefinition definition;
  expect("(");
  do {
    if (at(")")) break;  // a comma before the closing parenthesis is allowed
    table_element(definition);
  } while (accept(",") || at_table_constraint());
  expect(")");
  return definition;
}

bool Parser::at_table_constraint() const {
  return at_any({"CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK"}) ||
         (at("DEFAULT") && !at(")", 1));
}

void Parser::table_element(TableDefinition& definition) {
  if (at("INDEX")) {
    next();
    identifier();
    index_options();
    index_columns();
    index_options();
  } else if (at_table_constraint()) {
    definition.constraints.push_back(table_constraint());
  } else {
    definition.columns.push_back(column_definition());
  }
}

// name type option ... | name AS expression [PERSISTED] option ...
ColumnDefinition Parser::column_definition() {
  ColumnDefinition column;
  column.position = peek().position;
  column.name = identifier();
  if (accept("AS")) {
    column.computed = expression();
    column.persisted = accept("PERSISTED");
  } else {
    column.type = data_type(TypeContext::declaration);
  }
  while (column_option(column)) {
  }
  return column;
}

bool Parser::column_option(ColumnDefinition& column) {
  if (accept("NULL")) {
    column.nullable = true;
  } else if (accept_all({"NOT", "NULL"})) {
    column.nullable = false;
  } else if (accept("IDENTITY")) {
    Identity identity;
    if (accept("(")) {
      identity.seed = signed_integer();
      expect(",");
      identity.increment = signed_integer();
      expect(")");
    }
    accept_all({"NOT", "FOR", "REPLICATION"});
    column.identity = identity;
  } else if (accept("COLLATE")) {
    column.collation = identifier();
  } else if (accept("ROWGUIDCOL")) {
    column.row_guid = true;
  } else if (accept("SPARSE") || accept("PERSISTED")) {
    return true;
  } else {
    if (accept("CONSTRAINT")) identifier();
    return column_constraint(column);
  }
  return true;
}

bool Parser::column_constraint(ColumnDefinition& column) {
  if (accept_all({"PRIMARY", "KEY"})) {
    column.primary_key = true;
    index_options();
  } else if (accept("UNIQUE")) {
    column.unique = true;
    index_options();
  } else if (accept("DEFAULT")) {
    column.default_value = expression();
    accept_all({"WITH", "VALUES"});
  } else if (accept("CHECK")) {
    accept_all({"NOT", "FOR", "REPLICATION"});
    expect("(");
    column.checks.push_back(predicate());
    expect(")");
  } else if (at("REFERENCES") || at_all({"FOREIGN", "KEY"})) {
    accept_all({"FOREIGN", "KEY"});
    column.references = foreign_key();
  } else {
    return false;
  }
  return true;
}

// [CONSTRAINT name] PRIMARY KEY | UNIQUE ( columns ) | CHECK ( condition ) | FOREIGN KEY ( columns ) REFERENCES ...
//   | DEFAULT value FOR column
TableConstraint Parser::table_constraint() {
  TableConstraint constraint;
  if (accept("CONSTRAINT")) constraint.name = identifier();
  if (accept("CHECK")) {
    constraint.kind = TableConstraintKind::check;
    accept_all({"NOT", "FOR", "REPLICATION"});
    expect("(");
    constraint.value = predicate();
    expect(")");
  } else if (accept("DEFAULT")) {
    constraint.kind = TableConstraintKind::default_value;
    constraint.value = expression();
    expect("FOR");
    constraint.columns.push_back(identifier());
    accept_all({"WITH", "VALUES"});
  } else if (accept_all({"FOREIGN", "KEY"})) {
    constraint.kind = TableConstraintKind::foreign_key;
    constraint.columns = parenthesized_names();
    constraint.references = foreign_key();
  } else {
    constraint.kind =
        accept("UNIQUE") ? TableConstraintKind::unique : TableConstraintKind::primary_key;
    if (constraint.kind == TableConstraintKind::primary_key) expect_all({"PRIMARY", "KEY"});
    index_options();
    constraint.columns = index_columns();
    index_options();
  }
  return constraint;
}

// REFERENCES table [( column, ... )] [ON DELETE action] [ON UPDATE action]
ForeignKey Parser::foreign_key() {
  ForeignKey key;
  expect("REFERENCES");
  key.table = object_name();
  if (at("(")) key.columns = parenthesized_names();
  while (at_all({"ON", "DELETE"}) || at_all({"ON", "UPDATE"})) {
    next();
    if (is(next(), "DELETE")) {
      key.on_delete = foreign_key_action();
    } else {
      key.on_update = foreign_key_action();
    }
  }
  accept_all({"NOT", "FOR", "REPLICATION"});
  return key;
}

ForeignKeyAction Parser::foreign_key_action() {
  if (accept("CASCADE")) return ForeignKeyAction::cascade;
  if (accept_all({"SET", "NULL"})) return ForeignKeyAction::set_null;
  if (accept_all({"SET", "DEFAULT"})) return ForeignKeyAction::set_default;
  expect_all({"NO", "ACTION"});
  return ForeignKeyAction::no_action;
}

// CLUSTERED, WITH ( ... ), ON filegroup: read and dropped.
void Parser::index_options() {
  while (true) {
    if (accept("CLUSTERED") || accept("NONCLUSTERED")) continue;
    if (accept_all({"WITH", "FILLFACTOR", "="})) {
      integer();
    } else if (at_all({"WITH", "("})) {
      next();
      skip_parentheses();
    } else if (at("ON") && !at_any({"DELETE", "UPDATE"}, 1)) {
      storage_options();
    } else {
      return;
    }
  }
}

// ON filegroup | ON scheme ( column ), TEXTIMAGE_ON filegroup, WITH ( ... ): read and dropped.
void Parser::storage_options() {
  while (true) {
    if (accept("ON") || accept("TEXTIMAGE_ON") || accept("FILESTREAM_ON")) {
      if (!accept("DEFAULT") && !accept("PRIMARY") && at_string()) {
        next();
      } else if (at_identifier()) {
        identifier();
      }
      if (at("(")) skip_parentheses();
    } else if (at_all({"WITH", "("})) {
      next();
      skip_parentheses();
    } else {
      return;
    }
  }
}

IndexColumn Parser::index_column() {
  IndexColumn column{identifier()};
  column.descending = accept("DESC");
  if (!column.descending) accept("ASC");
  return column;
}

std::vector<std::string> Parser::index_columns() {
  std::vector<std::string> columns;
  expect("(");
  do {
    columns.push_back(index_column().name);
  } while (accept(","));
  expect(")");
  return columns;
}

// CREATE [UNIQUE] [CLUSTERED | NONCLUSTERED] INDEX name ON table ( column, ... ) [INCLUDE ( ... )] [WHERE condition]
NodePointer Parser::create_index() {
  --index_;  // the word that chose this production
  CreateIndex index;
  index.unique = accept("UNIQUE");
  index.clustered = accept("CLUSTERED");
  if (!index.clustered) accept("NONCLUSTERED");
  expect("INDEX");
  index.name = identifier();
  expect("ON");
  index.table = object_name();
  expect("(");
  do {
    index.columns.push_back(index_column());
  } while (accept(","));
  expect(")");
  if (accept("INCLUDE")) index.included = parenthesized_names();
  if (accept("WHERE")) index.where = predicate();
  storage_options();
  return node(std::move(index));
}

// ALTER TABLE table [WITH [NO]CHECK] ADD element, ... | DROP ... | ALTER COLUMN ... | anything else
NodePointer Parser::alter_table() {
  AlterTable alter;
  alter.name = object_name();
  if (at("WITH") && at_any({"CHECK", "NOCHECK"}, 1) && at("ADD", 2)) index_ += 2;
  if (accept("ADD")) {
    alter.action = AlterTableAction::add;
    do {
      table_element(alter.added);
    } while (accept(","));
  } else if (accept("DROP")) {
    alter.action = AlterTableAction::drop;
    alter_table_drop(alter);
  } else if (accept_all({"ALTER", "COLUMN"})) {
    alter.action = AlterTableAction::alter_column;
    alter.column = column_definition();
  } else {
    alter.action = AlterTableAction::other;
    if (!at_any({"WITH", "CHECK", "NOCHECK", "ENABLE", "DISABLE", "SWITCH", "SET", "REBUILD"}))
      fail();
    alter.other = word();
    while (!at_kind(TokenKind::end) && !at(";")) next();
  }
  return node(std::move(alter));
}

// DROP [COLUMN | CONSTRAINT] [IF EXISTS] name, ...; a name without a word is a constraint
void Parser::alter_table_drop(AlterTable& alter) {
  bool column = false;
  do {
    if (accept("COLUMN")) {
      column = true;
    } else if (accept("CONSTRAINT")) {
      column = false;
    }
    accept_all({"IF", "EXISTS"});
    (column ? alter.drop_columns : alter.drop_constraints).push_back(identifier());
  } while (accept(","));
}

}  // namespace ssb::broker::tsql
