// Endpoints, databases and messages of the instance.
#include <array>

#include "broker/catalog/master_key_copy.h"
#include "broker/catalog/view_tables.h"
#include "proto/error.h"

namespace ssb::broker::catalog {
namespace {

constexpr std::int64_t kCompatibilityLevel = 150;  // of the version that @@VERSION tells
constexpr std::int64_t kEnglish = 1033;

constexpr std::int64_t kTcp = 2;
constexpr std::int32_t kDedicatedAdminConnection = 1;
constexpr std::array<std::int64_t, 6> kBuiltInProtocols{0, kTcp, 4, 3, kTcp, 5};  // by endpoint id

std::int64_t protocol_of(const pb::Endpoint& row) {
  return row.id() < static_cast<std::int32_t>(kBuiltInProtocols.size())
             ? kBuiltInProtocols[static_cast<std::size_t>(row.id())]
             : kTcp;
}

// The text of a code that counts from 0; "" above the list.
template <std::size_t Size>
std::string_view text_of(const std::array<std::string_view, Size>& texts, std::int64_t code) {
  return code >= 0 && code < static_cast<std::int64_t>(Size) ? texts[static_cast<std::size_t>(code)]
                                                             : std::string_view();
}

constexpr std::array<std::string_view, 6> kProtocols{
    "", "HTTP", "TCP", "NAMED_PIPES", "SHARED_MEMORY", "VIA"};
constexpr std::array<std::string_view, 5> kEndpointTypes{"", "SOAP", "TSQL", "SERVICE_BROKER",
                                                         "DATABASE_MIRRORING"};
constexpr std::array<std::string_view, 3> kStates{"STARTED", "STOPPED", "DISABLED"};
constexpr std::array<std::string_view, 4> kRoles{"NONE", "PARTNER", "WITNESS", "ALL"};
constexpr std::array<std::string_view, 11> kAuthentications{"",
                                                            "NTLM",
                                                            "KERBEROS",
                                                            "NEGOTIATE",
                                                            "CERTIFICATE",
                                                            "NTLM, CERTIFICATE",
                                                            "KERBEROS, CERTIFICATE",
                                                            "NEGOTIATE, CERTIFICATE",
                                                            "CERTIFICATE, NTLM",
                                                            "CERTIFICATE, KERBEROS",
                                                            "CERTIFICATE, NEGOTIATE"};
constexpr std::array<std::string_view, 9> kEncryptions{
    "NONE",           "RC4",           "AES", "NONE, RC4", "NONE, AES", "RC4, AES", "AES, RC4",
    "NONE, RC4, AES", "NONE, AES, RC4"};
constexpr std::array<std::string_view, 3> kUserAccesses{"MULTI_USER", "SINGLE_USER",
                                                        "RESTRICTED_USER"};
constexpr std::array<std::string_view, 4> kRecoveryModels{"", "FULL", "BULK_LOGGED", "SIMPLE"};

constexpr const char* kEndpointColumns =
    "name sysname, endpoint_id int, principal_id int, protocol tinyint, "
    "protocol_desc nvarchar(60), type tinyint, type_desc nvarchar(60), state tinyint, "
    "state_desc nvarchar(60), is_admin_endpoint bit";

store::Row endpoint_row(const pb::Endpoint& row) {
  const std::int64_t protocol = protocol_of(row);
  return {text(row.name()),
          number(row.id()),
          number(row.owner_login()),
          number(protocol),
          text(text_of(kProtocols, protocol)),
          number(row.kind()),
          text(text_of(kEndpointTypes, row.kind())),
          number(row.state()),
          text(text_of(kStates, row.state())),
          flag(row.id() == kDedicatedAdminConnection)};
}

void add_security_options(const pb::Endpoint& row, store::Row& out) {
  out.push_back(number(row.connection_auth()));
  out.push_back(text(text_of(kAuthentications, row.connection_auth())));
  out.push_back(number(row.certificate_id()));
  out.push_back(number(row.encryption_algorithm()));
  out.push_back(text(text_of(kEncryptions, row.encryption_algorithm())));
}

// Endpoints that `fits`, with the columns that `extend` appends.
template <typename Fits, typename Extend>
ViewRows endpoint_rows(const Instance& instance, Fits fits, Extend extend) {
  return [&instance, fits, extend](store::DatabaseId, std::int64_t) {
    std::vector<store::Row> rows;
    for (const auto& [id, row] : instance.master().table<pb::Endpoint>()) {
      if (!fits(row)) continue;
      rows.push_back(endpoint_row(row));
      extend(row, rows.back());
    }
    return rows;
  };
}

void add_endpoint_views(const Instance& instance, const AddView& add) {
  const std::string common = kEndpointColumns;
  const std::string security =
      ", connection_auth tinyint, connection_auth_desc nvarchar(60), certificate_id int, "
      "encryption_algorithm tinyint, encryption_algorithm_desc nvarchar(60)";
  add("sys.endpoints", common,
      endpoint_rows(
          instance, [](const pb::Endpoint&) { return true; },
          [](const pb::Endpoint&, store::Row&) {}));
  add("sys.tcp_endpoints", common + ", port int, is_dynamic_port bit, ip_address nvarchar(45)",
      endpoint_rows(
          instance, [](const pb::Endpoint& row) { return protocol_of(row) == kTcp; },
          [](const pb::Endpoint& row, store::Row& out) {
            out.push_back(number(row.port()));
            out.push_back(flag(row.id() == kDedicatedAdminConnection));
            out.push_back(text_or_null(row.ip_address()));
          }));
  add("sys.service_broker_endpoints",
      common + ", is_message_forwarding_enabled bit, message_forwarding_size int" + security,
      endpoint_rows(
          instance,
          [](const pb::Endpoint& row) { return row.kind() == pb::Endpoint::SERVICE_BROKER; },
          [](const pb::Endpoint& row, store::Row& out) {
            out.push_back(flag(row.is_message_forwarding_enabled()));
            out.push_back(number(row.message_forwarding_size()));
            add_security_options(row, out);
          }));
  add("sys.database_mirroring_endpoints",
      common + ", role tinyint, role_desc nvarchar(60), is_encryption_enabled bit" + security,
      endpoint_rows(
          instance,
          [](const pb::Endpoint& row) { return row.kind() == pb::Endpoint::DATABASE_MIRRORING; },
          [](const pb::Endpoint& row, store::Row& out) {
            out.push_back(number(row.role()));
            out.push_back(text(text_of(kRoles, row.role())));
            out.push_back(flag(row.encryption_algorithm() != 0));
            add_security_options(row, out);
          }));
}

constexpr const char* kDatabaseColumns =
    "name sysname, database_id int, source_database_id int, owner_sid varbinary(85), "
    "create_date datetime, compatibility_level tinyint, collation_name sysname, "
    "user_access tinyint, user_access_desc nvarchar(60), is_read_only bit, is_auto_close_on bit, "
    "is_auto_shrink_on bit, state tinyint, state_desc nvarchar(60), is_in_standby bit, "
    "is_cleanly_shutdown bit, is_supplemental_logging_enabled bit, "
    "snapshot_isolation_state tinyint, snapshot_isolation_state_desc nvarchar(60), "
    "is_read_committed_snapshot_on bit, recovery_model tinyint, "
    "recovery_model_desc nvarchar(60), page_verify_option tinyint, "
    "page_verify_option_desc nvarchar(60), is_auto_create_stats_on bit, "
    "is_auto_update_stats_on bit, is_auto_update_stats_async_on bit, "
    "is_ansi_null_default_on bit, is_ansi_nulls_on bit, is_ansi_padding_on bit, "
    "is_ansi_warnings_on bit, is_arithabort_on bit, is_concat_null_yields_null_on bit, "
    "is_numeric_roundabort_on bit, is_quoted_identifier_on bit, is_recursive_triggers_on bit, "
    "is_cursor_close_on_commit_on bit, is_local_cursor_default bit, is_fulltext_enabled bit, "
    "is_trustworthy_on bit, is_db_chaining_on bit, is_parameterization_forced bit, "
    "is_master_key_encrypted_by_server bit, is_published bit, is_subscribed bit, "
    "is_merge_published bit, is_distributor bit, is_sync_with_backup bit, "
    "service_broker_guid uniqueidentifier, is_broker_enabled bit, log_reuse_wait tinyint, "
    "log_reuse_wait_desc nvarchar(60), is_date_correlation_on bit, is_cdc_enabled bit, "
    "is_encrypted bit, is_honor_broker_priority_on bit";

bool is_option_on(const pb::Database& row, const char* option) {
  const auto found = row.other_options().find(option);
  return found != row.other_options().end() && found->second == "ON";
}

bool opens_by_itself(const Instance& instance, store::DatabaseId database) {
  const Catalog* catalog = instance.database(database);
  const pb::MasterKey* key = catalog == nullptr ? nullptr : catalog->master_key();
  return key != nullptr && open_service_copy(instance.service_master_key(), *key).has_value();
}

store::Row database_row(const Instance& instance, const pb::Database& row) {
  const auto* owner = instance.master().table<pb::Login>().find(row.owner_login());
  store::Row out{text(row.name()),
                 number(row.id()),
                 null_value(),
                 owner == nullptr ? null_value() : binary(owner->sid()),
                 date(row.create_date_us()),
                 number(kCompatibilityLevel),
                 text(kCollation),
                 number(row.user_access()),
                 text(text_of(kUserAccesses, row.user_access())),
                 flag(row.is_read_only())};
  const store::Row state{flag(false),  // is_auto_close_on
                         flag(false),  // is_auto_shrink_on
                         number(0),
                         text("ONLINE"),
                         flag(false),  // is_in_standby
                         flag(false),  // is_cleanly_shutdown
                         flag(false),  // is_supplemental_logging_enabled
                         number(0),
                         text("OFF"),  // snapshot_isolation_state_desc
                         flag(is_option_on(row, "READ_COMMITTED_SNAPSHOT")),
                         number(row.recovery_model()),
                         text(text_of(kRecoveryModels, row.recovery_model())),
                         number(2),
                         text("CHECKSUM"),  // page_verify_option_desc
                         flag(true),        // is_auto_create_stats_on
                         flag(true),        // is_auto_update_stats_on
                         flag(false)};      // is_auto_update_stats_async_on
  out.insert(out.end(), state.begin(), state.end());
  out.insert(out.end(), 11, flag(false));  // is_ansi_null_default_on ... is_local_cursor_default
  const store::Row options{flag(true),     // is_fulltext_enabled
                           flag(row.is_trustworthy_on()),
                           flag(is_option_on(row, "DB_CHAINING")),
                           flag(false),  // is_parameterization_forced
                           flag(opens_by_itself(instance, row.id())),
                           flag(false),  // is_published
                           flag(false),  // is_subscribed
                           flag(false),  // is_merge_published
                           flag(false),  // is_distributor
                           flag(false),  // is_sync_with_backup
                           guid(row.broker_id()),
                           flag(row.is_broker_enabled()),
                           number(0),
                           text("NOTHING"),  // log_reuse_wait_desc
                           flag(false),      // is_date_correlation_on
                           flag(false),      // is_cdc_enabled
                           flag(false),      // is_encrypted
                           flag(row.is_honor_broker_priority_on())};
  out.insert(out.end(), options.begin(), options.end());
  return out;
}

// Rows come from the server, by SystemViews::set_rows.
void add_session_views(const AddView& add) {
  add("sys.dm_exec_connections",
      "session_id int, most_recent_session_id int, connect_time datetime, "
      "net_transport nvarchar(40), protocol_type nvarchar(40), protocol_version int, "
      "endpoint_id int, encrypt_option nvarchar(40), auth_scheme nvarchar(40), "
      "node_affinity smallint, num_reads int, num_writes int, last_read datetime, "
      "last_write datetime, net_packet_size int, client_net_address varchar(48), "
      "client_tcp_port int, local_net_address varchar(48), local_tcp_port int, "
      "connection_id uniqueidentifier, parent_connection_id uniqueidentifier, "
      "most_recent_sql_handle varbinary(64)",
      nullptr);
  add("sys.dm_exec_sessions",
      "session_id smallint, login_time datetime, host_name nvarchar(128), "
      "program_name nvarchar(128), host_process_id int, client_version int, "
      "client_interface_name nvarchar(32), security_id varbinary(85), login_name nvarchar(128), "
      "nt_domain nvarchar(128), nt_user_name nvarchar(128), status nvarchar(30), "
      "context_info varbinary(128), cpu_time int, memory_usage int, total_scheduled_time int, "
      "total_elapsed_time int, endpoint_id int, last_request_start_time datetime, "
      "last_request_end_time datetime, reads bigint, writes bigint, logical_reads bigint, "
      "is_user_process bit, text_size int, language nvarchar(128), date_format nvarchar(3), "
      "date_first smallint, quoted_identifier bit, arithabort bit, ansi_null_dflt_on bit, "
      "ansi_defaults bit, ansi_warnings bit, ansi_padding bit, ansi_nulls bit, "
      "concat_null_yields_null bit, transaction_isolation_level smallint, lock_timeout int, "
      "deadlock_priority int, row_count bigint, prev_error int, "
      "original_security_id varbinary(85), original_login_name nvarchar(128), "
      "last_successful_logon datetime, last_unsuccessful_logon datetime, "
      "unsuccessful_logons bigint, group_id int, database_id smallint, "
      "authenticating_database_id int, open_transaction_count int",
      nullptr);
}

constexpr const char* kMirroringColumns =
    "database_id int, mirroring_guid uniqueidentifier, mirroring_state tinyint, "
    "mirroring_state_desc nvarchar(60), mirroring_role tinyint, mirroring_role_desc nvarchar(60), "
    "mirroring_role_sequence int, mirroring_safety_level tinyint, "
    "mirroring_safety_level_desc nvarchar(60), mirroring_safety_sequence int, "
    "mirroring_partner_name nvarchar(128), mirroring_partner_instance nvarchar(128), "
    "mirroring_witness_name nvarchar(128), mirroring_witness_state tinyint, "
    "mirroring_witness_state_desc nvarchar(60), mirroring_failover_lsn numeric(25), "
    "mirroring_connection_timeout int, mirroring_redo_queue int, "
    "mirroring_redo_queue_type nvarchar(60), mirroring_end_of_log_lsn numeric(25), "
    "mirroring_replication_lsn numeric(25)";
constexpr std::size_t kMirroringColumnCount = 21;

std::vector<store::Row> message_rows() {
  std::vector<store::Row> rows;
  for (const proto::ErrorRow& row : proto::error_rows()) {
    rows.push_back({number(static_cast<std::int64_t>(row.code)), number(kEnglish),
                    number(row.severity), flag(false), text(row.text)});
  }
  return rows;
}

}  // namespace

void add_server_views(const Instance& instance, const AddView& add) {
  add_endpoint_views(instance, add);
  add("sys.databases", kDatabaseColumns, [&instance](store::DatabaseId, std::int64_t) {
    std::vector<store::Row> rows;
    for (const auto& [id, row] : instance.master().table<pb::Database>()) {
      rows.push_back(database_row(instance, row));
    }
    return rows;
  });
  // No database is mirrored here: one row each, all NULL.
  add("sys.database_mirroring", kMirroringColumns, [&instance](store::DatabaseId, std::int64_t) {
    std::vector<store::Row> rows;
    for (const auto& [id, row] : instance.master().table<pb::Database>()) {
      rows.emplace_back(kMirroringColumnCount, null_value());
      rows.back()[0] = number(id);
    }
    return rows;
  });
  add_session_views(add);
  add("sys.messages",
      "message_id int, language_id smallint, severity tinyint, is_event_logged bit, "
      "text nvarchar(2048)",
      [](store::DatabaseId, std::int64_t) { return message_rows(); });
}

}  // namespace ssb::broker::catalog
