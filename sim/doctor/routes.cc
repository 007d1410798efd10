// Where messages go and whether they come back: routes of the databases, msdb of each instance on the way, forwarding.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "proto/dialog_message.h"
#include "proto/error_code.h"
#include "sim/doctor/examination.h"

namespace ssb::sim::doctor {
namespace {

using proto::BrokerId;
using routing::Destination;

constexpr std::uint16_t kDefaultPort = 4022;

// A route whose name differs only in case: names compare byte by byte.
std::string near_miss(const catalog::Catalog& database, const std::string& service) {
  for (const auto& [id, route] : database.table<pb::Route>()) {
    if (route.service_name() != service && catalog::names_equal(route.service_name(), service))
      return fmt::format("; route '{}' is for '{}', and names are compared letter by letter",
                         route.name(), route.service_name());
  }
  return {};
}

std::string expired(const catalog::Catalog& database, const std::string& service,
                    proto::TimePoint now) {
  for (const auto& [id, route] : database.table<pb::Route>()) {
    const bool is_over =
        route.lifetime_us() != 0 && proto::from_unix_us(route.lifetime_us()) <= now;
    if (is_over && route.service_name() == service)
      return fmt::format("; the lifetime of route '{}' ended at {} UTC", route.name(),
                         proto::to_datetime_text(proto::from_unix_us(route.lifetime_us())));
  }
  return {};
}

Cure route_cure(const Examination& ex, const Place& at, const std::string& service,
                const std::optional<Place>& to) {
  Cure cure = ex.cure_at(at);
  if (!to && ex.set.is_whole) return cure;  // nobody has the service: that is Q001
  const bool is_here = to && to->subject == at.subject;
  const std::string address = is_here ? "LOCAL"
                              : to    ? address_of(ex.subject(*to))
                                      : "TCP://host:4022";
  const pb::Route* wrong = ex.objects(at).table<pb::Route>().find_if(
      [&](const pb::Route& route) { return catalog::names_equal(route.service_name(), service); });
  if (wrong != nullptr) {
    return cure.run("DROP ROUTE " + bracketed(wrong->name()))
        .run(fmt::format("CREATE ROUTE {} WITH SERVICE_NAME = {}, ADDRESS = {}",
                         bracketed(wrong->name()), literal(service), literal(address)));
  }
  const std::string name = free_name<pb::Route>(ex.objects(at), "to_" + service);
  return cure.run(fmt::format("CREATE ROUTE {} WITH SERVICE_NAME = {}, ADDRESS = {}",
                              bracketed(name), literal(service), literal(address)));
}

// One direction of a pair.
struct Direction {
  Place from;
  std::string service;
  std::optional<Place> to;
  bool is_back = false;

