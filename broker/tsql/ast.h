// The syntax tree of a T-SQL batch: statements; expression_ast.h has expressions and queries,
// definition_ast.h has DDL.
//
//   Shape   a Batch holds Statements; a Statement is a position and one node of StatementNode.
//   Trees are move-only
//           values. Every depth of nesting is bounded by the parser, so recursion over a tree is
//           safe.
//   Source  T-SQL reference, sections 1.2 to 1.9.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "broker/tsql/definition_ast.h"
#include "broker/tsql/expression_ast.h"

namespace ssb::broker::tsql {

struct Statement;
using StatementPointer = std::unique_ptr<Statement>;
using StatementList = std::vector<Statement>;

// ---- Conversations
// -------------------------------------------------------------------------------------------

// Names may be variables: an identifier arrives as a national StringLiteral.
struct BeginDialog {
  std::string handle;  // the variable, with its @
  Expression from_service;
  Expression to_service;
  std::optional<Expression> broker_instance;  // a GUID or 'CURRENT DATABASE'
  std::optional<Expression> contract;
  std::optional<Expression> related_conversation;
  std::optional<Expression> related_conversation_group;
  std::optional<Expression> lifetime_s;
  std::optional<bool> encryption;
};
struct Send {
  std::vector<Expression> handles;         // at least one
  std::optional<Expression> message_type;  // a StringLiteral or Variable
  std::optional<Expression> body;
};
enum class ReceiveFilter { none, conversation_handle, conversation_group_id };
struct Receive {
  std::optional<Expression> top;
  std::vector<SelectItem> items;
  ObjectName queue;
  std::optional<std::string> into;  // a table variable, with its @
  ReceiveFilter filter = ReceiveFilter::none;
  std::optional<Expression> filter_value;
};
struct GetConversationGroup {
  std::string group;  // the variable, with its @
  ObjectName queue;
};
struct WaitForDelay {
  Expression delay;
};
struct WaitForTime {
  Expression time;
};
struct WaitFor {
  std::variant<WaitForDelay, WaitForTime, Receive, GetConversationGroup> what;
  std::optional<Expression> timeout_ms;  // of the last two; absent: for ever
};
struct EndWithError {
  Expression code;
  Expression description;
};
struct EndConversation {
  Expression handle;
  std::optional<EndWithError> error;
  bool cleanup = false;
};
struct MoveConversation {
  Expression handle;
  Expression group;
};
struct BeginConversationTimer {
  Expression handle;
  Expression timeout_s;
};

// ---- Data
// ----------------------------------------------------------------------------------------------------

struct SelectStatement {
  Query query;
};

// OUTPUT inserted.c, deleted.c [INTO @t [(columns)]]
struct OutputClause {
  std::vector<SelectItem> items;
  std::optional<TableSource> into;  // a table variable or a table; absent: to the client
  std::vector<std::string> into_columns;
};

enum class ForeignKeyAction { no_action, cascade, set_null, set_default };
struct ForeignKey {
  ObjectName table;
  std::vector<std::string> columns;
  ForeignKeyAction on_delete{};
  ForeignKeyAction on_update{};
};
struct Identity {
  std::int64_t seed = 1;
  std::int64_t increment = 1;
};
struct ColumnDefinition {
  std::string name;
  DataType type;                       // unless computed
  std::optional<Expression> computed;  // c AS expression
  bool persisted = false;
  std::optional<bool> nullable;  // NULL or NOT NULL
  std::optional<Identity> identity;
  std::optional<Expression> default_value;
  std::optional<std::string> collation;
  bool primary_key = false;
  bool unique = false;
  bool row_guid = false;
  std::vector<Expression> checks;
  std::optional<ForeignKey> references;
  SourcePosition position;
};
enum class TableConstraintKind { primary_key, unique, check, foreign_key, default_value };
struct TableConstraint {
  std::string name;  // "" = none
  TableConstraintKind kind{};
  std::vector<std::string> columns;  // of all but check
  std::optional<Expression> value;   // of check and default_value
  std::optional<ForeignKey> references;
};
struct TableDefinition {
  std::vector<ColumnDefinition> columns;
  std::vector<TableConstraint> constraints;
};

struct Execute;
struct InsertRows {
  std::vector<std::vector<Expression>> rows;
};
struct InsertQuery {
  Query query;
};
struct InsertExecute {
  StatementPointer execute;  // a Statement with Execute or ExecuteText
};
struct InsertDefaultValues {};
struct Insert {
  std::vector<CommonTable> with;
  std::optional<Top> top;
  TableSource target;  // NamedTable or TableVariable
  std::vector<std::string> columns;
  std::optional<OutputClause> output;
  std::variant<InsertRows, InsertQuery, InsertExecute, InsertDefaultValues> source;
};
// column = value, @v = value, @v = column = value (column and variable both set).
struct UpdateAssignment {
  std::optional<ColumnReference> column;
  std::string variable;  // "" = none
  AssignmentOperator op = AssignmentOperator::assign;
  Expression value;  // column.modify(...) is an XmlMethod of kind modify and has no column
};
struct Update {
  std::vector<CommonTable> with;
  std::optional<Top> top;
  TableSource target;
  std::vector<UpdateAssignment> assignments;
  std::optional<OutputClause> output;
  std::vector<FromItem> from;
  std::optional<Expression> where;
  std::optional<std::string> current_of;  // WHERE CURRENT OF cursor
};
struct Delete {
  std::vector<CommonTable> with;
  std::optional<Top> top;
  TableSource target;
  std::optional<OutputClause> output;
  std::vector<FromItem> from;
  std::optional<Expression> where;
  std::optional<std::string> current_of;
};
struct TruncateTable {
  ObjectName name;
};
// File groups and storage options are read and dropped.
struct CreateTable {
  ObjectName name;
  TableDefinition definition;
};
enum class AlterTableAction { add, drop, alter_column, other };
struct AlterTable {
  ObjectName name;
  AlterTableAction action{};
  TableDefinition added;                      // of add
  std::vector<std::string> drop_columns;      // of drop
  std::vector<std::string> drop_constraints;  // of drop
  std::optional<ColumnDefinition> column;     // of alter_column
  std::string other;  // the first words of a clause that is read and dropped
};
struct IndexColumn {
  std::string name;
  bool descending = false;
};
struct CreateIndex {
  std::string name;
  ObjectName table;
  bool unique = false;
  bool clustered = false;
  std::vector<IndexColumn> columns;
  std::vector<std::string> included;
  std::optional<Expression> where;
};

// ---- Modules
// -------------------------------------------------------------------------------------------------

enum class ModuleChange { create, alter, create_or_alter };
struct ProcedureParameter {
  std::string name;  // with its @
  DataType type;
  std::optional<Expression> default_value;
  bool output = false;
  bool read_only = false;
  SourcePosition position;
};
struct CreateProcedure {
  ModuleChange change{};
  ObjectName name;
  std::vector<ProcedureParameter> parameters;
  std::optional<ExecuteAsClause> execute_as;
  bool recompile = false;
  bool encryption = false;
  StatementList body;
  std::string text;  // the whole batch as written, for sys.sql_modules and for parsing it again
};
struct CreateView {
  ModuleChange change{};
  ObjectName name;
  std::vector<std::string> columns;
  Query query;
  std::string text;  // the whole batch as written
};

// ---- Procedural
// ----------------------------------------------------------------------------------------------

struct VariableDeclaration {
  std::string name;  // with its @
  DataType type;
  std::optional<TableDefinition> table;  // DECLARE @t TABLE (...): the type does not count
  std::optional<Expression> initial;
  SourcePosition position;
};
struct DeclareVariables {
  std::vector<VariableDeclaration> variables;
};
struct DeclareCursor {
  std::string name;                  // "@c" with SET @c = CURSOR FOR
  std::vector<std::string> options;  // in upper case: LOCAL, FAST_FORWARD, ...
  Query query;
};
struct SetVariable {
  std::string name;
  AssignmentOperator op = AssignmentOperator::assign;
  Expression value;
};
// SET @x.modify('...')
struct ModifyXmlVariable {
  std::string name;
  Expression change;
};
// SET NOCOUNT, XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL x; SET IDENTITY_INSERT t ON; SET
// ROWCOUNT 5.
struct SetOptions {
  std::vector<std::string> names;  // in upper case with single blanks: "STATISTICS IO"
  std::string
      value;  // in upper case unless quoted: ON, OFF, READ COMMITTED, 5; a variable with its @
  ObjectName table;  // of IDENTITY_INSERT
};
struct Block {
  StatementList statements;
};
struct If {
  Expression condition;
  StatementPointer then;
  StatementPointer otherwise;  // null: no ELSE
};
struct While {
  Expression condition;
  StatementPointer body;
};
struct Break {};
struct Continue {};
struct TryCatch {
  StatementList body;
  StatementList handler;
};
// All three or none.
struct Throw {
  std::optional<Expression> number;
  std::optional<Expression> message;
  std::optional<Expression> state;
};
struct RaiseError {
  Expression message;  // a number, a string or a variable
  Expression severity;
  Expression state;
  std::vector<Expression> arguments;
  bool log = false;
  bool no_wait = false;
  bool set_error = false;
};
struct Print {
  Expression value;
};
struct Return {
  std::optional<Expression> value;
};
struct GoTo {
  std::string label;
};
struct Label {
  std::string name;
};

struct ExecuteArgument {
  std::string name;  // "" = by position; with its @
  Expression value;  // DefaultValue for DEFAULT; a bare word (sp_help t) is a StringLiteral
  bool output = false;
};
struct Execute {
  std::string result;              // EXEC @result = ...; "" = none
  ObjectName procedure;            // unless procedure_variable
  std::string procedure_variable;  // EXEC @name; "" = none
  std::vector<ExecuteArgument> arguments;
  bool recompile = false;
};
// EXEC ('text' + @more) [AS USER = 'u'] [AT server]
struct ExecuteText {
  Expression text;
  std::vector<ExecuteArgument> arguments;
  std::optional<ExecuteAsClause> as;
  std::optional<std::string> at_server;
};

// Names may be variables, with their @.
struct BeginTransaction {
  std::optional<std::string> name;
  bool distributed = false;
};
struct CommitTransaction {
  std::optional<std::string> name;
};
struct RollbackTransaction {
  std::optional<std::string> name;
};
struct SaveTransaction {
  std::string name;
};

// Cursor names may be variables, with their @.
struct OpenCursor {
  std::string name;
};
enum class FetchOrientation { next, prior, first, last, absolute, relative };
struct FetchCursor {
  FetchOrientation orientation = FetchOrientation::next;
  std::optional<Expression> row;  // of absolute and relative
  std::string name;
  std::vector<std::string> into;
};
struct CloseCursor {
  std::string name;
};
struct DeallocateCursor {
  std::string name;
};

struct Kill {
  Expression session;
};
struct Dbcc {
  std::string command;                 // in upper case
  std::vector<std::string> arguments;  // literals without quotes
};
struct Checkpoint {};
struct Reconfigure {
  bool override_values = false;
};
// A head that T-SQL knows and this parser does not read: CREATE ASSEMBLY, MERGE, ... It takes
// everything to the next semicolon outside parentheses, or to the end of the batch.
struct Unsupported {
  std::string head;  // in upper case
};

using StatementVariant = std::variant<
    UseDatabase, Drop, CreateDatabase, AlterDatabase, BackupDatabase, RestoreDatabase, CreateLogin,
    AlterLogin, CreateUser, AlterUser, CreateRole, AlterRole, CreateSchema, ChangePermission,
    AlterAuthorization, ExecuteAs, Revert, CreateMasterKey, OpenMasterKey, CloseMasterKey,
    AlterMasterKey, BackupMasterKey, RestoreMasterKey, AlterServiceMasterKey,
    BackupServiceMasterKey, RestoreServiceMasterKey, CreateCertificate, AlterCertificate,
    BackupCertificate, CreateSymmetricKey, OpenSymmetricKey, CloseSymmetricKey, AlterSymmetricKey,
    CreateAsymmetricKey, AlterAsymmetricKey, CreateDatabaseEncryptionKey,
    AlterDatabaseEncryptionKey, ChangeSignature, CreateEndpoint, AlterEndpoint, CreateMessageType,
    AlterMessageType, CreateContract, CreateQueue, AlterQueue, CreateService, AlterService,
    CreateRoute, AlterRoute, CreateRemoteServiceBinding, AlterRemoteServiceBinding,
    CreateBrokerPriority, AlterBrokerPriority, CreateEventNotification, CreateXmlSchemaCollection,
    BeginDialog, Send, Receive, GetConversationGroup, WaitFor, EndConversation, MoveConversation,
    BeginConversationTimer, SelectStatement, Insert, Update, Delete, TruncateTable, CreateTable,
    AlterTable, CreateIndex, CreateProcedure, CreateView, DeclareVariables, DeclareCursor,
    SetVariable, ModifyXmlVariable, SetOptions, Block, If, While, Break, Continue, TryCatch, Throw,
    RaiseError, Print, Return, GoTo, Label, Execute, ExecuteText, BeginTransaction,
    CommitTransaction, RollbackTransaction, SaveTransaction, OpenCursor, FetchCursor, CloseCursor,
    DeallocateCursor, Kill, Dbcc, Checkpoint, Reconfigure, Unsupported>;
// A class of its own, so that compiler messages name it and not its hundred alternatives.
struct StatementNode : StatementVariant {
  using StatementVariant::StatementVariant;
};

// Out of line: moving and destroying a variant of this size costs seconds of compilation in every
// file.
struct DeleteStatementNode {
  void operator()(StatementNode* node) const;
};
// Read it with std::visit(visitor, *statement.node) or std::get_if<Send>(statement.node.get()).
struct Statement {
  SourcePosition position;  // of the first token; the length covers the statement without semicolon
  std::unique_ptr<StatementNode, DeleteStatementNode> node;  // never null in a parsed batch
};

struct Batch {
  StatementList statements;
};

}  // namespace ssb::broker::tsql
// ast.h: complete
