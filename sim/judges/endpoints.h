// A conversation that ended on both sides goes away on both, and the row of a closed target not before its time.
//
//   Goes    asked when told that everything is healed (at_healed_end): kSettleTime after both sides have ended neither has anything but a
//           closed row, unless messages still wait (liveness judges those); closed rows go at their date: the initiator's after
//           kInitiatorRetention, the target's kClosedRetention after it heard that the initiator saw its first acknowledgement, or after
//           the lifetime.
//   Stays   asked at each restart and at the end: a closed target row is there until that date; it is what refuses a replay.
//   Sees    records of endings, rows, and of the messages handed to a target whether they say `saw_first_ack`.
//   Not     rows that went and came back in between; rows of databases that were dropped or got a new broker id, or services that were.
//   Disks   of a host whose disk lied about a sync nothing is missed.
#pragma once

#include <map>

#include "sim/judges/judge.h"

namespace ssb::sim::judges {

class Endpoints final : public Judge {
 public:
  static constexpr std::chrono::minutes kSettleTime{5};
  static constexpr std::chrono::minutes kSlack{2};
  // Written down a second time: of the engine's own constants this judge must not depend.
  static constexpr std::chrono::minutes kClosedRetention{30};

  explicit Endpoints(const Inside& inside) : Judge(inside, "endpoints") {}

  [[nodiscard]] std::string_view statement() const override {
    return "a conversation ended on both sides goes away on both, and not before its time";
  }
  void started(Host host) override;
  void traced(Host host, const proto::TraceRecord& record) override;
  void passed_hop(Host host, const broker::MessageArrived& arrived) override;
  void at_end() override;
  void at_healed_end() override;

 private:
  struct Side {
    EndpointPlace place;
    std::string service;
    std::string broker_id;
    std::optional<proto::TimePoint> ended;  // by its application; the world's time
    bool is_closed = false;
    bool is_cleaned_up = false;
    bool is_missed = false;
    std::int64_t expires_us = 0;
    // By its host's clock: the first message that says so may have been refused, so the true moment may be later.
    std::optional<proto::TimePoint> heard_of_first_ack;
  };
  using Sides = std::map<Direction, Side>;

  void made(Host host, const proto::TraceRecord& record);
  void heard_of_first_ack(Host host, const std::string& conversation);
  void check_presence(Host host);
  [[nodiscard]] bool was_dropped(const Side& side) const;
  void check_absence(const StoredEndpoint& endpoint, const Side& own, const Side& far);

  Sides sides_;                              // true: of the initiator
  std::map<Host, proto::TimePoint> latest_;  // that a host's clock has shown
};

}  // namespace ssb::sim::judges
