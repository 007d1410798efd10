// What each side of a conversation has of what a phase is about, as its catalog says it.
#include <algorithm>

#include <fmt/format.h>

#include "broker/catalog/permissions.h"
#include "broker/dialog/decision.h"
#include "broker/keys/key_hierarchy.h"
#include "broker/routing/route.h"
#include "sim/why/inquiry.h"

namespace ssb::sim::why {
namespace {

namespace catalog = broker::catalog;
namespace dialog = broker::dialog;
namespace pb = broker::catalog::pb;
using catalog::ObjectClass;

constexpr std::size_t kLinesMax = 8;  // of a side

std::string owner_text(const catalog::Catalog& objects, std::int32_t id) {
  if (id == catalog::kPublic) return "public";
  const auto* principal = objects.table<pb::Principal>().find(id);
  return principal == nullptr ? fmt::format("id {}, who is gone", id)
                              : fmt::format("'{}' (id {})", principal->name(), id);
}

// "1EF5…9D8D"
std::string short_hex(proto::ByteView bytes) {
  constexpr std::size_t kEnd = 4;
  const std::string hex = proto::to_hex(bytes);
  return hex.size() <= 2 * kEnd ? hex : hex.substr(0, kEnd) + "…" + hex.substr(hex.size() - kEnd);
}

std::string key_text(const pb::Certificate& row) {
  if (row.private_key_protection() == "MK") return ", private key under the master key";
  if (row.private_key_protection() == "PW") return ", private key under a password";
  return "";
}

std::string certificate_text(const pb::Certificate& row) {
  const auto& x509 = broker::keys::parsed(row);
  return fmt::format("'{}' (id {}) {} serial {}, thumbprint {}, {} to {}{}{}", row.name(), row.id(),
                     x509.issuer(), x509.serial_text(), short_hex(x509.thumbprint()),
                     proto::to_datetime_text(x509.not_before()).substr(0, 10),
                     proto::to_datetime_text(x509.not_after()).substr(0, 10), key_text(row),
                     row.is_active_for_begin_dialog() ? "" : ", not ACTIVE FOR BEGIN_DIALOG");
}

const pb::Service* service_of(const Side& side, const std::string& name) {
  return broker::routing::find_service(*side.objects, name);
}

std::string yes(bool is) {
  return is ? "yes" : "NO";
}

class Holdings {
 public:
  Holdings(const doctor::Instances& instances, const Waiting& waiting, const Cause& cause)
      : waiting_(waiting),
        cause_(cause),
        own_(own_side(instances, waiting)),
        far_(far_side(instances, waiting)) {}

  [[nodiscard]] std::vector<Held> run() {
    if (!own_.is_there()) return {};
    switch (cause_.phase) {
      case Phase::leaving: is_about_routes() ? routes() : certificates(); break;
      case Phase::locating:
      case Phase::acknowledgement: routes(); break;
      case Phase::connection: endpoints(); break;
      case Phase::security_header: certificates(); break;
      case Phase::permission: permissions(); break;
      case Phase::contents: contracts(); break;
      case Phase::queue:
      case Phase::receiving: queues(); break;
    }
    std::erase_if(out_, [](const Held& one) { return one.lines.empty(); });
    for (Held& one : out_) {
      if (one.lines.size() <= kLinesMax) continue;
      const std::size_t more = one.lines.size() - kLinesMax;
      one.lines.resize(kLinesMax);
      one.lines.push_back(fmt::format("and {} more", more));
    }
    return std::move(out_);
  }

 private:
  std::vector<std::string>& side(const Side& of) {
    out_.push_back({.place = of.place()});
    return out_.back().lines;
  }

  [[nodiscard]] bool is_about_routes() const {
    return cause_.id.starts_with("SB-R") || cause_.id.starts_with("SB-B") ||
           cause_.id.starts_with("SB-Q");
  }

  // ---- certificates ----

  void certificates() {
    if (waiting_.is_initiator) {
      initiator(own_, waiting_.own_service, waiting_.far_service);
      if (far_.is_there()) target(far_, own_, waiting_.far_service, waiting_.own_service);
    } else {
      target_that_replies();
    }
  }

