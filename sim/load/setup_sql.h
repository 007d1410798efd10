// The T-SQL that makes two instances ready for a load: endpoints, certificates, services, routes and bindings.
//
//   Each side has a first batch list (what it makes itself, with its public certificates in files) and a second one (what it is told of
//   the other side, whose files have been copied by then).
//   Source  scenarios/dialogs/full_security.sql, anonymous.sql, no_encryption.sql.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/load/workload.h"

namespace ssb::sim::load {

inline constexpr const char* kInitiatorDatabase = "LoadInitiator";
inline constexpr const char* kTargetDatabase = "LoadTarget";
inline constexpr const char* kInitiatorService = "LoadInitiatorService";
inline constexpr const char* kTargetService = "LoadTargetService";
inline constexpr const char* kContract = "LoadContract";
inline constexpr const char* kRequest = "LoadRequest";
inline constexpr const char* kReply = "LoadReply";
inline constexpr const char* kControl = "LoadControl";  // the contract of control lines
inline constexpr const char* kLine = "LoadLine";
inline constexpr const char* kProgressTable = "LoadProgress";

enum class Side { initiator, target };
[[nodiscard]] inline Side other(Side side) {
  return side == Side::initiator ? Side::target : Side::initiator;
}
[[nodiscard]] const char* name(Side side);

struct Setup {
  Security security = Security::full;
  bool transport_encrypted = true;
  bool keeps_progress = false;
  bool has_control = false;  // services for control lines too
  std::uint16_t own_port = 0;
  std::string far_address;  // "TCP://host:port"
};

[[nodiscard]] const char* database(Side side);
[[nodiscard]] const char* control_service(Side side);

// Names of files that hold this side's certificates; they go to the other side.
[[nodiscard]] std::vector<std::string> certificate_files(Side side, Security security);
[[nodiscard]] std::vector<std::string> own_batches(Side side, const Setup& setup);
[[nodiscard]] std::vector<std::string> far_batches(Side side, const Setup& setup);

// The certificate of a side's service is replaced, in the four steps of scenarios/rollover/: made and posted, taken by the other side,
// made active; and of the ones before only the last is kept, for what is under way. `number` counts from 1.
struct Rollover {
  std::string make;  // at the side itself; leaves `file`
  std::string file;
  std::string take;  // at the other side, which has the file by then
  std::string activate;
  std::string drop_own, drop_taken;  // empty: there is nothing to drop yet
};
[[nodiscard]] Rollover rollover_of(Side side, int number);

}  // namespace ssb::sim::load
