#include "sim/network.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "proto/error_code.h"

namespace ssb::sim {

using proto::Error;
using proto::ErrorCode;
using wire::ConnectionId;

namespace {

constexpr std::uint16_t kFirstClientPort = 49152;  // RFC 6335's dynamic ports

}  // namespace

Network::Network(Scheduler& scheduler, Random random, Deliver deliver, Observe observe)
    : scheduler_(scheduler),
      random_(std::move(random)),
      deliver_(std::move(deliver)),
      observe_(std::move(observe)) {}

std::string Network::address_of(HostNumber host) {
  return fmt::format("10.0.{}.{}", (host + 1) / 256, (host + 1) % 256);
}

std::optional<HostNumber> Network::host_of(std::string_view address) {
  constexpr std::string_view kPrefix = "10.0.";
  if (!address.starts_with(kPrefix)) return std::nullopt;
  HostNumber high = 0;
  HostNumber low = 0;
  const char* end = address.data() + address.size();
  const auto first = std::from_chars(address.data() + kPrefix.size(), end, high);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '.') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, low);
  if (second.ec != std::errc() || high * 256 + low == 0) return std::nullopt;
  return high * 256 + low - 1;
}

void Network::post(proto::TimePoint time, std::function<void()> work) {
  ++in_flight_;
  scheduler_.at(time, [this, work = std::move(work)] {
    --in_flight_;
    work();
  });
}

void Network::depart(HostNumber from, HostNumber to, std::function<void()> work) {
  if (links_[{from, to}].is_partitioned) {
    held_[{from, to}].push_back(std::move(work));
  } else {
    work();
  }
}

Network::End* Network::find(const EndKey& key, std::uint64_t generation) {
  const auto found = ends_.find(key);
  return found == ends_.end() || found->second.generation != generation ? nullptr : &found->second;
}

// ---- connecting ----

void Network::connect(HostNumber from, ConnectionId id, std::optional<HostNumber> target,
                      const std::string& name, std::uint16_t port) {
  const EndKey key(from, id);
  const std::uint64_t generation = ++last_generation_;
  connecting_[key] = generation;
  if (!target) {
    fail_connect(key, generation, Error(ErrorCode::host_unknown, name), {});
    return;
  }
  const LinkSettings& there = links_[{from, *target}];
  const LinkSettings& back = links_[{*target, from}];
  const bool is_lost = there.connects == LinkSettings::Connects::lost;
  if (is_lost || there.is_partitioned || back.is_partitioned) {
    probe(is_lost ? "network.connect_lost" : "network.partitioned");
    fail_connect(key, generation,
                 Error(ErrorCode::connection_failed, fmt::format("{}:{}", name, port), "timed out"),
                 kConnectTimeout);
    return;
  }
  if (there.stalled_until > scheduler_.now()) probe("network.stalled");
  post(std::max(scheduler_.now(), there.stalled_until) + there.delay,
       [this, key, generation, target = *target, name, port] {
         attempt(key, generation, target, name, port);
       });
}

void Network::fail_connect(const EndKey& from, std::uint64_t generation, Error error,
                           proto::Duration after) {
  post(scheduler_.now() + after, [this, from, generation, error = std::move(error)] {
    const auto attempted = connecting_.find(from);
    if (attempted == connecting_.end() || attempted->second != generation) return;
    connecting_.erase(attempted);
    deliver_(from.first, wire::ConnectFailed{from.second, error});
  });
}

void Network::attempt(const EndKey& from, std::uint64_t generation, HostNumber target,
                      const std::string& name, std::uint16_t port) {
  const auto attempted = connecting_.find(from);
  if (attempted == connecting_.end() || attempted->second != generation) return;
  const auto listener = listeners_.find({target, port});
  const LinkSettings& back = links_[{target, from.first}];
  const bool is_refused = links_[{from.first, target}].connects == LinkSettings::Connects::refused;
  if (is_refused) probe("network.connect_refused");
  if (is_refused || listener == listeners_.end()) {
    fail_connect(
        from, generation,
        Error(ErrorCode::connection_failed, fmt::format("{}:{}", name, port), "connection refused"),
        back.delay);
    return;
  }
  connecting_.erase(attempted);
  last_client_port_ = std::max<std::uint16_t>(kFirstClientPort, last_client_port_ + 1);
  const EndKey there(target, next_connection(target));
  End near;
  near.peer = there;
  near.generation = generation;
  near.is_opener = true;
  near.local = fmt::format("{}:{}", address_of(from.first), last_client_port_);
  near.remote = fmt::format("{}:{}", address_of(target), port);
  End far;
  far.peer = from;
  far.generation = generation;
  far.local = near.remote;
  far.remote = near.local;
  far.last_arrival = scheduler_.now() + back.delay;  // nothing overtakes the answer to the SYN
  ends_[from] = near;
  ends_[there] = far;
  deliver_(target, wire::Accepted{there.second, listener->second, far.remote});
  post(far.last_arrival, [this, from, generation] {
    if (find(from, generation) != nullptr) deliver_(from.first, wire::Connected{from.second});
  });
}

