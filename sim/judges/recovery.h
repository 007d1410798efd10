// After every end of an instance, crash or not, each database opens undamaged and holds what it held, and commits over several are whole.
//
//   Sees    at each restart: PRAGMA integrity_check of every database; after an end between two steps, that the contents of every table
//           but tempdb's are those of before (all of it was durable); after any end, for conversations between two databases of the
//           instance, that both say the same of what went between them: they change in one commit.
//   Not     after an end in the middle of a commit, whether user tables of two databases got all or nothing: which databases it was about
//           to write is known to the store alone. Tests of the store's own crash points (tests/broker/store) have that.
//           Instances with more than kRowsMax rows are compared by integrity alone (Inside::contents leaves them out).
//   Disks   contents of an instance whose disk lied about a sync are not compared; damage is a finding all the same, as SQLite's log has
//           checksums: unless the disk has lied.
#pragma once

#include <map>
#include <set>

#include "sim/judges/judge.h"

namespace ssb::sim::judges {

class Recovery final : public Judge {
 public:
  explicit Recovery(const Inside& inside) : Judge(inside, "recovery") {}

  [[nodiscard]] std::string_view statement() const override {
    return "after every crash each database opens undamaged, and commits over several are whole";
  }
  void started(Host host) override;
  void ending(Host host, End end) override;
  void traced(Host host, const proto::TraceRecord& record) override;

 private:
  void compare(Host host, const Contents& before);
  void check_pairs(Host host);

  std::map<Host, Contents>
      before_;  // of instances that are down; none after a failure of the store
  std::set<Host> has_run_;
  std::set<std::string>
      travelled_;  // conversations with messages on a link: their sides commit apart
};

}  // namespace ssb::sim::judges
