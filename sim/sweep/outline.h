// What is known of a script before it runs, step by step: who is connected where, and where time passes.
//
//   By words alone: what a batch does is read from its tokens, and where that leaves a doubt the careful answer is given.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/script.h"

namespace ssb::sim::sweep {

// Before a step runs.
struct Here {
  scenario::Connect session;  // the last :connect; its node is empty before the first
  std::string database;
  // The session has nothing that a new one would not have: no transaction, no open key, no setting, nothing declared.
  bool is_clean = false;
  bool is_waiting = false;        // an expectation about the next batch stands before it
  std::set<std::string> started;  // the instances that have run, by name in lower case
};
struct Outline {
  std::vector<Here> steps;      // one more than there are: the last is the end
  bool has_own_faults = false;  // faults, crashes, attacks, and what we do not know
  bool has_attackers = false;
  bool leaves_no_room = false;  // it goes from second to second: a fault of ours would make it late
  // It sets some of them itself: a fault of ours would take the place of its own.
  bool sets_hops = false;
  bool sets_links = false;
  bool depends_on_time = false;  // words like LIFETIME or WAITFOR, an `until` that is near
  bool is_secured = true;        // no batch says ENCRYPTION = OFF
  std::vector<std::string> message_types;  // that its statements name, each once
  bool depends_on_date = false;  // START_DATE or GETDATE in its statements, time that it lets pass
};

// `kept` as in with_faults: a step that is left out changes nothing.
[[nodiscard]] Outline outline_of(const scenario::Script& script, const std::vector<bool>& kept);

// Expectations that look at what has happened, and the directives that let time pass.
[[nodiscard]] bool passes_time(const scenario::Step& step);
// Whether one of the words, in upper case, stands in a batch as a word of T-SQL.
[[nodiscard]] bool has_word(std::string_view batch, const std::vector<std::string_view>& words);

}  // namespace ssb::sim::sweep
