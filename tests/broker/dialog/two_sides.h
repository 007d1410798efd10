// Two instances as claims.md's dialogs have them, with real certificates: MyService on one, ImageProcessor on the other.
//
//   initiator   MyService, owned by MyService_owner (certificate MyService_cert with private key); user ImgProc_proxy owns the public
//               copy of ImgProc_cert; a remote service binding names it.
//   target      ImageProcessor, owned by ImgProc_owner (certificate ImgProc_cert with private key); user MyService_user owns the public
//               copy of MyService_cert and may SEND.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "broker/catalog/permissions.h"
#include "broker/crypto/random.h"
#include "broker/dialog/security.h"
#include "broker/keys/key_hierarchy.h"
#include "tests/broker/catalog/test_instance.h"

namespace ssb::broker::tests {

namespace pb = proto::catalog;
namespace envelope = proto::envelope;

// Two key pairs of 2048 bits a program, and a small one for attackers and bystanders.
inline const crypto::RsaPrivateKey& initiator_key() {
  static const auto key = crypto::RsaPrivateKey::generate(2048);
  return key;
}
inline const crypto::RsaPrivateKey& target_key() {
  static const auto key = crypto::RsaPrivateKey::generate(2048);
  return key;
}
inline const crypto::RsaPrivateKey& attacker_key() {
  static const auto key = crypto::RsaPrivateKey::generate(1024);
  return key;
}

inline crypto::X509Certificate issue(const std::string& subject, const crypto::RsaPrivateKey& key,
                                     proto::TimePoint not_before = kNow - 24h,
                                     proto::TimePoint not_after = kNow + 24h * 365) {
  return crypto::X509Certificate::make_self_signed({subject, not_before, not_after}, key);
}

struct CertificateOptions {
  const crypto::RsaPrivateKey* private_key = nullptr;  // stored under the master key
  std::string password = {};                           // or under this one
  bool is_active = true;
};

// One instance with one user database and what its dialogs need.
class Side {
 public:
  Side(std::string_view database_name, bool has_master_key)
      : database(host.make_database(database_name)),
        keys(std::make_unique<dialog::DatabaseKeys>()) {
    if (has_master_key) make_master_key();
  }

  [[nodiscard]] catalog::Catalog& objects() { return *host.instance.database(database); }
  [[nodiscard]] const catalog::Instance& instance() const { return host.instance; }
  [[nodiscard]] proto::Secret master_key() const {
    return keys::open_by_service_master_key(host.instance, database).value();
  }
  // The database's memory is lost, as when it was closed and opened again.
  void reopen() { keys = std::make_unique<dialog::DatabaseKeys>(); }

  void make_master_key() {
    ASSERT_TRUE(host.run([&](catalog::Transaction& transaction) {
                      return keys::create_master_key(host.instance, transaction, database,
                                                     "A long Pass.word 1", kNow);
                    })
                    .has_value());
  }
  // As ALTER MASTER KEY DROP ENCRYPTION BY SERVICE MASTER KEY.
  void close_master_key() {
    pb::MasterKey row = *objects().master_key();
    row.clear_under_service_master_key();
    put(row, catalog::kMasterKeyId);
  }
  std::int32_t add_user(const std::string& name) {
    pb::Principal user;
    user.set_id(next_id_++);
    user.set_name(name);
    user.set_type("S");
    put(user, user.id());
    grant(user.id(), catalog::ObjectClass::database, 0, "CONNECT");
    return user.id();
  }
  std::int32_t add_certificate(const std::string& name, std::int32_t owner,
                               const crypto::X509Certificate& x509,
                               const CertificateOptions& options = {}) {
    pb::Certificate row;
    row.set_id(next_id_++);
    row.set_name(name);
    row.set_owner(owner);
    row.set_der(proto::to_string(x509.der()));
    row.set_is_active_for_begin_dialog(options.is_active);
    row.set_private_key_protection("NA");
    if (!options.password.empty()) {
      keys::put_private_key(row, *options.private_key, options.password, 10);
    } else if (options.private_key != nullptr) {
      keys::put_private_key(row, *options.private_key, master_key());
    }
    put(row, row.id());
    return row.id();
  }
  std::int32_t add_service(const std::string& name, std::int32_t owner) {
    pb::Queue queue;
    queue.set_id(next_id_++);
    queue.set_name(name + "Queue");
    queue.set_owner(owner);
    put(queue, queue.id());
    pb::Service service;
    service.set_id(next_id_++);
    service.set_name(name);
    service.set_owner(owner);
    service.set_queue(queue.id());
    put(service, service.id());
    return service.id();
  }
  std::int32_t add_binding(const std::string& name, const std::string& service, std::int32_t user,
                           bool is_anonymous) {
    pb::RemoteServiceBinding binding;
    binding.set_id(next_id_++);
    binding.set_name(name);
    binding.set_owner(catalog::kDbo);
    binding.set_remote_service_name(service);
    binding.set_remote_principal(user);
    binding.set_is_anonymous(is_anonymous);
    put(binding, binding.id());
    return binding.id();
  }
  // GRANT ('G') or DENY ('D'); gives the row's id.
  std::int32_t grant(std::int32_t grantee, catalog::ObjectClass object_class, std::int32_t object,
                     const std::string& permission, const std::string& state = "G") {
    pb::Permission row;
    row.set_id(next_id_++);
    row.set_object_class(static_cast<std::int32_t>(object_class));
    row.set_major_id(object);
    row.set_grantee(grantee);
    row.set_name(permission);
    row.set_state(state);
    put(row, row.id());
    return row.id();
  }
  template <typename Object>
  void change(std::int32_t id, const std::function<void(Object&)>& work) {
    Object object = *objects().table<Object>().find(id);
    work(object);
    put(object, id);
  }
  template <typename Object>
  void drop(std::int32_t id) {
    catalog::Transaction transaction = host.instance.begin();
    objects().erase<Object>(transaction, id);
    EXPECT_TRUE(host.instance.commit(std::move(transaction)).has_value());
  }

