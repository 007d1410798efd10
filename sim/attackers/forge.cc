// Messages that nobody has sent, in a conversation that is going on: with its session key where private keys are stolen, else with every
// kind of seal that can be had without.
#include <algorithm>

#include "sim/attackers/ciphers.h"
#include "sim/attackers/knowledge.h"
#include "sim/attackers/makers.h"

namespace ssb::sim::attackers {
namespace {

constexpr std::string_view kErrorBody =
    "<Error xmlns=\"http://schemas.microsoft.com/SQL/ServiceBroker/Error\"><Code>-8490</Code>"
    "<Description>forged</Description></Error>";
constexpr std::size_t kFragmentBytes = 65536;

struct Draft {
  Fields header;
  Bytes body;
};

void set_kind(Fields& header, MessageKind kind) {
  header.set(dialog_header::kKind, static_cast<std::uint64_t>(kind));
}

void set_fragment(Fields& header, std::uint64_t index, std::uint64_t count, std::uint64_t total) {
  header.set(dialog_header::kFragmentIndex, index);
  header.set(dialog_header::kFragmentCount, count);
  header.set(dialog_header::kTotalLength, total);
}

class Forge : public HopAttack {
 public:
  using HopAttack::HopAttack;

 private:
  void start() override {
    const std::vector<Sighting> seen = meant_history();
    if (seen.empty()) return;
    model_ = seen.back();
    Fields header = header_of(model_.message);
    conversation_ = header.bytes(dialog_header::kConversationId);
    from_initiator_ = header.number(dialog_header::kFromInitiator) != 0;
    if (orders_.has("keys")) {
      knowledge_.add(powers_.keys_of(powers_.host(orders_.word("keys"))));
      knowledge_.learn_all(history());
      key_ = knowledge_.key_of(conversation_, from_initiator_);
      if (key_ == nullptr) return;
    }
    for (Draft& draft : drafts()) send(std::move(draft));
  }

  // ---- what is forged ----
  [[nodiscard]] std::vector<Draft> drafts() const {
    const std::string& what = orders_.word("what");
    if (what == "ack") return {ack(orders_.has("sequence") ? orders_.count("sequence") : 1000)};
    if (what == "end") return {ending(dialog_header::kIsEndDialog, {})};
    if (what == "error") {
      return {ending(dialog_header::kIsError, proto::to_utf16le(std::string(kErrorBody)))};
    }
    if (what == "broker_error") return {broker_error()};
    if (what == "message") return {message(next_sequence(), "forged by the attacker")};
    if (what == "other_body") return {message(last_sequence(), "another body, same sequence")};
    if (what == "flags") return flags();
    return fragments();
  }

  // Who talks to whom, and nothing else.
  [[nodiscard]] Fields addresses() const {
    Fields header = header_of(model_.message);
    for (const std::uint32_t field :
         {std::uint32_t{dialog_header::kContract}, std::uint32_t{dialog_header::kMessageType},
          std::uint32_t{dialog_header::kSequence}, std::uint32_t{dialog_header::kIsEndDialog},
          std::uint32_t{dialog_header::kIsError}, std::uint32_t{dialog_header::kAck},
          std::uint32_t{dialog_header::kLifetime}, std::uint32_t{dialog_header::kSecurity}})
      header.remove(field);
    set_fragment(header, 0, 0, 0);
    return header;
  }

  [[nodiscard]] std::uint64_t last_sequence() const {
    std::uint64_t last = 0;
    for (const Sighting& sighting : history()) {
      const Fields header = header_of(sighting.message);
      if (sighting.from == model_.from &&
          header.bytes(dialog_header::kConversationId) == conversation_)
        last = std::max(last, header.number(dialog_header::kSequence));
    }
    return last;
  }
  [[nodiscard]] std::uint64_t next_sequence() const {
    return orders_.has("sequence") ? orders_.count("sequence") : last_sequence() + 1;
  }

  // A type that the contract lets this side send: of a message that it sent.
  [[nodiscard]] Bytes message_type() const {
    for (const Sighting& sighting : history()) {
      const Fields header = header_of(sighting.message);
      if (sighting.from == model_.from && header.has(dialog_header::kMessageType))
        return header.bytes(dialog_header::kMessageType);
    }
    return proto::to_bytes(std::string_view("DEFAULT"));
  }

  [[nodiscard]] Draft ack(std::uint64_t next_sequence) const {
    Draft draft{addresses(), {}};
    set_kind(draft.header, MessageKind::ack);
    Fields ack;
    ack.set(ack_part::kNextSequence, next_sequence);
    draft.header.set_message(dialog_header::kAck, ack);
    return draft;
  }

  [[nodiscard]] Draft sequenced(std::uint64_t sequence, Bytes body) const {
    Draft draft{addresses(), std::move(body)};
    set_kind(draft.header, sequence == 0 ? MessageKind::begin : MessageKind::sequenced);
    draft.header.set(dialog_header::kSequence, sequence);
    set_fragment(draft.header, 0, 1, draft.body.size());
    return draft;
  }

  [[nodiscard]] Draft ending(std::uint32_t flag, Bytes body) const {
    Draft draft = sequenced(next_sequence(), std::move(body));
    draft.header.set(flag, std::uint64_t{1});
    return draft;
  }

