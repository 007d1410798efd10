// The recursive-descent parser behind parse_batch; private to the parser_*.cc files, one a family
// of statements.
//
//   Shape   a method a production, with its grammar line above the definition. at() looks, accept()
//   takes what fits,
//           expect() takes it or fails; keywords are given in upper case.
//   Errors  fail() unwinds with Unwind, which parse_batch alone catches. note() keeps the first
//   error that is wrong
//           about the batch as a whole and goes on, so that a syntax error further down wins.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/tsql/ast.h"
#include "broker/tsql/lexer.h"
#include "broker/tsql/parser.h"
#include "broker/tsql/token.h"

namespace ssb::broker::tsql {

struct Unwind {
  ParseFailure failure;
};

using NodePointer = std::unique_ptr<StatementNode, DeleteStatementNode>;

class Parser {
 public:
  Parser(std::string_view text, const ParseOptions& options);
  Batch batch();
  std::vector<ProcedureParameter> parameters_only();
  [[nodiscard]] const std::optional<ParseFailure>& noted() const { return noted_; }

 private:
  // ---- parser.cc: tokens, names, literals ----
  [[nodiscard]] const Token& peek(std::size_t ahead = 0) const;
  const Token& next();
  [[nodiscard]] bool at(std::string_view keyword, std::size_t ahead = 0) const;
  [[nodiscard]] bool at_all(std::initializer_list<std::string_view> keywords,
                            std::size_t ahead = 0) const;
  [[nodiscard]] bool at_any(std::initializer_list<std::string_view> keywords,
                            std::size_t ahead = 0) const;
  bool accept(std::string_view keyword);
  bool accept_all(std::initializer_list<std::string_view> keywords);
  void expect(std::string_view keyword);
  void expect_all(std::initializer_list<std::string_view> keywords);
  [[noreturn]] void fail(const Token& token) const;
  [[noreturn]] void fail() const { fail(peek()); }
  // Whether the token is, or has in it, a password.
  [[nodiscard]] bool is_secret(const Token& token) const;
  [[noreturn]] static void fail(proto::Error error, const SourcePosition& where);
  void note(proto::Error error, const SourcePosition& where);

  [[nodiscard]] bool at_identifier(std::size_t ahead = 0) const;
  [[nodiscard]] bool at_string(std::size_t ahead = 0) const;
  [[nodiscard]] bool at_kind(TokenKind kind, std::size_t ahead = 0) const;
  [[nodiscard]] bool at_statement_head() const;
  std::string identifier();
  std::string word();
  std::string principal();
  ObjectName object_name();
  std::vector<std::string> name_list();
  std::vector<std::string> parenthesized_names();
  std::string string_literal();
  proto::Bytes binary_literal();
  std::int32_t integer();
  std::int32_t signed_integer();
  std::int64_t big_integer();
  bool on_off();
  std::string option_string(std::string_view name);
  std::string password();
  std::optional<std::string> authorization();
  std::string variable();
  std::string declared_variable();
  std::string table_variable();
  void declare(const std::string& name, const SourcePosition& where);
  void use(const std::string& name, const SourcePosition& where, proto::ErrorCode code);
  void skip_parentheses();

  // ---- parser_type.cc ----
  enum class TypeContext { declaration, conversion };
  DataType data_type(TypeContext context);
  static std::optional<DataType> plain_type(std::string_view lower_name);
  void type_arguments(DataType& type);
  void default_length(DataType& type, TypeContext context) const;

  // ---- parser_expression.cc ----
  struct Nested;  // one level deeper while it lives; error 191 beyond kNestingMax
  Expression expression();
  Expression predicate();
  Expression value_or_default();
  Expression name_or_variable();
  Expression string_or_variable();
  Expression literal_or_variable();
  [[nodiscard]] bool at_expression() const;
  Expression disjunction();
  Expression conjunction();
  Expression negation();
  Expression comparison();
  Expression rest_of_comparison(Expression left);
  Expression additive(bool predicates);
  Expression multiplicative(bool predicates);
  Expression unary(bool predicates);
  Expression postfix(bool predicates);
  Expression primary(bool predicates);
  Expression literal();
  Expression word_expression();
  Expression parenthesized(bool predicates);
  Expression case_expression();
  Expression cast_expression();
  Expression convert_expression();
  Expression exists_expression();
  Expression name_expression();
  Expression function_call(ObjectName name, const SourcePosition& where);
  Expression xml_method(Expression target);
  std::unique_ptr<Over> over_clause();
  Expression binary(BinaryOperator op, Expression left, Expression right, const Token& token);
  void require_value(const Expression& value) const;
  void require_predicate(const Expression& value) const;
  std::optional<BinaryOperator> comparison_operator();
  [[nodiscard]] bool at_xml_method() const;

