// The loopback addresses of one run.
#pragma once

#include <string>
#include <vector>

namespace ssb::sim::scenario {

// Holds 127.a.b.0/24 for this process while it lives.
class LoopbackBlock {
 public:
  // Throws std::runtime_error when none is free.
  LoopbackBlock();
  LoopbackBlock(const LoopbackBlock&) = delete;
  LoopbackBlock& operator=(const LoopbackBlock&) = delete;
  ~LoopbackBlock();

  // The address of a name, given on first use. Names compare without case.
  const std::string& address_of(const std::string& name);
  // Another name that leads to it, also where it would mean who asks, as localhost does.
  void add_name(const std::string& name, const std::string& other);
  // As a route or a client names a host: 'HOST_B', 'host_b.corp.example' or an address; `own` is who asks, for localhost.
  // Empty: no instance has that name.
  [[nodiscard]] std::string resolve(const std::string& host, const std::string& own) const;

 private:
  int guard_ = -1;
  std::string prefix_;                                            // "127.1.2."
  std::vector<std::pair<std::string, std::string>> names_;        // name, address
  std::vector<std::pair<std::string, std::string>> other_names_;  // the same
};

}  // namespace ssb::sim::scenario
