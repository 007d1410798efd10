#include "sim/workload/generate.h"

#include <cerrno>
#include <fstream>
#include <memory>
#include <system_error>

#include <CLI/CLI.hpp>

#include "sim/cli/cli.h"
#include "sim/cli/option_checks.h"

namespace ssb::sim::cli {
namespace {

struct GenerateOptions {
  std::uint64_t seed = 0;
  std::string file;
};

void generate(Context& context, const GenerateOptions& options) {
  const std::string text = workload::generate_scenario(options.seed);
  if (options.file.empty()) {
    context.out << text;
    return;
  }
  std::ofstream out(options.file, std::ios::binary | std::ios::trunc);
  out << text;
  if (!out.flush()) throw std::system_error(errno, std::generic_category(), options.file);
}

}  // namespace

void add_generate(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand(
      "generate", "Make a scenario from a number: a world, dialogs, and what must become of them");
  command->footer(
      "The same number gives the same script. What it expects comes from a model of the rules that "
      "shares no code with the engine.\n"
      "Examples:\n"
      "  ssbsim generate 7\n"
      "  ssbsim generate 7 --output seven.sql && ssbsim run seven.sql --net sim");
  auto options = std::make_shared<GenerateOptions>();
  command->add_option("seed", options->seed, "The number")->required()->check(seed_number);
  command->add_option("--output", options->file, "Write it to this file instead");
  command->callback([&context, options] { generate(context, *options); });
}

}  // namespace ssb::sim::cli
