#include "sim/load/setup_sql.h"

#include <fmt/format.h>

namespace ssb::sim::load {
namespace {

bool has_certificate(Side side, Security security) {
  return security == Security::full || (security == Security::anonymous && side == Side::target);
}

const char* database(Side side) {
  return side == Side::initiator ? kInitiatorDatabase : kTargetDatabase;
}
const char* service(Side side) {
  return side == Side::initiator ? kInitiatorService : kTargetService;
}

}  // namespace

const char* name(Side side) {
  return side == Side::initiator ? "initiator" : "target";
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
  }
  if (side == Side::target) {
    text += fmt::format("GRANT SEND ON SERVICE::{} TO {};\n", kTargetService,
                        setup.security == Security::full ? far + "_proxy" : "public");
  }
  batches.push_back(text);
  return batches;
}

}  // namespace ssb::sim::load