  void initiator(const Side& at, const std::string& from, const std::string& to) {
    auto& lines = side(at);
    const pb::Service* service = service_of(at, from);
    if (service == nullptr) return;
    lines.push_back(
        fmt::format("service '{}' of {}", from, owner_text(*at.objects, service->owner())));
    const auto* binding = at.objects->table<pb::RemoteServiceBinding>().find_if(
        [&](const auto& row) { return row.remote_service_name() == to; });
    if (binding == nullptr) {
      lines.push_back(fmt::format("no remote service binding for '{}'", to));
    } else {
      lines.push_back(fmt::format("binding '{}': user {}, ANONYMOUS = {}", binding->name(),
                                  owner_text(*at.objects, binding->remote_principal()),
                                  binding->is_anonymous() ? "ON" : "OFF"));
    }
    if (binding == nullptr || !binding->is_anonymous())
      add_choice(lines, at, "signs with",
                 dialog::choose_signing_certificate(*at.objects, service->owner(), now(at)));
    if (binding != nullptr)
      add_choice(
          lines, at, "encrypts for",
          dialog::choose_encryption_certificate(*at.objects, binding->remote_principal(), now(at)));
    add_master_key(lines, at);
  }

  static void add_choice(std::vector<std::string>& lines, const Side& at, const char* what,
                         const dialog::CertificateChoice& choice) {
    if (const auto* taken = choice.taken()) {
      lines.push_back(fmt::format(
          "{} {}", what, certificate_text(*at.objects->table<pb::Certificate>().find(taken->id))));
    } else {
      lines.push_back(fmt::format("{} NOTHING: {}", what, choice.error->text()));
    }
    for (const auto& candidate : choice.candidates) {
      const bool is_passed_over = candidate.verdict != dialog::Verdict::taken &&
                                  candidate.verdict != dialog::Verdict::owned_by_other;
      if (is_passed_over)
        lines.push_back(fmt::format("  '{}' {}", candidate.name, candidate.reason));
    }
  }

  void target(const Side& at, const Side& peer, const std::string& to, const std::string& from) {
    auto& lines = side(at);
    const pb::Service* service = service_of(at, to);
    const pb::Service* sender = service_of(peer, from);
    if (service == nullptr || sender == nullptr) return;
    lines.push_back(
        fmt::format("service '{}' of {}", to, owner_text(*at.objects, service->owner())));
    const auto* binding = peer.objects->table<pb::RemoteServiceBinding>().find_if(
        [&](const auto& row) { return row.remote_service_name() == to; });
    const bool is_signed = binding == nullptr || !binding->is_anonymous();
    if (is_signed) {
      const auto choice =
          dialog::choose_signing_certificate(*peer.objects, sender->owner(), now(peer));
      add_copy(lines, at, peer, choice, "the signer's certificate");
    }
    if (binding != nullptr) {
      const auto choice = dialog::choose_encryption_certificate(
          *peer.objects, binding->remote_principal(), now(peer));
      add_copy(lines, at, peer, choice, "the certificate encrypted for");
    }
    add_master_key(lines, at);
    if (now(at) != now(peer))
      lines.push_back(fmt::format("its clock says {} UTC, that of {} {}",
                                  proto::to_datetime_text(now(at)), peer.subject->name,
                                  proto::to_datetime_text(now(peer))));
  }

  // By issuer and serial number, as the security header names it.
  static void add_copy(std::vector<std::string>& lines, const Side& at, const Side& peer,
                       const dialog::CertificateChoice& choice, const char* whose) {
    const auto* taken = choice.taken();
    if (taken == nullptr) return;
    const auto& row = *peer.objects->table<pb::Certificate>().find(taken->id);
    const auto& wanted = broker::keys::parsed(row);
    const auto is_named = [&](const pb::Certificate& one) {
      const auto& x509 = broker::keys::parsed(one);
      return x509.issuer_der() == wanted.issuer_der() && x509.serial() == wanted.serial();
    };
    if (const auto* copy = at.objects->table<pb::Certificate>().find_if(is_named)) {
      lines.push_back(fmt::format("{}: '{}' of {}{}{}", whose, copy->name(),
                                  owner_text(*at.objects, copy->owner()), key_text(*copy),
                                  copy->der() == row.der() ? "" : ", ANOTHER ONE"));
      return;
    }
    lines.push_back(
        fmt::format("{}, {} serial {}: NOT FOUND", whose, wanted.issuer(), wanted.serial_text()));
    for (const auto& [id, one] : at.objects->table<pb::Certificate>()) {
      if (broker::keys::parsed(one).issuer_der() == wanted.issuer_der())
        lines.push_back("  instead: " + certificate_text(one));
    }
  }

