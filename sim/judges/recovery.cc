#include "sim/judges/recovery.h"

#include <fmt/format.h>

namespace ssb::sim::judges {

void Recovery::traced(Host, const proto::TraceRecord& record) {
  const bool travels = record.event == proto::EventClass::message_sent;
  if (travels && travelled_.size() < kConversationsMax) travelled_.insert(record.conversation_id);
}

void Recovery::ending(Host host, End end) {
  before_.erase(host);
  if (end != End::store_failed) before_[host] = inside().contents(host);
}

void Recovery::started(Host host) {
  if (has_run_.insert(host).second || !inside().is_disk_honest(host)) return;
  for (const std::string& problem : inside().damage(host))
    find(host, fmt::format("after the restart: {}", problem));
  const auto before = before_.find(host);
  if (before != before_.end()) compare(host, before->second);
  before_.erase(host);
  if (travelled_.size() < kConversationsMax) check_pairs(host);
}

void Recovery::compare(Host host, const Contents& before) {
  if (before.empty()) return;
  const Contents now = inside().contents(host);
  for (const auto& [table, digest] : before) {
    const auto found = now.find(table);
    if (found == now.end())
      find(host, fmt::format("after the restart {} is gone", table));
    else if (found->second != digest)
      find(host, fmt::format("after the restart {} is not what it was", table));
  }
  for (const auto& [table, digest] : now) {
    if (!before.contains(table)) find(host, fmt::format("after the restart there is {}", table));
  }
}

// A local delivery takes the message from one database and puts it into the other in one commit.
void Recovery::check_pairs(Host host) {
  const auto endpoints = inside().endpoints(host);
  std::map<std::string, const StoredEndpoint*> initiators;
  for (const StoredEndpoint& endpoint : endpoints) {
    if (endpoint.row.is_initiator()) initiators[endpoint.conversation] = &endpoint;
  }
  const auto check = [&](const StoredEndpoint& sender, const StoredEndpoint& receiver) {
    const auto& from = sender.row;
    const auto& to = receiver.row;
    // An error drops what had not been delivered.
    const bool is_over = from.state() == "ER" || from.state() == "CD" || to.state() == "ER" ||
                         to.state() == "CD" || from.acknowledged() == to.receive_sequence();
    if (is_over) return;
    find(host, fmt::format("conversation {}: {} has handed over {} messages, and {} has {}: one "
                           "commit, done by halves",
                           sender.conversation, sender.place.database, from.acknowledged(),
                           receiver.place.database, to.receive_sequence()));
  };
  for (const StoredEndpoint& target : endpoints) {
    const auto initiator = initiators.find(target.conversation);
    const bool is_pair = !target.row.is_initiator() && initiator != initiators.end() &&
                         !travelled_.contains(target.conversation);
    if (!is_pair) continue;
    check(*initiator->second, target);
    check(target, *initiator->second);
  }
}

}  // namespace ssb::sim::judges
