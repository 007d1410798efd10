#include "sim/scenario/script_text.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ssb::sim::scenario {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

ScriptOptions reading_files() {
  ScriptOptions options;
  options.read_file = [](const std::string& path) -> std::optional<std::string> {
    std::ifstream in(path, std::ios::binary);
    if (!in) return std::nullopt;
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  return options;
}

// All of a step but its place.
std::string described(const Step& step) {
  if (const auto* batch = std::get_if<Batch>(&step.action))
    return "batch " + std::to_string(batch->repeat) + "\n" + batch->text;
  if (const auto* connect = std::get_if<Connect>(&step.action))
    return "connect " + connect->node + "|" + connect->login + "|" + connect->password;
  if (const auto* on_error = std::get_if<OnError>(&step.action))
    return on_error->exits ? "on error exit" : "on error ignore";
  if (std::holds_alternative<Exit>(step.action)) return "exit";
  return "directive " + std::to_string(step.action.index()) + " " + step.text;
}
std::vector<std::string> described(const Script& script) {
  std::vector<std::string> out;
  for (const Step& step : script.steps) out.push_back(described(step));
  return out;
}

// What is written, read again.
Script again(const Script& script, std::string_view head = "a comment\nof two lines") {
  const std::string text = script_text(script, head, script.seed);
  Script read = parse_script("bundle.sql", text, {});
  EXPECT_THAT(read.errors, IsEmpty()) << text << read.errors.front().line();
  return read;
}

void expect_same(const Script& script) {
  ASSERT_THAT(script.errors, IsEmpty());
  const Script read = again(script);
  EXPECT_EQ(described(read), described(script)) << script.file;
  EXPECT_EQ(read.nodes, script.nodes) << script.file;
  EXPECT_EQ(read.title, script.title);
  EXPECT_EQ(read.claims, script.claims);
  EXPECT_EQ(read.corpus, script.corpus);
  EXPECT_EQ(read.seed, script.seed);
  EXPECT_EQ(read.modes.sim, script.modes.sim);
  EXPECT_EQ(read.modes.tcp, script.modes.tcp);
  EXPECT_EQ(read.state_variables, script.state_variables);
  EXPECT_EQ(read.catalogue.has_value(), script.catalogue.has_value());
}

TEST(ScriptTextTest, EveryScenarioIsReadBackAsItWas) {
  int count = 0;
  for (const char* folder : {"scenarios", "tests/sim/scenario"}) {
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(SSB_SOURCE_DIR) / folder)) {
      if (entry.path().extension() != ".sql") continue;
      ++count;
      const auto text = reading_files().read_file(entry.path().string());
      const Script script = parse_script(entry.path().string(), text.value_or(""), reading_files());
      if (script.errors.empty()) expect_same(script);
    }
  }
  EXPECT_GT(count, 20);
}

TEST(ScriptTextTest, WhatAVariableHidFromSqlcmdStaysHidden) {
  ScriptOptions options;
  options.variables = {{"go", "GO"}, {"ref", "$(x)"}, {"exit", "exit"}, {"colon", ":r no.sql"}};

  const Script script =
      parse_script("a.sql",
                   ":connect A -U joe -P \"pass word\"\n$(go)\n$(exit)\n$(colon)\n"
                   "SELECT '$(ref)' -- $(left as it is)\nGO 3\n"
                   "SELECT [a\nGO\n:b]\nGO\n",
                   options);

  expect_same(script);
  EXPECT_EQ(std::get<Batch>(script.steps[1].action).repeat, 3);
}

TEST(ScriptTextTest, ExitsAndErrorHandlingAreKept) {
  expect_same(
      parse_script("a.sql", ":on error exit\nSELECT 1\nGO\n:exit(SELECT 2)\nSELECT 3\nGO\n", {}));
  expect_same(parse_script("a.sql", "SELECT 1\n:exit(SELECT 'open)\n", {}));
  expect_same(parse_script("a.sql", "SELECT 'open at the end\n", {}));
}

TEST(ScriptTextTest, TheHeadAndTheSeedAreWrittenAndChangeNoStep) {
  Script script = parse_script("a.sql", "--# seed 4\n-- mine\nSELECT 1\nGO\n", {});

  const std::string text = script_text(script, "one\n--# heal", 77);
  const Script read = parse_script("b.sql", text, {});

  EXPECT_THAT(text, HasSubstr("-- one\n-- --# heal\n"));
  EXPECT_EQ(read.seed, 77);
  EXPECT_EQ(described(read), described(script));
}

TEST(ScriptTextTest, InstancesKeepTheirOrderAndOptions) {
  const Script script = parse_script(
      "a.sql",
      "--# copy B 'x' to A\n--# instance A at=/data\n--# instance B\n:connect A\nSELECT 1\nGO\n",
      {});

  const Script read = again(script);

  EXPECT_EQ(read.nodes, (std::vector<std::string>{"B", "A"}));
  ASSERT_EQ(read.instances.size(), 2U);
  EXPECT_EQ(read.instances[1].folder, "/data");
}

TEST(ScriptTextTest, ADirectiveMakesItsStep) {
  const Step step = directive_step("net A -> B loss 10% only ack", {.file = "x.sql", .line = 3});

  ASSERT_TRUE(std::holds_alternative<NetFault>(step.action));
  EXPECT_EQ(std::get<NetFault>(step.action).only, "ack");
  EXPECT_EQ(step.text, "net A -> B loss 10% only ack");
}

}  // namespace
}  // namespace ssb::sim::scenario
