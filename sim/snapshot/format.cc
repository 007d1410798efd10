#include "sim/snapshot/format.h"

namespace ssb::sim::snapshot {
namespace {

using enum ColumnType;
constexpr bool kNull = true;

// ---- the server ----
constexpr Column kDatabase[] = {{"name", text},
                                {"database_id", number},
                                {"owner_sid", binary, kNull},
                                {"is_broker_enabled", flag},
                                {"service_broker_guid", guid},
                                {"is_trustworthy_on", flag},
                                {"is_master_key_encrypted_by_server", flag},
                                {"is_honor_broker_priority_on", flag, kNull}};
constexpr Column kServerPrincipals[] = {{"name", text},
                                        {"principal_id", number},
                                        {"sid", binary, kNull},
                                        {"type", text},
                                        {"is_disabled", flag, kNull}};
constexpr Column kServerRoleMembers[] = {{"role_principal_id", number},
                                         {"member_principal_id", number}};
constexpr Column kPermissions[] = {{"class", number},
                                   {"major_id", number},
                                   {"grantee_principal_id", number},
                                   {"permission_name", text},
                                   {"state", text}};
constexpr Column kBrokerEndpoints[] = {{"name", text},
                                       {"endpoint_id", number},
                                       {"principal_id", number, kNull},
                                       {"state_desc", text},
                                       {"is_message_forwarding_enabled", flag},
                                       {"message_forwarding_size", number, kNull},
                                       {"connection_auth_desc", text},
                                       {"certificate_id", number, kNull},
                                       {"encryption_algorithm_desc", text}};
constexpr Column kTcpEndpoints[] = {{"endpoint_id", number}, {"port", number}};

constexpr Section kServer[] = {
    {"server_principals", "server_principals", "type IN ('S', 'U', 'G', 'C', 'K', 'R')",
     kServerPrincipals},
    {"server_role_members", "server_role_members", "", kServerRoleMembers},
    {"server_permissions", "server_permissions", "class = 105", kPermissions},
    {"service_broker_endpoints", "service_broker_endpoints", "", kBrokerEndpoints},
    {"tcp_endpoints", "tcp_endpoints", "type = 3", kTcpEndpoints},
};

// ---- a database ----
constexpr Column kPrincipals[] = {{"name", text},
                                  {"principal_id", number},
                                  {"type", text},
                                  {"owning_principal_id", number, kNull},
                                  {"sid", binary, kNull}};
constexpr Column kRoleMembers[] = {{"role_principal_id", number}, {"member_principal_id", number}};
constexpr Column kSchemas[] = {
    {"name", text}, {"schema_id", number}, {"principal_id", number, kNull}};
constexpr Column kSymmetricKeys[] = {{"name", text}, {"symmetric_key_id", number}};
constexpr Column kCertificates[] = {{"name", text},
                                    {"certificate_id", number},
                                    {"principal_id", number},
                                    {"pvt_key_encryption_type", text},
                                    {"is_active_for_begin_dialog", flag, kNull},
                                    {"issuer_name", text},
                                    {"cert_serial_number", text},
                                    {"subject", text},
                                    {"start_date", date},
                                    {"expiry_date", date},
                                    {"thumbprint", binary}};
constexpr Column kMessageTypes[] = {{"name", text},
                                    {"message_type_id", number},
                                    {"principal_id", number, kNull},
                                    {"validation", text}};
constexpr Column kContracts[] = {
    {"name", text}, {"service_contract_id", number}, {"principal_id", number, kNull}};
constexpr Column kContractMessages[] = {{"service_contract_id", number},
                                        {"message_type_id", number},
                                        {"is_sent_by_initiator", flag},
                                        {"is_sent_by_target", flag}};
constexpr Column kQueues[] = {{"name", text},
                              {"object_id", number},
                              {"schema_id", number},
                              {"activation_procedure", text, kNull},
                              {"is_activation_enabled", flag},
                              {"is_receive_enabled", flag},
                              {"is_enqueue_enabled", flag},
                              {"is_retention_enabled", flag},
                              {"is_poison_message_handling_enabled", flag, kNull}};
constexpr Column kServices[] = {{"name", text},
                                {"service_id", number},
                                {"principal_id", number, kNull},
                                {"service_queue_id", number}};
constexpr Column kServiceContracts[] = {{"service_id", number}, {"service_contract_id", number}};
constexpr Column kRoutes[] = {{"name", text},
                              {"route_id", number},
                              {"principal_id", number, kNull},
                              {"remote_service_name", text, kNull},
                              {"broker_instance", text, kNull},
                              {"lifetime", date, kNull},
                              {"address", text, kNull},
                              {"mirror_address", text, kNull}};
constexpr Column kBindings[] = {{"name", text},
                                {"remote_service_binding_id", number},
                                {"principal_id", number, kNull},
                                {"remote_service_name", text},
                                {"remote_principal_id", number, kNull},
                                {"is_anonymous_on", flag}};
constexpr Column kPriorities[] = {{"name", text},
                                  {"priority_id", number},
                                  {"service_contract_id", number, kNull},
                                  {"local_service_id", number, kNull},
                                  {"remote_service_name", text, kNull},
                                  {"priority", number}};

constexpr Section kDatabaseSections[] = {
    {"database_principals", "database_principals", "", kPrincipals},
    {"database_role_members", "database_role_members", "", kRoleMembers},
    {"database_permissions", "database_permissions", "class IN (0, 1, 17)", kPermissions},
    {"schemas", "schemas", "", kSchemas},
    {"symmetric_keys", "symmetric_keys", "name = '##MS_DatabaseMasterKey##'", kSymmetricKeys},
    {"certificates", "certificates", "name NOT LIKE '##MS[_]%'", kCertificates},
    {"service_message_types", "service_message_types", "", kMessageTypes},
    {"service_contracts", "service_contracts", "", kContracts},
    {"service_contract_message_usages", "service_contract_message_usages", "", kContractMessages},
    {"service_queues", "service_queues", "", kQueues},
    {"services", "services", "", kServices},
    {"service_contract_usages", "service_contract_usages", "", kServiceContracts},
    {"routes", "routes", "", kRoutes},
    {"remote_service_bindings", "remote_service_bindings", "", kBindings},
    {"conversation_priorities", "conversation_priorities", "", kPriorities},
};
constexpr Section kHead = {"databases", "databases", "", kDatabase};

}  // namespace

std::string_view type_text(ColumnType type) {
  switch (type) {
    case text: return "a text";
    case number: return "a whole number";
    case flag: return "true or false";
    case binary: return "a text of hexadecimal digits";
    case guid: return "a text with a GUID";
    case date: return "a text with a date (\"2024-05-01T10:00:00\")";
  }
  return "";
}

const Section& database_head() {
  return kHead;
}
std::span<const Section> server_sections() {
  return kServer;
}
std::span<const Section> database_sections() {
  return kDatabaseSections;
}

}  // namespace ssb::sim::snapshot
