// The target service: there, its queue, its contracts; and the queue of the sender, which takes the answers.
#include <algorithm>

#include <fmt/format.h>

#include "broker/catalog/kinds.h"
#include "sim/doctor/examination.h"

namespace ssb::sim::doctor {
namespace {

void examine_queue(Examination& ex, const Place& place, const pb::Service& service,
                   const std::string& fails) {
  const pb::Queue* queue = ex.objects(place).table<pb::Queue>().find(service.queue());
  if (queue == nullptr) return;  // a service has one as long as it lives
  if (queue->is_enqueue_enabled()) {
    ex.ok(CheckId::Q002, place, queue->name(), "takes messages");
    return;
  }
  ex.not_ok(CheckId::Q002, place,
            {.object = queue->name(),
             .text = fmt::format("queue '{}' of {} is disabled (STATUS = OFF)", queue->name(),
                                 service_text(service.name())),
             .fails = fails,
             .cure = ex.cure_at(place).run(
                 fmt::format("ALTER QUEUE {} WITH STATUS = ON", bracketed(queue->name())))});
}

// A service of that name but for the case of its letters.
std::string near_miss(const Examination& ex, const std::string& service) {
  for (const Subject& subject : ex.set.all) {
    if (subject.instance == nullptr) continue;
    for (const auto& [id, database] : subject.instance->databases()) {
      const pb::Service* found = database->table<pb::Service>().find(std::string_view(service));
      if (found != nullptr)
        return fmt::format("; {}.{} has '{}', and names are compared letter by letter",
                           subject.name, subject.instance->info(id).name(), found->name());
    }
  }
  return {};
}

constexpr const char* kHeld =
    "9749 in sys.transmission_queue here: what comes is acknowledged and held; 11219 in event 160 "
    "when too much is";

// A service that none of the instances has: could another one, which was not looked at?
bool may_be_elsewhere(Examination& ex, const Place& asked_at, const std::string& service) {
  const bool is_hidden = std::ranges::any_of(
      ex.set.all, [](const Subject& subject) { return subject.instance == nullptr; });
  if (ex.set.is_whole && !is_hidden) return false;
  ex.not_tested(
      CheckId::Q001, asked_at, service,
      fmt::format("none of the instances that were looked at has {}", service_text(service)));
  return true;
}

void report_no_service(Examination& ex, const Pair& pair) {
  if (may_be_elsewhere(ex, pair.from, pair.to_service)) return;
  ex.not_ok(
      CheckId::Q001, pair.from,
      {.object = pair.to_service,
       .text = fmt::format("no database has {}, to which {} sends{}", service_text(pair.to_service),
                           service_text(pair.sender->name()), near_miss(ex, pair.to_service)),
       .fails = "9793 or 9796: messages wait in sys.transmission_queue; 11210 where a route "
                "leads"});
}

bool is_there(const Instances& set, const std::string& service) {
  return std::ranges::any_of(set.all, [&](const Subject& subject) {
    return subject.instance != nullptr &&
           std::ranges::any_of(subject.instance->databases(), [&](const auto& database) {
             return routing::find_service(*database.second, service) != nullptr;
           });
  });
}

const pb::Contract* contract_named(const catalog::Catalog& database, const std::string& name) {
  return database.table<pb::Contract>().find_if(
      [&name](const pb::Contract& contract) { return contract.name() == name; });
}

bool takes(const pb::Service& service, const pb::Contract& contract) {
  return std::ranges::find(service.contracts(), contract.id()) != service.contracts().end();
}

// Message types of one side's contract that the other side does not take from it.
std::vector<std::string> untaken(const catalog::Catalog& sender, const pb::Contract& sent,
                                 const catalog::Catalog& receiver, const pb::Contract& taken,
                                 bool by_initiator) {
  const auto is_sent = [by_initiator](const pb::Contract::Usage& usage) {
    return by_initiator ? usage.sent_by_initiator() : usage.sent_by_target();
  };
  std::vector<std::string> out;
  for (const pb::Contract::Usage& usage : sent.usages()) {
    const pb::MessageType* type = sender.table<pb::MessageType>().find(usage.message_type());
    if (type == nullptr || !is_sent(usage)) continue;
    const bool is_taken =
        std::ranges::any_of(taken.usages(), [&](const pb::Contract::Usage& other) {
          const pb::MessageType* its = receiver.table<pb::MessageType>().find(other.message_type());
          return its != nullptr && its->name() == type->name() && is_sent(other);
        });
    if (!is_taken) out.push_back(type->name());
  }
  return out;
}

void compare_contract(Examination& ex, const Pair& pair, const pb::Contract& ours,
                      const pb::Contract& theirs) {
  const catalog::Catalog& initiator = ex.objects(pair.from);
  const catalog::Catalog& target = ex.objects(*pair.to);
  const auto there = untaken(initiator, ours, target, theirs, true);
  const auto back = untaken(target, theirs, initiator, ours, false);
  if (there.empty() && back.empty()) {
    ex.ok(CheckId::Q005, *pair.to, ours.name(), "the same message types");
    return;
  }
  std::string text =
      fmt::format("contract '{}' is another one than in {}:", ours.name(), ex.text(pair.from));
  if (!there.empty())
    text += fmt::format(" the initiator may send '{}', which is not taken here",
                        fmt::join(there, "', '"));
  if (!back.empty())
    text += fmt::format("{} the target may send '{}', which is not taken there",
                        there.empty() ? "" : ";", fmt::join(back, "', '"));
  ex.not_ok(CheckId::Q005, *pair.to,
            {.object = ours.name(),
             .text = text,
             .fails = "8428, 8498, 8457 or 8437 in the sender's queue as soon as one is sent"});
}

void report_contract(Examination& ex, const Pair& pair, const std::string& name,
                     const pb::Contract* theirs) {
  Cure cure = ex.cure_at(*pair.to);
  if (theirs == nullptr) {
    const catalog::Catalog& initiator = ex.objects(pair.from);
    const pb::Contract* ours = contract_named(initiator, name);
    std::string usages;
    if (ours != nullptr) {
      for (const pb::Contract::Usage& usage : ours->usages()) {
        const pb::MessageType* type = initiator.table<pb::MessageType>().find(usage.message_type());
        if (type == nullptr) continue;
        const bool is_known = ex.objects(*pair.to).table<pb::MessageType>().find(
                                  std::string_view(type->name())) != nullptr;
        if (!is_known) cure.run("CREATE MESSAGE TYPE " + bracketed(type->name()));
        const char* by = usage.sent_by_initiator() && usage.sent_by_target() ? "ANY"
                         : usage.sent_by_initiator()                         ? "INITIATOR"
                                                                             : "TARGET";
        usages +=
            fmt::format("{}{} SENT BY {}", usages.empty() ? "" : ", ", bracketed(type->name()), by);
      }
    }
    if (!usages.empty()) cure.run(fmt::format("CREATE CONTRACT {} ({})", bracketed(name), usages));
  }
  cure.run(fmt::format("ALTER SERVICE {} (ADD CONTRACT {})", bracketed(pair.target->name()),
                       bracketed(name)));
  ex.not_ok(
      CheckId::Q004, *pair.to,
      {.object = pair.target->name(),
       .text = theirs == nullptr ? fmt::format("there is no contract '{}', on which {} sends to {}",
                                               name, service_text(pair.sender->name()),
                                               service_text(pair.target->name()))
                                 : fmt::format("{} does not take contract '{}'",
                                               service_text(pair.target->name()), name),
       .fails = fmt::format("11214 in event 160 here, -{} in the sender's queue, or nowhere "
                            "where the sender has ended the dialog",
                            theirs == nullptr ? 8425 : 8408),
       .cure = std::move(cure)});
}

// A contract of users that both databases have; else the one that is everywhere.
std::string contract_of_both(const catalog::Catalog& initiator, const catalog::Catalog& target) {
  constexpr std::int32_t kFirstOfUsers = catalog::KindOf<pb::Contract>::kFirstId;
  for (const auto& [id, contract] : target.table<pb::Contract>()) {
    if (id >= kFirstOfUsers && contract_named(initiator, contract.name()) != nullptr)
      return contract.name();
  }
  return "DEFAULT";
}

void examine_contracts(Examination& ex, const Pair& pair) {
  const catalog::Catalog& target = ex.objects(*pair.to);
  if (pair.contracts.empty() && pair.target->contracts().empty()) {
    ex.not_ok(CheckId::Q004, *pair.to,
              {.object = pair.target->name(),
               .text = fmt::format("{} takes no contract, so no dialog can be begun to it",
                                   service_text(pair.target->name())),
               .fails = "11214 in event 160 here, -8408 in the sender's queue",
               .cure = ex.cure_at(*pair.to).run(
                   fmt::format("ALTER SERVICE {} (ADD CONTRACT {})", bracketed(pair.target->name()),
                               bracketed(contract_of_both(ex.objects(pair.from), target))))});
    return;
  }
  std::vector<std::string> names = pair.contracts;
  if (names.empty()) {  // those that both sides know
    for (const std::int32_t id : pair.target->contracts()) {
      const pb::Contract* theirs = target.table<pb::Contract>().find(id);
      const bool is_shared =
          theirs != nullptr && contract_named(ex.objects(pair.from), theirs->name()) != nullptr;
      if (is_shared) names.push_back(theirs->name());
    }
  }
  for (const std::string& name : names) {
    const pb::Contract* theirs = contract_named(target, name);
    if (theirs == nullptr || !takes(*pair.target, *theirs)) {
      report_contract(ex, pair, name, theirs);
      continue;
    }
    ex.ok(CheckId::Q004, *pair.to, pair.target->name(), "takes contract '" + name + "'");
    const pb::Contract* ours = contract_named(ex.objects(pair.from), name);
    if (ours != nullptr) compare_contract(ex, pair, *ours, *theirs);
  }
}

}  // namespace

void examine_question(Examination& ex) {
  const std::string& service = ex.question.from_service;
  if (service.empty() || ex.set.all.empty() || is_there(ex.set, service)) return;
  const Place place{0, kNoDatabase};
  if (may_be_elsewhere(ex, place, service)) return;
  ex.not_ok(CheckId::Q001, place,
            {.object = service,
             .text = fmt::format("no database has {}, whose dialogs are asked about{}",
                                 service_text(service), near_miss(ex, service)),
             .fails = "8423 at BEGIN DIALOG: there is no such FROM SERVICE"});
}

void examine_target(Examination& ex, const Pair& pair) {
  examine_queue(ex, pair.from, *pair.sender, kHeld);
  if (!pair.to) {
    report_no_service(ex, pair);
    return;
  }
  if (pair.target == nullptr) {
    ex.not_ok(CheckId::Q001, *pair.to,
              {.object = pair.to_service,
               .text = fmt::format("the routes lead here, and there is no {}",
                                   service_text(pair.to_service)),
               .fails = "11210 in event 160 here: no answer"});
    return;
  }
  ex.ok(CheckId::Q001, *pair.to, pair.to_service, "there");
  examine_queue(ex, *pair.to, *pair.target,
                pair.is_local ? "9749: messages wait in sys.transmission_queue" : kHeld);
  examine_contracts(ex, pair);
}

}  // namespace ssb::sim::doctor
