// The sys views: their columns in SQL Server's order and types, and where their rows come from.
//
//   Shape   bit and the integer types as int64, text as UTF-8, varbinary as bytes, uniqueidentifier
//           as upper-case text, datetime as "2008-11-26 09:00:00.123", char(n) padded with blanks.
//   Source  reference tsql-tds.md 2.1-2.3. Every principal sees every row: metadata visibility is
//           left out. sys.key_encryptions shows our layouts in crypt_property.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "broker/catalog/instance.h"

namespace ssb::broker::catalog {

// Rows of one view as `database` shows them; `argument` as in store::ViewProvider.
using ViewRows =
    std::function<std::vector<store::Row>(store::DatabaseId database, std::int64_t argument)>;

class SystemViews : public store::ViewProvider {
 public:
  // Registers every view whose rows the catalog itself knows.
  explicit SystemViews(const Instance& instance);

  // A view of a higher layer. `columns` as "name type, name type(size)"; without `rows` it is empty
  // until set_rows.
  void add(std::string_view name, std::string_view columns, ViewRows rows);
  // Gives a view its rows: the engine calls it for sys.conversation_endpoints,
  // sys.conversation_groups, sys.transmission_queue and "queue" (argument: the queue's object id),
  // the transport for sys.dm_broker_connections, the server for sys.dm_exec_connections and
  // sys.dm_exec_sessions. Until then these are empty.
  void set_rows(std::string_view view, ViewRows rows);

  [[nodiscard]] std::vector<store::Column> view_columns(std::string_view view) const override;
  // "sys.certificates", ..., "queue"
  [[nodiscard]] std::vector<std::string> view_names() const override;
  [[nodiscard]] std::vector<store::Row> view_rows(std::string_view view, store::DatabaseId database,
                                                  std::int64_t argument) const override;

 private:
  struct View {
    std::vector<store::Column> columns;
    ViewRows rows;
  };

  std::map<std::string, View, std::less<>> views_;
};

}  // namespace ssb::broker::catalog
