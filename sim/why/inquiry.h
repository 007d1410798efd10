// The inside of `explain`: what waits, what the events say of it, what each side holds. Private to this folder.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/doctor/doctor.h"
#include "sim/scenario/simulated.h"
#include "sim/why/play.h"
#include "sim/why/why.h"

namespace ssb::sim::why {

// ---- what waits ----

// Every conversation with a message in a transmission queue, those in ERROR, those whose message was refused and is nowhere, and those
// with messages on a queue that is activated and not read.
[[nodiscard]] std::vector<Waiting> find_waiting(scenario::Simulation& simulation);
// Whether a database has a conversation of that handle or id, or the events have one of that id.
[[nodiscard]] bool is_conversation(scenario::Simulation& simulation,
                                   const std::string& conversation);
// Whether that message, or a message before it, is still in its transmission queue, or on its queue.
[[nodiscard]] bool is_waiting(scenario::Simulation& simulation, const Waiting& waiting);

// ---- what the events say ----

struct Symptom {
  enum class Special {
    none,
    nothing_arrives,
    under_way,
    is_over,
    acknowledgement_lost,
    never_sent
  } special = Special::none;
  Phase phase = Phase::leaving;
  std::string node;        // that says so
  std::string database;    // of that node; empty: the instance
  std::set<int> numbers;   // of errors
  std::string looked_for;  // a certificate that a security header names
  std::string contract;    // that the other side does not take
  std::string taken_for;   // who the other side takes the sender for
  std::string said;        // the last line that an activated procedure wrote
  std::string asked_for;   // of the Broker Configuration service: "route", "remote service binding"
  std::vector<Evidence> evidence;
};
// A detail of a record; empty where it has none of that name.
[[nodiscard]] inline std::string value_of(const proto::TraceRecord& record, std::string_view key) {
  const std::string* value = record.find(key);
  return value == nullptr ? "" : *value;
}
// An Error message of the other side's broker, or of one's own, has put a side of a conversation into ERROR.
[[nodiscard]] inline bool is_end_by_broker(const proto::TraceRecord& record) {
  return record.subclass_name == "Broker Error" ||
         (record.event == proto::EventClass::conversation &&
          record.subclass_name == "Broker Initiated Error");
}
[[nodiscard]] Symptom read_symptom(const Waiting& waiting,
                                   const std::vector<scenario::NodeRecord>& records);
// Whether a record says that this message has come to its queue, or has ended the dialog there.
[[nodiscard]] bool is_delivery(const scenario::NodeRecord& record, const Waiting& waiting);

// ---- what is at fault ----

[[nodiscard]] Cause find_cause(const doctor::Instances& instances, const Waiting& waiting,
                               const Symptom& symptom);
// What each side has of what the phase is about.
[[nodiscard]] std::vector<Held> find_held(const doctor::Instances& instances,
                                          const Waiting& waiting, const Cause& cause);
// The database of the set that has the service, preferably at that place; nullptr subject: none has.
struct Side {
  const doctor::Subject* subject = nullptr;
  const broker::catalog::Catalog* objects = nullptr;
  std::string database;

  [[nodiscard]] bool is_there() const { return objects != nullptr; }
  [[nodiscard]] std::string place() const { return subject->name + "." + database; }
  // Null where the database has none.
  [[nodiscard]] proto::BrokerId broker() const {
    const auto& info = subject->instance->info(objects->id());
    return proto::BrokerId::from_bytes(proto::as_bytes(info.broker_id()))
        .value_or(proto::BrokerId{});
  }
};
[[nodiscard]] inline Side side_at(const doctor::Subject& subject,
                                  const broker::catalog::Catalog& objects) {
  return {.subject = &subject,
          .objects = &objects,
          .database = subject.instance->info(objects.id()).name()};
}
[[nodiscard]] Side own_side(const doctor::Instances& instances, const Waiting& waiting);
[[nodiscard]] Side far_side(const doctor::Instances& instances, const Waiting& waiting);

// ---- the cure ----

// Adds the causes that come to light after the first one's cure. `control` is the run that went on for kTrial without any.
void try_cures(const Subject& subject, Play& control, Explanation& explanation);

}  // namespace ssb::sim::why
