// What all sessions of one instance share: the SQL functions and row sources that translated T-SQL
// calls inside SQLite.
//
//   Shape   a memory table (a #temp table, a table variable, rows of another database) is read in
//   SQL as "rows"(database, number),
//           with columns c0, c1, ...; every other row source is a view of SystemViews.
//   Order   construct it after Instance, Engine and SystemViews, before the first session; it takes
//   the place of
//           Store::set_views(SystemViews). The functions are never called by a statement that
//           writes, so that recovery needs none.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "broker/catalog/instance.h"
#include "broker/catalog/views.h"
#include "broker/conversation/engine.h"
#include "broker/tsql/ast.h"

namespace ssb::broker::tsql {

class Session;
struct MemoryTable;

class Runtime : public store::ViewProvider {
 public:
  Runtime(catalog::Instance& instance, conversation::Engine& engine, catalog::SystemViews& views);
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
  ~Runtime() override;

  [[nodiscard]] catalog::Instance& instance() const { return instance_; }
  [[nodiscard]] conversation::Engine& engine() const { return engine_; }
  [[nodiscard]] const catalog::SystemViews& views() const { return views_; }

  // ViewProvider: SystemViews and "rows".
  [[nodiscard]] std::vector<store::Column> view_columns(std::string_view view) const override;
  [[nodiscard]] std::vector<std::string> view_names() const override;
  [[nodiscard]] std::vector<store::Row> view_rows(std::string_view view, store::DatabaseId database,
                                                  std::int64_t argument) const override;

  // Gives a memory table its number while it lives.
  [[nodiscard]] std::int64_t add(const MemoryTable* table);
  void remove(std::int64_t number);

  // The syntax tree of a stored text; parsed once while the text stays the same. Fails as
  // parse_batch does.
  [[nodiscard]] proto::Result<std::shared_ptr<const Batch>> parsed(const std::string& text);

  // Sessions, by themselves.
  void enter(Session* session) { sessions_.insert(session); }
  void leave(Session* session) {
    sessions_.erase(session);
    ++leavings_;
  }
  [[nodiscard]] bool is_in_use(store::DatabaseId database) const;
  // The others that use a database, by their ids in order.
  [[nodiscard]] std::vector<Session*> others_in(store::DatabaseId database,
                                                const Session& session) const;
  // A session uses a database no longer: who needs one alone asks again.
  void left() { ++leavings_; }
  [[nodiscard]] std::uint64_t leavings() const { return leavings_; }

 private:
  catalog::Instance& instance_;
  conversation::Engine& engine_;
  catalog::SystemViews& views_;
  std::map<std::int64_t, const MemoryTable*> tables_;
  std::int64_t next_table_ = 1;
  std::map<std::string, std::shared_ptr<const Batch>, std::less<>> parsed_;
  std::set<Session*> sessions_;  // never asked in order
  std::uint64_t leavings_ = 0;
};

}  // namespace ssb::broker::tsql
