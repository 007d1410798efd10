// `ssbsim doctor` as other subcommands use it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/cli/cli.h"
#include "sim/doctor/doctor.h"

namespace ssb::sim::cli {

struct DoctorOptions {
  std::vector<std::string> paths;
  std::vector<std::string> variables;
  std::optional<int> until_line;
  std::optional<std::uint64_t> seed;
  std::string from_service;
  std::string to_service;
  std::string contract;
  std::string encryption;
  std::vector<std::string> peers;
  std::string fail_on = "error";
  std::vector<std::string> ignored;
  std::string explained;
  std::string key_pool_file;
  bool is_strict = false;
  bool shows_ok = false;
  bool shows_cures = false;
  bool as_json = false;
  bool lists = false;
  bool prints_header = true;  // of --json
};

// "on", "off", "anonymous"; "": nobody has said.
[[nodiscard]] std::optional<doctor::Encryption> encryption_of(const std::string& text);
// Looks, prints what it finds; the exit code.
[[nodiscard]] int run_doctor(Context& context, const DoctorOptions& options);

}  // namespace ssb::sim::cli
