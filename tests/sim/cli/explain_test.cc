// proto/explain.json against the error table: nothing explained that does not exist.
#include <fstream>
#include <sstream>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "proto/error.h"

namespace ssb {
namespace {

boost::json::object read_explanations() {
  std::ifstream file(SSB_SOURCE_DIR "/proto/explain.json");
  std::ostringstream text;
  text << file.rdbuf();
  return boost::json::parse(text.str()).as_object();
}

TEST(ExplainTest, EveryExplanationIsOfAnErrorOfTheTableAndSaysEverything) {
  for (const auto& [number, entry] : read_explanations()) {
    EXPECT_NE(proto::find_error(std::stoi(std::string(number))), nullptr) << number;
    for (const char* field : {"means", "where", "causes", "cure"}) {
      EXPECT_TRUE(entry.as_object().contains(field)) << number << " lacks " << field;
    }
  }
}

}  // namespace
}  // namespace ssb
