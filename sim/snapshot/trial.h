// Trial dialogs over an imported topology: one message each, in the simulator, and what became of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "broker/crypto/rsa.h"
#include "sim/doctor/doctor.h"
#include "sim/scenario/report.h"

namespace ssb::sim::snapshot {

// Something that was refused on the way.
struct Refused {
  std::string place;  // "HOST_B.Receiver"
  std::string event;  // "Broker:Message Undeliverable"
  int number = 0;
  int state = 0;
  std::string text;

  friend bool operator==(const Refused&, const Refused&) = default;
};
struct Trial {
  bool is_delivered = false;
  std::string why_not;  // it could not be tried: a batch that failed
  std::vector<Refused> refused;
};
inline constexpr std::size_t kRefusedMax = 5;

// The lines that begin the dialog and send one message, with an expectation where the names allow one.
[[nodiscard]] std::string trial_script(const doctor::Dialog& dialog,
                                       const std::vector<doctor::Subject>& instances);
// Runs `text` (a topology and trial lines); `file` is where it would stand.
[[nodiscard]] Trial run_trial(const std::string& file, const std::string& text,
                              const doctor::Dialog& dialog,
                              const std::vector<doctor::Subject>& instances,
                              const broker::crypto::RsaKeySource& keys,
                              const scenario::ScriptOptions& options = {});

}  // namespace ssb::sim::snapshot