  // ---- parser_query.cc ----
  Query query();
  std::vector<CommonTable> common_tables();
  std::vector<CommonTable> common_table_list();
  void query_body(Query& query);
  void query_tail(Query& query);
  QueryTerm intersection();
  QueryTerm query_primary();
  Select select_specification();
  [[nodiscard]] bool at_query(std::size_t ahead = 0) const;
  [[nodiscard]] bool at_parenthesized_query() const;
  Top top_clause();
  std::vector<SelectItem> select_items();
  SelectItem select_item();
  [[nodiscard]] bool at_qualified_star() const;
  std::optional<AssignmentOperator> accept_assignment_operator();
  [[nodiscard]] std::optional<AssignmentOperator> assignment_operator_at(std::size_t ahead) const;
  [[nodiscard]] bool at_alias() const;
  std::vector<FromItem> from_list();
  FromItem from_item();
  void joins(FromItem& item);
  std::optional<JoinKind> accept_join();
  [[nodiscard]] bool at_qualified_join() const;
  TableSource table_source();
  void parenthesized_table(TableSource& source);
  void named_table(TableSource& source);
  void open_xml(TableSource& source);
  void table_alias(TableSource& source);
  void table_hints(TableSource& source);
  void hint_list(TableSource& source);
  [[nodiscard]] bool at_old_hint(std::size_t ahead = 0) const;
  std::vector<std::vector<Expression>> value_rows();
  std::vector<OrderItem> order_items();
  ForXml for_xml();
  void option_clause();

  // ---- parser_statement.cc ----
  struct Head {
    std::array<std::string_view, 4> words;  // "" = none
    NodePointer (Parser::*production)();    // starts behind the words
  };
  NodePointer dispatch(std::span<const Head> heads);
  void statements_into(StatementList& list);
  Statement statement();
  NodePointer statement_node();
  StatementPointer nested_statement();
  NodePointer begin_statement();
  NodePointer try_catch();
  NodePointer if_statement();
  NodePointer while_statement();
  NodePointer break_statement();
  NodePointer continue_statement();
  NodePointer return_statement();
  NodePointer goto_statement();
  NodePointer label();
  NodePointer with_statement();
  std::string xml_name_spaces();
  NodePointer after_common_tables(std::vector<CommonTable> tables);
  NodePointer unsupported_statement();
  NodePointer unsupported_module();
  void require_first_in_batch() const;
  void check_labels();

  // ---- parser_definition.cc ----
  NodePointer create_statement();
  NodePointer alter_statement();
  NodePointer open_statement();
  NodePointer close_statement();
  NodePointer backup_statement();
  NodePointer restore_statement();
  NodePointer drop_statement();
  std::optional<ObjectKind> drop_kind();
  void drop_scope(Drop& drop);

  // ---- parser_procedural.cc ----
  NodePointer use_statement();
  NodePointer declare_statement();
  VariableDeclaration variable_declaration();
  NodePointer declare_cursor();
  NodePointer cursor_definition(std::string name, std::vector<std::string> options);
  NodePointer set_statement();
  NodePointer set_variable();
  NodePointer set_options();
  NodePointer set_other_option();
  NodePointer print_statement();
  Expression constant_or_variable();
  NodePointer raise_error();
  NodePointer throw_statement();
  NodePointer execute_statement();
  NodePointer execute_text();
  NodePointer execute_procedure(std::string result);
  ExecuteArgument execute_argument();
  ExecuteAsClause execute_as_clause();
  NodePointer execute_as();
  NodePointer revert_statement();
  std::optional<std::string> transaction_name();
  bool accept_transaction();
  NodePointer begin_transaction();
  NodePointer commit_statement();
  NodePointer rollback_statement();
  NodePointer save_statement();
  std::string cursor_name();
  NodePointer open_cursor();
  NodePointer fetch_statement();
  NodePointer close_cursor();
  NodePointer deallocate_statement();
  NodePointer kill_statement();
  NodePointer dbcc_statement();
  NodePointer checkpoint_statement();
  NodePointer reconfigure_statement();

