#include "broker/crypto/gcm_ipsec_mb.h"

#include <array>
#include <cstddef>
#include <new>

#include "broker/crypto/aes.h"
#include "broker/crypto/prefetch.h"
#include "proto/check.h"

#if SSB_HAS_IPSEC_MB
#include <intel-ipsec-mb.h>
#endif

namespace ssb::broker::crypto {

#if SSB_HAS_IPSEC_MB

namespace {

struct GcmFunctions {
  aes_gcm_pre_t prepare = nullptr;
  aes_gcm_enc_dec_t seal = nullptr;
  aes_gcm_enc_dec_t open = nullptr;
};
struct IpsecMb {
  bool is_usable = false;
  GcmFunctions small;  // 16 byte keys
  GcmFunctions large;  // 32
};

// A manager of the library chooses its functions by the processor and tests them against known answers. Only their addresses are
// kept: they have no state.
IpsecMb load_ipsec_mb() {
  IpsecMb library;
  IMB_MGR* const manager = alloc_mb_mgr(0);
  if (manager == nullptr) return library;
  IMB_ARCH architecture = IMB_ARCH_NONE;
  init_mb_mgr_auto(manager, &architecture);
  const bool has_passed = (manager->features & IMB_FEATURE_SELF_TEST_PASS) != 0;
  library.is_usable = imb_get_errno(manager) == 0 && has_passed && architecture >= IMB_ARCH_AVX2;
  library.small = {manager->gcm128_pre, manager->gcm128_enc, manager->gcm128_dec};
  library.large = {manager->gcm256_pre, manager->gcm256_enc, manager->gcm256_dec};
  free_mb_mgr(manager);
  return library;
}

const IpsecMb& ipsec_mb() {
  static const IpsecMb loaded = load_ipsec_mb();
  return loaded;
}

// What one message leaves behind: its hash state and a known header would together tell the hash key.
class MessageState {
 public:
  // NOLINTNEXTLINE(modernize-use-equals-default): that would clear the state, which the library writes before it reads it
  MessageState() {}
  MessageState(const MessageState&) = delete;
  MessageState& operator=(const MessageState&) = delete;
  ~MessageState() { proto::erase_bytes(&state_, sizeof(state_)); }
  gcm_context_data* get() { return &state_; }

 private:
  gcm_context_data state_;
};

}  // namespace

struct alignas(kCacheLineBytes) IpsecMbGcm::Key {
  gcm_key_data schedule;
  aes_gcm_enc_dec_t seal;
  aes_gcm_enc_dec_t open;
};

bool can_use_ipsec_mb() {
  return ipsec_mb().is_usable;
}

IpsecMbGcm::IpsecMbGcm(const proto::Secret& key)
    : memory_(new std::uint8_t[sizeof(Key) + kCacheLineBytes - 1]) {
  const std::size_t key_bytes = key.size();
  SSB_CHECK(key_bytes == 16 || key_bytes == 32);
  SSB_CHECK(can_use_ipsec_mb());
  const GcmFunctions& functions = key_bytes == 16 ? ipsec_mb().small : ipsec_mb().large;
  Key& made = this->key();
  made.seal = functions.seal;
  made.open = functions.open;
  functions.prepare(key.view().data(), &made.schedule);
}

IpsecMbGcm::Key& IpsecMbGcm::key() const {
  const auto address = reinterpret_cast<std::uintptr_t>(memory_.get());
  const std::size_t ahead = (kCacheLineBytes - address % kCacheLineBytes) % kCacheLineBytes;
  return *reinterpret_cast<Key*>(memory_.get() + ahead);
}

void IpsecMbGcm::erase() noexcept {
  if (memory_) proto::erase_bytes(&key(), sizeof(Key));
}

void IpsecMbGcm::seal(proto::ByteView nonce, proto::ByteView additional_data,
                      proto::ByteView plaintext, std::uint8_t* sealed) const {
  const Key& key = this->key();
  MessageState state;
  key.seal(&key.schedule, state.get(), sealed, plaintext.data(), plaintext.size(), nonce.data(),
           additional_data.data(), additional_data.size(), sealed + plaintext.size(), kGcmTagBytes);
}

bool IpsecMbGcm::open(proto::ByteView nonce, proto::ByteView additional_data,
                      proto::ByteView ciphertext, proto::ByteView tag,
                      std::uint8_t* plaintext) const {
  const Key& key = this->key();
  MessageState state;
  std::array<std::uint8_t, kGcmTagBytes> expected{};
  key.open(&key.schedule, state.get(), plaintext, ciphertext.data(), ciphertext.size(),
           nonce.data(), additional_data.data(), additional_data.size(), expected.data(),
           kGcmTagBytes);
  return proto::equal_in_constant_time(expected, tag);
}

proto::ByteView IpsecMbGcm::schedule() const {
  return {reinterpret_cast<const std::uint8_t*>(&key()), sizeof(Key)};
}

#else  // never called: can_use_ipsec_mb() says so

struct IpsecMbGcm::Key {};

bool can_use_ipsec_mb() {
  return false;
}
IpsecMbGcm::IpsecMbGcm(const proto::Secret&) {
  SSB_CHECK(can_use_ipsec_mb());
}
IpsecMbGcm::Key& IpsecMbGcm::key() const {
  SSB_CHECK(can_use_ipsec_mb());
  return *reinterpret_cast<Key*>(memory_.get());
}
void IpsecMbGcm::erase() noexcept {}
void IpsecMbGcm::seal(proto::ByteView, proto::ByteView, proto::ByteView, std::uint8_t*) const {
  static_cast<void>(key());
}
bool IpsecMbGcm::open(proto::ByteView, proto::ByteView, proto::ByteView, proto::ByteView,
                      std::uint8_t*) const {
  static_cast<void>(key());
  return false;
}
proto::ByteView IpsecMbGcm::schedule() const {
  return {};
}

#endif

IpsecMbGcm& IpsecMbGcm::operator=(IpsecMbGcm&& other) noexcept {
  if (this != &other) {
    erase();
    memory_ = std::move(other.memory_);
  }
  return *this;
}

}  // namespace ssb::broker::crypto
