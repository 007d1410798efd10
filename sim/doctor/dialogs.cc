// The dialogs that `examine` asks about, as statements would begin them.
#include "broker/catalog/kinds.h"
#include "sim/doctor/examination.h"

namespace ssb::sim::doctor {
namespace {

// The first of its contracts that the target takes, or that this database has.
std::string contract_of(const Examination& ex, const Pair& pair) {
  if (!pair.contracts.empty()) return pair.contracts.front();
  const auto& here = ex.objects(pair.from).table<pb::Contract>();
  if (pair.target != nullptr) {
    const auto& there = ex.objects(*pair.to).table<pb::Contract>();
    for (const std::int32_t id : pair.target->contracts()) {
      const pb::Contract* contract = there.find(id);
      if (contract != nullptr && here.find(std::string_view(contract->name())) != nullptr)
        return contract->name();
    }
  }
  for (const auto& [id, contract] : here) {
    if (id >= catalog::KindOf<pb::Contract>::kFirstId) return contract.name();
  }
  return "DEFAULT";
}

void choose_message_type(const Examination& ex, const Pair& pair, Dialog& dialog) {
  const auto& objects = ex.objects(pair.from);
  const pb::Contract* contract =
      objects.table<pb::Contract>().find(std::string_view(dialog.contract));
  if (contract == nullptr) return;
  for (const auto& usage : contract->usages()) {
    const pb::MessageType* type = objects.table<pb::MessageType>().find(usage.message_type());
    if (!usage.sent_by_initiator() || type == nullptr) continue;
    dialog.message_type = type->name();
    dialog.is_empty = type->validation() == "E";
    return;
  }
}

Dialog dialog_of(const Examination& ex, const Pair& pair) {
  Dialog dialog{.from = pair.from.subject,
                .from_database = ex.database_name(pair.from),
                .from_service = pair.sender->name(),
                .to_service = pair.to_service,
                .encryption_on = pair.encryption_on};
  dialog.contract = contract_of(ex, pair);
  choose_message_type(ex, pair, dialog);
  if (pair.target == nullptr) return dialog;
  const pb::Queue* queue = ex.objects(*pair.to).table<pb::Queue>().find(pair.target->queue());
  dialog.to = pair.to->subject;
  dialog.to_database = ex.database_name(*pair.to);
  dialog.to_queue = queue == nullptr ? "" : queue->name();
  return dialog;
}

}  // namespace

std::vector<Dialog> find_dialogs(const Instances& instances, const Question& question) {
  const Examination ex(instances, question);
  std::vector<Dialog> out;
  for (const Pair& pair : find_pairs(instances, question)) out.push_back(dialog_of(ex, pair));
  return out;
}

}  // namespace ssb::sim::doctor
