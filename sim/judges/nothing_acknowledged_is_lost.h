// What a sender dropped from its transmission queue because it was acknowledged has been stored by its receiver, for good.
//
//   Sees    at each acknowledgement that a sender took: the rows of both endpoints, at once when the receiver runs, else when it is back;
//           after each restart, that no endpoint is gone which neither ended nor was cleaned up, nor its service dropped.
//   Not     who takes the message from the queue then: no record tells of a RECEIVE. That a crash leaves each queue as it was is
//           `recovery`'s; both together are the property. Of a conversation with two targets nobody here knows who answered.
//           Between a failure of the receiver's store and its restart, NEW_BROKER and the like tell nothing: endpoints of a database whose
//           broker id has changed are not missed.
//   Disks   acknowledgements of a receiver whose disk lied about a sync are not judged: the disk lost it, not the broker.
#pragma once

#include <map>
#include <set>

#include "sim/judges/judge.h"

namespace ssb::sim::judges {

class NothingAcknowledgedIsLost final : public Judge {
 public:
  explicit NothingAcknowledgedIsLost(const Inside& inside)
      : Judge(inside, "nothing acknowledged is lost") {}

  [[nodiscard]] std::string_view statement() const override {
    return "what a sender dropped because it was acknowledged has been stored by its receiver";
  }
  void started(Host host) override;
  void ending(Host host, End end) override;
  void traced(Host host, const proto::TraceRecord& record) override;

 private:
  struct Side {
    EndpointPlace place;
    std::string service;
    std::string broker_id;
    bool may_be_gone = false;  // closed, cleaned up, or not found while its node was well
  };
  // By conversation and side: true of the initiator's.
  using Sides = std::map<Direction, Side>;

  void acknowledged(Host host, const proto::TraceRecord& record);
  void check(const Direction& direction);
  void check_presence(const Direction& direction, Side& side);

  Sides sides_;
  std::map<Direction, std::uint64_t> acknowledged_;  // of the sender in that direction
  std::set<Direction> found_;
};

}  // namespace ssb::sim::judges
