// The `--#` part of ScriptParser.
#include <algorithm>
#include <concepts>

#include <fmt/format.h>

#include "proto/overloaded.h"
#include "sim/scenario/near.h"
#include "sim/scenario/script_parser.h"
#include "sim/scenario/server_name.h"
#include "sim/scenario/splitter.h"

namespace ssb::sim::scenario {
namespace {

template <typename Action>
concept OfOneNode = requires(Action action) {
  action.node;
};
template <typename Action>
concept OfOneDirection = requires(Action action) {
  action.from;
  action.to;
};
template <typename Action>
concept OfNoNode = std::same_as<Action, Advance> || std::same_as<Action, AdvanceUntil> ||
    std::same_as<Action, Settle> || std::same_as<Action, Mark> || std::same_as<Action, Heal>;

// For what stands behind it in the text; a crash that is counted comes when it comes.
template <typename Action>
bool ends_instance(const Action& action) {
  if constexpr (std::same_as<Action, Crash>) return !action.after;
  return std::same_as<Action, Restart>;
}

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

// Where the word stands in the text of a directive.
Place ScriptParser::place_in(std::string_view text, const std::string& word, const Place& place) {
  Place at = place;
  const std::size_t found = text.rfind(word);
  if (found != std::string_view::npos) at.column += static_cast<int>(found);
  return at;
}

void ScriptParser::mention(const std::string& node, std::string_view text, const Place& place) {
  mentions_.push_back({.node = node, .place = place_in(text, node, place)});
  add_node(node);
}

void ScriptParser::declare(const std::string& node, std::string_view text, const Place& place) {
  if (!is_server_name(node)) error(place_in(text, node, place), not_a_server_name(node));
  declared_.push_back(node);
  add_node(node);
}

void ScriptParser::refuse_shared_hosts(const InstanceOptions& options, const Place& place) {
  for (const InstanceOptions& other : script_.instances) {
    for (const std::string& host : options.hosts) {
      const bool is_taken =
          std::any_of(other.hosts.begin(), other.hosts.end(),
                      [&](const std::string& name) { return equal_ignoring_case(name, host); });
      if (is_taken)
        error(place, fmt::format("host={} leads to {} already: a host name leads to one instance",
                                 host, other.node));
    }
  }
}

// A name that nobody connects to is a typing error: what is expected of it would hold for ever.
void ScriptParser::check_mentions() {
  const std::vector<std::string_view> declared(declared_.begin(), declared_.end());
  for (const Mention& mention : mentions_) {
    const bool is_known = std::any_of(declared.begin(), declared.end(), [&](std::string_view name) {
      return equal_ignoring_case(name, mention.node);
    });
    if (is_known) continue;
    const auto near = near_names(mention.node, declared, 1);
    error(mention.place,
          fmt::format(
              "this script has no instance '{}': neither :connect nor --# instance names it{}",
              mention.node, near.empty() ? "" : fmt::format("; did you mean {}?", near.front())));
  }
}

void ScriptParser::take_expectation(const Expectation& expectation, std::string_view text,
                                    const Place& place) {
  if (expectation.is_about_next_batch()) {
    const auto* failed = std::get_if<ExpectError>(&expectation.what);
    waiting_.push_back({.number = failed == nullptr ? 0 : failed->number,
                        .place = place,
                        .is_to_wait = std::holds_alternative<ExpectWaits>(expectation.what)});
  } else if (refuse_unsent(place)) {
    return;
  }
  const auto* wire = std::get_if<ExpectWire>(&expectation.what);
  const bool is_of_attackers = std::holds_alternative<ExpectAttacker>(expectation.what);
  const bool needs_node = wire == nullptr && !is_of_attackers && !expectation.is_about_next_batch();
  if (needs_node && expectation.node.empty() && !is_connected_)
    return error(place, "no instance is in use here; :connect one before, or say on HOST");
  if (!expectation.node.empty()) mention(expectation.node, text, place);
  if (wire != nullptr && !wire->one.empty()) {
    mention(wire->one, text, place);
    mention(wire->other, text, place);
  }
  if (const auto* state = std::get_if<ExpectState>(&expectation.what)) {
    auto& names = script_.state_variables;
    if (std::find(names.begin(), names.end(), state->variable) == names.end())
      names.push_back(state->variable);
  }
  add_step(place, expectation);
}

void ScriptParser::name_seats(const Attack& attack, std::string_view text, const Place& place) {
  for (const Attack::Parameter& parameter : attack.parameters) {
    if (parameter.is_node && !parameter.value.empty()) mention(parameter.value, text, place);
  }
  if (attack.seat == Attack::Seat::peer) declare(attack.node, text, place);
  if (attack.seat != Attack::Seat::wire && attack.seat != Attack::Seat::hop) return;
  mention(attack.node, text, place);
  mention(attack.other, text, place);
}

void ScriptParser::take_directive(std::string_view text, const Place& place) {
  auto parsed = parse_directive(text);
  if (const auto* problem = std::get_if<DirectiveError>(&parsed)) {
    Place at = place;
    at.column += problem->column - 1;
    return error(at, problem->message);
  }
  const std::size_t steps_before = script_.steps.size();
  const auto act = [&](auto& action) {
    if (!refuse_unsent(place)) add_step(place, std::move(action));
  };
  const auto act_on = [&](auto& action, const std::string& node) {
    mention(node, text, place);
    act(action);
  };
  const auto act_between = [&](auto& action, const std::string& one, const std::string& other) {
    mention(one, text, place);
    mention(other, text, place);
    act(action);
  };
  std::visit(
      proto::Overloaded{
          [&](Title& title) { script_.title = title.text; },
          [&](Claims& claims) {
            script_.claims.insert(script_.claims.end(), claims.ids.begin(), claims.ids.end());
          },
          [&](Corpus& corpus) {
            script_.corpus.insert(script_.corpus.end(), corpus.ids.begin(), corpus.ids.end());
          },
          [&](Catalogue& catalogue) { script_.catalogue = std::move(catalogue); },
          [&](Note& note) { add_step(place, std::move(note)); },
          [&](Seed& seed) { script_.seed = seed.value; },
          [&](Modes& modes) { script_.modes = modes; },
          [&](ConnectFlushes&) { connect_flushes_ = true; },
          [&](UseSession& use) { take_session(use, text, place); },
          [&](Await& await) { take_await(await, text, place); },
          [&](InstanceOptions& options) {
            if (is_connected_) error(place, "--# instance stands before the first :connect");
            declare(options.node, text, place);
            refuse_shared_hosts(options, place);
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
          // Clocks, restarts, crashes, disks, keys.
          [&](OfOneNode auto& action) {
            if (ends_instance(action)) forget_sessions_of(action.node);
            act_on(action, action.node);
          },
          [&](Repeatable&) {
            if (!refuse_unsent(place)) repeatable_ = place;
          },
          [&](Attack& attack) {
            name_seats(attack, text, place);
            act(attack);
          },
          // Hops and links.
          [&](OfOneDirection auto& fault) { act_between(fault, fault.from, fault.to); },
          [&](Partition& partition) { act_between(partition, partition.one, partition.other); },
          [&](Swizzle& swizzle) {
            for (const std::string& node : swizzle.nodes) mention(node, text, place);
            act(swizzle);
          },
          [&](Expectation& expectation) { take_expectation(expectation, text, place); },
          // Time, marks, healing.
          [&](OfNoNode auto& action) { act(action); },
      },
      std::get<Directive>(parsed));
  if (script_.steps.size() > steps_before) script_.steps.back().text = trimmed(text);
}

}  // namespace ssb::sim::scenario