  void target_that_replies() {
    auto& lines = side(own_);
    const pb::Service* service = service_of(own_, waiting_.own_service);
    if (service == nullptr) return;
    lines.push_back(fmt::format("service '{}' of {}", waiting_.own_service,
                                owner_text(*own_.objects, service->owner())));
    const auto choice =
        dialog::choose_signing_certificate(*own_.objects, service->owner(), now(own_));
    add_choice(lines, own_, "signs with", choice);
    add_master_key(lines, own_);
    if (!far_.is_there()) return;
    auto& there = side(far_);
    const auto* binding = far_.objects->table<pb::RemoteServiceBinding>().find_if(
        [&](const auto& row) { return row.remote_service_name() == waiting_.own_service; });
    if (binding != nullptr)
      there.push_back(fmt::format("binding '{}': user {}", binding->name(),
                                  owner_text(*far_.objects, binding->remote_principal())));
    add_copy(there, far_, own_, choice, "the signer's certificate");
    add_master_key(there, far_);
  }

  static void add_master_key(std::vector<std::string>& lines, const Side& at) {
    if (at.objects->master_key() == nullptr) {
      lines.emplace_back("master key: NONE");
      return;
    }
    const bool opens = static_cast<bool>(
        broker::keys::open_by_service_master_key(*at.subject->instance, at.objects->id()));
    lines.push_back("master key opens by the service master key: " + yes(opens));
  }

  static proto::TimePoint now(const Side& at) { return at.subject->now; }

  // ---- routes ----

  void routes() {
    add_routes(own_, waiting_.own_service, waiting_.far_service);
    if (far_.is_there()) add_routes(far_, waiting_.far_service, waiting_.own_service);
  }

  void add_routes(const Side& at, const std::string& own, const std::string& other) {
    auto& lines = side(at);
    const auto& info = at.subject->instance->info(at.objects->id());
    const proto::BrokerId broker = at.broker();
    lines.push_back(fmt::format("broker {}, {}; service '{}': {}",
                                broker.is_null() ? "without id" : broker.text(),
                                info.is_broker_enabled() ? "enabled" : "DISABLED", own,
                                service_of(at, own) == nullptr ? "NOT FOUND" : "there"));
    if (own == waiting_.own_service && !waiting_.far_broker.empty())
      lines.push_back("the dialog is bound to broker " + waiting_.far_broker);
    std::size_t count = 0;
    for (const auto& [id, route] : at.objects->table<pb::Route>()) {
      if (!route.service_name().empty() && !catalog::names_equal(route.service_name(), other))
        continue;
      ++count;
      lines.push_back(fmt::format(
          "route '{}' for {}: {}{}{}", route.name(),
          route.service_name().empty() ? "any service" : "'" + route.service_name() + "'",
          route.address(),
          route.broker_instance().empty() ? "" : ", broker " + route.broker_instance(),
          route.lifetime_us() == 0
              ? ""
              : ", until " + proto::to_datetime_text(proto::from_unix_us(route.lifetime_us()))));
    }
    if (count == 0) lines.push_back(fmt::format("no route for '{}'", other));
  }

  // ---- endpoints ----

  void endpoints() {
    add_endpoint(own_, far_);
    if (far_.is_there()) add_endpoint(far_, own_);
  }

  void add_endpoint(const Side& at, const Side& peer) {
    out_.push_back({.place = at.subject->name});
    auto& lines = out_.back().lines;
    const catalog::Catalog& master = at.subject->instance->master();
    const auto* endpoint = broker_endpoint(master);
    if (endpoint == nullptr) {
      lines.emplace_back("no Service Broker endpoint");
      return;
    }
    constexpr std::array kStates{"STARTED", "STOPPED", "DISABLED"};
    const auto state = static_cast<std::size_t>(endpoint->state());
    lines.push_back(fmt::format("endpoint '{}' {}, port {}", endpoint->name(),
                                state < kStates.size() ? kStates.at(state) : "?",
                                endpoint->port()));
    const auto* own = master.table<pb::Certificate>().find(endpoint->certificate_id());
    if (own != nullptr) lines.push_back("logs in with " + certificate_text(*own));
    if (!peer.is_there() || peer.subject == at.subject) return;
    const catalog::Catalog& there = peer.subject->instance->master();
    const auto* guest = broker_endpoint(there);
    const auto* shown =
        guest == nullptr ? nullptr : there.table<pb::Certificate>().find(guest->certificate_id());
    if (shown == nullptr) return;
    const auto* known = master.table<pb::Certificate>().find_if(
        [&](const pb::Certificate& one) { return one.der() == shown->der(); });
    lines.push_back(
        known == nullptr
            ? fmt::format("certificate '{}' of {}: NOT FOUND", shown->name(), peer.subject->name)
            : fmt::format("certificate of {}: '{}' of {}", peer.subject->name, known->name(),
                          owner_text(master, known->owner())));
  }

