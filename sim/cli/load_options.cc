#include "sim/cli/load_options.h"

#include <map>

#include "sim/load/body.h"

namespace ssb::sim::cli {

namespace fs = std::filesystem;
using load::Arrival;
using load::Security;

void LoadNodeOptions::apply(load::Workload& workload) const {
  workload.flushed = !not_flushed;
  workload.transport_encrypted = !clear_transport;
  workload.sign_every_dialog = sign_every_dialog;
}
fs::path LoadNodeOptions::data_folder() const {
  return folder.empty() ? fs::temp_directory_path() : fs::path(folder);
}

void add_message_options(CLI::App& command, load::Workload& workload) {
  command.add_option("--security", workload.security, "full (default), anonymous or none")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Security>{
          {"full", Security::full}, {"anonymous", Security::anonymous}, {"none", Security::none}}));
  command.add_option("--rsa-bits", workload.rsa_bits, "Of every certificate")
      ->check(CLI::IsMember({1024, 2048, 3072, 4096}))
      ->capture_default_str();
  command.add_option("--size", workload.size_bytes, "Bytes of a body, 16 at least")
      ->check(CLI::Range(load::kStampBytes, 64U << 20U))
      ->capture_default_str();
  command.add_option("--dialogs", workload.dialogs, "Dialogs that are sent on at the same time")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  command
      .add_option("--messages-per-dialog", workload.per_dialog,
                  "Then it is ended and a new one begun; 0: never. With 1, --rate is new dialogs")
      ->capture_default_str();
  command
      .add_option("--messages-per-transaction", workload.per_transaction,
                  "SENDs of a transaction, and what a RECEIVE takes, at most")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  command.add_option("--receivers", workload.receivers, "RECEIVEs that wait at the same time")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
}

void add_loop_options(CLI::App& command, load::Workload& workload) {
  command
      .add_option("--in-flight", workload.in_flight,
                  "Closed loop: messages sent and not yet received")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  command.add_option("--rate", workload.rate, "Open loop: messages a second, of all shards")
      ->check(CLI::Range(0.001, 1e8));
  command.add_option("--arrivals", workload.arrival, "Open loop: constant or poisson (default)")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Arrival>{
          {"constant", Arrival::constant}, {"poisson", Arrival::poisson}}));
  command.add_option("--seed", workload.seed, "Of the Poisson schedule")->capture_default_str();
  command.add_flag("--request-reply", workload.request_reply,
                   "The target answers each message; the round trip is timed");
}

void add_node_options(CLI::App& command, LoadNodeOptions& options) {
  command.add_flag("--clear-transport", options.clear_transport,
                   "ENCRYPTION = DISABLED at the endpoints: no TLS between the nodes");
  command.add_flag("--not-flushed", options.not_flushed,
                   "The stores of both nodes leave it to the system when a commit is on the disk");
  command.add_flag("--sign-every-dialog", options.sign_every_dialog,
                   "A key exchange key and a signature a dialog: nothing is cached");
  command.add_option("--data", options.folder,
                     "Where the nodes' data is while it runs (default: the folder for temporary "
                     "files)");
  command.add_option("--key-pool", options.key_pool,
                     "File of throw-away RSA keys (default: the user's cache)");
  command.add_flag("--quiet", options.is_quiet, "No line a second on standard error");
}

}  // namespace ssb::sim::cli
