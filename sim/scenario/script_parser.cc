#include "sim/scenario/script_parser.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "proto/error_code.h"
#include "sim/scenario/near.h"

namespace ssb::sim::scenario {
namespace {

// The first blank-separated word; `text` keeps what follows it, trimmed.
std::string_view take_word(std::string_view& text) {
  const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
  const std::string_view word = text.substr(0, end);
  text = trimmed(text.substr(end));
  return word;
}

// One argument, in "double quotes" where it has blanks.
std::string take_argument(std::string_view& text) {
  if (!text.starts_with('"')) return std::string(take_word(text));
  const std::size_t end = std::min(text.find('"', 1), text.size());
  std::string argument(text.substr(1, end - 1));
  text = trimmed(text.substr(std::min(end + 1, text.size())));
  return argument;
}

constexpr std::array<std::string_view, 5> kSqlcmdNames = {"connect", "setvar", "r", "on", "exit"};

}  // namespace

ScriptParser::ScriptParser(Script& script, const ScriptOptions& options)
    : script_(script), options_(options), variables_(options.variables) {
  last_place_ = {.file = script.file, .line = 1, .column = 1};
}

void ScriptParser::read(const std::string& file, std::string_view contents, int depth) {
  const Place start{.file = file, .line = 1, .column = 1};
  if (contents.size() > kScriptBytesMax) return error(start, "the file is larger than 16 MiB");
  const std::string text = to_utf8(contents);
  if (std::string problem = encoding_problem(text); !problem.empty())
    return error(start, std::move(problem));
  script_.text_hash = script_.text_hash * 31 + std::hash<std::string>{}(text);
  int number = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    last_place_ = {.file = file, .line = ++number, .column = 1};
    const Place place = last_place_;
    take_line(line, place, depth);
  }
}

void ScriptParser::take_line(std::string_view line, const Place& place, int depth) {
  if (!state_.is_plain()) {
    take_text(line, place);
    return;
  }
  const std::string_view text = trimmed(line);
  const auto indent = static_cast<int>(text.data() - line.data());
  if (const auto go = parse_go(text)) {
    if (!go->problem.empty()) error(place, go->problem);
    flush_batch(go->count, place);
  } else if (text.starts_with("--#") &&
             (starts_like_directive(text.substr(3)) || text.starts_with("--# "))) {
    Place after = place;
    after.column = indent + 4;
    const std::string directive = replace_variables(text.substr(3), after);
    state_ = {};  // a directive's own quotes say nothing about the T-SQL
    take_directive(directive, after);
  } else if (text.starts_with("!!")) {
    error(place,
          "!! runs a program of the operating system, which a scenario never does; to carry a file "
          "use --# copy HOST_A 'file' to HOST_B");
  } else if (text.starts_with(':') && !text.starts_with("::")) {
    take_sqlcmd(replace_variables(text.substr(1), place), place, depth);
  } else if (!take_colonless(text, place)) {
    take_text(line, place);
  }
}

void ScriptParser::take_text(std::string_view line, const Place& place) {
  if (const std::size_t at = line.find("--#"); at != std::string_view::npos) {
    LexicalState before = state_;
    for (std::size_t i = 0; i < at; ++i) before.feed(line[i], line[i + 1]);
    if (before.is_plain() && starts_like_directive(line.substr(at + 3))) {
      Place directive = place;
      directive.column = static_cast<int>(at) + 1;
      error(directive, "a --# directive stands on a line of its own");
    }
  }
  batch_.text += replace_variables(line, place);
  batch_.text.push_back('\n');
  batch_.lines.push_back(place);
  state_.end_line();
}

// Keeps state_ at the place that it walks through: variables are replaced everywhere but in comments, strings included.
std::string ScriptParser::replace_variables(std::string_view line, const Place& place) {
  std::string out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool opens =
        line[i] == '$' && i + 1 < line.size() && line[i + 1] == '(' && !state_.in_comment();
    const std::size_t close = opens ? line.find(')', i) : std::string_view::npos;
    if (close == std::string_view::npos) {
      state_.feed(line[i], i + 1 < line.size() ? line[i + 1] : '\0');
      out.push_back(line[i]);
      continue;
    }
    const std::string name(line.substr(i + 2, close - i - 2));
    const auto value = variable(name);
    if (!value) {
      Place at = place;
      at.column += static_cast<int>(i);
      error(at,
            fmt::format("the variable $({}) is not set; use :setvar {} \"value\" or -v {}=value",
                        name, name, name));
    }
    const std::string text = value.value_or("");
    for (std::size_t k = 0; k < text.size(); ++k)
      state_.feed(text[k], k + 1 < text.size() ? text[k + 1] : '\0');
    out += text;
    i = close;
  }
  return out;
}

