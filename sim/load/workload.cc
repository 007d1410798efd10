#include "sim/load/workload.h"

#include <fmt/format.h>

namespace ssb::sim::load {

const char* name(Security security) {
  switch (security) {
    case Security::full: return "full";
    case Security::anonymous: return "anonymous";
    case Security::none: return "none";
  }
  return "";
}

const char* name(Arrival arrival) {
  switch (arrival) {
    case Arrival::closed: return "closed loop";
    case Arrival::constant: return "constant";
    case Arrival::poisson: return "Poisson";
  }
  return "";
}

std::string describe(const Workload& workload) {
  std::string text =
      workload.security == Security::none
          ? "no dialog security"
          : fmt::format("{} security, RSA-{}", name(workload.security), workload.rsa_bits);
  text += fmt::format(", TLS {}, {} bytes, {} dialogs", workload.transport_encrypted ? "on" : "off",
                      workload.size_bytes, workload.dialogs);
  if (workload.per_dialog > 0) text += fmt::format(", {} messages a dialog", workload.per_dialog);
  text += fmt::format(", {} messages a transaction, {}", workload.per_transaction,
                      workload.flushed ? "flushed" : "NOT flushed");
  if (workload.is_remote) text += ", target on another machine";
  if (workload.sign_every_dialog) text += ", a signature a dialog";
  if (workload.request_reply) text += ", request and reply";
  if (workload.is_closed()) {
    text += fmt::format(", closed loop with {} in flight", workload.in_flight);
  } else {
    text += fmt::format(", offered {}/s {}", workload.rate, name(workload.arrival));
  }
  return text;
}

}  // namespace ssb::sim::load
