// `ssbsim` run inside of the test: its exit code and what it wrote.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "sim/cli/cli.h"

namespace ssb::sim::cli {

struct Ran {
  int code = 0;
  std::string out;
  std::string err;
};

inline Ran run(const std::vector<std::string>& arguments) {
  std::ostringstream out, err;
  const int code = run_program(arguments, out, err);
  return {code, out.str(), err.str()};
}

}  // namespace ssb::sim::cli