  TestInstance host;
  store::DatabaseId database;
  std::unique_ptr<dialog::DatabaseKeys> keys;

 private:
  template <typename Object>
  void put(const Object& object, std::int32_t id) {
    catalog::Transaction transaction = host.instance.begin();
    objects().put(transaction, id, object);
    EXPECT_TRUE(host.instance.commit(std::move(transaction)).has_value());
  }

  std::int32_t next_id_ = 70'000;
};

class Initiator : public Side {
 public:
  explicit Initiator(bool is_anonymous = false) : Side("InitiatorDb", true) {
    owner = add_user("MyService_owner");
    proxy = add_user("ImgProc_proxy");
    service = add_service("MyService", owner);
    own_certificate =
        add_certificate("MyService_cert", owner, certificate(), {.private_key = &initiator_key()});
    peer_certificate = add_certificate("ImgProc_cert", proxy, peers_certificate());
    binding = add_binding("ToImageProcessor", "ImageProcessor", proxy, is_anonymous);
  }
  static const crypto::X509Certificate& certificate() {
    static const auto certificate = issue("My Service Identity", initiator_key());
    return certificate;
  }
  static const crypto::X509Certificate& peers_certificate() {
    static const auto certificate = issue("Image Processor Identity", target_key());
    return certificate;
  }

  std::int32_t owner, proxy, service, own_certificate, peer_certificate, binding;
};

class Target : public Side {
 public:
  Target() : Side("TargetDb", true) {
    owner = add_user("ImgProc_owner");
    user = add_user("MyService_user");
    service = add_service("ImageProcessor", owner);
    own_certificate = add_certificate("ImgProc_cert", owner, Initiator::peers_certificate(),
                                      {.private_key = &target_key()});
    peer_certificate = add_certificate("MyService_cert", user, Initiator::certificate());
    send_grant = grant(user, catalog::ObjectClass::service, service, "SEND");
  }
  [[nodiscard]] const pb::Service& service_row() {
    return *objects().table<pb::Service>().find(service);
  }

