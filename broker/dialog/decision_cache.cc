#include "broker/dialog/decision_cache.h"

#include <algorithm>
#include <utility>

namespace ssb::broker::dialog {
namespace {

// Until when the dates of the candidates answer as they do now.
proto::TimePoint last_moment(const SecurityDecision& decision, proto::TimePoint now) {
  proto::TimePoint until = proto::kNever;
  for (const auto* choice : {&decision.sign, &decision.encrypt}) {
    if (!*choice) continue;
    for (const CertificateCandidate& candidate : (*choice)->candidates) {
      if (now < candidate.not_before)
        until = std::min(until, candidate.not_before - proto::Duration(1));
      if (now <= candidate.not_after) until = std::min(until, candidate.not_after);
    }
  }
  return until;
}

}  // namespace

template <typename Decide>
DecisionCache::Answer DecisionCache::known_or(const catalog::Instance& instance, const Key& key,
                                              proto::TimePoint now, const Decide& decide) {
  if (std::exchange(version_, instance.catalog_version()) != instance.catalog_version())
    entries_.clear();
  const auto known = entries_.find(key);
  if (known != entries_.end() && known->second.from <= now && now <= known->second.until)
    return known->second.answer;
  auto answer = std::make_shared<const SecurityDecision>(decide());
  if (known == entries_.end() && entries_.size() >= kDecisionsMax) entries_.clear();
  entries_.insert_or_assign(key, Entry{answer, now, last_moment(*answer, now)});
  return answer;
}

DecisionCache::Answer DecisionCache::decide_security(const catalog::Instance& instance,
                                                     store::DatabaseId database,
                                                     std::int32_t service_owner,
                                                     std::string_view to_service,
                                                     bool encryption_on, proto::TimePoint now) {
  const Kind kind = encryption_on ? Kind::begin_encrypted : Kind::begin_clear;
  return known_or(instance, {database, kind, service_owner, 0, std::string(to_service)}, now, [&] {
    return dialog::decide_security(instance, database, service_owner, to_service, encryption_on,
                                   now);
  });
}

DecisionCache::Answer DecisionCache::decide_reply(const catalog::Instance& instance,
                                                  store::DatabaseId database,
                                                  std::int32_t service_owner,
                                                  std::int32_t initiator_user,
                                                  proto::TimePoint now) {
  return known_or(instance, {database, Kind::reply, service_owner, initiator_user, {}}, now, [&] {
    return dialog::decide_reply(instance, database, service_owner, initiator_user, now);
  });
}

}  // namespace ssb::broker::dialog