  [[nodiscard]] Draft message(std::uint64_t sequence, const std::string& body) const {
    Draft draft = sequenced(sequence, proto::to_utf16le(body));
    draft.header.set(dialog_header::kMessageType, ByteView(message_type()));
    if (sequence == 0 && from_initiator_) {
      draft.header.set(dialog_header::kContract,
                       ByteView(header_of(first_of_model()).bytes(dialog_header::kContract)));
    }
    return draft;
  }

  [[nodiscard]] const proto::DialogMessage& first_of_model() const {
    for (const Sighting& sighting : history()) {
      const Fields header = header_of(sighting.message);
      if (sighting.from == model_.from && kind_of(header) == MessageKind::begin)
        return sighting.message;
    }
    return model_.message;
  }

  [[nodiscard]] Draft broker_error() const {
    Draft draft{addresses(), proto::to_utf16le(std::string(kErrorBody))};
    set_kind(draft.header, MessageKind::broker_error);
    return draft;
  }

  // Flags, sequence numbers and fragments where their kind has none, and kinds that are none.
  [[nodiscard]] std::vector<Draft> flags() const {
    std::vector<Draft> out;
    const auto add = [&out](Draft draft, std::uint32_t field, std::uint64_t value) {
      draft.header.set(field, value);
      out.push_back(std::move(draft));
    };
    for (const std::uint32_t flag :
         {std::uint32_t{dialog_header::kIsEndDialog}, std::uint32_t{dialog_header::kIsError}}) {
      add(ack(1), flag, 1);
      add(broker_error(), flag, 1);
      add(message(0, "flag on the first message"), flag, 1);
    }
    add(ending(dialog_header::kIsEndDialog, {}), dialog_header::kIsError, 1);
    add(ack(1), dialog_header::kSequence, 5);
    add(ack(1), dialog_header::kFragmentCount, 1);
    add(ack(1), dialog_header::kKind, 0);
    add(ack(1), dialog_header::kKind, 9);
    Draft later = message(next_sequence(), "a first message with a later number");
    later.header.set(dialog_header::kContract,
                     ByteView(header_of(first_of_model()).bytes(dialog_header::kContract)));
    add(std::move(later), dialog_header::kKind, 1);
    return out;
  }

  // Sets of fragments that cannot be one message; the last two agree each with itself, and not with each other.
  [[nodiscard]] std::vector<Draft> fragments() const {
    std::vector<Draft> out;
    const auto add = [&](std::uint64_t index, std::uint64_t count, std::uint64_t total,
                         std::size_t bytes) {
      Draft draft = message(next_sequence(), "");
      draft.body.assign(bytes, 0x41);
      set_fragment(draft.header, index, count, total);
      out.push_back(std::move(draft));
    };
    add(3, 3, 150'000, 18'928);
    add(0, 5, 150'000, kFragmentBytes);
    add(0, 1, 150'000, kFragmentBytes);
    add(0, 0, 0, 0);
    add(0, 3, std::uint64_t{1} << 40U, kFragmentBytes);
    add(0, 3, 150'000, kFragmentBytes);
    add(1, 2, 100'000, 100'000 - kFragmentBytes);
    return out;
  }

  // ---- how it is sealed ----
  void send(Draft draft) {
    if (key_ != nullptr) {
      hand_in_as_model(seal(draft.header, draft.body, *key_, seal_));
      return;
    }
    hand_in_as_model({.header = draft.header.write(), .body = draft.body});
    Fields security = security_seen();
    append(draft.body, random_bytes(kTagBytes));
    for (const bool has_own_id : {false, true}) {
      if (has_own_id) security.set(security_part::kSessionKeyId, ByteView(random_bytes(16)));
      security.set(security_part::kNonceCounter, security.number(security_part::kNonceCounter) + 1);
      draft.header.set_message(dialog_header::kSecurity, security);
      hand_in_as_model({.header = draft.header.write(), .body = draft.body});
    }
  }

  // Of the last message with a body from there: an acknowledgement may be under the other side's key.
  [[nodiscard]] Fields security_seen() const {
    const proto::DialogMessage* last = &model_.message;
    for (const Sighting& sighting : history()) {
      const MessageKind kind = kind_of(header_of(sighting.message));
      if (sighting.from == model_.from &&
          (kind == MessageKind::begin || kind == MessageKind::sequenced))
        last = &sighting.message;
    }
    Fields security = header_of(*last).message(dialog_header::kSecurity);
    security.remove(security_part::kFirst);
    return security;
  }

  void hand_in_as_model(proto::DialogMessage message) {
    hand_in({model_.from, model_.to, std::move(message)});
    powers_.applied(1);
  }

  Sighting model_;
  Bytes conversation_;
  bool from_initiator_ = false;
  Knowledge knowledge_;
  const SessionKey* key_ = nullptr;
  Seal seal_;
};

}  // namespace

std::unique_ptr<HopAttack> make_forge(Powers& powers, const Orders& orders) {
  return std::make_unique<Forge>(powers, orders);
}

}  // namespace ssb::sim::attackers
