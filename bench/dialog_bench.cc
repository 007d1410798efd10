// Dialog security of whole messages: header and seal, parse and open, by body size; first messages, with and without a known KEK.
//
//   Units  ratio_to_raw  time of AES-128-GCM alone (OpenSSL with a kept context, the same additional data and body) / time of ours, both
//          as processor time of this thread: 1 is the ceiling. Ours includes building or checking the header and the message's memory.
//          rsa_2048  private operation alone, to compare the cold first message with.

#include <algorithm>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>

#include <benchmark/benchmark.h>
#include <openssl/evp.h>
#include <time.h>

#include "broker/catalog/permissions.h"
#include "broker/crypto/random.h"
#include "broker/crypto/x509.h"
#include "broker/dialog/security.h"
#include "broker/keys/key_hierarchy.h"

namespace {

using namespace ssb;
using namespace ssb::broker;
using proto::envelope::DialogHeader;

const proto::TimePoint kNow = *proto::parse_datetime("2008-11-26 09:00:00");
constexpr int kRawRounds = 7;

double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void require(bool good) {
  if (!good) throw std::runtime_error("an operation under measurement failed");
}

// ---- two instances that know each other's certificates ----

class NoFiles : public catalog::Files {
 public:
  boost::system::result<proto::Bytes, std::string> read(std::string_view) override {
    return std::string("no files");
  }
  boost::system::result<void, std::string> create(std::string_view, proto::ByteView) override {
    return std::string("no files");
  }
};

class Side {
 public:
  explicit Side(const std::string& name)
      : store_({}, store::StoreOptions{.in_memory = true, .flushed = false, .on_step = {}}),
        instance(name, store_, files_, crypto::RsaPrivateKey::generate, proto::Secret(32), kNow) {
    instance.set_password_iterations(10);
    database = instance.create_database("Dialogs", kNow).value();
    catalog::Transaction transaction = instance.begin();
    require(keys::create_master_key(instance, transaction, database, "A long Pass.word 1", kNow)
                .has_value());
    require(instance.commit(std::move(transaction)).has_value());
  }
  template <typename Object>
  void put(const Object& object) {
    catalog::Transaction transaction = instance.begin();
    instance.database(database)->put(transaction, object.id(), object);
    require(instance.commit(std::move(transaction)).has_value());
  }
  catalog::pb::Certificate add_certificate(std::int32_t id, const crypto::X509Certificate& x509,
                                           const crypto::RsaPrivateKey* key) {
    catalog::pb::Certificate row;
    row.set_id(id);
    row.set_name("certificate " + std::to_string(id));
    row.set_owner(catalog::kDbo);
    row.set_der(proto::to_string(x509.der()));
    row.set_is_active_for_begin_dialog(true);
    row.set_private_key_protection("NA");
    if (key != nullptr)
      keys::put_private_key(row, *key,
                            keys::open_by_service_master_key(instance, database).value());
    put(row);
    return row;
  }

 private:
  NoFiles files_;
  store::Store store_;

