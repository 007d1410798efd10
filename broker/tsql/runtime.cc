#include "broker/tsql/runtime.h"

#include <algorithm>

#include <fmt/format.h>

#include "broker/tsql/functions.h"
#include "broker/tsql/memory_table.h"
#include "broker/tsql/parser.h"
#include "broker/tsql/session.h"

namespace ssb::broker::tsql {
namespace {

constexpr std::string_view kRows = "rows";
constexpr std::size_t kParsedMax = 256;  // texts kept

}  // namespace

std::optional<std::size_t> TableShape::find(std::string_view name) const {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (catalog::names_equal(columns[i].name, name)) return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> TableShape::identity_column() const {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].identity) return i;
  }
  return std::nullopt;
}

Runtime::Runtime(catalog::Instance& instance, conversation::Engine& engine,
                 catalog::SystemViews& views)
    : instance_(instance), engine_(engine), views_(views) {
  instance_.store().set_views(this);
  register_pure_functions(instance_.store());
  register_catalog_functions(instance_.store(), instance_, engine_);
}

Runtime::~Runtime() = default;

std::vector<store::Column> Runtime::view_columns(std::string_view view) const {
  if (view != kRows) return views_.view_columns(view);
  std::vector<store::Column> columns{{"n", ""}};
  for (std::size_t i = 0; i < kColumnsMax; ++i) columns.push_back({fmt::format("c{}", i), ""});
  return columns;
}

std::vector<std::string> Runtime::view_names() const {
  std::vector<std::string> names = views_.view_names();
  names.emplace_back(kRows);
  return names;
}

std::vector<store::Row> Runtime::view_rows(std::string_view view, store::DatabaseId database,
                                           std::int64_t argument) const {
  if (view != kRows) return views_.view_rows(view, database, argument);
  const auto table = tables_.find(argument);
  if (table == tables_.end()) return {};
  std::vector<store::Row> rows;
  rows.reserve(table->second->rows->size());
  std::int64_t index = 0;
  for (const store::Row& row : *table->second->rows) {
    store::Row& numbered = rows.emplace_back();
    numbered.reserve(row.size() + 1);
    numbered.emplace_back(index++);
    numbered.insert(numbered.end(), row.begin(), row.end());
  }
  return rows;
}

std::int64_t Runtime::add(const MemoryTable* table) {
  tables_.emplace(next_table_, table);
  return next_table_++;
}

void Runtime::remove(std::int64_t number) {
  tables_.erase(number);
}

proto::Result<std::shared_ptr<const Batch>> Runtime::parsed(const std::string& text) {
  const auto known = parsed_.find(text);
  if (known != parsed_.end()) return known->second;
  ParseResult<Batch> batch = parse_batch(text);
  if (!batch) return batch.error().error;
  if (parsed_.size() >= kParsedMax) parsed_.clear();
  auto kept = std::make_shared<const Batch>(*std::move(batch));
  parsed_.emplace(text, kept);
  return kept;
}

bool Runtime::is_in_use(store::DatabaseId database) const {
  return std::any_of(sessions_.begin(), sessions_.end(),
                     [database](const Session* session) { return session->uses(database); });
}

std::vector<Session*> Runtime::others_in(store::DatabaseId database, const Session& session) const {
  std::vector<Session*> others;
  for (Session* other : sessions_) {
    if (other != &session && other->uses(database)) others.push_back(other);
  }
  std::sort(others.begin(), others.end(),
            [](const Session* a, const Session* b) { return a->id() < b->id(); });
  return others;
}

}  // namespace ssb::broker::tsql
