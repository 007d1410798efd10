#include "sim/scenario/tcp_addresses.h"

#include <stdexcept>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sim/scenario/backend_parts.h"
#include "sim/scenario/near.h"

namespace ssb::sim::scenario {
namespace {

constexpr std::uint16_t kGuardPort = 61'017;  // above the ports that systems give out by themselves
constexpr unsigned kBlocks = 254U * 254U;
constexpr unsigned kProbesMax = 2'000;
constexpr std::size_t kAddressesMax = 250;

// A listening socket there, or -1 when somebody has it.
int bind_guard(const std::string& address) {
  const int guard = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (guard < 0) return -1;
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(kGuardPort);
  ::inet_pton(AF_INET, address.c_str(), &name.sin_addr);
  if (::bind(guard, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0) return guard;
  ::close(guard);
  return -1;
}

}  // namespace

LoopbackBlock::LoopbackBlock() {
  const auto first = static_cast<unsigned>(::getpid());
  for (unsigned i = 0; i < kProbesMax; ++i) {
    const unsigned block = (first + i * 977U) % kBlocks;
    prefix_ = fmt::format("127.{}.{}.", 1 + block / 254U, 1 + block % 254U);
    guard_ = bind_guard(prefix_ + "1");
    if (guard_ >= 0) return;
  }
  throw std::runtime_error("no block of loopback addresses (127.x.y.0/24) is free");
}

LoopbackBlock::~LoopbackBlock() {
  ::close(guard_);
}

const std::string& LoopbackBlock::address_of(const std::string& name) {
  for (const auto& [known, address] : names_) {
    if (equal_ignoring_case(known, name)) return address;
  }
  if (names_.size() == kAddressesMax)
    throw std::runtime_error("a scenario has at most 250 instances");
  return names_.emplace_back(name, prefix_ + std::to_string(names_.size() + 2)).second;
}

void LoopbackBlock::add_name(const std::string& name, const std::string& other) {
  other_names_.emplace_back(other, address_of(name));
}

std::string LoopbackBlock::resolve(const std::string& host, const std::string& own) const {
  for (const auto& [name, address] : other_names_) {
    if (equal_ignoring_case(name, host)) return address;
  }
  for (const std::string& candidate : host_candidates(host, own)) {
    for (const auto& [name, address] : names_) {
      if (equal_ignoring_case(name, candidate) || address == candidate) return address;
    }
  }
  return {};
}

}  // namespace ssb::sim::scenario
