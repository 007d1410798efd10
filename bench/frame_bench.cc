// The adjacent layer without sockets: frames written and read, the same through TLS, and whole logins.
//
//   Units  bytes_per_second counts payload; items_per_second dialog messages, or logins.

#include <array>
#include <optional>
#include <stdexcept>
#include <utility>

#include <benchmark/benchmark.h>

#include "proto/frame.h"
#include "transport/wire/connection.h"

namespace {

using namespace ssb;
using proto::Bytes;
using wire::Connection;
using wire::Handshake;
using wire::Negotiate;

constexpr std::size_t kHeaderBytes = 200;  // about a dialog header in full security
constexpr proto::TimePoint kNow = proto::from_unix_us(1'227'657'600'000'000);

proto::DialogMessage message(std::int64_t body_bytes) {
  return {Bytes(kHeaderBytes, 1), Bytes(static_cast<std::size_t>(body_bytes), 2), 16, 0};
}

// Writes one boxcar of as many messages as fit, up to 64.
std::size_t fill(proto::Boxcar& boxcar, const proto::DialogMessage& what) {
  while (boxcar.messages() < 64 && boxcar.has_room_for(what)) boxcar.add(what);
  return boxcar.messages();
}

void count(benchmark::State& state, std::size_t messages, std::size_t payload_bytes) {
  state.SetItemsProcessed(static_cast<std::int64_t>(messages));
  state.SetBytesProcessed(static_cast<std::int64_t>(payload_bytes));
}

void frame_encode(benchmark::State& state) {  // a boxcar gathered into one frame
  const proto::DialogMessage what = message(state.range(0));
  std::size_t messages = 0;
  std::size_t bytes = 0;
  for (auto _ : state) {
    proto::Boxcar boxcar;
    messages += fill(boxcar, what);
    bytes += boxcar.payload_bytes();
    benchmark::DoNotOptimize(boxcar.take(0));
  }
  count(state, messages, bytes);
}
BENCHMARK(frame_encode)->ArgName("body_bytes")->RangeMultiplier(16)->Range(64, 64 << 10);

void frame_decode(benchmark::State& state) {  // a frame cut from the stream and split into messages
  proto::Boxcar boxcar;
  const std::size_t in_one = fill(boxcar, message(state.range(0)));
  const std::size_t payload_bytes = boxcar.payload_bytes();
  const Bytes frame = proto::to_bytes(boxcar.take(0));
  proto::FrameDecoder decoder(proto::kFrameBytesMax);
  std::size_t messages = 0;
  for (auto _ : state) {
    decoder.append(frame);
    const auto next = decoder.next();
    if (!next || !*next) throw std::logic_error("no frame");
    const auto split = proto::split_boxcar(**next, "peer");
    messages += split->size();
  }
  count(state, messages, messages / in_one * payload_bytes);
}
BENCHMARK(frame_decode)->ArgName("body_bytes")->RangeMultiplier(16)->Range(64, 64 << 10);

// Accepts everybody: what a login costs beyond looking rows up.
struct OpenDoor : wire::Authority {
  wire::OwnCertificate own;

  explicit OpenDoor(const broker::crypto::RsaPrivateKey& key)
      : own{"own",
            broker::crypto::X509Certificate::make_self_signed(
                {"HOST", kNow - std::chrono::hours(24), kNow + std::chrono::hours(24)}, key),
            key} {}
  proto::Result<wire::OwnCertificate> own_certificate(proto::TimePoint,
                                                      wire::Findings&) const override {
    return own;
  }
  proto::Result<wire::PeerIdentity> identify(const broker::crypto::X509Certificate&,
                                             proto::TimePoint, wire::Findings&) const override {
    return wire::PeerIdentity{256, "peer", "peer_login"};
  }
};

const OpenDoor& authority(std::size_t side) {
  static const std::array<OpenDoor, 2> sides{
      OpenDoor(broker::crypto::RsaPrivateKey::generate(2048)),
      OpenDoor(broker::crypto::RsaPrivateKey::generate(2048))};
  return sides.at(side);
}

struct Pair {
  std::optional<Connection> initiator;
  std::optional<Connection> acceptor;

  explicit Pair(Negotiate::Algorithm algorithm) {
    wire::ConnectionSettings settings;
    settings.offer.set_version(wire::kProtocolVersion);
    settings.offer.set_instance_name("HOST");
    settings.offer.set_instance_id(std::string(16, 'a'));
    settings.offer.set_kind(Negotiate::SERVICE_BROKER);
    settings.offer.add_authentication(Negotiate::CERTIFICATE);
    const bool is_clear = algorithm == Negotiate::CLEAR;
    settings.offer.set_encryption(is_clear ? Negotiate::DISABLED : Negotiate::REQUIRED);
    if (!is_clear) settings.offer.add_algorithms(algorithm);
    settings.remote = "peer";
    initiator.emplace(settings, authority(0), kNow);
    settings.role = Handshake::Role::acceptor;
    acceptor.emplace(settings, authority(1), kNow);
    initiator->connected(kNow);
    exchange();
    if (acceptor->phase() != Connection::Phase::online) throw std::logic_error("no login");
  }
  void exchange() {
    for (bool moved = true; moved;) {
      moved = false;
      for (auto [from, to] :
           {std::pair(&*initiator, &*acceptor), std::pair(&*acceptor, &*initiator)}) {
        if (from->needs_verdict()) from->decide(std::nullopt, kNow);
        const Bytes bytes = from->take_output();
        if (bytes.empty()) continue;
        from->written(bytes.size(), kNow);
        to->receive(bytes, kNow);
        moved = true;
      }
    }
  }
};

void connection_login(benchmark::State& state) {  // both sides of one login, RSA-2048
  benchmark::DoNotOptimize(authority(0));
  for (auto _ : state)
    benchmark::DoNotOptimize(Pair(static_cast<Negotiate::Algorithm>(state.range(0))));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(connection_login)
    ->ArgName("algorithm_1_clear_2_rc4_3_aes")
    ->Arg(Negotiate::CLEAR)
    ->Arg(Negotiate::RC4)
    ->Arg(Negotiate::AES);

void connection_send(benchmark::State& state) {  // boxcars through TLS, both sides in one thread
  Pair pair(static_cast<Negotiate::Algorithm>(state.range(0)));
  const proto::DialogMessage what = message(state.range(1));
  std::size_t messages = 0;
  std::size_t bytes = 0;
  for (auto _ : state) {
    proto::Boxcar boxcar;
    fill(boxcar, what);
    bytes += boxcar.payload_bytes();
    pair.initiator->send(boxcar, kNow);
    pair.exchange();
    messages += pair.acceptor->take_arrivals().size();
    pair.acceptor->arrivals_are_durable();
    pair.exchange();
  }
  count(state, messages, bytes);
}
BENCHMARK(connection_send)
    ->ArgNames({"algorithm_1_clear_2_rc4_3_aes", "body_bytes"})
    ->ArgsProduct({{Negotiate::CLEAR, Negotiate::RC4, Negotiate::AES}, {256, 4096, 65536}});

}  // namespace

BENCHMARK_MAIN();
