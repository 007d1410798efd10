#include "broker/catalog/catalog.h"

#include <charconv>
#include <type_traits>

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "broker/catalog/kinds.h"
#include "broker/store/collation.h"
#include "proto/check.h"

namespace ssb::broker::catalog {
namespace {

constexpr Kind kOwnRows = static_cast<Kind>(0);

// Map entries in the order of their keys, so that equal objects have equal bytes.
std::string serialize(const google::protobuf::MessageLite& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

std::int64_t parse_number(const std::string& text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

proto::Bytes blob(const std::string& text) {
  return proto::to_bytes(text);
}

template <typename T>
struct ObjectOf;
template <typename Object>
struct ObjectOf<Table<Object>> {
  using type = Object;
};

}  // namespace

bool names_equal(std::string_view a, std::string_view b) {
  return store::compare_tsql(a, b) == 0;
}

template <typename Visit>
void Catalog::visit(Kind kind, const Visit& visit_table) {
  bool is_known = false;
  const auto visit_one = [&](auto& table) {
    using Object = typename ObjectOf<std::remove_reference_t<decltype(table)>>::type;
    if (KindOf<Object>::kKind != kind) return;
    is_known = true;
    visit_table(table);
  };
  std::apply([&](auto&... table) { (visit_one(table), ...); }, tables_);
  if (!is_known) {
    throw store::StoreFailure(
        fmt::format("database {}: catalog row of unknown kind {}", id_, static_cast<int>(kind)));
  }
}

void Catalog::load(std::int64_t now_us) {
  store_->write(id_,
                "CREATE TABLE IF NOT EXISTS catalog (kind INTEGER, id INTEGER, message BLOB, "
                "PRIMARY KEY (kind, id)) WITHOUT ROWID",
                {});
  const auto rows =
      store_->query(id_, "SELECT kind, id, message FROM catalog ORDER BY kind, id", {});
  if (!rows) throw store::StoreFailure(rows.error().message);

  bool is_first = true;
  for (const store::Row& row : rows->rows) {
    const auto kind = static_cast<Kind>(std::get<std::int64_t>(row[0]));
    const auto id = static_cast<std::int32_t>(std::get<std::int64_t>(row[1]));
    const auto* bytes = std::get_if<proto::Bytes>(&row[2]);
    std::string message;
    if (bytes != nullptr) message = proto::to_string(*bytes);
    if (is_first) add_built_in_objects(parse_number(message));  // (0, 0) comes before all others
    is_first = false;
    load_row(kind, id, bytes == nullptr ? nullptr : &message);
  }
  if (!is_first) return;
  store_->write(id_, "INSERT INTO catalog VALUES (0, 0, ?1)", {blob(std::to_string(now_us))});
  add_built_in_objects(now_us);
}

void Catalog::load_row(Kind kind, std::int32_t id, const std::string* message) {
  if (kind == kOwnRows) {
    if (id == 0) return;
    visit(static_cast<Kind>(id),
          [&](auto& table) { table.highest_ = static_cast<std::int32_t>(parse_number(*message)); });
    return;
  }
  visit(kind, [&](auto& table) {
    if (message == nullptr) {
      table.objects_.erase(id);
      return;
    }
    if (!table.objects_[id].ParseFromString(*message)) {
      throw store::StoreFailure(fmt::format("database {}: catalog row ({}, {}) cannot be read", id_,
                                            static_cast<int>(kind), id));
    }
    if (!is_built_in(kind, id)) table.highest_ = std::max(table.highest_, id);
  });
}

template <typename Object>
std::int32_t Catalog::next_id() const {
  constexpr std::int32_t kFirst = KindOf<Object>::kFirstId;
  if constexpr (kFirst == kFirstObjectId) {
    const std::int32_t id = std::max(
        {table<pb::Queue>().next_id(kFirst), table<pb::Module>().next_id(kFirst),
         table<pb::UserTable>().next_id(kFirst), table<pb::EventNotification>().next_id(kFirst)});
    SSB_CHECK(id < kFirstBuiltInObjectId);
    return id;
  } else {
    return table<Object>().next_id(kFirst);
  }
}

template <typename Object>
void Catalog::put(Transaction& transaction, std::int32_t id, const Object& object) {
  constexpr Kind kKind = KindOf<Object>::kKind;
  auto& table = std::get<Table<Object>>(tables_);
  const Object* before = table.find(id);
  Transaction::Undo undo{id_, static_cast<int>(kKind), id, before != nullptr,
                         before == nullptr ? std::string() : serialize(*before)};
  put_message(transaction, kKind, id, serialize(object));
  transaction.undo.push_back(std::move(undo));
  ++*version_;
  table.objects_[id] = object;
  if (!is_built_in(kKind, id)) table.highest_ = std::max(table.highest_, id);
}

template <typename Object>
void Catalog::erase(Transaction& transaction, std::int32_t id) {
  constexpr Kind kKind = KindOf<Object>::kKind;
  auto& table = std::get<Table<Object>>(tables_);
  const Object* before = table.find(id);
  if (before == nullptr) return;
  erase_message(transaction, kKind, id);
  if (id == table.highest_) {
    put_message(transaction, kOwnRows, static_cast<int>(kKind), std::to_string(id));
  }
  transaction.undo.push_back({id_, static_cast<int>(kKind), id, true, serialize(*before)});
  ++*version_;
  table.objects_.erase(id);
}

void Catalog::undo(const Transaction::Undo& step) {
  ++*version_;
  visit(static_cast<Kind>(step.kind), [&](auto& table) {
    if (!step.existed) {
      table.objects_.erase(step.id);
      return;
    }
    SSB_CHECK(table.objects_[step.id].ParseFromString(step.before));
  });
}

void Catalog::put_message(Transaction& transaction, Kind kind, std::int32_t id,
                          const std::string& message) {
  execute(transaction, "INSERT OR REPLACE INTO catalog VALUES (?1, ?2, ?3)",
          {static_cast<std::int64_t>(kind), static_cast<std::int64_t>(id), blob(message)});
}

void Catalog::erase_message(Transaction& transaction, Kind kind, std::int32_t id) {
  const char* sql = is_built_in(kind, id) ? "INSERT OR REPLACE INTO catalog VALUES (?1, ?2, NULL)"
                                          : "DELETE FROM catalog WHERE kind = ?1 AND id = ?2";
  execute(transaction, sql, {static_cast<std::int64_t>(kind), static_cast<std::int64_t>(id)});
}

void Catalog::execute(Transaction& transaction, const char* sql,
                      std::vector<store::Value> parameters) {
  const auto done = store_->execute(transaction.writes, id_, sql, std::move(parameters));
  if (!done) throw store::StoreFailure(done.error().message);  // our own SQL never fails otherwise
}

#define SSB_INSTANTIATE(Type, name, first)                                           \
  template std::int32_t Catalog::next_id<pb::Type>() const;                          \
  template void Catalog::put<pb::Type>(Transaction&, std::int32_t, const pb::Type&); \
  template void Catalog::erase<pb::Type>(Transaction&, std::int32_t);
SSB_CATALOG_KINDS(SSB_INSTANTIATE)
#undef SSB_INSTANTIATE

}  // namespace ssb::broker::catalog