  // ---- parser_data.cc ----
  NodePointer select_statement();
  NodePointer insert_statement();
  NodePointer update_statement();
  NodePointer delete_statement();
  NodePointer insert(std::vector<CommonTable> with);
  void insert_source(Insert& insert);
  NodePointer update(std::vector<CommonTable> with);
  NodePointer remove(std::vector<CommonTable> with);
  TableSource modification_target();
  UpdateAssignment update_assignment();
  std::optional<OutputClause> output_clause();
  void modification_filter(std::optional<Expression>& where,
                           std::optional<std::string>& current_of);
  NodePointer truncate_statement();

  // ---- parser_table.cc ----
  NodePointer create_table();
  NodePointer alter_table();
  NodePointer create_index();
  TableDefinition table_definition();
  void table_element(TableDefinition& definition);
  ColumnDefinition column_definition();
  bool column_option(ColumnDefinition& column);
  bool column_constraint(ColumnDefinition& column);
  TableConstraint table_constraint();
  [[nodiscard]] bool at_table_constraint() const;
  ForeignKey foreign_key();
  ForeignKeyAction foreign_key_action();
  std::vector<std::string> index_columns();
  IndexColumn index_column();
  void index_options();
  void storage_options();
  void alter_table_drop(AlterTable& alter);

  // ---- parser_module.cc ----
  NodePointer create_procedure();
  NodePointer alter_procedure();
  NodePointer create_or_alter_procedure();
  NodePointer procedure(ModuleChange change);
  void procedure_options(CreateProcedure& procedure);
  std::vector<ProcedureParameter> procedure_parameters();
  ProcedureParameter procedure_parameter();
  NodePointer create_view();
  NodePointer alter_view();
  NodePointer create_or_alter_view();
  NodePointer view(ModuleChange change);

  // ---- parser_conversation.cc ----
  NodePointer begin_dialog();
  void dialog_options(BeginDialog& dialog);
  NodePointer begin_conversation_timer();
  NodePointer send_statement();
  NodePointer receive_statement();
  Receive receive();
  NodePointer get_conversation_group();
  GetConversationGroup conversation_group();
  NodePointer waitfor_statement();
  NodePointer end_conversation();
  NodePointer move_conversation();

  // ---- parser_broker.cc ----
  NodePointer create_message_type();
  NodePointer alter_message_type();
  MessageValidation message_validation(ObjectName& schema_collection);
  NodePointer create_contract();
  NodePointer create_queue();
  NodePointer alter_queue();
  QueueOptions queue_options();
  QueueActivation queue_activation();
  NodePointer create_service();
  NodePointer alter_service();
  NodePointer create_route();
  NodePointer alter_route();
  void once(bool is_given) const;
  RouteOptions route_options();
  NodePointer create_remote_service_binding();
  NodePointer alter_remote_service_binding();
  void binding_options(std::optional<std::string>& user, std::optional<bool>& anonymous);
  NodePointer create_broker_priority();
  NodePointer alter_broker_priority();
  BrokerPriorityOptions broker_priority_options();
  NameOrAny name_or_any();
  NodePointer create_event_notification();
  NodePointer create_xml_schema_collection();

