#include "sim/scenario/directive_expect.h"

#include <array>

#include <fmt/format.h>

#include "proto/error.h"
#include "proto/trace.h"
#include "sim/scenario/near.h"

namespace ssb::sim::scenario {
namespace {

// The last part of [schema.]name; brackets are gone already.
std::string object_name(const Word& word) {
  const std::size_t dot = word.text.rfind('.');
  return dot == std::string::npos ? word.text : word.text.substr(dot + 1);
}

// `on HOST_B[.db]` and `within 30s` may stand before or after what is expected.
void take_common(Words& words, Expectation& expectation) {
  while (true) {
    if (words.accept("within")) {
      expectation.within = words.take_duration("the time to wait at most");
    } else if (words.accept("on")) {
      const std::string place = words.take("an instance, or HOST.database").text;
      const std::size_t dot = place.find('.');
      expectation.node = place.substr(0, dot);
      if (dot != std::string::npos) expectation.database = place.substr(dot + 1);
    } else {
      return;
    }
  }
}

// error 15581 [level 16] [state 3]
ExpectError error(Words& words) {
  ExpectError expected{.number = words.take_int("the error number"), .level = {}, .state = {}};
  while (true) {
    if (words.accept("level")) {
      expected.level = words.take_int("the level");
    } else if (words.accept("state")) {
      expected.state = words.take_int("the state");
    } else {
      return expected;
    }
  }
}

// status NUMBER [for SERVICE] | status empty [for SERVICE] | status none
ExpectStatus status(Words& words) {
  ExpectStatus expected;
  if (words.accept("none")) {
    expected.kind = ExpectStatus::Kind::none;
  } else if (words.accept("empty")) {
    expected.kind = ExpectStatus::Kind::empty;
  } else {
    expected.number = words.take_int("the status (a number, 'empty' or 'none')");
  }
  if (words.accept("for")) expected.service = words.take("the service").text;
  return expected;
}

bool is_event_class(int number) {
  return std::string_view(proto::event_class_name(static_cast<proto::EventClass>(number))) !=
         "unknown";
}

int event_class(Words& words) {
  const Word word = words.at_end() ? Word{} : words.peek();
  const int number = words.take_int("the number of the event class");
  if (is_event_class(number)) return number;
  std::string known;
  constexpr int kHighest = 20'000;
  for (int candidate = 1; candidate < kHighest; ++candidate) {
    if (is_event_class(candidate))
      known += fmt::format("{}{}", known.empty() ? "" : ", ", candidate);
  }
  Words::fail_at(word,
                 fmt::format("no event class has the number {}; there are {}", number, known));
}

// What can never happen is no proof that something did not.
void refuse_unknown_error(const ExpectEvent& expected, const Words& words) {
  constexpr int kFirstOfUsers = 50'000;
  if (!expected.error || *expected.error >= kFirstOfUsers) return;
  if (proto::find_error(*expected.error) != nullptr) return;
  words.fail(
      fmt::format("no error has the number {}, so its absence says nothing", *expected.error));
}

// event 159 [subclass N] [error N] [state N]
ExpectEvent event(Words& words) {
  ExpectEvent expected{
      .is_absent = false, .event = event_class(words), .subclass = {}, .error = {}, .state = {}};
  while (true) {
    if (words.accept("subclass")) {
      expected.subclass = words.take_int("the subclass");
    } else if (words.accept("error")) {
      expected.error = words.take_int("the error number");
    } else if (words.accept("state")) {
      expected.state = words.take_int("the state");
    } else {
      return expected;
    }
  }
}

// errorlog 28054 [state S]: event 22 with that error.
ExpectEvent errorlog(Words& words) {
  ExpectEvent expected{.is_absent = false,
                       .event = 22,
                       .subclass = {},
                       .error = words.take_int("the error number"),
                       .state = {}};
  if (words.accept("state")) expected.state = words.take_int("the state");
  return expected;
}

ExpectQueueError queue_error(Words& words) {
  words.expect("error");
  ExpectQueueError expected{.number = words.take_int("the error number, like -8494"), .queue = {}};
  words.expect("in");
  expected.queue = object_name(words.take("the queue"));
  return expected;
}

ExpectDelivered delivered(Words& words) {
  ExpectDelivered expected{.count = words.take_count("the number of messages"), .queue = {}};
  words.expect("to");
  expected.queue = object_name(words.take("the queue"));
  return expected;
}

ExpectState state(Words& words) {
  ExpectState expected{.state = words.take("the state, like CO").text, .variable = {}};
  words.expect("for");
  const Word variable = words.take("a variable like @h");
  if (!variable.text.starts_with('@')) Words::fail_at(variable, "a variable begins with @");
  expected.variable = variable.text;
  return expected;
}

// wire ciphertext|plaintext 'text' [between A and B]
ExpectWire wire(Words& words) {
  ExpectWire expected;
  if (words.accept("plaintext")) {
    expected.is_plaintext = true;
  } else if (!words.accept("ciphertext")) {
    words.fail("'wire' is followed by ciphertext or plaintext");
  }
  const Word text = words.take("the text to look for");
  if (text.text.empty()) Words::fail_at(text, "an empty text is found everywhere");
  expected.text = text.text;
  if (words.accept("between")) {
    expected.one = words.take("an instance").text;
    words.expect("and");
    expected.other = words.take("an instance").text;
  }
  return expected;
}

// attacker knows [not] 'text'
ExpectAttacker attacker(Words& words) {
  words.expect("knows");
  ExpectAttacker expected;
  expected.knows = !words.accept("not");
  const Word text = words.take("the text that attackers know, or not");
  if (text.text.empty()) Words::fail_at(text, "an empty text is found everywhere");
  expected.text = text.text;
  return expected;
}

ExpectColumns columns(Words& words) {
  ExpectColumns expected{{words.take("a column").text}};
  while (words.accept(",")) expected.names.push_back(words.take("a column").text);
  return expected;
}

using What = decltype(Expectation::what);
struct ExpectationForm {
  std::string_view keyword;
  What (*parse)(Words& words);
};
constexpr std::array kExpectations = {
    ExpectationForm{"error", [](Words& w) -> What { return error(w); }},
    ExpectationForm{"warning",
                    [](Words& w) -> What { return ExpectWarning{w.take_int("the number")}; }},
    ExpectationForm{"print",
                    [](Words& w) -> What { return ExpectPrint{w.take_pattern("the text")}; }},
    ExpectationForm{"waits", [](Words&) -> What { return ExpectWaits{}; }},
    ExpectationForm{
        "rows", [](Words& w) -> What { return ExpectRows{w.take_count("the number of rows")}; }},
    ExpectationForm{"value",
                    [](Words& w) -> What { return ExpectValue{w.take_pattern("the value")}; }},
    ExpectationForm{"columns", [](Words& w) -> What { return columns(w); }},
    ExpectationForm{"status", [](Words& w) -> What { return status(w); }},
    ExpectationForm{"event", [](Words& w) -> What { return event(w); }},
    ExpectationForm{"errorlog", [](Words& w) -> What { return errorlog(w); }},
    ExpectationForm{"queue", [](Words& w) -> What { return queue_error(w); }},
    ExpectationForm{"delivered", [](Words& w) -> What { return delivered(w); }},
    ExpectationForm{"state", [](Words& w) -> What { return state(w); }},
    ExpectationForm{"wire", [](Words& w) -> What { return wire(w); }},
    ExpectationForm{"attacker", [](Words& w) -> What { return attacker(w); }},
};

What what(Words& words) {
  if (words.accept("no")) {
    const bool is_log = words.accept("errorlog");
    if (!is_log) words.expect("event");
    ExpectEvent expected = is_log ? errorlog(words) : event(words);
    expected.is_absent = true;
    refuse_unknown_error(expected, words);
    return expected;
  }
  for (const ExpectationForm& form : kExpectations) {
    if (words.accept(form.keyword)) return form.parse(words);
  }
  std::array<std::string_view, kExpectations.size()> names;
  for (std::size_t i = 0; i < kExpectations.size(); ++i) names[i] = kExpectations[i].keyword;
  if (words.at_end()) words.fail(fmt::format("say what is expected: {}", fmt::join(names, ", ")));
  const std::string seen = words.peek().text;
  const auto near = near_names(seen, names);
  if (near.empty())
    words.fail(fmt::format("unknown expectation '{}'; there are {}", seen, fmt::join(names, ", ")));
  words.fail(
      fmt::format("unknown expectation '{}'; did you mean {}?", seen, fmt::join(near, " or ")));
}

}  // namespace

Expectation parse_expectation(Words& words) {
  Expectation expectation;
  {
    Words all = words;
    expectation.text = all.rest("what is expected");
  }
  take_common(words, expectation);
  expectation.what = what(words);
  take_common(words, expectation);
  if (expectation.is_about_next_batch() && (expectation.within || !expectation.node.empty())) {
    words.fail("'within' and 'on' are for expectations that stand after a batch");
  }
  return expectation;
}

}  // namespace ssb::sim::scenario
