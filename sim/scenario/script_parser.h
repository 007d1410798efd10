// The inside of parse_script: goes through the lines of a file and of those that it includes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/script.h"
#include "sim/scenario/splitter.h"

namespace ssb::sim::scenario {

// UTF-8 of a file as editors write it: with a byte order mark, or in UTF-16 with one.
[[nodiscard]] std::string to_utf8(std::string_view text);
// Why what to_utf8 gave is no text; empty when it is.
[[nodiscard]] std::string encoding_problem(std::string_view text);

class ScriptParser {
 public:
  ScriptParser(Script& script, const ScriptOptions& options);
  void read(const std::string& file, std::string_view contents, int depth);
  // The end of the outermost file.
  void finish();

 private:
  void take_line(std::string_view line, const Place& place, int depth);
  void take_text(std::string_view line, const Place& place);
  [[nodiscard]] std::string replace_variables(std::string_view line, const Place& place);
  [[nodiscard]] std::optional<std::string> variable(const std::string& name) const;

  // sqlcmd's
  [[nodiscard]] bool take_colonless(std::string_view line, const Place& place);
  void take_sqlcmd(std::string_view line, const Place& place, int depth);
  void take_connect(std::string_view arguments, const Place& place);
  void take_setvar(std::string_view arguments, const Place& place);
  void take_include(std::string_view arguments, const Place& place, int depth);
  void take_on_error(std::string_view arguments, const Place& place);
  void take_exit(std::string_view arguments, const Place& place);
  // ours
  // The instances that an attack speaks of; a peer is one of its own.
  void name_seats(const Attack& attack, std::string_view text, const Place& place);
  void take_directive(std::string_view text, const Place& place);
  void take_expectation(const Expectation& expectation, std::string_view text, const Place& place);

  // sessions (script_sessions.cc)
  void take_session(const UseSession& use, std::string_view text, const Place& place);
  void take_await(const Await& await, std::string_view text, const Place& place);
  void note_connected(const std::string& node);
  // A batch of the session in use: none may stand behind one that waits.
  void note_batch(const Batch& batch, const Place& place);
  void forget_sessions_of(const std::string& node);

  void flush_batch(std::int64_t repeat, const Place& place);
  [[nodiscard]] bool has_unsent() const;
  [[nodiscard]] bool refuse_unsent(const Place& place);
  void add_step(const Place& place, decltype(Step::action) action);
  void add_node(const std::string& node);
  // A node that a directive with this text speaks of; it must be declared somewhere.
  void mention(const std::string& node, std::string_view text, const Place& place);
  // One that :connect or --# instance names.
  void declare(const std::string& node, std::string_view text, const Place& place);
  // A host name leads to one instance.
  void refuse_shared_hosts(const InstanceOptions& options, const Place& place);
  void check_mentions();
  [[nodiscard]] static Place place_in(std::string_view text, const std::string& word,
                                      const Place& place);
  void error(const Place& place, std::string text) {
    script_.errors.push_back({place, std::move(text)});
  }
  void warn(const Place& place, std::string text) {
    script_.warnings.push_back({place, std::move(text)});
  }

  Script& script_;
  const ScriptOptions& options_;
  std::map<std::string, std::string, std::less<>> variables_;
  LexicalState state_;
  Batch batch_;
  bool connect_flushes_ = false;
  bool is_connected_ = false;  // a :connect stood somewhere before
  struct Waiting {
    int number = 0;  // of `expect error`; 0 for others
    Place place;
    bool is_to_wait = false;  // `expect waits`
  };
  // What is known of a session from the text: by instance and name in lower case, "" for that of `:connect`.
  using SessionKey = std::pair<std::string, std::string>;
  [[nodiscard]] SessionKey key_of(const std::string& session) const;
  std::map<SessionKey, bool> sessions_;  // whether a batch waits in it
  std::string node_;                     // of the last :connect
  std::string session_;                  // in use; "" that of :connect
  std::vector<Waiting> waiting_;         // expectations that no batch has followed yet
  std::optional<Place> repeatable_;      // --# repeatable, which no batch has followed yet
  Place last_place_;
  struct Mention {
    std::string node;
    Place place;
  };
  std::vector<Mention> mentions_;
  std::vector<std::string> declared_;
};

}  // namespace ssb::sim::scenario
