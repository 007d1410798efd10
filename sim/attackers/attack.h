// What an attacker is, and what it can do: Dolev and Yao's, on the wire, at a hop, or as a peer of its own.
//
//   Seats   hop   sees every dialog message that passes between two instances, whole, with TLS taken off; passes it on, changed or not,
//                 or keeps it, and hands in what it likes.
//           wire  sees the bytes of their TCP connections, and answers for whether any of them go on.
//           peer  is at a host of its own in an instance's place, with that instance's certificates and keys, or none.
//   An attacker listens from the start of a run and acts from its `attack` step on: what it repeats it has seen before.
//   The code here shares nothing with the engine: it includes neither its codec nor its cryptography, nor generated classes.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto/dialog_message.h"
#include "proto/time.h"
#include "sim/attackers/sealing.h"

namespace ssb::sim::attackers {

using Host = std::size_t;
using WireNumber = std::uint64_t;  // of a TCP connection

// What a script orders: who sits between whom, and the parameters, each with its default where the script gives none.
struct Orders {
  std::string node;
  std::string other;  // empty for a peer
  std::map<std::string, std::string> parameters;

  [[nodiscard]] const std::string& word(const std::string& name) const {
    return parameters.at(name);
  }
  [[nodiscard]] bool has(const std::string& name) const { return !parameters.at(name).empty(); }
  [[nodiscard]] std::uint64_t count(const std::string& name) const {
    return std::stoull(parameters.at(name));
  }
  [[nodiscard]] proto::Duration duration(const std::string& name) const {  // kept in microseconds
    return proto::Duration(std::stoll(parameters.at(name)));
  }
};

// What the world lends an attacker.
class Powers {
 public:
  Powers() = default;
  Powers(const Powers&) = delete;
  Powers& operator=(const Powers&) = delete;
  virtual ~Powers() = default;

  [[nodiscard]] virtual proto::TimePoint now() const = 0;
  virtual void after(proto::Duration delay, std::function<void()> work) = 0;
  // It has really done something, so often.
  virtual void applied(std::uint64_t times) = 0;
  // It has read this, in clear, where it should not be able to.
  virtual void learned(const Bytes& body) = 0;
  [[nodiscard]] virtual Host host(const std::string& name) const = 0;
  // Every certificate of an instance whose private key its master keys open: stolen, or the attacker's own instance.
  [[nodiscard]] virtual std::vector<Identity> keys_of(Host host) = 0;
  // Every certificate that an instance has, in all databases: public.
  [[nodiscard]] virtual std::vector<Identity> certificates_of(Host host) = 0;

  // ---- at a hop ----
  virtual void hand_in(Host from, Host to, proto::DialogMessage message) = 0;
  // ---- on the wire ----
  virtual void send(WireNumber wire, bool to_acceptor, Bytes bytes) = 0;
  virtual void sever(WireNumber wire) = 0;
  // ---- as a peer ----
  [[nodiscard]] virtual WireNumber connect(Host to, std::uint16_t port) = 0;
  virtual void listen(std::uint16_t port) = 0;
  virtual void write(WireNumber wire, Bytes bytes) = 0;
  virtual void close(WireNumber wire) = 0;
};

class Attack {
 public:
  Attack() = default;
  Attack(const Attack&) = delete;
  Attack& operator=(const Attack&) = delete;
  virtual ~Attack() = default;
  // The script has come to the attack's step.
  virtual void begin() = 0;
};

// A dialog message on its way.
struct Sighting {
  Host from = 0;
  Host to = 0;
  proto::DialogMessage message;
};
enum class Fate { pass, taken };

inline constexpr std::size_t kSightingsMax = 4096;

class HopAttack : public Attack {
 public:
  HopAttack(Powers& powers, const Orders& orders);
  void begin() final;
  [[nodiscard]] Fate see(Sighting& sighting);

 protected:
  virtual void start() {}
  // Of what passes once the attack has begun; may change it.
  [[nodiscard]] virtual Fate act(Sighting&) { return Fate::pass; }

  // By the parameters `from` and `kind`, where the attack has them.
  [[nodiscard]] bool is_meant(const Sighting& sighting) const;
  [[nodiscard]] const std::deque<Sighting>& history() const { return history_; }
  [[nodiscard]] std::vector<Sighting> meant_history() const;
  void hand_in(const Sighting& sighting) {
    powers_.hand_in(sighting.from, sighting.to, sighting.message);
  }

  Powers& powers_;
  Orders orders_;

 private:
  std::deque<Sighting> history_;  // the newest last
  bool has_begun_ = false;
};

class WireAttack : public Attack {
 public:
  WireAttack(Powers& powers, Orders orders) : powers_(powers), orders_(std::move(orders)) {}
  void begin() final {
    has_begun_ = true;
    start();
  }
  // A new connection; then its bytes, which go on only where the attacker sends them.
  virtual void opened(WireNumber, Host, Host) {}
  virtual void bytes(WireNumber wire, bool to_acceptor, Bytes bytes) = 0;
  // The sender of that direction closes behind what it has written: the last moment to send on.
  virtual void closing(WireNumber, bool /*to_acceptor*/) {}

 protected:
  virtual void start() {}
  [[nodiscard]] bool has_begun() const { return has_begun_; }

  Powers& powers_;
  Orders orders_;

 private:
  bool has_begun_ = false;
};

class PeerAttack : public Attack {
 public:
  PeerAttack(Powers& powers, Orders orders) : powers_(powers), orders_(std::move(orders)) {}
  // What the instance in whose place it is has sent and received before.
  virtual void see(const Sighting&) {}
  virtual void accepted(WireNumber) {}
  virtual void connected(WireNumber) {}
  virtual void received(WireNumber, const Bytes&) {}
  virtual void closed(WireNumber) {}

 protected:
  Powers& powers_;
  Orders orders_;
};

// What a message is called in a script: "begin", "sequenced", "end", "error", "ack", "broker_error".
[[nodiscard]] std::string kind_word(const Fields& header);

}  // namespace ssb::sim::attackers
