// The links of a server: what waits for an address, and the connection that it waits for.
#include <algorithm>
#include <optional>

#include "proto/error_code.h"
#include "transport/wire/state.h"

namespace ssb::wire {
namespace {

using proto::Error;
using proto::ErrorCode;

std::string key_of(const broker::routing::Address& address) {
  std::string key = address.host + ":" + std::to_string(address.port);
  std::transform(key.begin(), key.end(), key.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return key;
}

}  // namespace

void Server::State::transmit(broker::Transmit&& transmit, proto::TimePoint now) {
  const bool is_as_before = last_spelling != nullptr && *last_spelling == transmit.address;
  std::optional<broker::routing::Address> address;
  if (!is_as_before) {
    address = broker::routing::parse_address(transmit.address);
    if (!address) {
      link_failed({transmit.address}, Error(ErrorCode::invalid_route_address, transmit.address));
      return;
    }
  }
  if (started(EndpointKind::service_broker) == nullptr) {
    link_failed({transmit.address}, Error(ErrorCode::endpoint_disabled, "Service Broker"));
    return;
  }
  const proto::DialogMessage& message = transmit.message;
  if (message.header.size() > proto::kHeaderBytesMax ||
      message.body.size() > proto::kSealedBodyBytesMax) {
    link_failed({transmit.address},
                Error(ErrorCode::packet_too_large,
                      std::to_string(message.header.size() + message.body.size()),
                      std::to_string(proto::kHeaderBytesMax + proto::kSealedBodyBytesMax)));
    return;
  }
  if (!is_as_before) find_link(*address, transmit.address);
  Link& link = *last_link;
  if (link.connection == 0 && now < link.not_before && link.last_error) {
    link_failed({transmit.address}, *link.last_error);
    return;
  }
  const std::size_t charge = proto::link_bytes_of(message);
  if (link.queued_bytes + charge > kLinkQueueBytesMax) {
    link.has_dropped = true;
    node_events.emplace_back(broker::LinkRoom{transmit.address, charge});
    return;
  }
  link.queued_bytes += charge;
  if (last_spelling == nullptr)
    node_events.emplace_back(broker::LinkRoom{transmit.address, charge});
  link.queue.push_back({std::move(transmit.message), now, last_spelling});
  if (link.connection == 0) connect_link(link, now);
}

void Server::State::find_link(const broker::routing::Address& address,
                              const std::string& spelling) {
  if (links.size() >= kLinksMax) forget_idle_links();
  Link& link = links[key_of(address)];
  if (link.address.host.empty()) link.address = address;
  if (link.spellings.size() < kSpellingsMax) link.spellings.insert(spelling);
  const auto known = link.spellings.find(spelling);
  last_link = &link;
  last_spelling = known == link.spellings.end() ? nullptr : &*known;
}

void Server::State::connect_link(Link& link, proto::TimePoint now) {
  const Connection& connection =
      open(EndpointKind::service_broker, link.address, *link.spellings.begin(), now);
  link.connection = connection.settings().id;
  follow(link.connection, now);
}

void Server::State::link_failed(const std::set<std::string>& spellings, const Error& error) {
  for (const std::string& spelling : spellings) {
    // Many messages of one batch fail for one reason: the node hears of it once.
    const bool is_known =
        std::any_of(node_events.begin(), node_events.end(), [&](const broker::Event& event) {
          const auto* failed = std::get_if<broker::LinkFailed>(&event);
          return failed != nullptr && failed->address == spelling && failed->error == error;
        });
    if (!is_known) node_events.emplace_back(broker::LinkFailed{spelling, error});
  }
}

void Server::State::link_ready(const Link& link) {
  for (const std::string& spelling : link.spellings)
    node_events.emplace_back(broker::LinkReady{spelling});
}

void Server::State::fail_link(Link& link, const Error& error, bool delays, proto::TimePoint now) {
  link.queue.clear();
  link.queued_bytes = 0;
  link.has_dropped = false;
  link.last_error = error;
  link.back_off =
      delays ? std::clamp(link.back_off * 2, kBackOffMin, kBackOffMax) : proto::Duration(0);
  link.not_before = now + link.back_off;
  link_failed(link.spellings, error);
}

void Server::State::link_lost(Link& link, const Connection& lost, Connection* other,
                              proto::TimePoint now) {
  link.connection = 0;
  const ConnectionEnd& end = *lost.end();
  if (end.kind == ConnectionEnd::Kind::failed) {
    // Neither a connection that stood, nor the change of this side's own endpoint, is a reason to wait.
    const bool had_logged_in = lost.login().phase() == Handshake::Phase::done;
    fail_link(link, *end.error, !had_logged_in && end.error->code != ErrorCode::endpoint_changed,
              now);
    return;
  }
  if (other != nullptr) {
    link.connection = other->settings().id;
    if (other->phase() == Connection::Phase::online) link_ready(link);
  } else if (!link.queue.empty()) {
    connect_link(link, now);
  }
}

void Server::State::pump(Connection& connection, proto::TimePoint now) {
  for (auto& [key, link] : links) {
    if (link.connection != connection.settings().id) continue;
    std::map<const std::string*, std::size_t> left;  // a link has few spellings, nearly always one
    while (!link.queue.empty() && connection.can_send()) {
      Waiting& next = link.queue.front();
      if (!boxcar.has_room_for(next.message)) {
        connection.send(boxcar, now);
        continue;
      }
      next.message.time_spent_us +=
          static_cast<std::uint64_t>(std::max<std::int64_t>(0, (now - next.since).count()));
      const std::size_t charge = proto::link_bytes_of(next.message);
      link.queued_bytes -= charge;
      if (next.spelling != nullptr) left[next.spelling] += charge;
      boxcar.add(next.message);
      link.queue.pop_front();
    }
    for (const std::string& spelling : link.spellings) {
      const auto bytes = left.find(&spelling);
      if (bytes != left.end()) node_events.emplace_back(broker::LinkRoom{spelling, bytes->second});
    }
    if (link.has_dropped && link.queued_bytes < kLinkQueueBytesMax / 2) {
      link.has_dropped = false;
      link_ready(link);
    }
  }
  if (!boxcar.is_empty()) connection.send(boxcar, now);
}

void Server::State::forget_idle_links() {
  last_link = nullptr;
  last_spelling = nullptr;
  std::erase_if(links, [](const auto& entry) {
    return entry.second.connection == 0 && entry.second.queue.empty();
  });
}

}  // namespace ssb::wire
