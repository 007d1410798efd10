// What the two sides of a load on two machines must know of each other, as a file of each in one folder: shared, or copied by hand.
//
//   Shape   FOLDER/initiator.json and FOLDER/target.json, whole or not there: {"load": id, "address": "host:port", "certificates":
//           {file: DER in hexadecimal digits}, and the initiator's also "workload": {...}}. Public certificates alone, no private key.
//           The id is the initiator's; a target.json with another one is left from an earlier load.
//   Errors  LoadFailure.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "proto/bytes.h"
#include "sim/load/setup_sql.h"

namespace ssb::sim::load {

struct Introduction {
  std::string load;
  std::string address;  // "host:port", as the other side reaches it
  std::map<std::string, proto::Bytes> certificates;
  std::optional<Workload> workload;
};

void write_introduction(const std::filesystem::path& folder, Side of,
                        const Introduction& introduction);
// nullopt: it is not there yet.
[[nodiscard]] std::optional<Introduction> read_introduction(const std::filesystem::path& folder,
                                                            Side of);
// Of a side's folder of files: what `certificate_files` names.
[[nodiscard]] std::map<std::string, proto::Bytes> read_certificates(
    const std::filesystem::path& files, Side of, Security security);
void write_certificates(const std::filesystem::path& files, const Introduction& introduction);

struct HostPort {
  std::string host;
  std::uint16_t port = 0;
  [[nodiscard]] std::string text() const;
};
// "127.0.0.1:4022", "[::1]:4022"; nullopt for anything else.
[[nodiscard]] std::optional<HostPort> parse_host_port(std::string_view text);
// The host must be an address. Port 0 becomes one that nobody listens on now, of those that an endpoint may have.
[[nodiscard]] HostPort with_free_port(HostPort at);

}  // namespace ssb::sim::load
