// The lines of a scenario under way: batches, the database that they are for, and `--#` lines. Inside of this folder.
#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "sim/doctor/cure.h"

namespace ssb::sim::snapshot {

class ScriptText {
 public:
  void line(std::string_view text) { text_ += fmt::format("{}\n", text); }
  void connect(std::string_view instance) { line(fmt::format(":connect {}", instance)); }
  // Each statement is a batch of its own: one that fails leaves the others alone, and is told by itself.
  void run(std::string_view database, std::string_view statement) {
    line(fmt::format("USE {};\n{};\nGO", doctor::bracketed(database), statement));
  }
  // One that has to stand first in its batch.
  void run_alone(std::string_view database, std::string_view statement) {
    line(fmt::format("USE {};\nGO\n{};\nGO", doctor::bracketed(database), statement));
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace ssb::sim::snapshot