// ---- bytes ----

proto::TimePoint Network::arrival(End& from, HostNumber from_host, std::size_t bytes) {
  const LinkSettings& link = links_[{from_host, from.peer.first}];
  auto start = std::max({scheduler_.now(), from.wire_free_at, link.stalled_until});
  if (link.stalled_until > scheduler_.now()) probe("network.stalled");
  if (link.delay != LinkSettings().delay) probe("network.delayed");
  if (link.bytes_per_second) {
    probe("network.slowed");
    start += proto::Duration(static_cast<std::int64_t>(bytes) * 1'000'000 /
                             std::max<std::int64_t>(1, *link.bytes_per_second));
  }
  from.wire_free_at = start;
  proto::Duration delay = link.delay;
  if (link.jitter.count() > 0) {
    probe("network.jittered");
    delay += proto::Duration(static_cast<std::int64_t>(
        random_.below(static_cast<std::uint64_t>(link.jitter.count()) + 1)));
  }
  from.last_arrival = std::max(from.last_arrival, start + delay);
  if (link.clog.count() > 0) {
    probe("network.clogged");
    const std::int64_t clog = link.clog.count();
    const std::int64_t at = proto::to_unix_us(from.last_arrival);
    from.last_arrival = proto::from_unix_us((at + clog - 1) / clog * clog);
  }
  return from.last_arrival;
}

void Network::write(HostNumber from, ConnectionId id, proto::Bytes bytes) {
  const auto end = ends_.find({from, id});
  if (end == ends_.end()) return;
  if (observe_) observe_(from, true, end->second.local, end->second.remote, bytes);
  if (is_tapped(end->first, end->second, bytes)) return;
  LinkSettings& link = links_[{from, end->second.peer.first}];
  if (link.corrupt_next > 0 && !bytes.empty()) {
    --link.corrupt_next;
    probe("network.corrupted");
    bytes[random_.below(bytes.size())] ^= static_cast<std::uint8_t>(1 + random_.below(255));
  }
  // Either the bytes are held back, or what would say that they have come.
  const HostNumber to = end->second.peer.first;
  for (const auto& way : {std::pair(from, to), std::pair(to, from)}) {
    const LinkSettings& one_way = links_[way];
    if (!one_way.is_partitioned) continue;
    probe("network.partitioned");
    scheduler_.at(scheduler_.now() + kRetransmitTimeout,
                  [this, key = EndKey(from, id), generation = end->second.generation, way,
                   partition = one_way.partitions] { time_out(key, generation, way, partition); });
  }
  depart(from, to,
         [this, key = EndKey(from, id), generation = end->second.generation,
          bytes = std::move(bytes)]() mutable {
           if (End* here = find(key, generation))
             send(*here, key.first, std::move(bytes), TellWriter::at_arrival);
         });
}

Network::Tapped Network::tapped(const EndKey& key, const End& end) {
  const HostNumber peer = end.peer.first;
  return {end.generation, end.is_opener ? key.first : peer, end.is_opener ? peer : key.first};
}

// An attacker who takes bytes answers for them: to their sender they have left.
bool Network::is_tapped(const EndKey& key, const End& end, const proto::Bytes& bytes) {
  if (!tap) return false;
  const std::uint64_t generation = end.generation;
  if (!tap(tapped(key, end), end.is_opener, bytes)) return false;
  post(scheduler_.now(), [this, key, generation, size = bytes.size()] {
    if (find(key, generation) != nullptr) deliver_(key.first, wire::Written{key.second, size});
  });
  return true;
}

void Network::inject(std::uint64_t connection, bool to_acceptor, proto::Bytes bytes) {
  for (const auto& [key, end] : ends_) {
    if (end.generation != connection || end.is_opener != to_acceptor) continue;
    depart(key.first, end.peer.first, [this, key = key, connection, bytes = std::move(bytes)] {
      if (End* here = find(key, connection)) send(*here, key.first, bytes, TellWriter::before);
    });
    return;
  }
}

void Network::sever(std::uint64_t connection) {
  std::vector<EndKey> gone;
  for (const auto& [key, end] : ends_) {
    if (end.generation == connection) gone.push_back(key);
  }
  for (const EndKey& key : gone) {
    ends_.erase(key);
    post(scheduler_.now(), [this, key] {
      deliver_(key.first, wire::Closed{key.second, "connection reset by peer"});
    });
  }
}

void Network::send(End& from, HostNumber from_host, proto::Bytes bytes, TellWriter tell) {
  const auto time = arrival(from, from_host, bytes.size());
  const LinkSettings& link = links_[{from_host, from.peer.first}];
  const auto there = ends_.find(from.peer);
  if (tell == TellWriter::at_arrival && link.clog.count() > 0 && there != ends_.end()) {
    tell = TellWriter::before;
    post(scheduler_.now() + link.delay,
         [this, writer = there->second.peer, generation = from.generation, size = bytes.size()] {
           tell_writer(writer, generation, size);
         });
  }
  post(time,
       [this, peer = from.peer, generation = from.generation, from_host, bytes = std::move(bytes),
        tell]() mutable { arrive(peer, generation, from_host, std::move(bytes), tell); });
}

