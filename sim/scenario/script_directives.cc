// The `--#` part of ScriptParser.
#include <algorithm>

#include <fmt/format.h>

#include "sim/scenario/near.h"
#include "sim/scenario/script_parser.h"

namespace ssb::sim::scenario {
namespace {

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <typename... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

}  // namespace

// Directives that act stand between batches; those that only describe may stand anywhere.
bool ScriptParser::refuse_unsent(const Place& place) {
  if (!has_unsent()) return false;
  error(place,
        fmt::format(
            "the batch that began in line {} has not been sent yet; write GO before this line",
            batch_.lines.front().line));
  return true;
}

void ScriptParser::take_expectation(const Expectation& expectation, const Place& place) {
  if (expectation.is_about_next_batch()) {
    if (!waiting_expectation_) waiting_expectation_ = place;
  } else if (refuse_unsent(place)) {
    return;
  }
  if (!expectation.node.empty()) add_node(expectation.node);
  if (const auto* state = std::get_if<ExpectState>(&expectation.what)) {
    auto& names = script_.state_variables;
    if (std::find(names.begin(), names.end(), state->variable) == names.end())
      names.push_back(state->variable);
  }
  add_step(place, expectation);
}

void ScriptParser::take_directive(std::string_view text, const Place& place) {
  auto parsed = parse_directive(text);
  if (const auto* problem = std::get_if<DirectiveError>(&parsed)) {
    Place at = place;
    at.column += problem->column - 1;
    return error(at, problem->message);
  }
  const auto act = [&](auto& action) {
    if (!refuse_unsent(place)) add_step(place, std::move(action));
  };
  const auto act_on = [&](auto& action, const std::string& node) {
    add_node(node);
    act(action);
  };
  const auto act_between = [&](auto& action, const std::string& one, const std::string& other) {
    add_node(one);
    add_node(other);
    act(action);
  };
  std::visit(
      Overloaded{
          [&](Title& title) { script_.title = title.text; },
          [&](Claims& claims) {
            script_.claims.insert(script_.claims.end(), claims.ids.begin(), claims.ids.end());
          },
          [&](Corpus& corpus) {
            script_.corpus.insert(script_.corpus.end(), corpus.ids.begin(), corpus.ids.end());
          },
          [&](Note& note) { add_step(place, std::move(note)); },
          [&](Seed& seed) { script_.seed = seed.value; },
          [&](Modes& modes) { script_.modes = modes; },
          [&](ConnectFlushes&) { connect_flushes_ = true; },
          [&](InstanceOptions& options) {
            if (is_connected_) error(place, "--# instance stands before the first :connect");
            add_node(options.node);
            script_.instances.push_back(std::move(options));
          },
          [&](SetClock& clock) {
            if (is_connected_)
              return error(place,
                           "--# clock sets the start and stands before the first :connect; later "
                           "use --# until");
            add_step(place, clock);
          },
          [&](CopyFile& copy) { act_between(copy, copy.from_node, copy.to_node); },
          [&](Skew& skew) { act_on(skew, skew.node); },
          [&](Restart& restart) { act_on(restart, restart.node); },
          [&](Crash& crash) { act_on(crash, crash.node); },
          [&](DiskFault& fault) { act_on(fault, fault.node); },
          [&](Attack& attack) {
            if (attack.seat == Attack::Seat::peer) {
              act(attack);
            } else {
              act_on(attack, attack.node);
            }
          },
          [&](NetFault& fault) { act_between(fault, fault.from, fault.to); },
          [&](LinkFault& fault) { act_between(fault, fault.from, fault.to); },
          [&](Partition& partition) { act_between(partition, partition.one, partition.other); },
          [&](Expectation& expectation) { take_expectation(expectation, place); },
          [&](Advance& action) { act(action); },
          [&](AdvanceUntil& action) { act(action); },
          [&](Settle& action) { act(action); },
          [&](Mark& action) { act(action); },
          [&](Heal& action) { act(action); },
      },
      std::get<Directive>(parsed));
}

}  // namespace ssb::sim::scenario
