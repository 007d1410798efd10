#include "broker/conversation/priority.h"

namespace ssb::broker::conversation {

int priority_of(const catalog::Catalog& database, std::int32_t contract, std::int32_t local_service,
                std::string_view remote_service) {
  int best =
      -1;  // how well it fits: 4 for the contract, 2 for the local service, 1 for the remote one
  int priority = kDefaultPriority;
  for (const auto& [id, row] : database.table<catalog::pb::BrokerPriority>()) {
    const bool fits =
        (row.contract() == 0 || row.contract() == contract) &&
        (row.local_service() == 0 || row.local_service() == local_service) &&
        (row.remote_service_name().empty() || row.remote_service_name() == remote_service);
    const int how_well = (row.contract() != 0 ? 4 : 0) + (row.local_service() != 0 ? 2 : 0) +
                         (row.remote_service_name().empty() ? 0 : 1);
    if (!fits || how_well <= best) continue;
    best = how_well;
    priority = row.priority();
  }
  return priority;
}

}  // namespace ssb::broker::conversation