void Network::arrive(const EndKey& to, std::uint64_t generation, HostNumber from_host,
                     proto::Bytes bytes, TellWriter tell) {
  const End* there = find(to, generation);
  if (there == nullptr) return;  // it has gone: the bytes fall on the floor
  const EndKey here(from_host, there->peer.second);
  const std::size_t size = bytes.size();
  if (observe_) observe_(to.first, false, there->local, there->remote, bytes);
  deliver_(to.first, wire::Received{to.second, std::move(bytes)});
  if (tell == TellWriter::at_arrival) tell_writer(here, generation, size);
}

void Network::tell_writer(const EndKey& writer, std::uint64_t generation, std::size_t bytes) {
  if (find(writer, generation) == nullptr) return;
  deliver_(writer.first, wire::Written{writer.second, bytes});
}

// ---- ends ----

void Network::close(HostNumber from, ConnectionId id) {
  connecting_.erase({from, id});
  const auto found = ends_.find({from, id});
  if (found == ends_.end()) return;
  if (tap_closing) tap_closing(tapped(found->first, found->second), found->second.is_opener);
  End end = std::move(found->second);
  ends_.erase(found);
  send_close(std::move(end), from, "");
}

void Network::send_close(End from, HostNumber from_host, const std::string& reason) {
  const HostNumber to = from.peer.first;
  depart(from_host, to, [this, from = std::move(from), from_host, reason]() mutable {
    const auto time = arrival(from, from_host, 0);
    post(time, [this, peer = from.peer, generation = from.generation, reason] {
      if (find(peer, generation) == nullptr) return;
      ends_.erase(peer);
      deliver_(peer.first, wire::Closed{peer.second, reason});
    });
  });
}

// Bytes have waited in vain: TCP gives up at the end that sent them.
void Network::time_out(const EndKey& key, std::uint64_t generation,
                       const std::pair<HostNumber, HostNumber>& blocked, std::uint64_t partition) {
  const End* end = find(key, generation);
  if (end == nullptr) return;
  const LinkSettings& link = links_[blocked];
  if (!link.is_partitioned || link.partitions != partition) return;  // they have left since
  End gone = *end;
  ends_.erase(key);
  deliver_(key.first, wire::Closed{key.second, "timed out"});
  send_close(std::move(gone), key.first, "connection reset by peer");
}

void Network::remove_host(HostNumber host) {
  std::erase_if(listeners_, [&](const auto& entry) { return entry.first.first == host; });
  std::erase_if(connecting_, [&](const auto& entry) { return entry.first.first == host; });
  std::vector<End> gone;
  for (const auto& [key, end] : ends_) {
    if (key.first == host) gone.push_back(end);
  }
  std::erase_if(ends_, [&](const auto& entry) { return entry.first.first == host; });
  for (End& end : gone) send_close(std::move(end), host, "connection reset by peer");
}

void Network::listen(HostNumber host, const wire::Listen& listen) {
  const auto [place, is_free] = listeners_.try_emplace({host, listen.port}, listen.kind);
  wire::ListenResult result{listen.kind, listen.port, std::nullopt};
  if (!is_free) result.error = Error(ErrorCode::port_in_use, "in use");
  deliver_(host, std::move(result));
}

void Network::stop_listening(HostNumber host, wire::EndpointKind kind) {
  std::erase_if(listeners_, [&](const auto& entry) {
    return entry.first.first == host && entry.second == kind;
  });
}

// ---- faults ----

void Network::cut(HostNumber one, HostNumber other) {
  probe("network.cut");
  std::vector<std::pair<EndKey, End>> gone;
  for (const auto& [key, end] : ends_) {
    const bool is_between = (key.first == one && end.peer.first == other) ||
                            (key.first == other && end.peer.first == one);
    if (is_between) gone.emplace_back(key, end);
  }
  for (const auto& [key, end] : gone) {
    ends_.erase(key);
    deliver_(key.first, wire::Closed{key.second, "connection reset by peer"});
  }
}

void Network::partition(HostNumber one, HostNumber other) {
  block(one, other);
  block(other, one);
}

void Network::block(HostNumber from, HostNumber to) {
  LinkSettings& link = links_[{from, to}];
  if (!std::exchange(link.is_partitioned, true)) ++link.partitions;
}

void Network::unblock(HostNumber from, HostNumber to) {
  links_[{from, to}].is_partitioned = false;
  const auto waiting = held_.extract({from, to});
  if (waiting.empty()) return;
  for (const auto& work : waiting.mapped()) work();
}

void Network::heal() {
  for (auto& [key, link] : links_) {
    const std::uint64_t partitions = link.partitions;
    link = LinkSettings();
    link.partitions = partitions;
  }
  const auto waiting = std::exchange(held_, {});
  for (const auto& [key, works] : waiting) {
    for (const auto& work : works) work();
  }
}

}  // namespace ssb::sim
