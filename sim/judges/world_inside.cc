#include "sim/judges/world_inside.h"

#include <algorithm>

#include <fmt/format.h>

#include "broker/catalog/permissions.h"
#include "broker/conversation/system_types.h"
#include "broker/conversation/waiting.h"
#include "broker/keys/key_hierarchy.h"

namespace ssb::sim::judges {

namespace catalog = broker::catalog;
namespace store = broker::store;
namespace conversation = broker::conversation;
using broker::conversation::Fill;
using proto::ConversationHandle;

namespace {

std::string guid_text(proto::ByteView bytes) {
  return proto::Guid::from_bytes(bytes).value_or(proto::Guid{}).text();
}

// The handle as the store has it.
proto::Bytes handle_bytes(const EndpointPlace& place) {
  return proto::to_bytes(proto::Guid::parse(place.handle).value_or(proto::Guid{}).view());
}

std::optional<StoredEndpoint> stored_endpoint(const EndpointPlace& place,
                                              const proto::Bytes& bytes) {
  StoredEndpoint out{.place = place, .conversation = {}, .row = {}};
  if (!out.row.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
  out.conversation = guid_text(proto::as_bytes(out.row.conversation_id()));
  return out;
}

bool is_of_records(std::string_view table) {
  return std::ranges::find(conversation::kRecordTables, table) != conversation::kRecordTables.end();
}

void add_value(proto::Bytes& out, const store::Value& value) {
  const auto add = [&out](char kind, std::string_view text) {
    const std::string head = fmt::format("{}{} ", kind, text.size());
    out.insert(out.end(), head.begin(), head.end());
    out.insert(out.end(), text.begin(), text.end());
  };
  if (const auto* number = std::get_if<std::int64_t>(&value))
    add('i', std::to_string(*number));
  else if (const auto* real = std::get_if<double>(&value))
    add('r', fmt::format("{}", *real));
  else if (const auto* text = std::get_if<std::string>(&value))
    add('t', *text);
  else if (const auto* bytes = std::get_if<proto::Bytes>(&value))
    add('b', proto::as_text(*bytes));
  else
    add('n', "");
}

std::string quoted(const std::string& name) {
  std::string out = "\"";
  for (const char c : name) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

}  // namespace

// ---- the world ----

bool WorldInside::is_disk_honest(Host host) const {
  return world_.disk(host).counters().lied_syncs == 0;
}

const catalog::Instance* WorldInside::instance(Host host) const {
  return is_running(host) ? &world_.server(host).node().instance() : nullptr;
}

const catalog::Catalog* WorldInside::catalog(Host host, const std::string& database) const {
  const catalog::Instance* found = instance(host);
  return found == nullptr ? nullptr : found->database(std::string_view(database));
}

std::vector<store::Row> WorldInside::rows(Host host, store::DatabaseId database,
                                          const std::string& select,
                                          const std::vector<store::Value>& parameters) const {
  const catalog::Instance* found = instance(host);
  if (found == nullptr) return {};
  const Storage::Look look(world_.disk(host));
  try {
    auto result = found->store().query(database, select, parameters);
    return result ? std::move(result->rows) : std::vector<store::Row>();
  } catch (const store::StoreFailure&) {
    return {};
  }
}

std::vector<store::Store::Record> WorldInside::records(Host host, store::DatabaseId database,
                                                       std::string_view table) const {
  const catalog::Instance* found = instance(host);
  if (found == nullptr) return {};
  const Storage::Look look(world_.disk(host));
  try {
    return found->store().records(database, table);
  } catch (const store::StoreFailure&) {
    return {};
  }
}

store::RecordValue WorldInside::record(Host host, store::DatabaseId database,
                                       std::string_view table, proto::ByteView key) const {
  const catalog::Instance* found = instance(host);
  if (found == nullptr) return nullptr;
  const Storage::Look look(world_.disk(host));
  try {
    return found->store().record(database, table, key);
  } catch (const store::StoreFailure&) {
    return nullptr;
  }
}

// ---- stores ----

std::vector<StoredEndpoint> WorldInside::endpoints(Host host) const {
  std::vector<StoredEndpoint> out;
  for (const std::string& database : databases(host)) {
    const catalog::Catalog* found = catalog(host, database);
    for (const auto& [key, row] : records(host, found->id(), conversation::kConversationTable)) {
      const auto handle = proto::ByteView(key).subspan(conversation::kConversationNumberBytes);
      const EndpointPlace place{host, database, guid_text(handle)};
      if (auto endpoint = stored_endpoint(place, *row)) out.push_back(std::move(*endpoint));
    }
  }
  return out;
}

std::optional<StoredEndpoint> WorldInside::endpoint(const EndpointPlace& place) const {
  const catalog::Catalog* found = catalog(place.host, place.database);
  const auto handle = ConversationHandle::from_bytes(handle_bytes(place));
  if (found == nullptr || !handle) return std::nullopt;
  const auto& engine = world_.server(place.host).node().engine();
  // The engine says where to look; the key has the handle too.
  const auto key = engine.record_key(found->id(), *handle);
  if (!key) return std::nullopt;
  const store::RecordValue row =
      record(place.host, found->id(), conversation::kConversationTable, *key);
  auto out = row ? stored_endpoint(place, *row) : std::nullopt;
  if (!out) return out;
  // An acknowledgement that was heard need not be written yet. Of an endpoint that sleeps it is read.
  const Storage::Look look(world_.disk(place.host));
  const auto acknowledged = engine.acknowledged(found->id(), *handle);
  if (acknowledged) out->row.set_acknowledged(*acknowledged);
  return out;
}

std::optional<proto::Bytes> WorldInside::waiting_body(const EndpointPlace& place,
                                                      std::uint64_t sequence) const {
  const catalog::Catalog* found = catalog(place.host, place.database);
  const catalog::Instance* holder = instance(place.host);
  if (found == nullptr || holder == nullptr) return std::nullopt;
  const Storage::Look look(world_.disk(place.host));
  try {
    return conversation::find_waiting_body(holder->store(), found->id(), handle_bytes(place),
                                           sequence, last_pack_);
  } catch (const store::StoreFailure&) {
    return std::nullopt;
  }
}

std::vector<conversation::WaitingMessage> WorldInside::messages(Host host,
                                                                store::DatabaseId database) const {
  const catalog::Instance* found = instance(host);
  if (found == nullptr) return {};
  const Storage::Look look(world_.disk(host));
  try {
    return conversation::waiting_messages(found->store(), database);
  } catch (const store::StoreFailure&) {
    return {};
  }
}

std::vector<WaitingEndpoint> WorldInside::waiting(Host host) const {
  std::vector<WaitingEndpoint> out;
  for (const std::string& database : databases(host)) {
    const store::DatabaseId id = catalog(host, database)->id();
    std::map<proto::Bytes, std::uint64_t> counts;
    for (const auto& each : messages(host, id)) {
      if (each.message.kind == conversation::StoredKind::transmission)
        ++counts[proto::to_bytes(each.message_class.handle())];
    }
    for (const auto& [bytes, count] : counts) {
      const auto handle = ConversationHandle::from_bytes(bytes);
      const EndpointPlace place{host, database, guid_text(bytes)};
      const auto stored = endpoint(place);
      if (!handle || !stored) continue;
      const std::string status =
          world_.server(host).node().engine().transmission_status(id, *handle).value_or("");
      out.push_back({place, stored->conversation, stored->row.is_initiator(), count, status});
    }
  }
  return out;
}

HeldBack WorldInside::held_back(const StoredEndpoint& endpoint) const {
  const EndpointPlace& place = endpoint.place;
  const catalog::Catalog* found = catalog(place.host, place.database);
  if (found == nullptr) return {};
  HeldBack out;
  const auto* service = found->table<catalog::pb::Service>().find(endpoint.row.service());
  const auto* queue =
      service == nullptr ? nullptr : found->table<catalog::pb::Queue>().find(service->queue());
  out.is_queue_off = queue != nullptr && !queue->is_enqueue_enabled();
  const proto::Bytes handle = handle_bytes(place);
  for (const auto& each : messages(place.host, found->id())) {
    const bool is_its = each.message.kind == conversation::StoredKind::held &&
                        proto::to_bytes(each.message_class.handle()) == handle;
    // EndDialog, Error and DialogTimer are told by their own records.
    if (is_its && !conversation::is_made_by_broker(each.message_class.message_type_name()))
      out.sequences.insert(each.message.sequence);
  }
  return out;
}

Contents WorldInside::contents(Host host) const {
  Contents out;
  std::int64_t rows_read = 0;
  for (const std::string& database : databases(host)) {
    const store::DatabaseId id = catalog(host, database)->id();
    if (id == catalog::kTempdb) continue;
    const auto tables =
        rows(host, id,
             "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT "
             "LIKE 'sqlite_%' AND name NOT LIKE 'ssb\\_%' ESCAPE '\\' ORDER BY name");
    for (const auto& table : tables) {
      const std::string name = std::get<std::string>(table[0]);
      // The row of tempdb, which is made anew at each start.
      const bool is_of_databases = id == catalog::kMaster && name == "catalog";
      if (is_of_records(name)) {
        proto::Bytes bytes;
        for (const auto& [key, value] : records(host, id, name)) {
          add_value(bytes, key);
          add_value(bytes, *value);
          ++rows_read;
        }
        out[fmt::format("{}.{}", database, name)] = broker::crypto::sha256(bytes);
        continue;
      }
      const auto all =
          is_of_databases
              ? rows(host, id, "SELECT * FROM catalog WHERE NOT (kind = ?1 AND id = ?2)",
                     {static_cast<std::int64_t>(catalog::Kind::database),
                      std::int64_t{catalog::kTempdb}})
              : rows(host, id, "SELECT * FROM " + quoted(name));
      rows_read += static_cast<std::int64_t>(all.size());
      if (rows_read > kRowsMax) return {};
      proto::Bytes bytes;
      for (const auto& row : all) {
        for (const auto& value : row) add_value(bytes, value);
      }
      out[fmt::format("{}.{}", database, name)] = broker::crypto::sha256(bytes);
    }
  }
  return out;
}

std::vector<std::string> WorldInside::damage(Host host) const {
  std::vector<std::string> out;
  for (const std::string& database : databases(host)) {
    for (const auto& row : rows(host, catalog(host, database)->id(), "PRAGMA integrity_check")) {
      const auto* text = std::get_if<std::string>(&row[0]);
      if (text != nullptr && *text != "ok") out.push_back(database + ": " + *text);
    }
  }
  return out;
}

std::vector<Fill> WorldInside::fills(Host host) const {
  if (!is_running(host)) return {};
  std::vector<Fill> out = world_.server(host).fills();
  const auto more = world_.server(host).node().engine().fills();
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

// ---- catalogs ----

std::vector<std::string> WorldInside::databases(Host host) const {
  std::vector<std::string> out;
  const catalog::Instance* found = instance(host);
  if (found == nullptr) return out;
  for (const auto& [id, database] : found->databases()) {
    if (found->database(id) != nullptr) out.push_back(found->info(id).name());
  }
  return out;
}

bool WorldInside::has_service(Host host, const std::string& database,
                              const std::string& service) const {
  const catalog::Catalog* found = catalog(host, database);
  return found != nullptr && found->table<catalog::pb::Service>().find(service) != nullptr;
}

std::string WorldInside::broker_id(Host host, const std::string& database) const {
  const catalog::Catalog* found = catalog(host, database);
  if (found == nullptr) return {};
  return guid_text(proto::as_bytes(instance(host)->info(found->id()).broker_id()));
}

std::vector<CertificateFacts> WorldInside::certificates(Host host,
                                                        const std::string& database) const {
  std::vector<CertificateFacts> out;
  const catalog::Catalog* found = catalog(host, database);
  if (found == nullptr) return out;
  for (const auto& [id, row] : found->table<catalog::pb::Certificate>()) {
    const broker::crypto::X509Certificate& parsed = broker::keys::parsed(row);
    out.push_back({.name = row.name(),
                   .sha256 = parsed.fingerprint(),
                   .owner = row.owner(),
                   .not_before = parsed.not_before(),
                   .not_after = parsed.not_after(),
                   .has_private_key = row.private_key_protection() == "MK" ||
                                      row.private_key_protection() == "PW"});
  }
  return out;
}

bool WorldInside::may(Host host, const std::string& database, std::int32_t principal,
                      const char* permission, const std::string& service) const {
  const catalog::Catalog* found = catalog(host, database);
  if (found == nullptr) return false;
  if (std::string_view(permission) == "CONNECT") {
    return catalog::has_permission(*found, principal, catalog::ObjectClass::database, 0,
                                   permission);
  }
  const auto* row = found->table<catalog::pb::Service>().find(service);
  return row != nullptr && catalog::has_permission(*found, principal, catalog::ObjectClass::service,
                                                   row->id(), permission);
}

std::optional<broker::dialog::SessionKey> WorldInside::session_key(
    const EndpointPlace& place, const std::string& key_id) const {
  using broker::dialog::KeySlot;
  const auto stored = endpoint(place);
  const auto id = proto::Guid::parse(key_id);
  if (!stored || !id) return std::nullopt;
  const auto master_key = broker::keys::open_by_service_master_key(
      *instance(place.host), catalog(place.host, place.database)->id());
  if (!master_key) return std::nullopt;
  const auto conversation =
      proto::ConversationId::from_bytes(proto::as_bytes(stored->row.conversation_id()));
  const bool is_outbound = proto::as_bytes(stored->row.outbound().id()).size() == 16 &&
                           guid_text(proto::as_bytes(stored->row.outbound().id())) == key_id;
  const auto& key = is_outbound ? stored->row.outbound() : stored->row.inbound();
  if (guid_text(proto::as_bytes(key.id())) != key_id) return std::nullopt;
  return broker::dialog::load_session_key(
      *master_key, conversation.value_or(proto::ConversationId{}), stored->row.is_initiator(),
      is_outbound ? KeySlot::outbound : KeySlot::inbound, proto::KeyId{*id},
      proto::as_bytes(key.sealed()));
}

}  // namespace ssb::sim::judges