std::optional<std::string> ScriptParser::variable(const std::string& name) const {
  if (const auto found = variables_.find(to_lower(name)); found != variables_.end())
    return found->second;
  if (options_.environment) return options_.environment(name);
  return std::nullopt;
}

bool ScriptParser::take_colonless(std::string_view line, const Place& place) {
  std::string_view rest = line;
  const std::string word = to_lower(line.substr(0, line.find_first_of(" \t(")));
  if (word == "quit" || word == "reset") {
    if (line.size() != word.size()) return false;
  } else if (word == "exit") {
    rest.remove_prefix(word.size());
    rest = trimmed(rest);
    if (!rest.empty() && !rest.starts_with('(')) return false;
    take_exit(rest, place);
    return true;
  } else {
    return false;
  }
  if (word == "quit") {
    take_exit("", place);
  } else {
    batch_ = {};
  }
  return true;
}

void ScriptParser::take_sqlcmd(std::string_view line, const Place& place, int depth) {
  state_ = {};  // a directive's own quotes say nothing about the T-SQL
  std::string_view arguments = line;
  std::string_view word = line.substr(0, line.find_first_of(" \t("));
  arguments = trimmed(line.substr(word.size()));
  const std::string name = to_lower(word);
  if (name == "connect") {
    take_connect(arguments, place);
  } else if (name == "setvar") {
    take_setvar(arguments, place);
  } else if (name == "r") {
    take_include(arguments, place, depth);
  } else if (name == "on") {
    take_on_error(arguments, place);
  } else if (name == "exit" || name == "quit") {
    take_exit(arguments, place);
  } else if (name == "reset") {
    batch_ = {};
  } else {
    const auto near = near_names(name, kSqlcmdNames);
    error(place,
          fmt::format(":{} is not taken here{}; there are :connect, :setvar, :r, :on error, :exit, "
                      ":quit and :reset",
                      word, near.empty() ? "" : fmt::format(" (did you mean :{}?)", near.front())));
  }
}

// server[\instance][,port] [-l t] [-U login [-P password]]
void ScriptParser::take_connect(std::string_view arguments, const Place& place) {
  Connect connect;
  const std::string given = ":connect " + std::string(arguments);
  std::string server = take_argument(arguments);
  if (server.empty()) return error(place, ":connect needs the name of an instance");
  server = server.substr(0, server.find(','));
  if (to_lower(server).starts_with("tcp:")) server = server.substr(4);
  connect.node = server;
  while (!arguments.empty()) {
    std::string option(take_word(arguments));
    // -Uname and -Pword are taken as well, and no password is ever shown.
    std::string value;
    if (option.size() > 2 && option.front() == '-') {
      value = option.substr(2);
      option.resize(2);
    } else {
      value = take_argument(arguments);
    }
    if (option == "-U") {
      connect.login = value;
    } else if (option == "-P") {
      connect.password = value;
    } else if (option != "-l") {
      return error(
          place,
          fmt::format(
              ":connect does not know '{}'; its options are -U login, -P password and -l seconds",
              option));
    }
  }
  if (has_unsent()) {
    if (connect_flushes_) {
      flush_batch(1, place);
    } else {
      warn(place, fmt::format("the batch that began in line {} has not been sent (no GO before "
                              ":connect): it will run on {}, as sqlcmd "
                              "does it; --# connect flushes at the top sends it first",
                              batch_.lines.front().line, connect.node));
    }
  }
  declare(connect.node, given, place);
  // Expected of a login, they are about this line and not about the next batch.
  if (!connect.login.empty())
    std::erase_if(waiting_, [](const auto& waiting) {
      return waiting.number == static_cast<int>(proto::ErrorCode::login_refused);
    });
  is_connected_ = true;
  note_connected(connect.node);
  add_step(place, connect);
}

