// The syntax tree of definition statements: databases, principals, permissions, keys, endpoints,
// Service Broker objects.
//
//   Shape   a node a statement; option words are enumerators, an option that the script leaves out
//   is an empty
//           std::optional. Names are as spelled, without quotes.
//   Source  T-SQL reference, sections 1.2 and 1.4 to 1.7.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker/tsql/expression_ast.h"

namespace ssb::broker::tsql {

// What DROP, GRANT ... ON class:: and ALTER AUTHORIZATION speak about.
enum class ObjectKind {
  object,  // OBJECT::, or no class at all: a table, view, queue or procedure
  server,
  database,
  login,
  user,
  role,
  server_role,
  application_role,
  schema,
  credential,
  master_key,
  certificate,
  symmetric_key,
  asymmetric_key,
  database_encryption_key,
  endpoint,
  message_type,
  contract,
  queue,
  service,
  route,
  remote_service_binding,
  broker_priority,
  event_notification,
  xml_schema_collection,
  table,
  view,
  procedure,
  function,
  trigger,
  index,
  type,
  synonym,
  sequence,
  statistics,
  assembly,
  fulltext_catalog,
  availability_group,
};
// "certificate", "remote service binding", ...: for messages.
[[nodiscard]] const char* to_text(ObjectKind kind);

// NAME, NAME = value, NAME ON, NAME OFF. The name is in upper case; a value keeps the text of its
// literal without quotes, a variable its @, a word (ON, FULL, ...) is in upper case.
struct GenericOption {
  std::string name;
  std::optional<std::string> value;
};

// DROP kind [IF EXISTS] name [, ...]. Master key and database encryption key have no names.
struct Drop {
  ObjectKind kind{};
  bool if_exists = false;
  std::vector<ObjectName> names;
  // DROP EVENT NOTIFICATION n ON SERVER / DATABASE / QUEUE q; DROP INDEX i ON t has kind table.
  std::optional<ObjectKind> on_kind;
  ObjectName on;
};

// ---- Databases
// -----------------------------------------------------------------------------------------------

struct UseDatabase {
  std::string name;
};

enum class DatabaseOptionKind {
  enable_broker,
  disable_broker,
  new_broker,
  error_broker_conversations,
  trustworthy,            // on
  honor_broker_priority,  // on
  db_chaining,            // on
  recovery,               // value: FULL, SIMPLE, BULK_LOGGED
  single_user,
  multi_user,
  restricted_user,
  read_only,
  read_write,
  online,
  offline,
  emergency,
  encryption,  // on, or value SUSPEND or RESUME
  other,
};
struct DatabaseOption {
  DatabaseOptionKind kind = DatabaseOptionKind::other;
  std::string name;                  // in upper case
  std::optional<bool> on;            // ON or OFF, with or without =
  std::optional<std::string> value;  // any other value, words in upper case
  SourcePosition position;
};
// File specifications are read and dropped.
struct CreateDatabase {
  std::string name;
  std::optional<std::string> collation;
  std::vector<DatabaseOption> options;
  bool for_attach = false;
};

enum class TerminationKind { rollback_immediate, rollback_after, no_wait };
struct Termination {
  TerminationKind kind{};
  int after_s = 0;  // of rollback_after
};
enum class PartnerAction {
  address,
  failover,
  force_service_allow_data_loss,
  off,
  resume,
  suspend,
  safety_full,
  safety_off,
  timeout,
};
struct SetPartner {
  PartnerAction action{};
  std::string address;  // of address: 'tcp://host:port'
  int timeout_s = 0;    // of timeout
};
struct SetWitness {
  std::optional<std::string> address;  // absent: OFF
};
// Exactly one of: options, partner, witness, new_name, collation, or other (ADD FILE, MODIFY FILE,
// ...).
struct AlterDatabase {
  std::string name;  // "" = CURRENT
  std::vector<DatabaseOption> options;
  std::optional<Termination> termination;
  std::optional<SetPartner> partner;
  std::optional<SetWitness> witness;
  std::optional<std::string> new_name;
  std::optional<std::string> collation;
  std::optional<std::string> other;  // the first words of a clause that is read and dropped
};

enum class BackupDeviceKind { disk, url, tape, named };
struct BackupDevice {
  BackupDeviceKind kind{};
  std::string location;  // may be a variable, with its @
};
struct BackupEncryption {
  std::string algorithm;  // in upper case: AES_256
  std::optional<std::string> server_certificate;
  std::optional<std::string> server_asymmetric_key;
};
struct BackupDatabase {
  bool log = false;
  std::string database;  // may be a variable, with its @
  std::vector<BackupDevice> devices;
  std::vector<GenericOption> options;
  std::optional<BackupEncryption> encryption;
};
enum class RestoreKind { database, log, header_only, filelist_only, verify_only, label_only };
struct RestoreMove {
  std::string logical_name;
  std::string file;
};
struct RestoreDatabase {
  RestoreKind kind{};
  std::string database;               // may be a variable, with its @; "" for the ..._only forms
  std::vector<BackupDevice> devices;  // none: RESTORE DATABASE d WITH RECOVERY
  std::vector<GenericOption> options;
  std::vector<RestoreMove> moves;
};

// ---- Principals and permissions
// ------------------------------------------------------------------------------

struct LoginOptions {
  std::optional<std::string> password;
  std::optional<proto::Bytes> hashed_password;  // 0x... HASHED
  std::optional<std::string> old_password;
  bool must_change = false;
  bool unlock = false;
  std::optional<proto::Bytes> sid;
  std::optional<std::string> default_database;
  std::optional<std::string> default_language;
  std::optional<bool> check_policy;
  std::optional<bool> check_expiration;
  std::optional<std::string> credential;  // "" = taken away
  std::optional<std::string> new_name;    // ALTER LOGIN ... WITH NAME =
};
enum class LoginSource { password, windows, certificate, asymmetric_key };
struct CreateLogin {
  std::string name;
  LoginSource source{};
  std::string source_name;  // of certificate and asymmetric_key
  LoginOptions options;
};
struct AlterLogin {
  std::string name;
  std::optional<bool> enable;  // ENABLE or DISABLE
  LoginOptions options;
};
enum class UserSource { login, without_login, certificate, asymmetric_key, password };
struct CreateUser {
  std::string name;
  UserSource source{};
  std::string
      source_name;  // of login ("" = the login of the same name), certificate and asymmetric_key
  std::optional<std::string> default_schema;
  std::optional<proto::Bytes> sid;
  std::optional<std::string> password;  // of a contained user
};
struct AlterUser {
  std::string name;
  std::optional<std::string> new_name;
  std::optional<std::string> default_schema;
  std::optional<std::string> login;
};
struct CreateRole {
  bool server = false;  // CREATE SERVER ROLE
  std::string name;
  std::optional<std::string> authorization;
};
// Exactly one of the three optionals.
struct AlterRole {
  bool server = false;
  std::string name;
  std::optional<std::string> add_member;
  std::optional<std::string> drop_member;
  std::optional<std::string> new_name;
};
// CREATE SCHEMA with statements inside is not taken (102).
struct CreateSchema {
  std::string name;
  std::optional<std::string> authorization;
};

struct Permission {
  std::string name;  // in upper case with single blanks: "VIEW DEFINITION"; ALL
  std::vector<std::string> columns;
};
struct Securable {
  ObjectKind kind = ObjectKind::object;
  ObjectName name;  // empty for kind server
};
enum class PermissionVerb { grant, deny, revoke };
struct ChangePermission {
  PermissionVerb verb{};
  std::vector<Permission> permissions;
  std::optional<Securable> on;  // absent: the database, or the server for server permissions
  std::vector<std::string> principals;
  bool with_grant_option = false;  // GRANT ... WITH GRANT OPTION
  bool grant_option_for = false;   // REVOKE GRANT OPTION FOR
  bool cascade = false;
  std::optional<std::string> as;
};
struct AlterAuthorization {
  Securable on;
  std::optional<std::string> to;  // absent: SCHEMA OWNER
};

// EXECUTE AS in a queue's activation, a procedure or EXEC ('text').
enum class ExecuteAsKind { caller, self, owner, user, login };
struct ExecuteAsClause {
  ExecuteAsKind kind{};
  std::string name;  // of user and login
};
// EXECUTE AS USER = 'u' as a statement.
struct ExecuteAs {
  ExecuteAsKind kind{};               // user, login or caller
  std::optional<Expression> name;     // of user and login
  bool no_revert = false;             // WITH NO REVERT
  std::optional<std::string> cookie;  // WITH COOKIE INTO @variable
};
struct Revert {
  std::optional<Expression> cookie;
};

// ---- Keys and certificates
// -----------------------------------------------------------------------------------

struct CreateMasterKey {
  std::optional<std::string> password;
};
struct OpenMasterKey {
  std::string password;
};
struct CloseMasterKey {};
enum class AlterMasterKeyAction {
  regenerate,
  add_service_master_key,
  drop_service_master_key,
  add_password,
  drop_password,
};
struct AlterMasterKey {
  AlterMasterKeyAction action{};
  bool force = false;    // FORCE REGENERATE
  std::string password;  // of regenerate, add_password, drop_password
};
struct BackupMasterKey {
  std::string file;
  bool url = false;  // TO URL in place of TO FILE
  std::string password;
};
struct RestoreMasterKey {
  std::string file;
  bool url = false;
  std::string decryption_password;
  std::string encryption_password;
  bool force = false;
};
enum class AlterServiceMasterKeyAction { regenerate, old_account, new_account };
struct AlterServiceMasterKey {
  AlterServiceMasterKeyAction action{};
  bool force = false;
  std::string account;
  std::string password;
};
struct BackupServiceMasterKey {
  std::string file;
  bool url = false;
  std::string password;
};
struct RestoreServiceMasterKey {
  std::string file;
  bool url = false;
  std::string password;
  bool force = false;
};

// WITH PRIVATE KEY ( ... )
struct PrivateKeyClause {
  std::optional<std::string> file;
  std::optional<proto::Bytes> binary;
  std::optional<std::string> decryption_password;
  std::optional<std::string> encryption_password;
  std::optional<std::string> algorithm;  // of BACKUP CERTIFICATE with FORMAT = 'PFX'
};
enum class CertificateSource { self_signed, file, executable_file, binary, assembly };
struct CreateCertificate {
  std::string name;
  std::optional<std::string> authorization;
  CertificateSource source{};
  std::string file;                   // of file and executable_file
  std::string assembly;               // of assembly
  proto::Bytes binary;                // of binary
  std::optional<std::string> format;  // FORMAT = 'PFX'
  std::optional<PrivateKeyClause> private_key;
  std::optional<std::string> encryption_password;  // of self_signed
  std::string subject;                             // of self_signed
  std::optional<std::string> start_date;
  std::optional<std::string> expiry_date;
  std::optional<bool> active_for_begin_dialog;
};
enum class AlterCertificateAction {
  remove_private_key,
  private_key,
  active_for_begin_dialog,
  remove_attested_option
};
struct AlterCertificate {
  std::string name;
  AlterCertificateAction action{};
  PrivateKeyClause private_key;          // of private_key
  bool active_for_begin_dialog = false;  // of active_for_begin_dialog
};
struct BackupCertificate {
  std::string name;
  std::string file;
  std::optional<std::string> format;  // FORMAT = 'PFX'
  std::optional<PrivateKeyClause> private_key;
};

// What encrypts or opens a key.
enum class KeyProtectorKind { password, certificate, symmetric_key, asymmetric_key };
struct KeyProtector {
  KeyProtectorKind kind{};
  std::string name;                     // of all but password
  std::optional<std::string> password;  // of password; WITH PASSWORD of the others
};
struct CreateSymmetricKey {
  std::string name;
  std::optional<std::string> authorization;
  std::optional<std::string> provider;
  std::optional<std::string> algorithm;  // in upper case
  std::optional<std::string> key_source;
  std::optional<std::string> identity_value;
  std::optional<std::string> provider_key_name;
  std::optional<std::string> creation_disposition;
  std::vector<KeyProtector> encryption;
};
struct OpenSymmetricKey {
  std::string name;
  KeyProtector decryption;
};
struct CloseSymmetricKey {
  std::optional<std::string> name;  // absent: CLOSE ALL SYMMETRIC KEYS
};
struct AlterSymmetricKey {
  std::string name;
  bool add = false;  // ADD or DROP ENCRYPTION BY
  std::vector<KeyProtector> encryption;
};
enum class AsymmetricKeySource { generated, file, executable_file, assembly, provider };
struct CreateAsymmetricKey {
  std::string name;
  std::optional<std::string> authorization;
  AsymmetricKeySource source{};
  std::string source_name;               // file, assembly or provider
  std::optional<std::string> algorithm;  // in upper case
  std::optional<std::string> provider_key_name;
  std::optional<std::string> creation_disposition;
  std::optional<std::string> encryption_password;
};
enum class AlterAsymmetricKeyAction { remove_private_key, private_key, remove_attested_option };
struct AlterAsymmetricKey {
  std::string name;
  AlterAsymmetricKeyAction action{};
  PrivateKeyClause private_key;
};
struct CreateDatabaseEncryptionKey {
  std::optional<std::string> algorithm;  // in upper case
  KeyProtector protector;                // a certificate or an asymmetric key of master
};
// At least one of the two.
struct AlterDatabaseEncryptionKey {
  std::optional<std::string> regenerate_algorithm;
  std::optional<KeyProtector> protector;
};
struct SignatureBy {
  KeyProtector protector;
  std::optional<proto::Bytes> signature;  // WITH SIGNATURE = 0x...
};
// ADD or DROP [COUNTER] SIGNATURE.
struct ChangeSignature {
  bool add = false;
  bool counter = false;
  Securable module;
  std::vector<SignatureBy> by;
};

// ---- Endpoints
// -----------------------------------------------------------------------------------------------

enum class EndpointState { started, stopped, disabled };
struct EndpointTcp {
  std::optional<int> listener_port;
  std::optional<std::string>
      listener_ip;  // absent or ALL: all addresses; without parentheses and quotes
};
enum class EndpointPayload { service_broker, database_mirroring, tsql };
enum class WindowsAuthentication { ntlm, kerberos, negotiate };
// At least one of the two.
struct EndpointAuthentication {
  std::optional<WindowsAuthentication> windows;
  std::optional<std::string> certificate;
  bool certificate_first = false;  // CERTIFICATE c WINDOWS: which is tried first
};
enum class EndpointEncryptionMode { disabled, supported, required };
enum class EndpointAlgorithm { aes, rc4 };
struct EndpointEncryption {
  EndpointEncryptionMode mode{};
  std::vector<EndpointAlgorithm> algorithms;  // in the order of preference; none given: the default
};
enum class EndpointRole { witness, partner, all };
struct EndpointOptions {
  EndpointPayload payload{};
  std::optional<EndpointAuthentication> authentication;
  std::optional<EndpointEncryption> encryption;
  std::optional<bool> message_forwarding;
  std::optional<int> message_forward_size_mb;
  std::optional<EndpointRole> role;
};
struct CreateEndpoint {
  std::string name;
  std::optional<std::string> authorization;
  std::optional<EndpointState> state;
  EndpointTcp tcp;
  EndpointOptions options;
};
struct AlterEndpoint {
  std::string name;
  std::optional<EndpointState> state;
  std::optional<EndpointTcp> tcp;
  std::optional<EndpointOptions> options;
};

// ---- Service Broker objects
// ----------------------------------------------------------------------------------

enum class MessageValidation { none, empty, well_formed_xml, valid_xml };
struct CreateMessageType {
  std::string name;
  std::optional<std::string> authorization;
  std::optional<MessageValidation> validation;
  ObjectName schema_collection;  // of valid_xml
};
struct AlterMessageType {
  std::string name;
  MessageValidation validation{};
  ObjectName schema_collection;
};

enum class SentBy { initiator, target, any };
struct ContractMessage {
  std::string message_type;
  SentBy sent_by{};
};
struct CreateContract {
  std::string name;
  std::optional<std::string> authorization;
  std::vector<ContractMessage> messages;
};

struct QueueActivation {
  bool drop = false;  // ALTER QUEUE ... ACTIVATION (DROP): nothing else is set
  std::optional<bool> status;
  std::optional<ObjectName> procedure;
  std::optional<int> max_queue_readers;
  std::optional<ExecuteAsClause> execute_as;
};
struct QueueOptions {
  std::optional<bool> status;
  std::optional<bool> retention;
  std::optional<QueueActivation> activation;
  std::optional<bool> poison_message_handling;
};
struct CreateQueue {
  ObjectName name;
  QueueOptions options;
  std::optional<std::string> filegroup;
};
struct AlterQueue {
  ObjectName name;
  QueueOptions options;
  std::optional<std::string> maintenance;  // REBUILD, REORGANIZE, MOVE: nothing else is set
};

struct CreateService {
  std::string name;
  std::optional<std::string> authorization;
  ObjectName queue;
  std::vector<std::string> contracts;
};
struct ContractChange {
  bool add = false;  // or drop
  std::string contract;
};
struct AlterService {
  std::string name;
  std::optional<ObjectName> queue;
  std::vector<ContractChange> contracts;
};

struct RouteOptions {
  std::optional<std::string> service_name;
  std::optional<std::string> broker_instance;
  std::optional<std::int64_t> lifetime_s;
  std::optional<std::string> address;
  std::optional<std::string> mirror_address;
};
struct CreateRoute {
  std::string name;
  std::optional<std::string> authorization;
  RouteOptions options;
};
struct AlterRoute {
  std::string name;
  RouteOptions options;
};

struct CreateRemoteServiceBinding {
  std::string name;
  std::optional<std::string> authorization;
  std::string to_service;
  std::optional<std::string> user;
  std::optional<bool> anonymous;
};
struct AlterRemoteServiceBinding {
  std::string name;
  std::optional<std::string> user;
  std::optional<bool> anonymous;
};

struct NameOrAny {
  bool any = false;
  std::string name;
};
struct BrokerPriorityOptions {
  std::optional<NameOrAny> contract_name;
  std::optional<NameOrAny> local_service_name;
  std::optional<NameOrAny> remote_service_name;
  std::optional<int> priority_level;  // DEFAULT is 5
};
struct CreateBrokerPriority {
  std::string name;
  BrokerPriorityOptions options;
};
struct AlterBrokerPriority {
  std::string name;
  BrokerPriorityOptions options;
};

struct CreateEventNotification {
  std::string name;
  ObjectKind scope{};  // server, database or queue
  ObjectName queue;
  bool fan_in = false;
  std::vector<std::string> events;  // in upper case
  std::string to_service;
  std::string broker_instance;  // a GUID or 'current database'
};
struct CreateXmlSchemaCollection {
  ObjectName name;
  Expression schema;
};

}  // namespace ssb::broker::tsql
