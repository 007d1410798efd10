#include "sim/workload/topology.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "proto/check.h"
#include "proto/overloaded.h"

namespace ssb::sim::workload {
namespace {

Certificate* held(World& world, std::size_t database, std::string_view name) {
  for (Certificate& certificate : world.databases[database].certificates) {
    if (certificate.name == name) return &certificate;
  }
  return nullptr;
}

}  // namespace

const Acquaintance* World::acquaintance(std::size_t verifier, std::size_t peer) const {
  for (const Acquaintance& known : acquaintances) {
    if (known.verifier == verifier && known.peer == peer) return &known;
  }
  return nullptr;
}

const Certificate* World::certificate(std::size_t database, std::string_view name) const {
  for (const Certificate& certificate : databases[database].certificates) {
    if (certificate.name == name) return &certificate;
  }
  return nullptr;
}

const Binding* World::binding(std::size_t database, std::string_view service) const {
  for (const Binding& binding : bindings) {
    if (binding.database == database && binding.service == service) return &binding;
  }
  return nullptr;
}

void apply(const Change& change, World& world) {
  std::visit(
      proto::Overloaded{
          [&](const MakeCertificate& c) {
            world.databases[c.database].certificates.push_back(c.certificate);
          },
          [&](const CopyCertificate& c) {
            const Certificate* original = world.certificate(c.from, c.name);
            SSB_CHECK(original != nullptr);
            Certificate copy = *original;
            copy.owner = c.owner;
            copy.is_active = true;
            copy.key = PrivateKey::none;
            copy.made_in = world.databases[c.from].name;
            world.databases[c.to].certificates.push_back(std::move(copy));
          },
          [&](const SetActive& c) { held(world, c.database, c.name)->is_active = c.is_active; },
          [&](const DropCertificate& c) {
            std::erase_if(world.databases[c.database].certificates,
                          [&](const Certificate& x) { return x.name == c.name; });
          },
          [&](const SetPermission& c) {
            auto& all = world.services[c.service].permissions;
            // GRANT and DENY take each other's place, REVOKE takes either away.
            std::erase_if(all, [&](const Permission& p) {
              const bool is_send = p.kind != Permission::Kind::control;
              return p.user == c.permission.user &&
                     is_send == (c.permission.kind != Permission::Kind::control);
            });
            if (!c.is_revoked) all.push_back(c.permission);
          },
          [&](const AddBinding& c) { world.bindings.push_back(c.binding); },
          [&](const AddRoute& c) { world.routes.push_back(c.route); },
          [&](const SetMasterKey& c) { world.databases[c.database].master_key = c.state; },
          [&](const PassTime& c) { world.now_h += c.hours; },
          [&](const RestartInstance&) {},
      },
      change);
}

std::string date_text(int hour) {
  using namespace std::chrono;
  constexpr sys_days kBegin = year(2020) / March / 1;  // kStoryBegins
  const auto moment = kBegin + hours(hour);
  const auto day = floor<days>(moment);
  const year_month_day date(day);
  return fmt::format("{:04}-{:02}-{:02} {:02}:00", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     duration_cast<hours>(moment - day).count());
}

int unused_expiry(const World& world, int from_h) {
  int expiry_h = from_h;
  const auto is_used = [&] {
    for (const Database& database : world.databases) {
      for (const Certificate& certificate : database.certificates) {
        if (certificate.expiry_h == expiry_h) return true;
      }
    }
    return false;
  };
  while (is_used()) expiry_h += kHoursOfDay;
  return expiry_h;
}

}  // namespace ssb::sim::workload