 public:
  catalog::Instance instance;
  store::DatabaseId database = 0;
  std::unique_ptr<dialog::DatabaseKeys> keys = std::make_unique<dialog::DatabaseKeys>();
};

struct Pair {
  Pair() {
    const auto issue = [](const std::string& subject, const crypto::RsaPrivateKey& key) {
      using namespace std::chrono_literals;
      return crypto::X509Certificate::make_self_signed({subject, kNow - 24h, kNow + 24h * 365},
                                                       key);
    };
    const auto initiator_certificate = issue("Initiator", initiator_key);
    const auto target_certificate = issue("Target", target_key);
    const auto source = initiator.add_certificate(70'000, initiator_certificate, &initiator_key);
    const auto destination = initiator.add_certificate(70'001, target_certificate, nullptr);
    target.add_certificate(70'000, target_certificate, &target_key);
    target.add_certificate(70'001, initiator_certificate, nullptr);
    parties.type = dialog::SecurityType::full;
    parties.source = dialog::reference_to(source);
    parties.destination = dialog::reference_to(destination);
    parties.remote_user = catalog::kDbo;
  }
  crypto::RsaPrivateKey initiator_key = crypto::RsaPrivateKey::generate(2048);
  crypto::RsaPrivateKey target_key = crypto::RsaPrivateKey::generate(2048);
  Side initiator{"HOST_A"};
  Side target{"HOST_B"};
  dialog::Parties parties;
};
Pair& pair() {
  static Pair sides;
  return sides;
}

DialogHeader header_of(const proto::ConversationId& conversation, std::uint64_t sequence,
                       std::size_t length) {
  DialogHeader header;
  header.set_kind(sequence == 0 ? DialogHeader::BEGIN : DialogHeader::SEQUENCED);
  header.set_conversation_id(proto::to_string(conversation.view()));
  header.set_from_initiator(true);
  header.set_from_service("MyService");
  header.set_to_service("ImageProcessor");
  header.set_from_broker(std::string(16, 'f'));
  header.set_to_broker(std::string(16, 't'));
  header.set_contract("ImageContract");
  header.set_message_type("ImageRequest");
  header.set_sequence(sequence);
  header.set_fragment_count(1);
  header.set_total_length(length);
  return header;
}

// ---- AES-128-GCM alone ----

class RawGcm {
 public:
  RawGcm() {
    const proto::Bytes key(16, 7);
    require(EVP_CipherInit_ex(seal_, EVP_aes_128_gcm(), nullptr, key.data(), nullptr, 1) == 1);
    require(EVP_CipherInit_ex(open_, EVP_aes_128_gcm(), nullptr, key.data(), nullptr, 0) == 1);
  }
  RawGcm(const RawGcm&) = delete;
  RawGcm& operator=(const RawGcm&) = delete;
  ~RawGcm() {
    EVP_CIPHER_CTX_free(seal_);
    EVP_CIPHER_CTX_free(open_);
  }
  void seal(const proto::Bytes& additional, const proto::Bytes& body, proto::Bytes& out) {
    int done = 0;
    const auto size = static_cast<int>(body.size());
    require(EVP_EncryptInit_ex(seal_, nullptr, nullptr, nullptr, nonce_.data()) == 1 &&
            EVP_EncryptUpdate(seal_, nullptr, &done, additional.data(),
                              static_cast<int>(additional.size())) == 1 &&
            EVP_EncryptUpdate(seal_, out.data(), &done, body.data(), size) == 1 &&
            EVP_EncryptFinal_ex(seal_, out.data() + size, &done) == 1 &&
            EVP_CIPHER_CTX_ctrl(seal_, EVP_CTRL_AEAD_GET_TAG, 16, out.data() + size) == 1);
  }
  void open(const proto::Bytes& additional, proto::Bytes& sealed, proto::Bytes& out) {
    int done = 0;
    const auto size = static_cast<int>(sealed.size()) - 16;
    require(EVP_DecryptInit_ex(open_, nullptr, nullptr, nullptr, nonce_.data()) == 1 &&
            EVP_DecryptUpdate(open_, nullptr, &done, additional.data(),
                              static_cast<int>(additional.size())) == 1 &&
            EVP_DecryptUpdate(open_, out.data(), &done, sealed.data(), size) == 1 &&
            EVP_CIPHER_CTX_ctrl(open_, EVP_CTRL_AEAD_SET_TAG, 16, sealed.data() + size) == 1 &&
            EVP_DecryptFinal_ex(open_, out.data() + size, &done) == 1);
  }

 private:
  EVP_CIPHER_CTX* seal_ = EVP_CIPHER_CTX_new();
  EVP_CIPHER_CTX* open_ = EVP_CIPHER_CTX_new();
  proto::Bytes nonce_ = proto::Bytes(12, 9);
};

// Seconds of one raw operation: the best of several rounds.
template <typename Work>
double raw_seconds(std::size_t body_bytes, const Work& work) {
  const std::size_t count = std::max<std::size_t>(200, 8'000'000 / (body_bytes + 400));
  double best = std::numeric_limits<double>::max();
  for (int round = 0; round < kRawRounds; ++round) {
    const double start = processor_seconds();
    for (std::size_t i = 0; i < count; ++i) work();
    best = std::min(best, (processor_seconds() - start) / static_cast<double>(count));
  }
  return best;
}

// Runs the benchmark's loop and reports bytes and the ratio to the raw operation.
template <typename Work>
void measure(benchmark::State& state, double raw, const Work& work) {
  const double start = processor_seconds();
  for (auto _ : state) work();
  const double seconds = (processor_seconds() - start) / static_cast<double>(state.iterations());
  state.counters["ratio_to_raw"] = raw / seconds;
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

// ---- later messages ----

// The header of a dialog's later messages, with the security that they have in common.
DialogHeader secured_header(const proto::ConversationId& conversation, std::size_t length,
                            const dialog::SessionKey& key, const dialog::DatabaseKeys& keys) {
  DialogHeader header = header_of(conversation, 1, length);
  dialog::set_security(header, key, keys.incarnation);
  return header;
}

void seal(benchmark::State& state) {
  const proto::Bytes body(static_cast<std::size_t>(state.range(0)), 0x5A);
  const auto key = dialog::SessionKey::make();
  const auto conversation = crypto::random_id<proto::ConversationId>();
  dialog::DatabaseKeys keys;
  const DialogHeader header = secured_header(conversation, body.size(), key, keys);
  const dialog::LaterHeaderWriter writer(header);
  dialog::Varying varying = dialog::varying_of(header);
  proto::DialogMessage message;
  const auto next = [&] {
    ++varying.sequence;
    require(dialog::seal_later(writer, varying, conversation, true, body, &key, keys, message)
                .has_value());
  };
  next();
  RawGcm gcm;
  proto::Bytes out(body.size() + 16);
  const double raw = raw_seconds(body.size(), [&] { gcm.seal(message.header, body, out); });

  measure(state, raw, [&] {
    next();
    benchmark::DoNotOptimize(message.body.data());
  });
}

void open(benchmark::State& state) {
  const proto::Bytes body(static_cast<std::size_t>(state.range(0)), 0x5A);
  const auto key = dialog::SessionKey::make();
  dialog::DatabaseKeys keys;
  const auto message =
      dialog::seal(header_of(crypto::random_id<proto::ConversationId>(), 1, body.size()), body, key,
                   keys)
          .value();
  const dialog::EndpointKeys endpoint{dialog::SecurityType::full, false, nullptr, &key};
  RawGcm gcm;
  proto::Bytes sealed(body.size() + 16);
  proto::Bytes out(body.size() + 16);
  gcm.seal(message.header, body, sealed);
  const double raw = raw_seconds(body.size(), [&] { gcm.open(message.header, sealed, out); });

  dialog::LaterHeaderReader reader(message.header, dialog::parse_message(message).value());
  measure(state, raw, [&] {
    const DialogHeader* header = reader.read(message);
    require(header != nullptr);
    const auto opened = dialog::open({*header, message.header, message.body, "peer", &reader.ids()},
                                     endpoint, keys);
    require(opened.has_value());
  });
}

BENCHMARK(seal)->ArgName("body_bytes")->Arg(0)->RangeMultiplier(4)->Range(64, 64 << 10);
BENCHMARK(open)->ArgName("body_bytes")->Arg(0)->RangeMultiplier(4)->Range(64, 64 << 10);

// ---- later messages of many dialogs in turn: what keeping keys for each of them costs ----

struct Dialog {
  DialogHeader header;
  dialog::SessionKey key;
};
std::vector<Dialog> make_dialogs(std::int64_t count, std::size_t body_bytes) {
  std::vector<Dialog> dialogs;
  for (std::int64_t i = 0; i < count; ++i)
    dialogs.push_back({header_of(crypto::random_id<proto::ConversationId>(), 1, body_bytes),
                       dialog::SessionKey::make()});
  return dialogs;
}

void seal_in_turn(benchmark::State& state) {
  const proto::Bytes body(static_cast<std::size_t>(state.range(0)), 0x5A);
  const std::vector<Dialog> dialogs = make_dialogs(state.range(1), body.size());
  dialog::DatabaseKeys keys;
  std::vector<dialog::LaterHeaderWriter> writers;
  for (const Dialog& one : dialogs) {
    DialogHeader header = one.header;
    dialog::set_security(header, one.key, keys.incarnation);
    writers.emplace_back(header);
  }
  dialog::Varying varying = dialog::varying_of(dialogs.front().header);
  proto::DialogMessage message;
  std::size_t next = 0;
  for (auto _ : state) {
    const Dialog& one = dialogs[next];
    const auto id =
        proto::ConversationId::from_bytes(proto::as_bytes(one.header.conversation_id()));
    require(dialog::seal_later(writers[next], varying, *id, true, body, &one.key, keys, message)
                .has_value());
    benchmark::DoNotOptimize(message.body.data());
    next = next + 1 == dialogs.size() ? 0 : next + 1;
  }
  state.SetItemsProcessed(state.iterations());
}

void open_in_turn(benchmark::State& state) {
  const proto::Bytes body(static_cast<std::size_t>(state.range(0)), 0x5A);
  const std::vector<Dialog> dialogs = make_dialogs(state.range(1), body.size());
  dialog::DatabaseKeys sender;
  dialog::DatabaseKeys keys;
  std::vector<proto::DialogMessage> messages;
  std::vector<dialog::LaterHeaderReader> readers;
  for (const Dialog& one : dialogs) {
    messages.push_back(dialog::seal(one.header, body, one.key, sender).value());
    readers.emplace_back(messages.back().header, dialog::parse_message(messages.back()).value());
  }
  std::size_t next = 0;
  for (auto _ : state) {
    const proto::DialogMessage& message = messages[next];
    const dialog::EndpointKeys endpoint{dialog::SecurityType::full, false, nullptr,
                                        &dialogs[next].key};
    dialog::LaterHeaderReader& reader = readers[next];
    const DialogHeader* header = reader.read(message);
    next = next + 1 == dialogs.size() ? 0 : next + 1;
    require(
        header != nullptr &&
        dialog::open({*header, message.header, message.body, "peer", &reader.ids()}, endpoint, keys)
            .has_value());
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(seal_in_turn)->ArgNames({"body_bytes", "dialogs"})->Args({1024, 10'000});
BENCHMARK(open_in_turn)->ArgNames({"body_bytes", "dialogs"})->Args({1024, 10'000});

void parse_header(
    benchmark::State&
        state) {  // of a later message: what each message pays before its key is looked up
  const auto bytes =
      dialog::serialize_header(header_of(crypto::random_id<proto::ConversationId>(), 1, 1024));
  for (auto _ : state) benchmark::DoNotOptimize(dialog::parse_header(bytes));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(parse_header);

// ---- first messages, full security, RSA-2048 ----

constexpr std::size_t kFirstBodyBytes = 1024;

proto::DialogMessage make_first(Pair& sides, const dialog::SessionKey& key) {
  const proto::Bytes body(kFirstBodyBytes, 0x5A);
  const DialogHeader header = header_of(crypto::random_id<proto::ConversationId>(), 0, body.size());
  return dialog::seal_first(sides.initiator.instance, sides.initiator.database, header, body,
                            {sides.parties, kNow, nullptr}, key, *sides.initiator.keys, kNow)
      .value();
}

void seal_first(benchmark::State& state, bool is_known) {
  Pair& sides = pair();
  const auto key = dialog::SessionKey::make();
  for (auto _ : state) {
    if (!is_known) sides.initiator.keys->grants.clear();
    benchmark::DoNotOptimize(make_first(sides, key));
  }
  state.SetItemsProcessed(state.iterations());
}

void open_first(benchmark::State& state, bool is_known) {
  Pair& sides = pair();
  const auto message = make_first(sides, dialog::SessionKey::make());
  for (auto _ : state) {
    if (!is_known) sides.target.keys->opened.clear();
    const auto header = dialog::parse_message(message);
    const auto opened = dialog::open_first(sides.target.instance, sides.target.database,
                                           {*header, message.header, message.body, "peer"},
                                           *sides.target.keys, kNow);
    require(opened.has_value());
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK_CAPTURE(seal_first, new_grant, false)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(seal_first, known_grant, true)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(open_first, new_kek, false)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(open_first, cached_kek, true)->Unit(benchmark::kMicrosecond);

void rsa_2048_private(benchmark::State& state) {
  const proto::Bytes wrapped = pair().target_key.public_key().encrypt_oaep(proto::Bytes(16), {});
  for (auto _ : state) benchmark::DoNotOptimize(pair().target_key.decrypt_oaep(wrapped, {}));
}
BENCHMARK(rsa_2048_private)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
