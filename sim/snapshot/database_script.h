// The part of a scenario that builds one server of a snapshot. Inside of this folder.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/snapshot/script_text.h"
#include "sim/snapshot/topology.h"

namespace ssb::sim::snapshot {

inline constexpr std::string_view kImportPassword = "Imported_key_1!";

class ServerScript {
 public:
  ServerScript(const Topology& topology, std::size_t number, Identities& identities,
               const BrokerIds& broker_ids, proto::TimePoint begin, ScriptText& out,
               std::vector<Mapping>& mapping)
      : topology_(topology),
        snapshot_(topology.snapshots()[number]),
        instance_(topology.instance(number)),
        identities_(identities),
        broker_ids_(broker_ids),
        begin_(begin),
        out_(out),
        mapping_(mapping) {}

  void write();

 private:
  // ---- of the server: server_script.cc ----
  void write_logins();
  void write_endpoint();
  void write_server_permissions();
  [[nodiscard]] bool is_login_needed(const Row& login) const;
  [[nodiscard]] std::string authentication_text(const Row& endpoint,
                                                const std::string& certificate) const;

  // ---- of a database: database_script.cc ----
  void write_database(const Database& database);
  void write_principals(const Database& database);
  void write_user(const Database& database, const Row& user);
  void write_certificates(const Database& database);
  void write_contracts(const Database& database);
  void write_queues(const Database& database);
  void write_services(const Database& database);
  void write_routes(const Database& database);
  void write_bindings(const Database& database);
  void write_priorities(const Database& database);
  void write_permissions(const Database& database);
  void write_options(const Database& database);
  // "" when it is not imported.
  [[nodiscard]] static std::string queue_name(const Database& database, std::int64_t queue);

  void note(const Database* database, std::string kind, std::string from, std::string to = {});

  const Topology& topology_;
  const Snapshot& snapshot_;
  const std::string& instance_;
  Identities& identities_;
  const BrokerIds& broker_ids_;
  proto::TimePoint begin_;
  ScriptText& out_;
  std::vector<Mapping>& mapping_;
  std::map<std::string, std::string> logins_;  // made, by the security identifier that they had
};

// Name of a principal of the database; "public" and "dbo" among them.
[[nodiscard]] std::string principal_name(const Database& database, std::int64_t id);

}  // namespace ssb::sim::snapshot
