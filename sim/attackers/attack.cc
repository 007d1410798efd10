#include "sim/attackers/attack.h"

namespace ssb::sim::attackers {

HopAttack::HopAttack(Powers& powers, const Orders& orders) : powers_(powers), orders_(orders) {}

void HopAttack::begin() {
  has_begun_ = true;
  start();
}

Fate HopAttack::see(Sighting& sighting) {
  history_.push_back(sighting);
  if (history_.size() > kSightingsMax) history_.pop_front();
  return has_begun_ ? act(sighting) : Fate::pass;
}

bool HopAttack::is_meant(const Sighting& sighting) const {
  const auto from = orders_.parameters.find("from");
  if (from != orders_.parameters.end() && !from->second.empty() &&
      powers_.host(from->second) != sighting.from)
    return false;
  const auto kind = orders_.parameters.find("kind");
  if (kind == orders_.parameters.end() || kind->second == "any") return true;
  return kind_word(header_of(sighting.message)) == kind->second;
}

std::vector<Sighting> HopAttack::meant_history() const {
  std::vector<Sighting> meant;
  for (const Sighting& sighting : history_) {
    if (is_meant(sighting)) meant.push_back(sighting);
  }
  return meant;
}

std::string kind_word(const Fields& header) {
  if (header.number(dialog_header::kIsEndDialog) != 0) return "end";
  if (header.number(dialog_header::kIsError) != 0) return "error";
  switch (kind_of(header)) {
    case MessageKind::none: return "none";
    case MessageKind::begin: return "begin";
    case MessageKind::sequenced: return "sequenced";
    case MessageKind::ack: return "ack";
    case MessageKind::broker_error: return "broker_error";
  }
  return "none";
}

}  // namespace ssb::sim::attackers