  // ---- parser_key.cc ----
  NodePointer create_master_key();
  NodePointer open_master_key();
  NodePointer alter_master_key();
  NodePointer backup_master_key();
  NodePointer restore_master_key();
  NodePointer alter_service_master_key();
  NodePointer backup_service_master_key();
  NodePointer restore_service_master_key();
  NodePointer create_certificate();
  void certificate_source(CreateCertificate& certificate);
  void certificate_file_options(CreateCertificate& certificate);
  void certificate_subject_options(CreateCertificate& certificate);
  NodePointer alter_certificate();
  NodePointer backup_certificate();
  PrivateKeyClause private_key_clause();
  std::string file_or_url(bool& url);
  KeyProtector key_protector();
  std::vector<KeyProtector> key_protectors();
  NodePointer create_symmetric_key();
  NodePointer alter_symmetric_key();
  NodePointer open_symmetric_key();
  NodePointer close_symmetric_key();
  NodePointer create_asymmetric_key();
  NodePointer alter_asymmetric_key();
  NodePointer create_database_encryption_key();
  NodePointer alter_database_encryption_key();
  KeyProtector server_protector();
  NodePointer add_statement();
  NodePointer change_signature(bool add);

  // ---- parser_endpoint.cc ----
  NodePointer create_endpoint();
  NodePointer alter_endpoint();
  EndpointState endpoint_state();
  EndpointTcp endpoint_tcp();
  std::string listener_ip();
  EndpointOptions endpoint_options();
  void endpoint_option(EndpointOptions& options);
  EndpointAuthentication endpoint_authentication();
  EndpointEncryption endpoint_encryption();

  // ---- parser_database.cc ----
  NodePointer create_database();
  void skip_database_files();
  NodePointer alter_database();
  void alter_database_set(AlterDatabase& alter);
  void database_options(std::vector<DatabaseOption>& options);
  DatabaseOption database_option();
  SetPartner set_partner();
  SetWitness set_witness();
  Termination termination();
  NodePointer backup_database(bool log);
  NodePointer restore_database();
  std::vector<BackupDevice> backup_devices();
  BackupDevice backup_device();
  BackupEncryption backup_encryption();
  GenericOption generic_option();
  std::string option_value();
  std::string name_or_variable_text();

  // ---- parser_principal.cc ----
  NodePointer create_login();
  NodePointer alter_login();
  LoginOptions login_options();
  void login_password(LoginOptions& options);
  NodePointer create_user();
  void user_options(CreateUser& user);
  NodePointer alter_user();
  NodePointer create_role();
  NodePointer create_server_role();
  NodePointer new_role(bool server);
  NodePointer alter_role();
  NodePointer alter_server_role();
  NodePointer changed_role(bool server);
  NodePointer create_schema();
  NodePointer grant_statement();
  NodePointer deny_statement();
  NodePointer revoke_statement();
  std::vector<Permission> permissions();
  std::optional<Securable> securable(std::vector<Permission>& permissions);
  std::vector<std::string> principals();
  std::optional<ObjectKind> securable_class();
  NodePointer alter_authorization();

  template <typename T>
  static NodePointer node(T value) {
    return NodePointer(new StatementNode(std::in_place_type<T>, std::move(value)));
  }
  static ExpressionPointer box(Expression expression) {
    return std::make_unique<Expression>(std::move(expression));
  }
  static QueryPointer box(Query query) { return std::make_unique<Query>(std::move(query)); }

  struct LabelUse {
    std::string name;
    SourcePosition where;
  };

  std::string_view text_;
  TokenList list_;
  std::size_t index_ = 0;
  std::size_t head_ = 0;  // the first token of the statement that is being read
  std::optional<ParseFailure> noted_;
  std::set<std::string, std::less<>> variables_;  // in lower case
  std::string xquery_prolog_;  // of WITH XMLNAMESPACES, for the paths of its statement
  bool has_for_xml_ = false;   // a FOR XML was read since the statement's head
  std::vector<LabelUse> labels_;
  std::vector<LabelUse> gotos_;
  int nesting_ = 0;
  int operators_ = 0;         // of the outermost expression that is being read
  int expression_depth_ = 0;  // expressions that are being read
  int loops_ = 0;
  bool in_procedure_ = false;
  bool terminated_ =
      true;  // a semicolon, BEGIN or the start of the batch is right before the statement
};

struct Parser::Nested {
  explicit Nested(Parser& owner);
  ~Nested() { --parser.nesting_; }
  Nested(const Nested&) = delete;
  Nested& operator=(const Nested&) = delete;
  Nested(Nested&&) = delete;
  Nested& operator=(Nested&&) = delete;
  Parser& parser;
};

}  // namespace ssb::broker::tsql
