#include "broker/crypto/random.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <utility>

#include <openssl/err.h>
#include <openssl/rand.h>
#include <pthread.h>

#include "broker/crypto/failure.h"
#include "broker/crypto/openssl.h"

namespace ssb::broker::crypto {
namespace {

using Block = std::array<std::uint8_t, 16>;
using Generator = int (*)(unsigned char* out, int count);

// Shorter draws may well come twice.
constexpr std::size_t kComparedMin = 8;

void generate(Generator generator, std::span<std::uint8_t> out) {
  if (generator(out.data(), openssl_size(out.size())) == 1) return;
  ERR_clear_error();
  throw RandomFailure("the random source gives nothing");
}

// How often this process is the child of a fork: what its parent has drawn ahead is not its own.
std::atomic<unsigned>& forks() {
  static std::atomic<unsigned> count = [] {
    ::pthread_atfork(nullptr, nullptr, [] { ++forks(); });
    return 0U;
  }();
  return count;
}

// A draw of OpenSSL's costs the same for 16 bytes and for some hundred, and a session key takes ten with its witnesses: so a thread draws
// ahead. Whoever reads this memory could read the generator's own state beside it, from which the same bytes follow; what was given out
// is erased here, so what came before is as safe as it was.
class DrawnAhead {
 public:
  explicit DrawnAhead(Generator generator) : generator_(generator) {}
  DrawnAhead(const DrawnAhead&) = delete;
  DrawnAhead& operator=(const DrawnAhead&) = delete;
  ~DrawnAhead() { proto::erase_bytes(bytes_.data(), bytes_.size()); }

  void take(std::span<std::uint8_t> out) {
    if (out.size() > bytes_.size() / 4) return generate(generator_, out);
    if (left_ < out.size() || forks_seen_ != forks()) draw_ahead();
    std::uint8_t* const from = bytes_.data() + (bytes_.size() - left_);
    std::copy_n(from, out.size(), out.data());
    proto::erase_bytes(from, out.size());
    left_ -= out.size();
  }

 private:
  void draw_ahead() {
    left_ = 0;
    forks_seen_ = forks();
    generate(generator_, bytes_);
    left_ = bytes_.size();
  }

  Generator generator_;
  std::array<std::uint8_t, 1024> bytes_{};
  std::size_t left_ = 0;  // at the end of bytes_
  unsigned forks_seen_ = 0;
};

void fill(Generator generator, std::span<std::uint8_t> out) {
  // The simulator's source gives each node its own: nothing is drawn ahead from it.
  if (RAND_get_rand_method() != RAND_OpenSSL()) return generate(generator, out);
  thread_local DrawnAhead open_bytes(RAND_bytes);
  thread_local DrawnAhead private_bytes(RAND_priv_bytes);
  (generator == &RAND_bytes ? open_bytes : private_bytes).take(out);
}

Block draw_block(Generator generator) {
  Block block{};
  fill(generator, block);
  const proto::ByteView bytes(block);
  if (proto::equal_in_constant_time(bytes.first(kComparedMin), bytes.last(kComparedMin)))
    throw RandomFailure("the random source gives constant bytes");
  return block;
}

void draw(Generator generator, std::span<std::uint8_t> out) {
  fill(generator, out);
  const Block witness = draw_block(generator);
  const std::size_t compared = std::min(out.size(), witness.size());
  if (compared >= kComparedMin &&
      proto::equal_in_constant_time(proto::ByteView(out).first(compared),
                                    proto::ByteView(witness).first(compared)))
    throw RandomFailure("the random source gives the same bytes again");
}

// So many more draws, that differ from each other and from the one seen, if any.
void check(Generator generator, int draws, proto::ByteView one_seen = {}) {
  constexpr std::size_t kSize = sizeof(Block);
  proto::Secret seen((1 + static_cast<std::size_t>(draws)) * kSize);  // what was seen may be a key
  const auto place = [&seen](std::size_t at) { return seen.writable().subspan(at * kSize, kSize); };
  std::copy_n(one_seen.begin(), std::min(one_seen.size(), kSize), place(0).begin());
  for (std::size_t known = 1; known <= static_cast<std::size_t>(draws); ++known) {
    const Block block = draw_block(generator);
    for (std::size_t at = one_seen.empty() ? 1 : 0; at < known; ++at) {
      if (proto::equal_in_constant_time(block, place(at)))
        throw RandomFailure("the random source gives the same bytes again");
    }
    std::copy(block.begin(), block.end(), place(known).begin());
  }
}

std::uint64_t first_word(const Sha256Digest& digest) {
  std::uint64_t word = 0;
  std::memcpy(&word, digest.data(), sizeof word);
  return word;
}

}  // namespace

void random_bytes(std::span<std::uint8_t> out) {
  if (!out.empty()) draw(RAND_bytes, out);
}

proto::Secret random_secret(std::size_t size) {
  proto::Secret secret(size);
  if (size > 0) draw(RAND_priv_bytes, secret.writable());
  return secret;
}

void fill_guids(std::span<proto::Guid> out) {
  static_assert(sizeof(proto::Guid) == sizeof(proto::Guid::bytes));
  random_bytes({out.data()->bytes.data(), out.size_bytes()});
  for (proto::Guid& guid : out) {
    // The third group is stored little-endian: its printed first digit, the version, is in byte 7.
    guid.bytes[7] = static_cast<std::uint8_t>((guid.bytes[7] & 0x0F) | 0x40);
    guid.bytes[8] = static_cast<std::uint8_t>((guid.bytes[8] & 0x3F) | 0x80);
  }
}

proto::Guid random_guid() {
  return random_guids<1>()[0];
}

void check_random() {
  check(RAND_bytes, kSelfTestDraws);
  check(RAND_priv_bytes, kSelfTestDraws);
}

proto::Secret KeyDraws::draw(std::size_t size) {
  proto::Secret key = random_secret(size);
  check(RAND_priv_bytes, kWitnesses, key.view());
  const Sha256Digest name = sha256(key.view());
  // Hundreds are looked at for each new dialog: a word of them nearly always says enough.
  const bool is_known = std::any_of(seen_.begin(), seen_.end(), [&](const Sha256Digest& one) {
    return first_word(one) == first_word(name) && one == name;
  });
  if (is_known) throw RandomFailure("the random source gives a key that it gave before");
  seen_.push_back(name);
  if (seen_.size() > kRemembered) seen_.pop_front();
  return key;
}

}  // namespace ssb::broker::crypto
