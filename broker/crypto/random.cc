#include "broker/crypto/random.h"

#include <algorithm>
#include <array>
#include <set>

#include <openssl/err.h>
#include <openssl/rand.h>

#include "broker/crypto/failure.h"
#include "broker/crypto/openssl.h"

namespace ssb::broker::crypto {
namespace {

using Block = std::array<std::uint8_t, 16>;
using Generator = int (*)(unsigned char* out, int count);

// Shorter draws may well come twice.
constexpr std::size_t kComparedMin = 8;

void fill(Generator generator, std::span<std::uint8_t> out) {
  if (generator(out.data(), openssl_size(out.size())) == 1) return;
  ERR_clear_error();
  throw RandomFailure("the random source gives nothing");
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

// So many more draws, that differ from each other and from those seen.
void check(Generator generator, int draws, std::set<Block> seen = {}) {
  for (int i = 0; i < draws; ++i) {
    if (!seen.insert(draw_block(generator)).second)
      throw RandomFailure("the random source gives the same bytes again");
  }
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
  Block first{};
  std::copy_n(key.view().begin(), std::min(size, first.size()), first.begin());
  check(RAND_priv_bytes, kWitnesses, {first});
  proto::erase_bytes(first.data(), first.size());
  const Sha256Digest name = sha256(key.view());
  if (std::find(seen_.begin(), seen_.end(), name) != seen_.end())
    throw RandomFailure("the random source gives a key that it gave before");
  seen_.push_back(name);
  if (seen_.size() > kRemembered) seen_.pop_front();
  return key;
}

}  // namespace ssb::broker::crypto
