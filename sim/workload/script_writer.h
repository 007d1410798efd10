// Writes the script: batches, where they run, and `--#` lines between them.
#pragma once

#include <string>
#include <string_view>

#include "sim/workload/topology.h"

namespace ssb::sim::workload {

class ScriptWriter {
 public:
  explicit ScriptWriter(const World& world) : world_(world) {}

  // What follows is run there; a batch of another place is sent first.
  void in_master(std::size_t instance);
  void in(std::size_t database);
  void statement(std::string_view sql);
  // Sends the batch.
  void go();
  // A `--#` line, after the batch.
  void directive(std::string_view text);
  void heading(std::string_view text);
  // The sessions on an instance that restarts are gone.
  void leave() { here_.clear(); }

  // "HOST_A.DbA1"
  [[nodiscard]] std::string place(std::size_t database) const;
  // A name for a copy of the certificate's file that no other copy has.
  [[nodiscard]] std::string new_file(std::string_view certificate);
  [[nodiscard]] std::string take_text();

 private:
  void move_to(std::size_t instance, const std::string& database);

  const World& world_;
  std::string text_;
  std::string batch_;
  int files_ = 0;
  std::string use_;  // goes before the next batch
  std::string here_;
};

// The statements that set the world up, and the clocks at the beginning of the story.
void write_setup(const Plan& plan, ScriptWriter& out);
// A change of the story, where it takes place.
void write_change(const Change& change, const World& before, ScriptWriter& out);

}  // namespace ssb::sim::workload
