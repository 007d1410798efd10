// A database that asks a Broker Configuration service: whether it can be asked, and whether its answers come back.
#include "broker/conversation/configuration.h"

#include <fmt/format.h>

#include "sim/doctor/examination.h"

namespace ssb::sim::doctor {
namespace {

std::string asked_service() {
  return std::string(routing::kBrokerConfigurationService);
}
std::string asking_service() {
  return std::string(broker::conversation::kBrokersOwnServiceName);
}

void report_no_answer(Examination& ex, const Place& place, const Place& service_at) {
  const proto::BrokerId broker = broker_of(ex.instance(place), place.database);
  const std::string name =
      free_name<pb::Route>(ex.objects(service_at), "answers_to_" + ex.database_name(place));
  const std::string address =
      service_at.subject == place.subject ? "LOCAL" : address_of(ex.subject(place));
  ex.not_ok(
      CheckId::R009, service_at,
      {.object = asking_service(),
       .text = fmt::format("the Broker Configuration service of {} is here, and its answers do not "
                           "find back: nothing leads to {} with broker id {}",
                           ex.text(place), service_text(asking_service()), broker.text()),
       .fails = "9770: whatever is asked for waits for ever",
       .cure = ex.cure_at(service_at)
                   .run(fmt::format("CREATE ROUTE {} WITH SERVICE_NAME = {}, BROKER_INSTANCE = {}, "
                                    "ADDRESS = {}",
                                    bracketed(name), literal(asking_service()),
                                    literal(broker.text()), literal(address)))});
}

}  // namespace

void examine_configuration(Examination& ex, const Place& place) {
  if (!routing::has_configuration_route(ex.objects(place), ex.now(place))) return;
  const Way there = follow(ex.set, place, asked_service(), std::nullopt, true);
  const bool is_there = there.end == Way::End::arrived &&
                        routing::find_service(ex.objects(there.place), asked_service()) != nullptr;
  if (is_there) {
    const Way back = follow(ex.set, there.place, asking_service(),
                            broker_of(ex.instance(place), place.database), false);
    if (back.end == Way::End::arrived && back.place == place)
      ex.ok(CheckId::R009, there.place, asking_service(), "answers find back");
    else
      report_no_answer(ex, place, there.place);
    return;
  }
  const bool is_unseen = there.end == Way::End::not_running ||
                         (there.end == Way::End::unknown_host && !ex.set.is_whole);
  if (is_unseen) {
    ex.not_tested(CheckId::R009, place, asked_service(), "it is on none of the instances here");
    return;
  }
  // Not there.route: what a LOCAL route does not find has none.
  const pb::Route* route = ex.objects(place).table<pb::Route>().find_if([](const pb::Route& one) {
    return one.service_name() == routing::kBrokerConfigurationService;
  });
  ex.not_ok(CheckId::R009, place,
            {.object = asked_service(),
             .text = "there is a route to the Broker Configuration service, and no such service "
                     "where it leads",
             .fails = "9770: whatever no route names waits for ever",
             .cure = ex.cure_at(place).run("DROP ROUTE " + bracketed(route->name()))});
}

void report_asked(Examination& ex, const std::string& service, const Way& way) {
  const auto here =
      routing::locate(ex.instance(way.place), service, std::nullopt, way.place.database);
  if (!here) {
    ex.not_tested(way.hops.empty() ? CheckId::R001 : CheckId::R003, way.place, service,
                  "the Broker Configuration service will be asked for a route");
    return;
  }
  const std::string name = free_name<pb::Route>(ex.objects(way.place), "to_" + service);
  ex.not_ok(CheckId::R009, way.place,
            {.object = service,
             .text = fmt::format("{} is on this instance and has no route of its own: with a route "
                                 "to the Broker Configuration service no wildcard route counts",
                                 service_text(service)),
             .fails = "9770: messages wait in sys.transmission_queue while it is asked for",
             .cure = ex.cure_at(way.place).run(
                 fmt::format("CREATE ROUTE {} WITH SERVICE_NAME = {}, ADDRESS = 'LOCAL'",
                             bracketed(name), literal(service)))});
}

}  // namespace ssb::sim::doctor
