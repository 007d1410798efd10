// ZeroMQ with CURVE over loopback TCP, PUSH to PULL: encrypted, in memory, no acknowledgement; what was sent is lost when a process ends.
//
//   Shape, units and what is checked: peer.h. The consumer listens on a port that the system chooses, on 127.0.0.1.
//   Source  libzmq 4.3, zmq_curve(7).

#include <zmq.h>

#include "bench/peers/peer.h"

namespace {

using namespace ssb::bench;

struct KeyPair {
  std::array<char, 41> open{};
  std::array<char, 41> secret{};
  KeyPair() { require(zmq_curve_keypair(open.data(), secret.data()) == 0, "a key pair"); }
};

class Socket {
 public:
  Socket(int kind, const KeyPair& own, std::uint64_t in_flight)
      : context_(zmq_ctx_new()), socket_(zmq_socket(context_, kind)) {
    set(ZMQ_CURVE_PUBLICKEY, own.open.data(), own.open.size());
    set(ZMQ_CURVE_SECRETKEY, own.secret.data(), own.secret.size());
    const auto mark = static_cast<int>(in_flight);
    set(ZMQ_SNDHWM, &mark, sizeof(mark));
    set(ZMQ_RCVHWM, &mark, sizeof(mark));
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    zmq_close(socket_);
    zmq_ctx_term(context_);  // waits until all is sent
  }
  void set(int option, const void* value, std::size_t size) {
    require(zmq_setsockopt(socket_, option, value, size) == 0, "an option of ZeroMQ");
  }
  [[nodiscard]] void* get() { return socket_; }

 private:
  void* context_;
  void* socket_;
};

void consume(Consuming& consuming, Shared& shared, const KeyPair& keys,
             const PeerOptions& options) {
  Socket socket(ZMQ_PULL, keys, options.in_flight);
  const int yes = 1;
  socket.set(ZMQ_CURVE_SERVER, &yes, sizeof(yes));
  const int at_most_ms = 20;
  socket.set(ZMQ_RCVTIMEO, &at_most_ms, sizeof(at_most_ms));
  require(zmq_bind(socket.get(), "tcp://127.0.0.1:*") == 0, "listening");
  std::array<char, 64> endpoint{};
  std::size_t size = endpoint.size();
  require(zmq_getsockopt(socket.get(), ZMQ_LAST_ENDPOINT, endpoint.data(), &size) == 0, "the port");
  const std::string text(endpoint.data());
  shared.port = std::atoi(text.c_str() + text.rfind(':') + 1);
  zmq_msg_t message;
  while (!consuming.has_all()) {
    zmq_msg_init(&message);
    const int got = zmq_msg_recv(&message, socket.get(), 0);
    if (got >= 0) {
      consuming.take({static_cast<const std::uint8_t*>(zmq_msg_data(&message)),
                      static_cast<std::size_t>(got)});
      consuming.done();
    }
    zmq_msg_close(&message);
  }
}

void produce(Producing& producing, Shared& shared, const KeyPair& server,
             const PeerOptions& options) {
  while (shared.port == 0) pause_shortly();
  const KeyPair own;
  Socket socket(ZMQ_PUSH, own, options.in_flight);
  socket.set(ZMQ_CURVE_SERVERKEY, server.open.data(), server.open.size());
  require(
      zmq_connect(socket.get(), fmt::format("tcp://127.0.0.1:{}", shared.port.load()).c_str()) == 0,
      "connecting");
  constexpr std::uint64_t kAtOnce = 64;
  while (std::uint64_t count = producing.may_send(kAtOnce)) {
    for (; count > 0; --count) {
      const Bytes& body = producing.next_body();
      require(zmq_send(socket.get(), body.data(), body.size(), 0) >= 0, "sending");
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  PeerOptions options;
  CLI::App app("ZeroMQ CURVE, PUSH to PULL on loopback. Example: zeromq_peer --size 16384");
  add_peer_options(app, options);
  CLI11_PARSE(app, argc, argv);
  return run_main("zeromq_peer", [&] {
    const KeyPair server;
    return run_peer(
        JsonLine("zeromq_peer").text("security", "CURVE").text("durable", "no"), options,
        {[&](Producing& producing, Shared& shared) { produce(producing, shared, server, options); },
         [&](Consuming& consuming, Shared& shared) {
           consume(consuming, shared, server, options);
         }});
  });
}
