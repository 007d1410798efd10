// All judges of one run, as one observer of its World.
//
//   On in every simulated run. What they look at changes nothing: the fingerprint of a run is the same without them.
//   Two doors at the end: at_end() in any case; at_healed_end() only by who has healed all faults, started every instance and let the
//   network settle for kHealedTime of virtual time, as a sweep does. A plain run may end in the middle of a partition.
//   Lying disks   World's disks say when a sync was a lie; from then on a judge does not hold the instance to what was "durable" before.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/judges/judge.h"

namespace ssb::sim::judges {

// Every retry schedule comes round within it.
inline constexpr std::chrono::minutes kHealedTime{5};

struct JudgesOptions {
  bool as_product = false;  // no tombstones
};

class Judges final : public Observer {
 public:
  explicit Judges(const Inside& inside, JudgesOptions options = {});

  void started(Host host) override;
  void committed(Host host) override;
  void traced(Host host, const proto::TraceRecord& record) override;
  void ending(Host host, End end) override;
  void sent_bytes(Host host, const std::string& local, const std::string& remote,
                  proto::ByteView bytes) override;
  void came_to_hop(Host host, const broker::MessageArrived& arrived) override;
  void passed_hop(Host host, const broker::MessageArrived& arrived) override;

  // An attacker has the private key of that certificate.
  void disclosed(proto::ByteView certificate_sha256);
  void at_end();
  void at_healed_end();
  // By time; of equal times in the order of the judges.
  [[nodiscard]] std::vector<Finding> findings() const;

  struct Statement {
    std::string_view judge;
    std::string_view text;
  };
  [[nodiscard]] std::vector<Statement> statements() const;

 private:
  std::vector<std::unique_ptr<Judge>> judges_;
};

}  // namespace ssb::sim::judges
