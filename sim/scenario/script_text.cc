#include "sim/scenario/script_text.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "proto/check.h"
#include "sim/scenario/near.h"
#include "sim/scenario/splitter.h"

namespace ssb::sim::scenario {
namespace {

// Variables of sqlcmd that stand for what would be taken for something else: "$" before "(", and nothing before a word like GO.
constexpr std::string_view kDollar = "$(ssb_dollar)";
constexpr std::string_view kNothing = "$(ssb_nothing)";

template <typename Action>
constexpr bool kIsStep = std::is_constructible_v<decltype(Step::action), Action>;

// Whether sqlcmd would take the line, outside of quotes and comments, for something of its own.
bool is_taken(std::string_view line) {
  std::string_view text = line;
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t' || text.front() == '\r'))
    text.remove_prefix(1);
  if (parse_go(text)) return true;
  if (text.starts_with("!!")) return true;
  if (text.starts_with(':') && !text.starts_with("::")) return true;
  const std::string word = to_lower(text.substr(0, text.find_first_of(" \t(\r")));
  return word == "exit" || word == "quit" || word == "reset";
}

class Writer {
 public:
  void batch(const Batch& batch, bool is_before_exit) {
    LexicalState state;
    std::string_view rest = batch.text;
    std::string text;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      text += line(rest.substr(0, end), state) + "\n";
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (!state.is_plain() && is_before_exit) {  // only :exit(query) can be left open
      while (text.ends_with('\n')) text.pop_back();
      text_ += fmt::format(":exit({})\n", text);
      has_exited_ = true;
      return;
    }
    text_ += text;
    if (state.is_plain())  // else the end of the file ends it
      text_ += batch.repeat == 1 ? "GO\n" : fmt::format("GO {}\n", batch.repeat);
  }

  void connect(const Connect& connect) {
    text_ += ":connect " + argument(connect.node);
    if (!connect.login.empty()) text_ += " -U " + argument(connect.login);
    if (!connect.password.empty()) text_ += " -P " + argument(connect.password);
    text_ += "\n";
  }

  void directive(std::string_view text) { text_ += fmt::format("--# {}\n", text); }
  void sqlcmd(std::string_view text) { text_ += fmt::format(":{}\n", text); }
  void exit() {
    if (!std::exchange(has_exited_, false)) text_ += ":quit\n";
  }

  // With the variables that it needs.
  [[nodiscard]] std::string text() const {
    std::string out;
    if (text_.find(kDollar) != std::string::npos) out += ":setvar ssb_dollar \"$\"\n";
    if (text_.find(kNothing) != std::string::npos) out += ":setvar ssb_nothing \"\"\n";
    return out + text_;
  }

 private:
  static std::string line(std::string_view line, LexicalState& state) {
    std::string out;
    if (state.is_plain() && is_taken(line)) out = kNothing;
    for (std::size_t i = 0; i < line.size(); ++i) {
      const char next = i + 1 < line.size() ? line[i + 1] : '\0';
      const bool is_variable = line[i] == '$' && next == '(' && !state.in_comment();
      state.feed(line[i], next);
      if (is_variable) {
        out += kDollar;
      } else {
        out.push_back(line[i]);
      }
    }
    state.end_line();
    if (out.ends_with('\r')) out.push_back('\r');  // the reader takes one away
    return out;
  }

  static std::string argument(const std::string& value) {
    std::string out;
    for (std::size_t i = 0; i < value.size(); ++i) {
      const bool is_variable = value[i] == '$' && i + 1 < value.size() && value[i + 1] == '(';
      out += is_variable ? std::string(kDollar) : std::string(1, value[i]);
    }
    return out.find_first_of(" \t") == std::string::npos ? out : "\"" + out + "\"";
  }

  std::string text_;
  bool has_exited_ = false;
};

std::string instance_text(const Script& script, const std::string& node) {
  std::string out = "instance " + node;
  for (const InstanceOptions& options : script.instances) {
    if (!equal_ignoring_case(options.node, node)) continue;
    if (options.port) out += fmt::format(" port={}", *options.port);
    if (options.tds_port) out += fmt::format(" tds={}", *options.tds_port);
    if (!options.folder.empty()) out += fmt::format(" at={}", options.folder);
    for (const std::string& host : options.hosts) out += fmt::format(" host={}", host);
  }
  return out;
}

void write_whole(const Script& script, std::optional<std::uint64_t> seed, Writer& out) {
  out.directive("scenario " + script.title);
  if (!script.claims.empty()) out.directive(fmt::format("claim {}", fmt::join(script.claims, " ")));
  if (!script.corpus.empty())
    out.directive(fmt::format("corpus {}", fmt::join(script.corpus, " ")));
  if (script.catalogue)
    out.directive("catalogue " + script.catalogue->id + (script.catalogue->is_weak ? " weak" : ""));
  if (seed || script.seed) out.directive(fmt::format("seed {}", seed ? *seed : *script.seed));
  if (!script.modes.sim || !script.modes.tcp)
    out.directive(script.modes.sim ? "modes sim" : "modes tcp");
  for (const std::string& node : script.nodes) out.directive(instance_text(script, node));
}

}  // namespace

std::string script_text(const Script& script, std::string_view head,
                        std::optional<std::uint64_t> seed) {
  std::string out;
  while (!head.empty()) {
    const std::size_t end = std::min(head.find('\n'), head.size());
    out += fmt::format("-- {}\n", head.substr(0, end));
    head.remove_prefix(std::min(end + 1, head.size()));
  }
  if (!out.empty()) out += "GO\n";  // or the comment would be of the first batch
  Writer writer;
  write_whole(script, seed, writer);
  for (std::size_t i = 0; i < script.steps.size(); ++i) {
    const auto& action = script.steps[i].action;
    if (const auto* batch = std::get_if<Batch>(&action)) {
      writer.batch(*batch, i + 1 < script.steps.size() &&
                               std::holds_alternative<Exit>(script.steps[i + 1].action));
    } else if (const auto* connect = std::get_if<Connect>(&action)) {
      writer.connect(*connect);
    } else if (const auto* on_error = std::get_if<OnError>(&action)) {
      writer.sqlcmd(on_error->exits ? "on error exit" : "on error ignore");
    } else if (std::holds_alternative<Exit>(action)) {
      writer.exit();
    } else {
      writer.directive(script.steps[i].text);
    }
  }
  return out + writer.text();
}

Step directive_step(std::string_view text, const Place& place) {
  auto parsed = parse_directive(text);
  auto* directive = std::get_if<Directive>(&parsed);
  SSB_CHECK(directive != nullptr);
  return std::visit(
      [&](auto& action) -> Step {
        if constexpr (kIsStep<std::decay_t<decltype(action)>>) {
          return {.place = place, .action = std::move(action), .text = std::string(text)};
        } else {
          SSB_CHECK(false);
          return {.place = place, .action = Heal{}};
        }
      },
      *directive);
}

}  // namespace ssb::sim::scenario
