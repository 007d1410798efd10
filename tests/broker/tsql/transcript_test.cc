// T-SQL transcripts: tests/sql/*.test, each a list of batches with what they answer.
//
//   Shape   a batch, a line "----", its output, a line "GO"; again. Lines "--# session 52" and "--# advance 5s" stand before a batch.
//           GUIDs are shown as <guid 1>, <guid 2>, ... in the order of their appearance.
//   Rewrite SSB_REWRITE=1 writes the output that was seen into the files; read the diff before you commit it.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "tests/broker/tsql/session_fixture.h"

namespace ssb::broker::tests {
namespace {

struct Step {
  std::string batch;
  std::string expected;
};

std::vector<Step> steps_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<Step> steps(1);
  bool is_expected = false;
  for (std::string line; std::getline(file, line);) {
    if (line == "GO") {
      steps.emplace_back();
      is_expected = false;
    } else if (line == "----" && !is_expected) {
      is_expected = true;
    } else {
      (is_expected ? steps.back().expected : steps.back().batch) += line + '\n';
    }
  }
  if (steps.back().batch.find_first_not_of(" \n") == std::string::npos) steps.pop_back();
  return steps;
}

class Masked {
 public:
  std::string operator()(std::string text) {
    static const std::regex guid_shape(
        "[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}");
    for (std::smatch found; std::regex_search(text, found, guid_shape);) {
      const std::string guid = found.str();
      const auto known = numbers_.emplace(guid, numbers_.size() + 1).first;
      text.replace(static_cast<std::size_t>(found.position()), guid.size(),
                   "<guid " + std::to_string(known->second) + ">");
    }
    return text;
  }

 private:
  std::map<std::string, std::size_t> numbers_;
};

// Runs one batch in the session that it names; then what the others had waited for.
std::string run_step(SessionFixture& fixture, const std::string& batch, int& session) {
  std::istringstream lines(batch);
  for (std::string line; std::getline(lines, line);) {
    int number = 0;
    if (std::sscanf(line.c_str(), "--# session %d", &number) == 1) session = number;
    if (std::sscanf(line.c_str(), "--# advance %ds", &number) == 1)
      fixture.advance(std::chrono::seconds(number));
  }
  // What the session waited for may have come with the time.
  std::string text = output_text(fixture.resume(session));
  if (!fixture.session(session).is_running()) text += output_text(fixture.run(batch, session));
  if (fixture.session(session).is_waiting()) text += "(waiting)\n";
  for (bool moved = true; moved;) {
    moved = false;
    for (const auto& [id, other] : fixture.sessions) {
      if (id == session || !other->is_running()) continue;
      const std::string more = output_text(fixture.resume(id));
      moved = moved || !other->is_running();
      if (!more.empty()) text += fmt::format("session {}:\n{}", id, more);
    }
  }
  return text;
}

class TranscriptTest : public testing::TestWithParam<std::string> {};

TEST_P(TranscriptTest, AnswersAsWritten) {
  const std::filesystem::path path =
      std::filesystem::path(SSB_SOURCE_DIR) / "tests/sql" / (GetParam() + ".test");
  std::vector<Step> steps = steps_of(path);
  ASSERT_FALSE(steps.empty());
  SessionFixture fixture;
  Masked masked;
  int session = 51;
  std::string rewritten;

  for (Step& step : steps) {
    const std::string seen = masked(run_step(fixture, step.batch, session));
    if (std::getenv("SSB_REWRITE") == nullptr) {
      EXPECT_EQ(seen, step.expected) << "after the batch\n" << step.batch;
    }
    rewritten += step.batch + "----\n" + seen + "GO\n";
  }
  if (std::getenv("SSB_REWRITE") != nullptr) std::ofstream(path) << rewritten;
}

std::vector<std::string> transcripts() {
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(SSB_SOURCE_DIR) / "tests/sql")) {
    if (entry.path().extension() == ".test") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Sql, TranscriptTest, testing::ValuesIn(transcripts()),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace ssb::broker::tests
