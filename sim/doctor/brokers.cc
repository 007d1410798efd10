// Each instance by itself, and the brokers of the databases of a pair.
#include <map>

#include <fmt/format.h>

#include "broker/catalog/kinds.h"
#include "sim/doctor/examination.h"

namespace ssb::sim::doctor {
namespace {

void examine_readers(Examination& ex, const Place& place, const pb::Queue& queue) {
  if (queue.max_readers() > 0) {
    ex.ok(CheckId::Q006, place, queue.name(), fmt::format("up to {}", queue.max_readers()));
    return;
  }
  ex.not_ok(
      CheckId::Q006, place,
      {.object = queue.name(),
       .text =
           fmt::format("activation of queue '{}' is on, and MAX_QUEUE_READERS is 0", queue.name()),
       .fails = "9648 in the error log: messages are received by nobody",
       .cure = ex.cure_at(place).run(fmt::format(
           "ALTER QUEUE {} WITH ACTIVATION (MAX_QUEUE_READERS = 1)", bracketed(queue.name())))});
}

// "dbo.Process" or "[dbo].[Process]" without schema and brackets.
std::string procedure_name(const std::string& text) {
  std::string name = text.substr(text.rfind('.') == std::string::npos ? 0 : text.rfind('.') + 1);
  if (name.size() >= 2 && name.front() == '[' && name.back() == ']')
    name = name.substr(1, name.size() - 2);
  return name;
}

void examine_activation(Examination& ex, const Place& place) {
  for (const auto& [id, queue] : ex.objects(place).table<pb::Queue>()) {
    if (!queue.is_activation_enabled()) continue;
    examine_readers(ex, place, queue);
    const std::string name = procedure_name(queue.activation_procedure());
    const auto* procedure = ex.objects(place).table<pb::Module>().find(std::string_view(name));
    if (procedure != nullptr) {
      ex.ok(CheckId::Q003, place, queue.name(), "procedure '" + name + "'");
      examine_reader(ex, place, queue, *procedure);
      continue;
    }
    ex.not_ok(CheckId::Q003, place,
              {.object = queue.name(),
               .text = fmt::format("queue '{}' activates procedure '{}', which does not exist",
                                   queue.name(), queue.activation_procedure()),
               .fails = "2812 in the error log: messages are received by nobody",
               .cure = ex.cure_at(place).run(fmt::format(
                   "ALTER QUEUE {} WITH ACTIVATION (STATUS = OFF)", bracketed(queue.name())))});
  }
}

// The first of two that have one id is the one that is named.
void examine_broker_ids(Examination& ex, std::size_t subject) {
  const Place at{subject, kNoDatabase};
  for (const auto& [id, database] : ex.instance(at).databases()) {
    const proto::BrokerId broker = broker_of(ex.instance(at), id);
    const Place place{subject, id};
    if (id <= catalog::kMsdb || broker.is_null()) continue;
    for (std::size_t other = 0; other <= subject; ++other) {
      if (ex.set.all[other].instance == nullptr) continue;
      for (const auto& [other_id, unused] : ex.set.all[other].instance->databases()) {
        const Place twin{other, other_id};
        const bool is_earlier = twin < place;
        if (!is_earlier || broker_of(ex.instance(twin), other_id) != broker) continue;
        ex.not_ok(
            CheckId::B002, place,
            {.object = broker.text(),
             .text = fmt::format("broker id {} is that of {}, too", broker.text(), ex.text(twin)),
             .fails = other == subject
                          ? "9772: only one of the two can be enabled"
                          : "whichever answers first gets a dialog, 8495 for the other",
             .cure = ex.cure_at(place).run(fmt::format("ALTER DATABASE {} SET NEW_BROKER",
                                                       bracketed(ex.database_name(place))))});
      }
    }
  }
}

void examine_enabled(Examination& ex, const Place& place, const std::string& service,
                     const std::string& fails) {
  if (ex.instance(place).info(place.database).is_broker_enabled()) {
    ex.ok(CheckId::B001, place, "", "enabled");
    return;
  }
  // With an id that another database here uses, too, it cannot be enabled as it is.
  bool is_taken = false;
  for (const auto& [id, unused] : ex.instance(place).databases()) {
    is_taken =
        is_taken || (id != place.database && ex.instance(place).info(id).is_broker_enabled() &&
                     ex.instance(place).info(id).broker_id() ==
                         ex.instance(place).info(place.database).broker_id());
  }
  ex.not_ok(CheckId::B001, place,
            {.object = "",
             .text = fmt::format("the broker of database '{}', which has {}, is disabled",
                                 ex.database_name(place), service_text(service)),
             .fails = fails,
             .cure = ex.cure_at(place).run(
                 fmt::format("ALTER DATABASE {} SET {}", bracketed(ex.database_name(place)),
                             is_taken ? "NEW_BROKER" : "ENABLE_BROKER"))});
}

void examine_msdb(Examination& ex, const Place& place) {
  if (!is_without_msdb(ex, place.subject)) {
    ex.ok(CheckId::B004, place, "", "enabled");
    return;
  }
  ex.not_ok(CheckId::B004, place,
            {.object = "",
             .text = "the broker of msdb, whose routes messages from the network take, is disabled",
             .fails = "9789 in event 160 here: no answer, the sender's status stays empty",
             .cure = ex.cure_at(place).run("ALTER DATABASE [msdb] SET ENABLE_BROKER")});
}

}  // namespace

bool is_without_msdb(const Examination& ex, std::size_t subject) {
  return !ex.instance({subject, catalog::kMsdb}).info(catalog::kMsdb).is_broker_enabled();
}

void examine_instance(Examination& ex, std::size_t subject) {
  examine_service_master_key(ex, subject);
  examine_broker_ids(ex, subject);
  for (const auto& [id, database] : ex.instance({subject, kNoDatabase}).databases()) {
    if (id == catalog::kTempdb) continue;
    examine_activation(ex, {subject, id});
    examine_configuration(ex, {subject, id});
  }
  examine_endpoint(ex, subject);
}

void examine_pair_of_brokers(Examination& ex, const Pair& pair) {
  examine_enabled(ex, pair.from, pair.sender->name(),
                  "9791: messages wait in sys.transmission_queue; 8442 at BEGIN DIALOG");
  if (pair.to && pair.target != nullptr)
    examine_enabled(ex, *pair.to, pair.target->name(),
                    pair.is_local
                        ? "9796: messages wait in sys.transmission_queue; 28013 for a dialog that "
                          "knows the broker already"
                        : "11210 in event 160 at the target, as routes do not see it, 28013 for a "
                          "dialog that knows the broker already: no answer, the sender's status "
                          "stays empty");
  if (!pair.is_local && pair.to) examine_msdb(ex, {pair.to->subject, catalog::kMsdb});
}

}  // namespace ssb::sim::doctor
