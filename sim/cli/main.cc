#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include <malloc.h>

#include "sim/cli/cli.h"

namespace {

// Packs of messages, boxes of them and their records are taken and given back by hundreds of kilobytes: memory that goes back to the
// system each time comes again by a fault a page, and clear.
constexpr int kKeptBytes = 32 << 20;

}  // namespace

int main(int argc, char** argv) {
  static_cast<void>(mallopt(M_MMAP_THRESHOLD, kKeptBytes));
  static_cast<void>(mallopt(M_TRIM_THRESHOLD, kKeptBytes));
  std::signal(SIGXFSZ,
              SIG_IGN);  // a limit of file size is an error of the write, told as any other
  std::ios::sync_with_stdio(false);
  return ssb::sim::cli::run_program(std::vector<std::string>(argv + 1, argv + argc), std::cout,
                                    std::cerr);
}
