#include <iostream>
#include <string>
#include <vector>

#include "sim/cli/cli.h"

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  return ssb::sim::cli::run_program(std::vector<std::string>(argv + 1, argv + argc), std::cout,
                                    std::cerr);
}
