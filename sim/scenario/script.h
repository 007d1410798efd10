// Parses a scenario: T-SQL batches, sqlcmd's directives and the `--#` lines, each with its place.
//
//   Errors  all of a file at once, with file:line:column; ssbsim exits with 11. A script with errors is not run.
//   Source  scenario-language.md; reference tsql-tds.md 1.10 for sqlcmd.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/scenario/directive.h"

namespace ssb::sim::scenario {

struct Place {
  std::string file;
  int line = 0;
  int column = 1;

  [[nodiscard]] std::string text() const { return file + ":" + std::to_string(line); }
  friend bool operator==(const Place&, const Place&) = default;
};

// ---- steps ----
struct Batch {
  std::string text;  // with $(variables) replaced
  std::int64_t repeat = 1;
  std::vector<Place> lines;    // of each line of the text
  bool is_repeatable = false;  // --# repeatable
  bool is_to_wait = false;     // --# expect waits

  // The place of a line as an error names it, 1-based.
  [[nodiscard]] Place place_of(int line) const;
};
struct Connect {
  std::string node;
  std::string login;  // empty: sysadmin
  std::string password;
};
struct OnError {
  bool exits = false;
};
struct Exit {};  // :exit, :quit
struct Step {
  Place place;
  std::variant<Batch, Connect, UseSession, Await, OnError, Exit, Note, CopyFile, SetClock, Advance,
               AdvanceUntil, Skew, Drift, Jump, Settle, Mark, Restart, Crash, NetFault, LinkFault,
               Partition, Swizzle, Heal, DiskFault, KeyFault, OwnerLost, RandomFault, Attack,
               Expectation>
      action;
  std::string text = {};  // of a directive: as written after --#
};

struct ScriptMessage {
  Place place;
  std::string text;

  [[nodiscard]] std::string line() const;  // "mine/a.sql:3:5: unknown directive ..."
};

struct Script {
  std::string file;
  std::string
      title;  // the file's name without folder and ending when no --# scenario says otherwise
  std::vector<std::string> claims;
  std::vector<std::string> corpus;
  std::optional<Catalogue> catalogue;
  std::optional<std::uint64_t> seed;
  Modes modes{.sim = true, .tcp = true};
  std::vector<InstanceOptions> instances;  // of --# instance lines
  std::vector<std::string>
      nodes;  // every instance that is named, in the order of their names' first use
  std::vector<std::string> state_variables;  // those that `expect state ... for @h` asks about
  std::vector<Step> steps;
  std::vector<ScriptMessage> errors;
  std::vector<ScriptMessage> warnings;
  std::size_t text_hash = 0;  // of all that was read; tells two versions of a scenario apart

  [[nodiscard]] int expectation_count() const;
};

// The name of the instance of a script that connects to none.
inline constexpr std::string_view kOnlyNode = "SERVER";
inline constexpr int kIncludeDepthMax = 16;
inline constexpr std::size_t kNamedSessionsMax = 64;  // of one script at a time
inline constexpr std::size_t kScriptBytesMax = std::size_t{16} * 1024 * 1024;  // of one file

struct ScriptOptions {
  std::map<std::string, std::string, std::less<>> variables;  // -v name=value; names in lower case
  // The environment, where sqlcmd looks last; empty: there is none.
  std::function<std::optional<std::string>(const std::string& name)> environment;
  // The contents of a file that `:r` names, already made relative to the including file; nullopt: it cannot be read.
  std::function<std::optional<std::string>(const std::string& path)> read_file;
};

// Faults and attackers, which real sockets and disks do not have at hand.
[[nodiscard]] bool needs_simulation(const Step& step);
[[nodiscard]] Script parse_script(std::string_view file, std::string_view text,
                                  const ScriptOptions& options);

}  // namespace ssb::sim::scenario
