// Each message that a SEND committed is put on its queue at most once and in sequence, none skipped, over crashes and restarts.
//
//   Sees    the records of SEND and of deliveries, of every conversation, with or without security, inside one instance or not; after a
//           crash also the rows of conversation endpoints, as a node that goes down between its commit and the release of its records has
//           delivered without a word.
//   Held    a message for a queue that is off is told when it is accepted and, delivered, when the queue is on again; between the two
//           it must be in the store, over restarts, unless the conversation ends.
//   Not     whether a message arrives at all (liveness); what became of it on the queue (nothing_acknowledged_is_lost); a conversation
//           without security that is made again after its endpoint has gone: nothing remembers those, in the product neither;
//           one that a second instance makes which holds the same private key: the two are one identity.
//   Disks   of a host whose disk lied about a sync nothing is judged any more: its past may be gone.
#pragma once

#include <map>
#include <set>

#include "sim/judges/judge.h"

namespace ssb::sim::judges {

class ExactlyOnceInOrder final : public Judge {
 public:
  // `as_product`: there are no tombstones, so a secured conversation, too, may be made again.
  ExactlyOnceInOrder(const Inside& inside, bool as_product)
      : Judge(inside, "exactly once in order"), as_product_(as_product) {}

  [[nodiscard]] std::string_view statement() const override {
    return "each message that a SEND committed is delivered at most once and in sequence, none "
           "skipped";
  }
  void started(Host host) override;
  void traced(Host host, const proto::TraceRecord& record) override;

 private:
  struct Stream {
    std::uint64_t sent = 0;  // number of the next SEND
    bool sender_is_known = false;
    std::uint64_t delivered = 0;   // number of the next delivery
    std::set<std::uint64_t> held;  // accepted, and not delivered yet
    bool is_made = false;          // its target endpoint has been
    bool is_secured = false;
    bool is_judged = true;
    std::set<Host> ends;
    Host target = 0;                                // where it was made
    std::set<broker::crypto::Sha256Digest> keys{};  // whose private keys were there
  };
  Stream* stream(Direction direction);
  [[nodiscard]] bool is_at_a_copy(const Stream& stream, Host host,
                                  const std::string& database) const;
  void made(Host host, const proto::TraceRecord& record);
  void sent(Host host, const proto::TraceRecord& record);
  void delivered(Host host, const proto::TraceRecord& record);
  void held(Host host, const proto::TraceRecord& record);
  void resume_held(const StoredEndpoint& endpoint, Direction direction, Stream& stream);
  void resume(Host host, const StoredEndpoint& endpoint);

  bool as_product_;
  std::map<Direction, Stream> streams_;
};

}  // namespace ssb::sim::judges
