// What waits: sys.transmission_queue and sys.conversation_endpoints of every database of every instance that runs.
#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include <fmt/format.h>

#include "proto/error_code.h"
#include "sim/doctor/cure.h"
#include "sim/scenario/look.h"
#include "sim/scenario/near.h"
#include "sim/scenario/value_text.h"
#include "sim/why/inquiry.h"

namespace ssb::sim::why {
namespace {

using proto::EventClass;
using scenario::NodeRecord;
using scenario::value_text;

std::uint64_t number_of(const std::string& text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Empty for NULL.
std::string guid_text(const broker::store::Value& value) {
  const std::string text = value_text(value);
  return proto::Guid::parse(text) ? text : "";
}

struct Conversation {
  std::string id, state, far_service, far_broker;
  bool is_initiator = true;
  proto::TimePoint expires = proto::kNever;
};
using Conversations = std::map<std::string, Conversation>;  // by handle

Conversations conversations_of(scenario::Simulation& simulation, const std::string& node,
                               const std::string& database) {
  Conversations out;
  const auto looked =
      scenario::look_at(simulation, node, database,
                        "SELECT conversation_handle, conversation_id, is_initiator, state_desc, "
                        "far_service, far_broker_instance, CONVERT(varchar(30), lifetime, 121) "
                        "FROM sys.conversation_endpoints");
  for (const auto& row : looked.rows())
    out[value_text(row.at(0))] = {
        .id = value_text(row.at(1)),
        .state = value_text(row.at(3)),
        .far_service = value_text(row.at(4)),
        .far_broker = guid_text(row.at(5)),
        .is_initiator = value_text(row.at(2)) == "1",
        .expires = proto::parse_datetime(value_text(row.at(6))).value_or(proto::kNever)};
  return out;
}

void add_messages(scenario::Simulation& simulation, const std::string& node,
                  const std::string& database, const Conversations& conversations,
                  std::vector<Waiting>& out) {
  const auto looked = scenario::look_at(
      simulation, node, database,
      "SELECT conversation_handle, from_service_name, to_service_name, message_sequence_number, "
      "message_type_name, transmission_status FROM sys.transmission_queue");
  using Key = std::pair<std::string, bool>;  // the handle, and whether it is held for that side
  std::map<Key, Waiting> found;
  std::vector<Key> order;
  for (const auto& row : looked.rows()) {
    const std::string handle = value_text(row.at(0));
    const std::uint64_t sequence = number_of(value_text(row.at(3)));
    const auto conversation = conversations.find(handle);
    const bool is_held = conversation != conversations.end() &&
                         value_text(row.at(2)) != conversation->second.far_service;
    const auto [place, is_new] = found.try_emplace({handle, is_held});
    Waiting& waiting = place->second;
    if (is_new) order.emplace_back(handle, is_held);
    waiting.behind += is_new ? 0 : 1;
    if (!is_new && waiting.sequence < sequence) continue;
    waiting.node = node;
    waiting.database = database;
    waiting.handle = handle;
    waiting.own_service = value_text(row.at(1));
    waiting.far_service = value_text(row.at(2));
    waiting.sequence = sequence;
    waiting.message_type = value_text(row.at(4));
    waiting.status = value_text(row.at(5));
    if (conversation == conversations.end()) continue;
    waiting.conversation_id = conversation->second.id;
    waiting.is_initiator = conversation->second.is_initiator != is_held;
    waiting.is_held = is_held;
    if (is_held) continue;  // it stays when the lifetime ends
    waiting.far_broker = conversation->second.far_broker;
    waiting.expires = conversation->second.expires;
  }
  for (const Key& key : order) out.push_back(std::move(found.at(key)));
}

const NodeRecord* last_broker_error(const std::vector<NodeRecord>& records, const std::string& node,
                                    const Conversation& conversation) {
  const std::string_view role = conversation.is_initiator ? "initiator" : "target";
  const auto found = std::find_if(records.rbegin(), records.rend(), [&](const NodeRecord& one) {
    return one.node == node && is_end_by_broker(one.record) &&
           value_of(one.record, "role") == role &&
           scenario::equal_ignoring_case(one.record.conversation_id, conversation.id);
  });
  return found == records.rend() ? nullptr : &*found;
}

void add_errors(const scenario::Simulation& simulation, const std::string& node,
                const std::string& database, const Conversations& conversations,
                std::vector<Waiting>& out) {
  for (const auto& [handle, conversation] : conversations) {
    if (conversation.state != "ERROR") continue;
    const NodeRecord* error = last_broker_error(simulation.records(), node, conversation);
    if (error == nullptr) continue;  // the other side's own END CONVERSATION WITH ERROR
    const bool is_own = error->record.event == EventClass::conversation;
    out.push_back({.kind = Waiting::Kind::error,
                   .node = node,
                   .database = database,
                   .handle = handle,
                   .conversation_id = conversation.id,
                   .is_initiator = conversation.is_initiator,
                   .own_service = value_of(error->record, "from_service"),
                   .far_service = conversation.far_service,
                   .message_type = {},
                   .status = is_own ? value_of(error->record, "code") : error->record.text,
                   .is_by_own_broker = is_own});
  }
}

// Refused there, delivered never, and its sender's side of the conversation is gone.
void add_lost(const std::vector<NodeRecord>& records, const std::set<std::string>& alive,
              std::vector<Waiting>& out) {
  std::map<std::string, Waiting> refused;  // by conversation
  std::map<std::string, const NodeRecord*> senders;
  for (const NodeRecord& one : records) {
    const std::string& conversation = one.record.conversation_id;
    const std::string* from = one.record.find("from_service");
    const std::string* to = one.record.find("to_service");
    if (conversation.empty() || alive.contains(conversation) || from == nullptr || to == nullptr)
      continue;
    const std::string* role = one.record.find("role");
    if (one.record.event == EventClass::message_sent && role != nullptr && *role == "initiator")
      senders[conversation] = &one;
    if (one.record.event == EventClass::message_delivered &&
        one.record.subclass_name == "Delivered")
      refused.erase(conversation);
    const bool is_refusal = one.record.event == EventClass::message_undeliverable &&
                            one.record.subclass == 1 && one.record.error &&
                            one.record.error->code != proto::ErrorCode::duplicate_message;
    if (!is_refusal || !senders.contains(conversation)) continue;
    const NodeRecord& sender = *senders.at(conversation);
    refused[conversation] = {.kind = Waiting::Kind::lost,
                             .node = sender.node,
                             .database = sender.record.database,
                             .conversation_id = conversation,
                             .own_service = *from,
                             .far_service = *to,
                             .status = std::to_string(one.record.error->number())};
  }
  for (auto& [conversation, waiting] : refused) out.push_back(std::move(waiting));
}

// "[dbo].[Orders]"
std::string queue_text(const std::string& schema, const std::string& name) {
  return doctor::bracketed(schema) + "." + doctor::bracketed(name);
}

void add_unread_of(scenario::Simulation& simulation, const Waiting& of_queue,
                   const Conversations& conversations, std::vector<Waiting>& out) {
  const auto looked = scenario::look_at(
      simulation, of_queue.node, of_queue.database,
      fmt::format("SELECT conversation_handle, message_sequence_number, message_type_name, "
                  "service_name FROM {} WHERE status = 1 ORDER BY queuing_order",
                  of_queue.queue));
  std::map<std::string, std::size_t> found;  // by handle
  for (const auto& row : looked.rows()) {
    const std::string handle = value_text(row.at(0));
    const auto [place, is_new] = found.try_emplace(handle, out.size());
    if (!is_new) {
      ++out[place->second].behind;
      continue;
    }
    Waiting waiting = of_queue;
    waiting.handle = handle;
    waiting.sequence = number_of(value_text(row.at(1)));
    waiting.message_type = value_text(row.at(2));
    waiting.own_service = value_text(row.at(3));
    const auto conversation = conversations.find(handle);
    if (conversation != conversations.end()) {
      waiting.conversation_id = conversation->second.id;
      waiting.is_initiator = conversation->second.is_initiator;
      waiting.far_service = conversation->second.far_service;
    }
    out.push_back(std::move(waiting));
  }
}

void add_unread(scenario::Simulation& simulation, const std::string& node,
                const std::string& database, const Conversations& conversations,
                std::vector<Waiting>& out) {
  const auto queues = scenario::look_at(
      simulation, node, database,
      "SELECT SCHEMA_NAME(q.schema_id), q.name, q.activation_procedure, m.state FROM "
      "sys.service_queues q LEFT JOIN sys.dm_broker_queue_monitors m ON m.queue_id = q.object_id "
      "AND "
      "m.database_id = DB_ID() WHERE q.is_activation_enabled = 1");
  for (const auto& row : queues.rows()) {
    Waiting of_queue{.kind = Waiting::Kind::unread, .node = node, .database = database};
    of_queue.queue = queue_text(value_text(row.at(0)), value_text(row.at(1)));
    of_queue.procedure = value_text(row.at(2));
    const std::string state = value_text(row.at(3));
    of_queue.monitor = state == "NULL" ? "" : state;
    add_unread_of(simulation, of_queue, conversations, out);
  }
}

bool is_sent(const NodeRecord& one, const Waiting& waiting) {
  if (one.node != waiting.node || one.record.event != EventClass::message_sent) return false;
  if (!scenario::equal_ignoring_case(one.record.conversation_id, waiting.conversation_id))
    return false;
  const std::string* sequence = one.record.find("sequence");
  const std::string* kind = one.record.find("kind");
  return kind != nullptr && *kind != "ACK" && sequence != nullptr &&
         *sequence == std::to_string(waiting.sequence);
}

}  // namespace

std::vector<Waiting> find_waiting(scenario::Simulation& simulation) {
  std::vector<Waiting> out;
  std::vector<Waiting> errors;
  std::vector<Waiting> unread;
  std::set<std::string> alive;
  for (const scenario::Simulation::Seen& seen : simulation.instances()) {
    if (seen.instance == nullptr) continue;
    for (const std::string& database : scenario::database_names(simulation, seen.name)) {
      const Conversations conversations = conversations_of(simulation, seen.name, database);
      for (const auto& [handle, conversation] : conversations) alive.insert(conversation.id);
      add_messages(simulation, seen.name, database, conversations, out);
      add_errors(simulation, seen.name, database, conversations, errors);
      add_unread(simulation, seen.name, database, conversations, unread);
    }
  }
  out.insert(out.end(), errors.begin(), errors.end());
  add_lost(simulation.records(), alive, out);
  out.insert(out.end(), unread.begin(), unread.end());
  for (Waiting& waiting : out)
    waiting.sent = static_cast<std::size_t>(std::ranges::count_if(
        simulation.records(), [&](const NodeRecord& one) { return is_sent(one, waiting); }));
  return out;
}

bool is_conversation(scenario::Simulation& simulation, const std::string& conversation) {
  const auto is = [&](const std::string& id) {
    return scenario::equal_ignoring_case(conversation, id);
  };
  const bool is_traced = std::ranges::any_of(
      simulation.records(), [&](const NodeRecord& one) { return is(one.record.conversation_id); });
  if (is_traced) return true;
  for (const scenario::Simulation::Seen& seen : simulation.instances()) {
    if (seen.instance == nullptr) continue;
    for (const std::string& database : scenario::database_names(simulation, seen.name)) {
      for (const auto& [handle, one] : conversations_of(simulation, seen.name, database)) {
        if (is(handle) || is(one.id)) return true;
      }
    }
  }
  return false;
}

bool is_waiting(scenario::Simulation& simulation, const Waiting& waiting) {
  const std::string of_it = waiting.kind == Waiting::Kind::unread
                                ? fmt::format("{} WHERE status = 1", waiting.queue)
                                : fmt::format("sys.transmission_queue WHERE from_service_name = {}",
                                              doctor::literal(waiting.own_service));
  const auto looked = scenario::look_at(
      simulation, waiting.node, waiting.database,
      fmt::format("SELECT message_sequence_number FROM {} AND conversation_handle = '{}'", of_it,
                  waiting.handle));
  if (!looked.problem.empty()) return true;
  return std::ranges::any_of(looked.rows(), [&](const auto& row) {
    return number_of(value_text(row.at(0))) <= waiting.sequence;
  });
}

}  // namespace ssb::sim::why
