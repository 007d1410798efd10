// First messages that somebody with valid certificates of its own makes, each wrong, or right, in one thing.
#pragma once

#include <string>
#include <vector>

#include "sim/attackers/attack.h"

namespace ssb::sim::attackers {

struct CraftOrder {
  std::string what;
  proto::DialogMessage model;  // an initiator's first message: services, contract, type, brokers
  const Identity* source = nullptr;  // whose certificate signs; null: there is none
  Certificate destination;           // of the target, with its public key
  std::string body = "crafted by the attacker";
  std::uint64_t times = 1;
  proto::TimePoint now{};
};

// what:  own          a dialog of its own, right in everything
//        conversation the same conversation id as the model's, under its own keys (A22)
//        kek_id       the KEK id of the model's grant, with another KEK (C15)
//        rewrapped    the model's wrapped KEK under its own signature (B22)
//        anonymous    the model's conversation from nobody: no source, no signature, own keys (C07)
//        half         one field of a certificate, key or signature missing in each (B23)
//        odd_names    issuers and serial numbers too long, padded, negative, in other encodings (B24)
//        same_names   a certificate of its own with the issuer and serial number of the model's source (B03)
//        garbage      anonymous, the wrapped KEK is noise (H04, C12)
//        reused_nonce a dialog whose second message has the nonce of the first (C13)
//        reused_key   two dialogs under one session key and id (C14)
[[nodiscard]] std::vector<proto::DialogMessage> craft(const CraftOrder& order);

}  // namespace ssb::sim::attackers
