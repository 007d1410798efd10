#include "sim/attackers/craft.h"

namespace ssb::sim::attackers {
namespace {

constexpr std::size_t kIssuerBytesTooMany = 3000;
constexpr std::size_t kSerialBytesTooMany = 100;

SessionKey new_session_key() {
  return {random_bytes(16), random_bytes(16)};
}

Fields first_of(const Fields& header) {
  return header.message(dialog_header::kSecurity).message(security_part::kFirst);
}

class Crafting {
 public:
  explicit Crafting(const CraftOrder& order)
      : order_(order), body_(proto::to_utf16le(order.body)), header_(header_of(order.model)) {
    models_first_ = first_of(header_);
    models_grant_ = Fields::parse(models_first_.bytes(first_part::kGrant)).value_or(Fields());
    conversation_ = header_.bytes(dialog_header::kConversationId);
    header_.remove(dialog_header::kSecurity);
    header_.set(dialog_header::kTotalLength, body_.size());
    header_.set(dialog_header::kFragmentCount, std::uint64_t{1});
    header_.set(dialog_header::kFragmentIndex, std::uint64_t{0});
    header_.set(dialog_header::kConversationId, ByteView(random_bytes(16)));
    recipe_.source = order.source;
    recipe_.destination = order.destination;
    recipe_.not_before = order.now;
  }

  std::vector<proto::DialogMessage> make() {
    const std::string& what = order_.what;
    if (what == "own") return {first(recipe_, key_)};
    if (what == "conversation") {
      keep_conversation();
      return {first(recipe_, key_)};
    }
    if (what == "kek_id") {
      recipe_.kek_id = models_grant_.bytes(grant_part::kKekId);
      return {first(recipe_, key_)};
    }
    if (what == "rewrapped") return rewrapped();
    if (what == "anonymous") {
      keep_conversation();
      recipe_.source = nullptr;
      return {first(recipe_, key_)};
    }
    if (what == "half") return half();
    if (what == "odd_names") return odd_names();
    if (what == "same_names") return same_names();
    if (what == "garbage") return garbage();
    if (what == "reused_nonce") return reused_nonce();
    return reused_key();
  }

 private:
  proto::DialogMessage first(const FirstRecipe& recipe, const SessionKey& key) {
    return seal_first(header_, body_, recipe, key, seal_);
  }
  // With a grant that was changed after it had been made; signed as it then is.
  proto::DialogMessage first_with(const Fields& grant, const Rsa* signer) {
    const Bytes bytes = grant.write();
    const Bytes signature = signer == nullptr ? Bytes() : sign_grant(bytes, *signer);
    return seal_first(header_, body_, bytes, signature, recipe_.kek, key_, order_.now, seal_);
  }
  void keep_conversation() { header_.set(dialog_header::kConversationId, ByteView(conversation_)); }
  void new_conversation() {
    header_.set(dialog_header::kConversationId, ByteView(random_bytes(16)));
  }

  // Neither KEK nor session key is known: their wrappings go under another signature as they are.
  std::vector<proto::DialogMessage> rewrapped() {
    Fields grant = models_grant_;
    grant.set_message(grant_part::kSource, name_of(order_.source->certificate));
    const Bytes bytes = grant.write();
    Fields first = models_first_;
    first.set(first_part::kGrant, ByteView(bytes));
    first.set(first_part::kSignature, ByteView(sign_grant(bytes, order_.source->key)));
    Fields header = header_of(order_.model);
    Fields security = header.message(dialog_header::kSecurity);
    security.set_message(security_part::kFirst, first);
    header.set_message(dialog_header::kSecurity, security);
    proto::DialogMessage whole = order_.model;
    whole.header = header.write();
    return {whole, first_with(grant, &order_.source->key)};
  }

  std::vector<proto::DialogMessage> half() {
    std::vector<proto::DialogMessage> out;
    const Fields grant = make_grant(recipe_);
    const Rsa& key = order_.source->key;
    for (const std::uint32_t name :
         {std::uint32_t{grant_part::kSource}, std::uint32_t{grant_part::kDestination}}) {
      for (const std::uint32_t field :
           {std::uint32_t{certificate_name::kIssuer}, std::uint32_t{certificate_name::kSerial},
            std::uint32_t{certificate_name::kSha256}}) {
        Fields changed = grant;
        Fields half = grant.message(name);
        half.remove(field);
        changed.set_message(name, half);
        out.push_back(first_with(changed, &key));
      }
    }
    for (const std::uint32_t field :
         {std::uint32_t{grant_part::kDestination}, std::uint32_t{grant_part::kKekId},
          std::uint32_t{grant_part::kWrappedKek}, std::uint32_t{grant_part::kVersion},
          std::uint32_t{grant_part::kNotAfter}}) {
      Fields changed = grant;
      changed.remove(field);
      out.push_back(first_with(changed, &key));
    }
    out.push_back(first_with(grant, nullptr));  // a source that has not signed
    Fields sourceless = grant;
    sourceless.remove(grant_part::kSource);
    out.push_back(first_with(sourceless, &key));  // a signature by nobody
    return out;
  }

