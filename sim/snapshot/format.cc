#include "sim/snapshot/format.h"

namespace ssb::sim::snapshot {
namespace {

using enum ColumnType;
constexpr bool kNull = true;
constexpr bool kNotNull = false;

// ---- what columns may have ----
constexpr Domain kName{.least = 1, .most = 128};            // sysname
constexpr Domain kTravellingName{.least = 1, .most = 256};  // of services, as a dialog names them
constexpr Domain kId{.least = 0, .most = 2147483647};
constexpr Domain kSid{.least = 1, .most = 85};
constexpr Domain kThumbprint{.least = 20, .most = 32};
constexpr Domain kSubject{.least = 1};
constexpr Domain kPort{.least = 0, .most = 65535};  // 0: of endpoints that are not TCP
constexpr Domain kPriority{.least = 1, .most = 10};

constexpr std::string_view kServerPrincipalTypes[] = {"S", "U", "G", "R", "C", "K", "E", "X"};
constexpr std::string_view kPrincipalTypes[] = {"S", "U", "G", "R", "A", "C", "K", "E", "X"};
constexpr std::string_view kPermissionStates[] = {"G", "W", "D", "R"};
constexpr std::string_view kEndpointStates[] = {"STARTED", "STOPPED", "DISABLED"};
constexpr std::string_view kAuthentications[] = {
    "NTLM",
    "KERBEROS",
    "NEGOTIATE",
    "CERTIFICATE",
    "NTLM, CERTIFICATE",
    "KERBEROS, CERTIFICATE",
    "NEGOTIATE, CERTIFICATE",
    "CERTIFICATE, NTLM",
    "CERTIFICATE, KERBEROS",
    "CERTIFICATE, NEGOTIATE",
};
constexpr std::string_view kEncryptions[] = {
    "NONE",           "RC4",           "AES", "NONE, RC4", "NONE, AES", "RC4, AES", "AES, RC4",
    "NONE, RC4, AES", "NONE, AES, RC4"};
constexpr std::string_view kKeyProtections[] = {"NA", "MK", "PW", "SK"};
constexpr std::string_view kValidations[] = {"N", "E", "X"};
constexpr std::string_view kMasterKey[] = {"##MS_DatabaseMasterKey##"};

// ---- the server ----
constexpr Column kDatabase[] = {{"name", text, kNotNull, kName},
                                {"database_id", number, kNotNull, kId},
                                {"owner_sid", binary, kNull, kSid},
                                {"is_broker_enabled", flag},
                                {"service_broker_guid", guid},
                                {"is_trustworthy_on", flag},
                                {"is_master_key_encrypted_by_server", flag},
                                {"is_honor_broker_priority_on", flag, kNull}};
constexpr Column kServerPrincipals[] = {{"name", text, kNotNull, kName},
                                        {"principal_id", number, kNotNull, kId},
                                        {"sid", binary, kNull, kSid},
                                        {"type", text, kNotNull, {kServerPrincipalTypes}},
                                        {"is_disabled", flag, kNull}};
constexpr Column kServerRoleMembers[] = {{"role_principal_id", number, kNotNull, kId},
                                         {"member_principal_id", number, kNotNull, kId}};
constexpr Column kPermissions[] = {{"class", number, kNotNull, {.least = 0, .most = 255}},
                                   {"major_id", number},
                                   {"grantee_principal_id", number, kNotNull, kId},
                                   {"permission_name", text, kNotNull, kName},
                                   {"state", text, kNotNull, {kPermissionStates}}};
constexpr Column kBrokerEndpoints[] = {
    {"name", text, kNotNull, kName},
    {"endpoint_id", number, kNotNull, kId},
    {"principal_id", number, kNull, kId},
    {"state_desc", text, kNotNull, {kEndpointStates}},
    {"is_message_forwarding_enabled", flag},
    {"message_forwarding_size", number, kNull, kId},
    {"connection_auth_desc", text, kNotNull, {kAuthentications}},
    {"certificate_id", number, kNull, kId},
    {"encryption_algorithm_desc", text, kNotNull, {kEncryptions}}};
constexpr Column kTcpEndpoints[] = {{"endpoint_id", number, kNotNull, kId},
                                    {"port", number, kNotNull, kPort}};

constexpr Section kServer[] = {
    {"server_principals", "server_principals", "type IN ('S', 'U', 'G', 'C', 'K', 'R')",
     kServerPrincipals},
    {"server_role_members", "server_role_members", "", kServerRoleMembers},
    {"server_permissions", "server_permissions", "class = 105", kPermissions},
    {"service_broker_endpoints", "service_broker_endpoints", "", kBrokerEndpoints},
    {"tcp_endpoints", "tcp_endpoints", "type = 3", kTcpEndpoints},
};

// ---- a database ----
constexpr Column kPrincipals[] = {{"name", text, kNotNull, kName},
                                  {"principal_id", number, kNotNull, kId},
                                  {"type", text, kNotNull, {kPrincipalTypes}},
                                  {"owning_principal_id", number, kNull, kId},
                                  {"sid", binary, kNull, kSid}};
constexpr Column kRoleMembers[] = {{"role_principal_id", number, kNotNull, kId},
                                   {"member_principal_id", number, kNotNull, kId}};
constexpr Column kSchemas[] = {{"name", text, kNotNull, kName},
                               {"schema_id", number, kNotNull, kId},
                               {"principal_id", number, kNull, kId}};
constexpr Column kSymmetricKeys[] = {{"name", text, kNotNull, {kMasterKey}},
                                     {"symmetric_key_id", number, kNotNull, kId}};
constexpr Column kCertificates[] = {{"name", text, kNotNull, kName},
                                    {"certificate_id", number, kNotNull, kId},
                                    {"principal_id", number, kNotNull, kId},
                                    {"pvt_key_encryption_type", text, kNotNull, {kKeyProtections}},
                                    {"is_active_for_begin_dialog", flag, kNull},
                                    {"issuer_name", text, kNotNull, kSubject},
                                    {"cert_serial_number", serial_number},
                                    {"subject", text, kNotNull, kSubject},
                                    {"start_date", date},
                                    {"expiry_date", date},
                                    {"thumbprint", binary, kNotNull, kThumbprint}};
constexpr Column kMessageTypes[] = {{"name", text, kNotNull, kName},
                                    {"message_type_id", number, kNotNull, kId},
                                    {"principal_id", number, kNull, kId},
                                    {"validation", text, kNotNull, {kValidations}}};
constexpr Column kContracts[] = {{"name", text, kNotNull, kName},
                                 {"service_contract_id", number, kNotNull, kId},
                                 {"principal_id", number, kNull, kId}};
constexpr Column kContractMessages[] = {{"service_contract_id", number, kNotNull, kId},
                                        {"message_type_id", number, kNotNull, kId},
                                        {"is_sent_by_initiator", flag},
                                        {"is_sent_by_target", flag}};
constexpr Column kQueues[] = {{"name", text, kNotNull, kName},
                              {"object_id", number},
                              {"schema_id", number, kNotNull, kId},
                              {"activation_procedure", text, kNull},
                              {"is_activation_enabled", flag},
                              {"is_receive_enabled", flag},
                              {"is_enqueue_enabled", flag},
                              {"is_retention_enabled", flag},
                              {"is_poison_message_handling_enabled", flag, kNull}};
constexpr Column kServices[] = {{"name", text, kNotNull, kName},
                                {"service_id", number, kNotNull, kId},
                                {"principal_id", number, kNull, kId},
                                {"service_queue_id", number}};
constexpr Column kServiceContracts[] = {{"service_id", number, kNotNull, kId},
                                        {"service_contract_id", number, kNotNull, kId}};
constexpr Column kRoutes[] = {{"name", text, kNotNull, kName},
                              {"route_id", number, kNotNull, kId},
                              {"principal_id", number, kNull, kId},
                              {"remote_service_name", text, kNull, kTravellingName},
                              {"broker_instance", guid, kNull},
                              {"lifetime", date, kNull},
                              {"address", text, kNull, kTravellingName},
                              {"mirror_address", text, kNull, kTravellingName}};
constexpr Column kBindings[] = {{"name", text, kNotNull, kName},
                                {"remote_service_binding_id", number, kNotNull, kId},
                                {"principal_id", number, kNull, kId},
                                {"remote_service_name", text, kNotNull, kTravellingName},
                                {"remote_principal_id", number, kNull, kId},
                                {"is_anonymous_on", flag}};
constexpr Column kPriorities[] = {{"name", text, kNotNull, kName},
                                  {"priority_id", number, kNotNull, kId},
                                  {"service_contract_id", number, kNull, kId},
                                  {"local_service_id", number, kNull, kId},
                                  {"remote_service_name", text, kNull, kTravellingName},
                                  {"priority", number, kNotNull, kPriority}};

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
    case serial_number: return "a text of hexadecimal digits, two a byte, with blanks between them";
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
