// Nothing that a peer or time could let grow passes its named constant.
//
//   Sees    after one step in kStepsBetweenLooks of each node, and at the end: links, what waits for them and for sockets, connections
//           that have not logged in, bytes that are not durable yet, key caches, tombstones, windows, fragments of what arrives.
//   Not     queues, transmission queues and user tables, which applications fill; the hops of the simulator, which are no part of a node.
//   Disks   make no difference.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "sim/judges/judge.h"

namespace ssb::sim::judges {

class Bounded final : public Judge {
 public:
  static constexpr std::uint64_t kStepsBetweenLooks = 16;

  explicit Bounded(const Inside& inside) : Judge(inside, "bounded") {}

  [[nodiscard]] std::string_view statement() const override {
    return "queues of links, connections, key caches, windows and fragments stay below their "
           "bounds";
  }
  void committed(Host host) override;
  void at_healed_end() override;

 private:
  void look(Host host);

  std::map<Host, std::uint64_t> steps_;
  std::set<std::pair<Host, std::string>> found_;
};

}  // namespace ssb::sim::judges
