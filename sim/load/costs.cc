#include "sim/load/costs.h"

#include <cstdlib>
#include <fstream>

namespace ssb::sim::load {

Costs since(const Costs& now, const Costs& before) {
  Costs out = now;
  std::vector<std::uint64_t> values;
  visit_costs(before, [&](const char*, std::uint64_t value) { values.push_back(value); });
  auto next = values.begin();
  visit_costs(out, [&](const char*, std::uint64_t& value) { value -= *next++; });
  return out;
}

void read_system_calls(Costs& costs) {
  std::ifstream in("/proc/self/io");
  const auto take = [](const std::string& line, std::string_view name, std::uint64_t& value) {
    if (line.starts_with(name)) value = std::strtoull(line.c_str() + name.size(), nullptr, 10);
  };
  for (std::string line; std::getline(in, line);) {
    take(line, "syscr:", costs.read_calls);
    take(line, "syscw:", costs.write_calls);
  }
}

std::vector<Operation> operations_of(const Costs& initiator, const Costs& target,
                                     std::uint64_t messages) {
  std::vector<Operation> out;
  const auto scale = 1000 / static_cast<double>(messages);
  const auto line = [&](const char* what, auto value, double unit = 1) {
    const auto of = [&](const Costs& costs) {
      return static_cast<double>(value(costs)) * scale / unit;
    };
    out.push_back({what, of(initiator), of(target)});
  };
  line("RSA sign", [](const Costs& c) { return c.dialogs.rsa_signs; });
  line("RSA verify", [](const Costs& c) { return c.dialogs.rsa_verifies; });
  line("RSA wrap", [](const Costs& c) { return c.dialogs.rsa_wraps; });
  line("RSA unwrap", [](const Costs& c) { return c.dialogs.rsa_unwraps; });
  line("KEK found, sending", [](const Costs& c) { return c.dialogs.grant_hits; });
  line("KEK made, sending", [](const Costs& c) { return c.dialogs.grant_misses; });
  line("KEK found, receiving", [](const Costs& c) { return c.dialogs.opened_kek_hits; });
  line("KEK not found, receiving", [](const Costs& c) { return c.dialogs.opened_kek_misses; });
  line("session key wrapped", [](const Costs& c) { return c.dialogs.key_wraps; });
  line("session key unwrapped", [](const Costs& c) { return c.dialogs.key_unwraps; });
  line("session key stored", [](const Costs& c) { return c.dialogs.keys_stored; });
  line("session key loaded", [](const Costs& c) { return c.dialogs.keys_loaded; });
  line("message key derived", [](const Costs& c) { return c.dialogs.message_keys; });
  line("AES-GCM seal", [](const Costs& c) { return c.dialogs.seals; });
  line("AES-GCM open", [](const Costs& c) { return c.dialogs.opens; });
  constexpr double kKilobyte = 1024;
  line(
      "AES-GCM sealed, KiB", [](const Costs& c) { return c.dialogs.sealed_bytes; }, kKilobyte);
  line(
      "AES-GCM opened, KiB", [](const Costs& c) { return c.dialogs.opened_bytes; }, kKilobyte);
  line("fsync or fdatasync", [](const Costs& c) { return c.disk.syncs; });
  line("write to a file", [](const Costs& c) { return c.disk.writes; });
  line(
      "written to files, KiB", [](const Costs& c) { return c.disk.bytes_written; }, kKilobyte);
  line("read of a file", [](const Costs& c) { return c.disk.reads; });
  line("TCP send", [](const Costs& c) { return c.network.sends; });
  line("TCP receive", [](const Costs& c) { return c.network.receives; });
  line(
      "TCP sent, KiB", [](const Costs& c) { return c.network.sent_bytes; }, kKilobyte);
  line(
      "TCP received, KiB", [](const Costs& c) { return c.network.received_bytes; }, kKilobyte);
  line("system's read calls", [](const Costs& c) { return c.read_calls; });
  line("system's write calls", [](const Costs& c) { return c.write_calls; });
  return out;
}

}  // namespace ssb::sim::load
