// What somebody who has private keys finds in recorded messages: session keys, and with them bodies.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "sim/attackers/attack.h"

namespace ssb::sim::attackers {

class Knowledge {
 public:
  void add(std::vector<Identity> identities);
  // Takes the session key out of a first message that is for one of the identities. True: it is one that was not known.
  bool learn(const proto::DialogMessage& message);
  void learn_all(const std::deque<Sighting>& history);

  [[nodiscard]] const std::vector<Identity>& identities() const { return identities_; }
  [[nodiscard]] const std::vector<SessionKey>& session_keys() const { return keys_; }
  void keep_only_first() { keys_.resize(1); }
  [[nodiscard]] std::optional<Bytes> open(const proto::DialogMessage& message) const;
  // The key that a side of a conversation seals with: its own, else the other side's, as in anonymous security.
  [[nodiscard]] const SessionKey* key_of(const Bytes& conversation, bool from_initiator) const;

 private:
  struct Owner {
    Bytes conversation;
    bool from_initiator = false;
  };
  std::vector<Identity> identities_;
  std::vector<SessionKey> keys_;
  std::vector<Owner> owners_;  // of each key
};

}  // namespace ssb::sim::attackers