  std::int32_t owner, user, service, own_certificate, peer_certificate, send_grant;
};

// The header of a message between the two, without security; `length` is that of the body.
inline envelope::DialogHeader message_header(const proto::ConversationId& conversation,
                                             bool from_initiator, std::uint64_t sequence,
                                             std::size_t length) {
  static const auto initiator_broker = crypto::random_guid();
  static const auto target_broker = crypto::random_guid();
  envelope::DialogHeader header;
  header.set_kind(sequence == 0 ? envelope::DialogHeader::BEGIN
                                : envelope::DialogHeader::SEQUENCED);
  header.set_conversation_id(proto::to_string(conversation.view()));
  header.set_from_initiator(from_initiator);
  header.set_from_service(from_initiator ? "MyService" : "ImageProcessor");
  header.set_to_service(from_initiator ? "ImageProcessor" : "MyService");
  header.set_from_broker(
      proto::to_string((from_initiator ? initiator_broker : target_broker).view()));
  header.set_to_broker(
      proto::to_string((from_initiator ? target_broker : initiator_broker).view()));
  header.set_contract("ImageContract");
  header.set_message_type(from_initiator ? "ImageRequest" : "ImageReply");
  header.set_sequence(sequence);
  header.set_fragment_count(1);
  header.set_total_length(length);
  return header;
}
inline envelope::DialogHeader ack_header_of(const proto::ConversationId& conversation,
                                            bool from_initiator) {
  envelope::DialogHeader header = message_header(conversation, from_initiator, 0, 0);
  header.set_kind(envelope::DialogHeader::ACK);
  header.clear_message_type();
  header.clear_contract();
  header.set_fragment_count(0);
  header.mutable_ack()->set_next_sequence(1);
  return header;
}

// A message as its receiver has it: header bytes and what they say.
struct Parsed {
  explicit Parsed(proto::DialogMessage arrived, std::string from = "10.0.0.7:4022")
      : message(std::move(arrived)),
        peer(std::move(from)),
        header(dialog::parse_message(message, peer)) {}
  [[nodiscard]] bool is_well_formed() const { return header.has_value(); }
  [[nodiscard]] dialog::Arrived arrived() const {
    return {header.value(), message.header, message.body, peer};
  }

  proto::DialogMessage message;
  std::string peer;
  proto::Result<envelope::DialogHeader> header;
};

inline const std::string kRequest = "resize kitten.jpg to 64 x 64";
inline const std::string kReply = "kitten_64.jpg is ready";

// One conversation in progress, each side with what an engine would keep.
class Dialog {
 public:
  Dialog(Side& initiator, Side& target) : initiator_(initiator), target_(target) {}

  // The initiator's decision and key; then its first message.
  [[nodiscard]] proto::DialogMessage first(const dialog::SecurityDecision& decision,
                                           proto::TimePoint now = kNow) {
    parties = decision.parties;
    auto header = message_header(conversation, true, 0, kRequest.size());
    if (parties.type == dialog::SecurityType::none)
      return dialog::clear_message(header, proto::as_bytes(kRequest));
    if (!initiators_key) initiators_key = dialog::SessionKey::make();
    return dialog::seal_first(initiator_.instance(), initiator_.database, header,
                              proto::as_bytes(kRequest), {parties, kNow, nullptr}, *initiators_key,
                              *initiator_.keys, now)
        .value();
  }
  [[nodiscard]] dialog::Checked<dialog::OpenedFirst> open_at_target(
      const proto::DialogMessage& message, proto::TimePoint now = kNow,
      const std::string& peer = "10.0.0.7:4022") {
    const Parsed parsed(message, peer);
    return dialog::open_first(target_.instance(), target_.database, parsed.arrived(), *target_.keys,
                              now);
  }
  // The target's first reply in full security.
  [[nodiscard]] proto::Result<proto::DialogMessage> first_reply(
      const dialog::SecurityDecision& decision, const dialog::SessionKey& from_initiator,
      proto::TimePoint now = kNow) {
    if (!targets_key) targets_key = dialog::SessionKey::make();
    return dialog::seal_first(target_.instance(), target_.database,
                              message_header(conversation, false, 0, kReply.size()),
                              proto::as_bytes(kReply), {decision.parties, kNow, &from_initiator},
                              *targets_key, *target_.keys, now);
  }
  [[nodiscard]] dialog::Checked<dialog::OpenedFirst> open_at_initiator(
      const proto::DialogMessage& message, proto::TimePoint now = kNow) {
    const Parsed parsed(message);
    return dialog::open_reply_first(initiator_.instance(), initiator_.database, parsed.arrived(),
                                    parties, *initiators_key, *initiator_.keys, now);
  }

  proto::ConversationId conversation = crypto::random_id<proto::ConversationId>();
  dialog::Parties parties;
  std::optional<dialog::SessionKey> initiators_key;
  std::optional<dialog::SessionKey> targets_key;

 private:
  Side& initiator_;
  Side& target_;
};

inline dialog::SecurityDecision decide(const Initiator& initiator, proto::TimePoint now = kNow,
                                       bool encryption_on = true) {
  return dialog::decide_security(initiator.instance(), initiator.database, initiator.owner,
                                 "ImageProcessor", encryption_on, now);
}

}  // namespace ssb::broker::tests