  [[nodiscard]] std::string silence() const {
    return is_back ? "acknowledgements and replies cannot leave: the sender's status stays empty, "
                     "and it sends again what was received (11218 at the target)"
                   : "messages wait in sys.transmission_queue of the sender";
  }
};

void report_no_route(Examination& ex, const Direction& way_of, const Way& way) {
  const catalog::Catalog& database = ex.objects(way_of.from);
  // A disabled broker is invisible to the routes of its own instance: that is B001.
  const bool is_hidden = way_of.to && way_of.to->subject == way_of.from.subject &&
                         !ex.instance(*way_of.to).info(way_of.to->database).is_broker_enabled();
  if (is_hidden) return;
  std::string text = fmt::format("no route for {}", service_text(way_of.service));
  if (way_of.is_back) text += " (acknowledgements cannot leave)";
  text += near_miss(database, way_of.service);
  text += expired(database, way_of.service, ex.now(way_of.from));
  ex.not_ok(CheckId::R001, way_of.from,
            {.object = way_of.service,
             .text = text,
             .fails = fmt::format("{}: {}", way.error ? way.error->number() : 0, way_of.silence()),
             .cure = route_cure(ex, way_of.from, way_of.service, way_of.to)});
}

void report_way(Examination& ex, const Direction& way_of, const Way& way) {
  const std::string route = "route '" + way.route + "'";
  if (way.end == Way::End::asked) {
    if (!ex.question.asks_configuration) return report_no_route(ex, way_of, way);
    return report_asked(ex, way_of.service, way);
  }
  if (way.end != Way::End::no_route)
    ex.ok(CheckId::R001, way_of.from, way_of.service,
          way.route.empty() ? "found without a route" : route);
  const auto bad = [&](CheckId check, const Place& place, std::string text, Cure cure) {
    ex.not_ok(
        check, place,
        {.object = way_of.service,
         .text = std::move(text),
         .fails = fmt::format("{}: {}", way.error ? way.error->number() : 0, way_of.silence()),
         .cure = std::move(cure)});
  };
  switch (way.end) {
    case Way::End::no_route: report_no_route(ex, way_of, way); return;
    case Way::End::bad_address:
    case Way::End::unknown_host: {
      if (way.end == Way::End::unknown_host && !ex.set.is_whole) {
        ex.not_tested(CheckId::R002, way.place, way_of.service,
                      fmt::format("{} leads to host '{}', which is none of the instances here",
                                  route, way.host));
        return;
      }
      bad(CheckId::R002, way.place,
          way.end == Way::End::bad_address
              ? fmt::format("the address of {} is none: {}", route, way.error->text())
              : fmt::format("{} leads to host '{}', which is not known", route, way.host),
          route_cure(ex, way.place, way_of.service, way_of.to));
      return;
    }
    case Way::End::not_running:
      ex.not_tested(CheckId::R003, way.place, way_of.service, ex.subject(way.place).why_not);
      return;
    case Way::End::refused_there:
      // A disabled broker is invisible to the routes: that is B001.
      if (way_of.to && !ex.instance(*way_of.to).info(way_of.to->database).is_broker_enabled())
        return;
      if (is_without_msdb(ex, way.place.subject)) return;  // that is B004
      ex.not_ok(CheckId::R003, way.place,
                {.object = way_of.service,
                 .text = fmt::format("{} of {} leads here, and msdb does not find {}: {}", route,
                                     ex.text(way_of.from), service_text(way_of.service),
                                     way.error->text()),
                 .fails = fmt::format(
                     "{} in event {} here: {}", way.error->number(),
                     way.error->code == proto::ErrorCode::no_route_to_forward ? 191 : 160,
                     way_of.is_back ? way_of.silence()
                                    : "no answer, the sender's status stays "
                                      "empty"),
                 .cure = route_cure(ex, way.place, way_of.service, way_of.to)});
      return;
    case Way::End::circle:
      bad(CheckId::R008, way_of.from,
          fmt::format("the routes for {} lead in a circle, by way of {}",
                      service_text(way_of.service), ex.name(way.place)),
          route_cure(ex, way_of.from, way_of.service, way_of.to));
      return;
    case Way::End::asked:
    case Way::End::arrived: break;
  }
  if (!way.hops.empty())
    ex.ok(CheckId::R003, way.place, way_of.service,
          "found by what comes over the network from " + ex.name(way_of.from));
}

void examine_forwarders(Examination& ex, const Direction& way_of, const Way& way) {
  for (std::size_t i = 0; i + 1 < way.hops.size(); ++i) {
    const Place at{way.hops[i].to, kNoDatabase};
    const pb::Endpoint* endpoint = routing::broker_endpoint(ex.instance(at));
    if (endpoint == nullptr) continue;  // E001 says so
    if (endpoint->is_message_forwarding_enabled()) {
      ex.ok(CheckId::R007, at, endpoint->name(), "forwards");
      continue;
    }
    ex.not_ok(CheckId::R007, at,
              {.object = endpoint->name(),
               .text = fmt::format("messages for {} go through here, and endpoint '{}' does not "
                                   "forward",
                                   service_text(way_of.service), endpoint->name()),
               .fails = "9792 in event 191 here: " + way_of.silence(),
               .cure = ex.cure_at(at).run(fmt::format(
                   "ALTER ENDPOINT {} FOR SERVICE_BROKER (MESSAGE_FORWARDING = ENABLED)",
                   bracketed(endpoint->name())))});
  }
}

// A route that the message takes and that will not be there for long.
void examine_lifetime(Examination& ex, const Place& place, const Way& way) {
  if (way.route.empty() || way.end == Way::End::no_route) return;
  const pb::Route* route = ex.objects(place).table<pb::Route>().find(way.route);
  if (route == nullptr || route->lifetime_us() == 0) return;
  const auto left = proto::from_unix_us(route->lifetime_us()) - ex.now(place);
  if (left > kSoon) {
    ex.ok(CheckId::R005, place, route->name(), "lasts for " + span_text(left));
    return;
  }
  ex.not_ok(
      CheckId::R005, place,
      {.object = route->name(),
       .text = fmt::format("the lifetime of route '{}' ends in {}", route->name(), span_text(left)),
       .fails = "9750 or 9793 from then on: it is passed over, not dropped",
       .cure = ex.cure_at(place).run(
           fmt::format("ALTER ROUTE {} WITH LIFETIME = 31536000", bracketed(route->name())))});
}

// Once a message was acknowledged the dialog is bound to the broker id that has answered: the routes must lead there for it, too.
void examine_binding_to_broker(Examination& ex, const Pair& pair) {
  const BrokerId broker = broker_of(ex.instance(*pair.to), pair.to->database);
  const Way bound = follow(ex.set, pair.from, pair.to_service, broker, true);
  if (bound.end == Way::End::arrived && bound.place == *pair.to) {
    ex.ok(CheckId::R004, pair.from, pair.to_service, "fits " + broker.text());
    return;
  }
  Cure cure = ex.cure_at(pair.from);
  const pb::Route* route =
      ex.objects(pair.from).table<pb::Route>().find_if([&](const pb::Route& one) {
        return one.service_name() == pair.to_service && !one.broker_instance().empty();
      });
  if (route != nullptr)
    cure.run(fmt::format("ALTER ROUTE {} WITH BROKER_INSTANCE = {}", bracketed(route->name()),
                         literal(broker.text())));
  ex.not_ok(CheckId::R004, pair.from,
            {.object = pair.to_service,
             .text = fmt::format(
                 "{} has the broker id {}; {}, and nothing else leads there once the dialog is "
                 "bound to it",
                 ex.text(*pair.to), broker.text(),
                 route == nullptr ? "no route fits it"
                                  : fmt::format("route '{}' is for {}", route->name(),
                                                route->broker_instance())),
             .fails = "9750 or 9793 from the second message on",
             .cure = std::move(cure)});
}

void examine_ambiguity(Examination& ex, const Pair& pair) {
  std::vector<std::string> others;
  for (const auto& [id, database] : ex.instance(*pair.to).databases()) {
    const bool has_it = ex.instance(*pair.to).info(id).is_broker_enabled() &&
                        routing::find_service(*database, pair.to_service) != nullptr;
    if (has_it) others.push_back(ex.instance(*pair.to).info(id).name());
  }
  const bool is_own = pair.is_local && pair.to->database == pair.from.database;
  const Place at{pair.to->subject, kNoDatabase};
  if (others.size() < 2 || is_own) {
    ex.ok(CheckId::R006, at, pair.to_service, "in one database");
    return;
  }
  ex.not_ok(CheckId::R006, at,
            {.object = pair.to_service,
             .text = fmt::format(
                 "databases {} all have {}: which one gets a new dialog is not "
                 "defined, unless BEGIN DIALOG names the broker id: TO SERVICE {}, {}",
                 fmt::join(others, ", "), service_text(pair.to_service), literal(pair.to_service),
                 literal(broker_of(ex.instance(*pair.to), pair.to->database).text())),
             .fails = "messages may come to the wrong queue"});
}

}  // namespace

std::string address_of(const Subject& subject) {
  const pb::Endpoint* endpoint =
      subject.instance == nullptr ? nullptr : routing::broker_endpoint(*subject.instance);
  return fmt::format("TCP://{}:{}", subject.name,
                     endpoint == nullptr ? kDefaultPort : endpoint->port());
}

Way follow(const Instances& set, const Place& from, const std::string& service,
           const std::optional<BrokerId>& broker, bool from_initiator) {
  Way way;
  way.place = from;
  std::set<std::size_t> seen;
  const Subject* at = &set.all.at(from.subject);
  Destination to = routing::classify(*at->instance, {from.database, service, broker}, at->now);
  way.route = to.route;
  for (;;) {
    way.error = to.error;
    if (to.kind == Destination::Kind::local) {
      way.place = {way.place.subject, to.database};
      way.end = Way::End::arrived;
      return way;
    }
    if (to.kind == Destination::Kind::delayed && to.step == routing::kAskingStep) {
      way.end = Way::End::asked;
      return way;
    }
    if (to.kind == Destination::Kind::delayed) {
      const bool is_bad = to.error && to.error->code == proto::ErrorCode::invalid_route_address;
      // What came over the network is not wanted here, and event 160 or 191 says this of it.
      if (!is_bad && !way.hops.empty())
        way.error = routing::refusal_of(*at->instance, {service, broker, from_initiator});
      way.end = is_bad             ? Way::End::bad_address
                : way.hops.empty() ? Way::End::no_route
                                   : Way::End::refused_there;
      return way;
    }
    const auto address = routing::parse_address(to.address);
    const auto next = address ? set.resolve(way.place.subject, address->host) : std::nullopt;
    if (!next) {
      way.end = Way::End::unknown_host;
      way.host = address ? address->host : to.address;
      way.error = proto::Error(proto::ErrorCode::host_unknown, way.host);
      return way;
    }
    way.hops.push_back({way.place.subject, *next, to.address});
    way.place = {*next, kNoDatabase};
    at = &set.all.at(*next);
    if (at->instance == nullptr) {
      way.end = Way::End::not_running;
      return way;
    }
    if (!seen.insert(*next).second) {
      way.end = Way::End::circle;
      way.error = proto::Error(proto::ErrorCode::hop_limit_reached, service,
                               std::to_string(proto::kHopsMax));
      return way;
    }
    way.place.database = catalog::kMsdb;
    to = routing::arrive(*at->instance, {service, broker, from_initiator}, at->now);
  }
}

void examine_routes(Examination& ex, const Pair& pair) {
  const Direction there{pair.from, pair.to_service, pair.to, false};
  const bool ends_without =
      pair.way.end == Way::End::no_route || pair.way.end == Way::End::refused_there;
  // Where nobody has the service no route could help: that is Q001.
  if (!ends_without || pair.to || !ex.set.is_whole) report_way(ex, there, pair.way);
  examine_forwarders(ex, there, pair.way);
  examine_lifetime(ex, pair.from, pair.way);
  if (!pair.to || pair.target == nullptr || pair.is_local) return;
  const Direction back{*pair.to, pair.sender->name(), pair.from, true};
  const Way way = follow(ex.set, *pair.to, pair.sender->name(),
                         broker_of(ex.instance(pair.from), pair.from.database), false);
  report_way(ex, back, way);
  examine_forwarders(ex, back, way);
  examine_lifetime(ex, *pair.to, way);
  if (way.end == Way::End::arrived && way.place != pair.from) {
    ex.not_ok(CheckId::R004, *pair.to,
              {.object = pair.sender->name(),
               .text = fmt::format("what goes back to {} comes to {}, not to {}",
                                   service_text(pair.sender->name()), ex.text(way.place),
                                   ex.text(pair.from)),
               .fails = "11209 there: " + back.silence(),
               .cure = route_cure(ex, *pair.to, pair.sender->name(), pair.from)});
  }
  if (pair.way.end != Way::End::arrived) return;
  examine_binding_to_broker(ex, pair);
  examine_ambiguity(ex, pair);
}

}  // namespace ssb::sim::doctor