  static const pb::Endpoint* broker_endpoint(const catalog::Catalog& master) {
    return master.table<pb::Endpoint>().find_if(
        [](const pb::Endpoint& one) { return one.kind() == pb::Endpoint::SERVICE_BROKER; });
  }

  // ---- permissions, contracts, queues ----

  void permissions() {
    const Side& at = waiting_.is_initiator ? far_ : own_;
    const Side& from = waiting_.is_initiator ? own_ : far_;
    const std::string& to = waiting_.is_initiator ? waiting_.far_service : waiting_.own_service;
    const std::string& by = waiting_.is_initiator ? waiting_.own_service : waiting_.far_service;
    if (from.is_there()) initiator(from, by, to);
    if (!at.is_there()) return;
    if (from.is_there()) {
      target(at, from, to, by);
    } else {
      (void)side(at);
    }
    const pb::Service* service = service_of(at, to);
    if (service == nullptr) return;
    auto& lines = out_.back().lines;
    std::string granted;
    for (const auto& [id, principal] : at.objects->table<pb::Principal>()) {
      if (principal.is_fixed_role() || id == service->owner() || id == catalog::kDbo) continue;
      if (catalog::has_permission(*at.objects, id, ObjectClass::service, service->id(), "SEND"))
        granted += fmt::format("{}'{}'", granted.empty() ? "" : ", ", principal.name());
    }
    lines.push_back(
        fmt::format("SEND on '{}' beside its owner: {}", to, granted.empty() ? "NOBODY" : granted));
    const auto* queue = at.objects->table<pb::Queue>().find(service->queue());
    if (queue != nullptr)
      lines.push_back(
          fmt::format("its owner may RECEIVE from '{}': {}", queue->name(),
                      yes(catalog::has_permission(*at.objects, service->owner(),
                                                  ObjectClass::object, queue->id(), "RECEIVE"))));
  }

  void contracts() {
    for (const Side* at : {&own_, &far_}) {
      if (!at->is_there()) continue;
      auto& lines = side(*at);
      const std::string& name = at == &own_ ? waiting_.own_service : waiting_.far_service;
      const pb::Service* service = service_of(*at, name);
      if (service == nullptr) continue;
      for (const std::int32_t id : service->contracts()) {
        if (const auto* contract = at->objects->table<pb::Contract>().find(id))
          lines.push_back(fmt::format("service '{}' takes contract '{}', {} message types", name,
                                      contract->name(), contract->usages_size()));
      }
      if (service->contracts().empty())
        lines.push_back(fmt::format("service '{}' takes no contract", name));
    }
  }

  void queues() {
    for (const Side* at : {&own_, &far_}) {
      if (!at->is_there()) continue;
      auto& lines = side(*at);
      const std::string& name = at == &own_ ? waiting_.own_service : waiting_.far_service;
      const pb::Service* service = service_of(*at, name);
      const auto* queue =
          service == nullptr ? nullptr : at->objects->table<pb::Queue>().find(service->queue());
      if (queue == nullptr) continue;
      lines.push_back(fmt::format(
          "queue '{}' of service '{}': STATUS = {}{}", queue->name(), name,
          queue->is_receive_enabled() && queue->is_enqueue_enabled() ? "ON" : "OFF",
          queue->is_activation_enabled() ? ", activates " + queue->activation_procedure() : ""));
      if (at == &own_ && !waiting_.monitor.empty())
        lines.push_back("its queue monitor: " + waiting_.monitor);
    }
  }

  const Waiting& waiting_;
  const Cause& cause_;
  Side own_;
  Side far_;
  std::vector<Held> out_;
};

}  // namespace

std::vector<Held> find_held(const doctor::Instances& instances, const Waiting& waiting,
                            const Cause& cause) {
  return Holdings(instances, waiting, cause).run();
}

}  // namespace ssb::sim::why
