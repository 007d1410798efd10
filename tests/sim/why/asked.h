// Scenarios played up to a place, and what `why` says there.
#pragma once

#include <cctype>
#include <string>

#include "sim/why/why.h"
#include "tests/sim/doctor/examined.h"

namespace ssb::sim::why {

using doctor::kScenarios;

struct Asked {
  scenario::Script script;
  Answer answer;

  [[nodiscard]] std::string story() const {
    std::string out = text_of(answer);
    for (const scenario::ScriptMessage& problem : script.errors) out += problem.line() + "\n";
    return out;
  }
};

inline scenario::Script parse(const std::string& file, const std::string& text) {
  scenario::ScriptOptions options;
  options.read_file = [](const std::string& path) -> std::optional<std::string> {
    if (!std::filesystem::is_regular_file(path)) return std::nullopt;
    return doctor::text_of(path);
  };
  return scenario::parse_script(file, text, options);
}

inline std::function<std::unique_ptr<scenario::Simulation>()> simulate(std::size_t& drawn) {
  return [&drawn] {
    drawn = 0;
    return scenario::make_simulation(
        {.seed = 1, .keys = [&drawn](int) { return doctor::next_key(drawn); }});
  };
}

// How many steps stand before the first line of the text that begins with `before`; all of them when that is empty, or not there.
inline std::size_t steps_until(const scenario::Script& script, const std::string& text,
                               const std::string& before) {
  const std::size_t at = before.empty() ? std::string::npos : ("\n" + text).find("\n" + before);
  if (at == std::string::npos) return script.steps.size();
  const auto lines = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  return steps_before_line(script, static_cast<int>(lines) + 1);
}

inline Asked ask(const std::string& file, const std::string& text, const std::string& before,
                 const Question& question = {}) {
  Asked out;
  out.script = parse(file, text);
  std::size_t drawn = 0;
  out.answer = explain({.script = out.script,
                        .steps = steps_until(out.script, text, before),
                        .simulate = simulate(drawn)},
                       question);
  return out;
}

inline Asked ask_file(const std::string& name, const std::string& before) {
  const std::string file = kScenarios + name;
  return ask(file, doctor::text_of(file), before);
}

}  // namespace ssb::sim::why
