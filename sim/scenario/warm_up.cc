#include "sim/scenario/warm_up.h"

#include <algorithm>
#include <memory>
#include <string>

#include "proto/adjacent.pb.h"
#include "proto/catalog.pb.h"
#include "proto/envelope.pb.h"
#include "proto/stored.pb.h"

namespace ssb::sim::scenario {
namespace {

namespace pb = google::protobuf;

bool counts_allocations(const Step& step) {
  const auto* crash = std::get_if<Crash>(&step.action);
  return crash != nullptr && crash->after && crash->counted == Crash::Counted::allocation;
}

// Written, read and shown once, as are those that stand within it.
void use(const pb::Descriptor& type) {
  const pb::Message* const prototype = pb::MessageFactory::generated_factory()->GetPrototype(&type);
  const std::unique_ptr<pb::Message> message(prototype->New());
  static_cast<void>(message->ParseFromString(message->SerializeAsString()));
  static_cast<void>(message->DebugString());
  for (int i = 0; i < type.nested_type_count(); ++i) use(*type.nested_type(i));
}

void use_all_of(const pb::FileDescriptor& file) {
  for (int i = 0; i < file.message_type_count(); ++i) use(*file.message_type(i));
}

}  // namespace

void warm_up(const Script& script, const std::function<void(const Script&)>& run) {
  const auto counted = std::count_if(script.steps.begin(), script.steps.end(), counts_allocations);
  if (counted == 0) return;
  use_all_of(*proto::adjacent::AdjacentHeader::descriptor()->file());
  use_all_of(*proto::envelope::DialogHeader::descriptor()->file());
  use_all_of(*proto::catalog::Database::descriptor()->file());
  use_all_of(*proto::stored::Conversation::descriptor()->file());
  Script without = script;
  std::erase_if(without.steps, counts_allocations);
  run(without);
  if (counted > 1) run(script);
}

}  // namespace ssb::sim::scenario
