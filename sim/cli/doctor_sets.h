// What `ssbsim doctor` looks at: the instances that a scenario has left behind, or those of data folders of `ssbsim node`.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/crypto/rsa.h"
#include "sim/doctor/doctor.h"
#include "sim/scenario/script.h"

namespace ssb::sim::cli {

// Instances, what keeps them, and what was noticed on the way to them.
class DoctorSet {
 public:
  DoctorSet() = default;
  DoctorSet(const DoctorSet&) = delete;
  DoctorSet& operator=(const DoctorSet&) = delete;
  virtual ~DoctorSet() = default;

  std::string name;  // the file, or the folders
  doctor::Instances instances;
  std::vector<std::string> notes;                 // of batches that failed
  std::vector<scenario::ScriptMessage> problems;  // of a script that does not parse: no instances
  std::string reason;                             // it could not run: no instances
  bool has_bad_syntax = false;                    // of T-SQL: a batch that did nothing at all
};

struct DoctorScript {
  std::string file;
  std::vector<std::string> variables;
  std::optional<int> until_line;  // of the file itself: what stands there and below is left out
  std::uint64_t seed = 1;
  broker::crypto::RsaKeySource keys;
};
// Runs the scenario in the simulator; expectations are looked at, as they let time go on, and not judged.
[[nodiscard]] std::unique_ptr<DoctorSet> run_for_doctor(const DoctorScript& script);

// Whether the folder is one of `ssbsim node --data`.
[[nodiscard]] bool is_data_folder(const std::filesystem::path& path);
// Copies the folders and opens the copies. `peers`: HOST=INSTANCE, for hosts of routes that are no instance's name.
// Throws std::system_error or scenario::FolderError for what cannot be read, UsageError for `peers`.
[[nodiscard]] std::unique_ptr<DoctorSet> open_for_doctor(const std::vector<std::string>& folders,
                                                         const std::vector<std::string>& peers);

}  // namespace ssb::sim::cli
