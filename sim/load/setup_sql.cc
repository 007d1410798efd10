#include "sim/load/setup_sql.h"

#include <fmt/format.h>

namespace ssb::sim::load {
namespace {

bool has_certificate(Side side, Security security) {
  return security == Security::full || (security == Security::anonymous && side == Side::target);
}

// What names a user of the other side's, or everybody.
std::string sender_of(const Setup& setup, Side far) {
  return setup.security == Security::full ? fmt::format("{}_proxy", name(far)) : "public";
}

const char* service(Side side) {
  return side == Side::initiator ? kInitiatorService : kTargetService;
}

}  // namespace

const char* name(Side side) {
  return side == Side::initiator ? "initiator" : "target";
}

const char* database(Side side) {
  return side == Side::initiator ? kInitiatorDatabase : kTargetDatabase;
}

const char* control_service(Side side) {
  return side == Side::initiator ? "LoadInitiatorControl" : "LoadTargetControl";
}

std::vector<std::string> certificate_files(Side side, Security security) {
  std::vector<std::string> files = {fmt::format("{}_endpoint.cer", name(side))};
  if (has_certificate(side, security)) files.push_back(fmt::format("{}_service.cer", name(side)));
  return files;
}

std::vector<std::string> own_batches(Side side, const Setup& setup) {
  const std::string own = name(side);
  std::vector<std::string> batches;
  batches.push_back(fmt::format(
      "CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Load_master_1!';\n"
      "CREATE CERTIFICATE {0}_endpoint WITH SUBJECT = 'ssbsim load, {0}, endpoint';\n"
      "CREATE ENDPOINT broker_endpoint STATE = STARTED AS TCP (LISTENER_PORT = {1})\n"
      "  FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE {0}_endpoint, ENCRYPTION = {2});\n"
      "BACKUP CERTIFICATE {0}_endpoint TO FILE = '{0}_endpoint.cer';\n"
      "CREATE DATABASE {3};\n",
      own, setup.own_port, setup.transport_encrypted ? "REQUIRED ALGORITHM AES" : "DISABLED",
      database(side)));
  std::string text = fmt::format(
      "USE {0};\n"
      "CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Load_database_1!';\n"
      "CREATE USER {1}_owner WITHOUT LOGIN;\n"
      "CREATE MESSAGE TYPE [{2}] VALIDATION = NONE;\n"
      "CREATE MESSAGE TYPE [{3}] VALIDATION = NONE;\n"
      "CREATE CONTRACT [{4}] ([{2}] SENT BY INITIATOR, [{3}] SENT BY TARGET);\n"
      "CREATE QUEUE {1}_queue;\n"
      "CREATE SERVICE {5} AUTHORIZATION {1}_owner ON QUEUE {1}_queue{6};\n"
      "GRANT RECEIVE ON {1}_queue TO {1}_owner;\n"
      "CREATE ROUTE to_far WITH SERVICE_NAME = '{7}', ADDRESS = '{8}';\n",
      database(side), own, kRequest, kReply, kContract, service(side),
      side == Side::target ? fmt::format(" ([{}])", kContract) : "", service(other(side)),
      setup.far_address);
  if (setup.has_control)
    text += fmt::format(
        "CREATE MESSAGE TYPE [{0}] VALIDATION = NONE;\n"
        "CREATE CONTRACT [{1}] ([{0}] SENT BY ANY);\n"
        "CREATE QUEUE {2}_control;\n"
        "CREATE SERVICE {3} AUTHORIZATION {2}_owner ON QUEUE {2}_control{4};\n"
        "GRANT RECEIVE ON {2}_control TO {2}_owner;\n"
        "CREATE ROUTE to_far_control WITH SERVICE_NAME = '{5}', ADDRESS = '{6}';\n",
        kLine, kControl, own, control_service(side),
        side == Side::target ? fmt::format(" ([{}])", kControl) : "", control_service(other(side)),
        setup.far_address);
  if (setup.keeps_progress)
    text += fmt::format(
        "CREATE TABLE {} (dialog nvarchar(50) NOT NULL PRIMARY KEY, next bigint NOT NULL);\n",
        kProgressTable);
  if (has_certificate(side, setup.security)) {
    text += fmt::format(
        "CREATE CERTIFICATE {0}_service AUTHORIZATION {0}_owner WITH SUBJECT = 'ssbsim load, {0}, "
        "service';\n"
        "BACKUP CERTIFICATE {0}_service TO FILE = '{0}_service.cer';\n",
        own);
  }
  batches.push_back(text);
  return batches;
}

std::vector<std::string> far_batches(Side side, const Setup& setup) {
  const std::string own = name(side);
  const std::string far = name(other(side));
  std::vector<std::string> batches;
  batches.push_back(fmt::format(
      "USE master;\n"
      "CREATE LOGIN {0}_login WITH PASSWORD = 'Load_login_1!';\n"
      "CREATE USER {0}_user FOR LOGIN {0}_login;\n"
      "CREATE CERTIFICATE {0}_endpoint AUTHORIZATION {0}_user FROM FILE = '{0}_endpoint.cer';\n"
      "GRANT CONNECT ON ENDPOINT::broker_endpoint TO {0}_login;\n",
      far));
  std::string text = fmt::format("USE {};\n", database(side));
  if (has_certificate(other(side), setup.security)) {
    text += fmt::format(
        "CREATE USER {0}_proxy WITHOUT LOGIN;\n"
        "CREATE CERTIFICATE {0}_service AUTHORIZATION {0}_proxy FROM FILE = '{0}_service.cer';\n",
        far);
  }
  if (side == Side::initiator && setup.security != Security::none) {
    text += fmt::format(
        "CREATE REMOTE SERVICE BINDING to_target TO SERVICE '{}' WITH USER = {}_proxy, ANONYMOUS = "
        "{};\n",
        kTargetService, far, setup.security == Security::anonymous ? "ON" : "OFF");
    if (setup.has_control)
      text += fmt::format(
          "CREATE REMOTE SERVICE BINDING to_control TO SERVICE '{}' WITH USER = {}_proxy, "
          "ANONYMOUS "
          "= {};\n",
          control_service(Side::target), far, setup.security == Security::anonymous ? "ON" : "OFF");
  }
  if (side == Side::target) {
    text += fmt::format("GRANT SEND ON SERVICE::{} TO {};\n", kTargetService,
                        sender_of(setup, other(side)));
    if (setup.has_control)
      text += fmt::format("GRANT SEND ON SERVICE::{} TO {};\n", control_service(Side::target),
                          sender_of(setup, other(side)));
  }
  batches.push_back(text);
  return batches;
}

Rollover rollover_of(Side side, int number) {
  constexpr int kFirstExpiry =
      2050;  // later than the one before: new dialogs take what expires last
  const auto certificate = [side](int of) {
    return of == 0 ? fmt::format("{}_service", name(side))
                   : fmt::format("{}_service_{}", name(side), of);
  };
  const std::string made = certificate(number);
  const char* own = database(side);
  const char* far = database(other(side));
  Rollover out;
  out.file = made + ".cer";
  out.make = fmt::format(
      "USE {0};\nCREATE CERTIFICATE {1} AUTHORIZATION {2}_owner WITH SUBJECT = 'ssbsim load, {2}, "
      "service {3}', "
      "EXPIRY_DATE = '{4}-01-01' ACTIVE FOR BEGIN_DIALOG = OFF;\n"
      "BACKUP CERTIFICATE {1} TO FILE = '{5}';\n",
      own, made, name(side), number, kFirstExpiry + number, out.file);
  out.take =
      fmt::format("USE {};\nCREATE CERTIFICATE {} AUTHORIZATION {}_proxy FROM FILE = '{}';\n", far,
                  made, name(side), out.file);
  out.activate =
      fmt::format("USE {};\nALTER CERTIFICATE {} WITH ACTIVE FOR BEGIN_DIALOG = ON;\n", own, made);
  if (number < 2) return out;
  out.drop_own = fmt::format("USE {};\nDROP CERTIFICATE {};\n", own, certificate(number - 2));
  out.drop_taken = fmt::format("USE {};\nDROP CERTIFICATE {};\n", far, certificate(number - 2));
  return out;
}

}  // namespace ssb::sim::load