void ScriptParser::take_setvar(std::string_view arguments, const Place& place) {
  const std::string name = to_lower(take_word(arguments));
  if (name.empty()) return error(place, ":setvar needs the name of a variable");
  if (arguments.empty()) {
    variables_.erase(name);
  } else {
    variables_[name] = take_argument(arguments);
    if (!arguments.empty())
      error(place, ":setvar takes one value; put it in \"double quotes\" when it has blanks");
  }
}

void ScriptParser::take_include(std::string_view arguments, const Place& place, int depth) {
  const std::string name = take_argument(arguments);
  if (name.empty()) return error(place, ":r needs the name of a file");
  if (depth + 1 >= kIncludeDepthMax)
    return error(place, fmt::format(":r is nested deeper than {} files; does '{}' include itself?",
                                    kIncludeDepthMax, name));
  const auto path =
      (std::filesystem::path(place.file).parent_path() / name).lexically_normal().string();
  const auto text = options_.read_file ? options_.read_file(path) : std::nullopt;
  if (!text) return error(place, fmt::format("the file '{}' cannot be read", path));
  read(path, *text, depth + 1);
}

void ScriptParser::take_on_error(std::string_view arguments, const Place& place) {
  const std::string word = to_lower(take_word(arguments));
  const std::string what = to_lower(trimmed(arguments));
  if (word != "error" || (what != "exit" && what != "ignore"))
    return error(place, ":on is followed by 'error exit' or 'error ignore'");
  add_step(place, OnError{.exits = what == "exit"});
}

// :exit, :exit(), :exit(SELECT ...): the buffer runs (but for the bare form), then the query, then the script ends.
void ScriptParser::take_exit(std::string_view arguments, const Place& place) {
  const std::string_view text = trimmed(arguments);
  if (!text.empty()) {
    if (!text.starts_with('(') || !text.ends_with(')'))
      return error(place, ":exit is followed by nothing, by () or by (query)");
    flush_batch(1, place);
    const std::string query(trimmed(text.substr(1, text.size() - 2)));
    if (!query.empty()) {
      batch_ = {.text = query + "\n", .repeat = 1, .lines = {place}};
      flush_batch(1, place);
    }
  }
  batch_ = {};
  add_step(place, Exit{});
}

void ScriptParser::flush_batch(std::int64_t repeat, const Place& place) {
  Batch batch = std::exchange(batch_, {});
  if (is_blank_batch(batch.text)) return;
  batch.repeat = repeat;
  batch.is_repeatable = std::exchange(repeatable_, std::nullopt).has_value();
  batch.is_to_wait = std::any_of(waiting_.begin(), waiting_.end(),
                                 [](const Waiting& waiting) { return waiting.is_to_wait; });
  waiting_.clear();
  if (repeat == 0) return;
  // The step stands where the first line with a word in it stands.
  Place from = place;
  std::string_view rest = batch.text;
  for (const Place& line : batch.lines) {
    const std::size_t end = rest.find('\n');
    if (!is_blank_batch(rest.substr(0, end))) {
      from = line;
      break;
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  note_batch(batch, from);
  add_step(from, std::move(batch));
}

bool ScriptParser::has_unsent() const {
  return !is_blank_batch(batch_.text);
}

void ScriptParser::add_step(const Place& place, decltype(Step::action) action) {
  const bool needs_session =
      std::holds_alternative<Batch>(action) || std::holds_alternative<UseSession>(action);
  if (!is_connected_ && needs_session) {
    is_connected_ = true;
    declared_.emplace_back(kOnlyNode);
    add_node(std::string(kOnlyNode));
    script_.steps.push_back(
        {place, Connect{.node = std::string(kOnlyNode), .login = {}, .password = {}}});
  }
  script_.steps.push_back({place, std::move(action)});
}

void ScriptParser::add_node(const std::string& node) {
  for (const std::string& known : script_.nodes) {
    if (equal_ignoring_case(known, node)) return;
  }
  script_.nodes.push_back(node);
}

void ScriptParser::finish() {
  if (!state_.is_plain()) {
    warn(last_place_, fmt::format("{} is still open at the end of the file", state_.open_thing()));
  }
  flush_batch(1, last_place_);
  if (!waiting_.empty())
    error(waiting_.front().place,
          "no batch follows this expectation; it stands before the batch that it is about");
  if (repeatable_) error(*repeatable_, "no batch follows that could be repeated");
  check_mentions();
}

}  // namespace ssb::sim::scenario
