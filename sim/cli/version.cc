#include "sim/cli/version.h"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <boost/version.hpp>
#include <fmt/format.h>
#include <fmt/ostream.h>
#include <openssl/crypto.h>

#include "sim/cli/cli.h"
#include "ssb_build_id.h"

namespace ssb::sim::cli {

const char* version() {
  return SSB_VERSION;
}
const char* build_id() {
  return SSB_BUILD_ID;
}

void add_version(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("version", "Show version, commit and libraries");
  command->footer("Example:\n  ssbsim version --json");
  auto* as_json = command->add_flag("--json")->description("As one line of JSON");
  command->callback([&context, as_json] {
    const std::string boost = fmt::format("{}.{}.{}", BOOST_VERSION / 100000,
                                          BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100);
    const std::string openssl = OpenSSL_version(OPENSSL_VERSION_STRING);
    if (as_json->count() > 0) {
      context.out << boost::json::object{{"program", "ssbsim"},
                                         {"version", version()},
                                         {"build", build_id()},
                                         {"openssl", openssl},
                                         {"boost", boost}}
                  << '\n';
      return;
    }
    fmt::print(context.out, "ssbsim {}  build {}  OpenSSL {}  Boost {}\n", version(), build_id(),
               openssl, boost);
  });
}

}  // namespace ssb::sim::cli
