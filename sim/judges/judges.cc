#include "sim/judges/judges.h"

#include <algorithm>

#include "proto/check.h"
#include "sim/judges/authentication.h"
#include "sim/judges/bounded.h"
#include "sim/judges/endpoints.h"
#include "sim/judges/exactly_once_in_order.h"
#include "sim/judges/liveness.h"
#include "sim/judges/no_plaintext.h"
#include "sim/judges/nonces.h"
#include "sim/judges/nothing_acknowledged_is_lost.h"
#include "sim/judges/recovery.h"

namespace ssb::sim::judges {

Judges::Judges(const Inside& inside, JudgesOptions options) {
  judges_.push_back(std::make_unique<ExactlyOnceInOrder>(inside, options.as_product));
  judges_.push_back(std::make_unique<NothingAcknowledgedIsLost>(inside));
  judges_.push_back(std::make_unique<NoPlaintext>(inside));
  judges_.push_back(std::make_unique<Authentication>(inside));
  judges_.push_back(std::make_unique<Nonces>(inside));
  judges_.push_back(std::make_unique<Bounded>(inside));
  judges_.push_back(std::make_unique<Liveness>(inside));
  judges_.push_back(std::make_unique<Recovery>(inside));
  judges_.push_back(std::make_unique<Endpoints>(inside));
}

void Judges::started(Host host) {
  for (const auto& judge : judges_) judge->started(host);
}
void Judges::committed(Host host) {
  for (const auto& judge : judges_) judge->committed(host);
}
void Judges::traced(Host host, const proto::TraceRecord& record) {
  for (const auto& judge : judges_) judge->traced(host, record);
}
void Judges::ending(Host host, End end) {
  for (const auto& judge : judges_) judge->ending(host, end);
}
void Judges::sent_bytes(Host host, const std::string& local, const std::string& remote,
                        proto::ByteView bytes) {
  for (const auto& judge : judges_) judge->sent_bytes(host, local, remote, bytes);
}
void Judges::came_to_hop(Host host, const broker::MessageArrived& arrived) {
  for (const auto& judge : judges_) judge->came_to_hop(host, arrived);
}
void Judges::passed_hop(Host host, const broker::MessageArrived& arrived) {
  for (const auto& judge : judges_) judge->passed_hop(host, arrived);
}
void Judges::disclosed(proto::ByteView certificate_sha256) {
  broker::crypto::Sha256Digest digest{};
  SSB_CHECK(certificate_sha256.size() == digest.size());
  std::copy(certificate_sha256.begin(), certificate_sha256.end(), digest.begin());
  for (const auto& judge : judges_) judge->disclosed(digest);
}
void Judges::at_end() {
  for (const auto& judge : judges_) judge->at_end();
}
void Judges::at_healed_end() {
  for (const auto& judge : judges_) judge->at_healed_end();
}

std::vector<Finding> Judges::findings() const {
  std::vector<Finding> all;
  for (const auto& judge : judges_)
    all.insert(all.end(), judge->findings().begin(), judge->findings().end());
  std::stable_sort(all.begin(), all.end(),
                   [](const Finding& a, const Finding& b) { return a.at < b.at; });
  return all;
}

std::vector<Judges::Statement> Judges::statements() const {
  std::vector<Statement> all;
  for (const auto& judge : judges_) all.push_back({judge->name(), judge->statement()});
  return all;
}

}  // namespace ssb::sim::judges
