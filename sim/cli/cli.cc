#include "sim/cli/cli.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "broker/tsql/secrets.h"
#include "sim/cli/safe_output.h"
#include "sim/scenario/near.h"

namespace ssb::sim::cli {
namespace {

// As a shell takes it back.
std::string quoted(const std::string& argument) {
  const bool is_plain = !argument.empty() &&
                        argument.find_first_of(" \t\n'\"\\$&|;<>()*?[]#~`!{}") == std::string::npos;
  if (is_plain) return argument;
  std::string out = "'";
  for (const char c : argument) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// A variable whose name says that it is a password, without its value: the line of arguments stands in reports and logs.
std::string without_secret(const std::string& argument) {
  for (std::size_t equals = argument.find('='); equals != std::string::npos;
       equals = argument.find('=', equals + 1)) {
    if (broker::tsql::names_secret(std::string_view(argument).substr(0, equals)))
      return argument.substr(0, equals) + "=***";
  }
  return argument;
}

// Names the word that is no subcommand, which CLI11 does not.
bool refuses_subcommand(const CLI::App& app, const std::vector<std::string>& arguments,
                        std::ostream& err) {
  if (arguments.empty() || arguments.front().starts_with('-')) return false;
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  if (std::find(names.begin(), names.end(), arguments.front()) != names.end()) return false;
  const std::vector<std::string_view> views(names.begin(), names.end());
  const auto near = scenario::near_names(arguments.front(), views, 1);
  err << fmt::format("ssbsim: there is no subcommand '{}'{}; there are {}\n", arguments.front(),
                     near.empty() ? "" : fmt::format(" (did you mean {}?)", near.front()),
                     fmt::join(names, ", "));
  return true;
}

}  // namespace

std::string environment(const char* name) {
  const char* value = std::getenv(name);  // read once at the start, before any thread
  return value == nullptr ? "" : value;
}

void require_output(std::ostream& out) {
  if (!out.flush())
    throw std::system_error(std::make_error_code(std::errc::io_error), "standard output");
}

int run_program(const std::vector<std::string>& arguments, std::ostream& raw_out,
                std::ostream& raw_err) {
  SafeOutput out(raw_out);
  SafeOutput err(raw_err);
  Context context{.out = out, .err = err, .progress = raw_err, .arguments = {}, .exit_code = 0};
  for (const std::string& argument : arguments)
    context.arguments += " " + quoted(without_secret(argument));
  CLI::App app("ssbsim: SQL Server Service Broker dialog security, simulated", "ssbsim");
  app.footer(
      "Examples:\n"
      "  ssbsim run scenarios/dialogs/full_security.sql\n"
      "  ssbsim explain 9727\n"
      "Exit codes: 0 met, 1 not met, 2 inconclusive, 3 two runs differ, 10 usage, 11 does not "
      "parse, 12 environment, "
      "13 bug.");
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "Help of all subcommands");
  add_run(app, context);
  add_sweep(app, context);
  add_merge(app, context);
  add_crash_sweep(app, context);
  add_load(app, context);
  add_node(app, context);
  add_attack(app, context);
  add_doctor(app, context);
  add_snapshot(app, context);
  add_import(app, context);
  add_explain(app, context);
  add_generate(app, context);
  add_version(app, context);
  if (refuses_subcommand(app, arguments, err)) return kExitUsage;
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // as CLI11 takes them
    app.parse(std::move(reversed));
    require_output(out);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error, out, err);
    if (code == 0 && !out.flush()) {  // of --help
      err << "ssbsim: standard output cannot be written\n";
      return kExitEnvironment;
    }
    return code == 0 ? 0 : kExitUsage;
  } catch (const std::system_error& error) {
    err << "ssbsim: " << error.what() << '\n';
    return kExitEnvironment;
  } catch (const std::exception& error) {
    err << "ssbsim: internal error: " << error.what() << '\n';
    return kExitInternal;
  }
  return context.exit_code;
}

}  // namespace ssb::sim::cli
