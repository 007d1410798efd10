#include "sim/scenario/directive_attack.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/attackers/table.h"
#include "sim/scenario/near.h"

namespace ssb::sim::scenario {
namespace {

using attackers::AttackForm;
using attackers::ParameterForm;

std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& known) {
  const auto near = near_names(name, known);
  return near.empty() ? fmt::format("there are {}", fmt::join(known, ", "))
                      : fmt::format("did you mean {}?", fmt::join(near, " or "));
}

const AttackForm& take_form(Words& words) {
  const Word name = words.take("the name of the attack");
  if (const AttackForm* form = attackers::find_attack(name.text)) return *form;
  std::vector<std::string_view> known;
  for (const AttackForm& form : attackers::attacks()) known.push_back(form.name);
  Words::fail_at(name,
                 fmt::format("unknown attack '{}'; {}", name.text, did_you_mean(name.text, known)));
}

void take_seat(Words& words, const AttackForm& form, Attack& attack) {
  const Word place = words.at_end() ? Word{} : words.peek();
  bool may = false;
  if (words.accept("as")) {
    words.expect("peer");
    attack.seat = Attack::Seat::peer;
    may = form.as_peer != nullptr;
  } else {
    words.expect("at");
    if (words.accept("wire")) {
      attack.seat = Attack::Seat::wire;
      may = form.at_wire != nullptr;
    } else {
      words.expect("hop");
      attack.seat = Attack::Seat::hop;
      may = form.at_hop != nullptr;
    }
  }
  if (!may) {
    std::string seats;
    if (form.at_hop != nullptr) seats += " 'at hop A|B'";
    if (form.at_wire != nullptr) seats += " 'at wire A|B'";
    if (form.as_peer != nullptr) seats += " 'as peer NAME'";
    Words::fail_at(place, fmt::format("{} cannot sit there; it can{}", form.name, seats));
  }
  attack.node = words.take("the name of the instance").text;
  if (attack.seat == Attack::Seat::peer) return;
  words.expect("|");
  const Word other = words.take("the second instance");
  if (equal_ignoring_case(other.text, attack.node))
    Words::fail_at(other, fmt::format("between {} and itself nobody can sit", attack.node));
  attack.other = other.text;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string take_value(Words& words, const ParameterForm& form) {
  using Kind = ParameterForm::Kind;
  if (form.kind == Kind::count)
    return std::to_string(words.take_count(fmt::format("the number for '{}'", form.name)));
  if (form.kind == Kind::duration)
    return std::to_string(
        words.take_duration(fmt::format("the duration for '{}'", form.name)).count());
  const Word word = words.take(fmt::format("the value of '{}'", form.name));
  if (form.kind != Kind::choice) return word.text;
  const auto choices = words_of(form.choices);
  if (std::find(choices.begin(), choices.end(), word.text) == choices.end()) {
    Words::fail_at(word, fmt::format("'{}' is not {}", word.text, fmt::join(choices, ", ")));
  }
  return word.text;
}

bool means_something(const ParameterForm& form, Attack::Seat seat) {
  switch (form.seats) {
    case ParameterForm::Seats::all: return true;
    case ParameterForm::Seats::hop: return seat == Attack::Seat::hop;
    case ParameterForm::Seats::peer: return seat == Attack::Seat::peer;
  }
  return false;
}

void take_parameters(Words& words, const AttackForm& form, Attack& attack) {
  std::vector<const ParameterForm*> forms;  // of the values; those of other seats are not there
  std::vector<std::string_view> known;
  for (const ParameterForm& parameter : form.parameters) {
    attack.parameters.push_back({.name = std::string(parameter.name),
                                 .value = std::string(parameter.standard),
                                 .is_node = parameter.kind == ParameterForm::Kind::node,
                                 .is_standard = true});
    forms.push_back(&parameter);
    if (means_something(parameter, attack.seat)) known.push_back(parameter.name);
  }
  while (!words.at_end()) {
    const Word name = words.take("a parameter");
    if (std::find(known.begin(), known.end(), name.text) == known.end()) {
      Words::fail_at(name, known.empty()
                               ? fmt::format("{} has no parameters there", form.name)
                               : fmt::format("{} has no parameter '{}' there; {}", form.name,
                                             name.text, did_you_mean(name.text, known)));
    }
    const auto place =
        std::find_if(attack.parameters.begin(), attack.parameters.end(),
                     [&](const Attack::Parameter& p) { return p.name == name.text; });
    if (!place->is_standard) Words::fail_at(name, fmt::format("'{}' is given twice", name.text));
    place->value =
        take_value(words, *forms[static_cast<std::size_t>(place - attack.parameters.begin())]);
    place->is_standard = false;
  }
  for (std::size_t i = 0; i < forms.size(); ++i) {
    const bool is_missing = forms[i]->is_required && attack.parameters[i].is_standard &&
                            means_something(*forms[i], attack.seat);
    if (is_missing) words.fail(fmt::format("{} needs '{} ...'", form.name, forms[i]->name));
  }
}

}  // namespace

Attack parse_attack(Words& words) {
  Attack attack;
  if (words.accept("by")) {
    words.expect("configuration");
    attack.name = "configuration";
    attack.seat = Attack::Seat::configuration;
    return attack;
  }
  const AttackForm& form = take_form(words);
  attack.name = form.name;
  take_seat(words, form, attack);
  take_parameters(words, form, attack);
  return attack;
}

std::string seat_text(const Attack& attack) {
  if (attack.seat == Attack::Seat::configuration) return "by configuration";
  std::string text = attack.name;
  text += attack.seat == Attack::Seat::wire  ? " at wire "
          : attack.seat == Attack::Seat::hop ? " at hop "
                                             : " as peer ";
  text += attack.node;
  if (!attack.other.empty()) text += "|" + attack.other;
  for (const Attack::Parameter& parameter : attack.parameters) {
    if (!parameter.is_standard) text += fmt::format(" {} {}", parameter.name, parameter.value);
  }
  return text;
}

}  // namespace ssb::sim::scenario