  std::vector<proto::DialogMessage> odd_names() {
    const Certificate& own = order_.source->certificate;
    Bytes padded = {0};
    append(padded, own.serial);
    Bytes negative = {0xFF};
    append(negative, own.serial);
    Bytes trailing = own.issuer;
    trailing.push_back(0);
    Bytes indefinite = {0x30, 0x80};
    append(indefinite, own.issuer);
    append(indefinite, Bytes{0, 0});
    const std::vector<std::pair<std::uint32_t, Bytes>> changes = {
        {certificate_name::kIssuer, Bytes(kIssuerBytesTooMany, 0x30)},
        {certificate_name::kSerial, Bytes(kSerialBytesTooMany, 0x01)},
        {certificate_name::kSerial, padded},
        {certificate_name::kSerial, negative},
        {certificate_name::kSerial, Bytes{0}},
        {certificate_name::kIssuer, trailing},
        {certificate_name::kIssuer, indefinite}};
    std::vector<proto::DialogMessage> out;
    for (const auto& [field, value] : changes) {
      Fields grant = make_grant(recipe_);
      Fields name = grant.message(grant_part::kSource);
      name.set(field, ByteView(value));
      grant.set_message(grant_part::kSource, name);
      out.push_back(first_with(grant, &order_.source->key));
    }
    return out;
  }

  // Once with the hash of the imitation, once with that of the original, signed by the imitation's key both times.
  std::vector<proto::DialogMessage> same_names() {
    const Fields original = models_grant_.message(grant_part::kSource);
    Identity imitation;
    imitation.key = Rsa::generate(2048);
    imitation.certificate =
        make_certificate(imitation.key, "imitation", order_.now - std::chrono::hours(1),
                         order_.now + std::chrono::hours(24));
    imitation.certificate.issuer = original.bytes(certificate_name::kIssuer);
    imitation.certificate.serial = original.bytes(certificate_name::kSerial);
    recipe_.source = &imitation;
    std::vector<proto::DialogMessage> out = {first(recipe_, key_)};
    Fields grant = make_grant(recipe_);
    grant.set_message(grant_part::kSource, original);
    out.push_back(first_with(grant, &imitation.key));
    return out;
  }

  std::vector<proto::DialogMessage> garbage() {
    std::vector<proto::DialogMessage> out;
    recipe_.source = nullptr;
    for (std::uint64_t i = 0; i < order_.times; ++i) {
      recipe_.wrapped_kek = random_bytes(order_.destination.key.size_bytes());
      recipe_.wrapped_kek[0] = 0;  // below every modulus
      recipe_.kek_id = random_bytes(16);
      new_conversation();
      out.push_back(first(recipe_, key_));
    }
    return out;
  }

  std::vector<proto::DialogMessage> reused_nonce() {
    std::vector<proto::DialogMessage> out = {first(recipe_, key_)};
    seal_.counter = 0;
    Fields second = header_;
    second.set(dialog_header::kKind, static_cast<std::uint64_t>(MessageKind::sequenced));
    second.set(dialog_header::kSequence, std::uint64_t{1});
    second.remove(dialog_header::kContract);
    out.push_back(seal(second, body_, key_, seal_));
    return out;
  }

  std::vector<proto::DialogMessage> reused_key() {
    std::vector<proto::DialogMessage> out = {first(recipe_, key_)};
    new_conversation();
    out.push_back(first(recipe_, key_));
    return out;
  }

  const CraftOrder& order_;
  Bytes body_;
  Fields header_;
  Fields models_first_;
  Fields models_grant_;
  Bytes conversation_;
  FirstRecipe recipe_;
  SessionKey key_ = new_session_key();
  Seal seal_;
};

}  // namespace

std::vector<proto::DialogMessage> craft(const CraftOrder& order) {
  return Crafting(order).make();
}

}  // namespace ssb::sim::attackers
