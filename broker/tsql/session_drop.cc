// DROP of tables, indexes, views and procedures.
#include <fmt/format.h>

#include "broker/catalog/permissions.h"
#include "broker/tsql/session_state.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql {

using proto::Error;
using proto::ErrorCode;
using proto::Result;

namespace pb = catalog::pb;

Result<Outcome> Session::State::drop(const Drop& node) {
  return atomically([&]() -> Result<Outcome> {
    for (const ObjectName& name : node.names) {
      const Result<bool> dropped = drop_one(node, name);
      if (!dropped) return dropped.error();
      if (!*dropped && !node.if_exists) {
        return Error(ErrorCode::cannot_drop_missing, std::string("the ") + to_text(node.kind),
                     to_text(name));
      }
    }
    return Outcome::done;
  });
}

// False: there is none.
Result<bool> Session::State::drop_one(const Drop& node, const ObjectName& name) {
  if (node.kind == ObjectKind::index) return drop_index(node, name);
  if (node.kind == ObjectKind::table && name.name.starts_with('#')) {
    const auto table = temporary_table(name.name);
    if (!table) return false;
    runtime.remove(table->number);
    for (const auto& level : modules) level->temporary_tables.erase(name.name);
    temporary_tables.erase(name.name);
    return true;
  }
  const Result<Place> place = place_of(name);
  if (!place) return false;
  const Result<void> locked = instance().lock(*transaction, place->database);
  if (!locked) return locked.error();
  const auto is_here = [&](const auto& object) {
    return object.schema_id() == place->schema && catalog::names_equal(object.name(), name.name);
  };
  if (node.kind == ObjectKind::table) {
    const auto* table = place->catalog->table<pb::UserTable>().find_if(is_here);
    if (table == nullptr) return false;
    const Result<void> allowed = require(*place, table->id(), table->name(), "CONTROL");
    if (!allowed) return allowed.error();
    const Result<void> gone = run_definition(
        place->database, "DROP TABLE " + quote_name(place->schema_name + "." + table->name()));
    if (!gone) return gone.error();
    place->catalog->erase<pb::UserTable>(*transaction, table->id());
  } else {
    const char* type = node.kind == ObjectKind::view ? "V " : "P ";
    const auto* module = place->catalog->table<pb::Module>().find_if(
        [&](const pb::Module& one) { return one.type() == type && is_here(one); });
    if (module == nullptr) return false;
    const Result<void> allowed = require(*place, module->id(), module->name(), "CONTROL");
    if (!allowed) return allowed.error();
    place->catalog->erase<pb::Module>(*transaction, module->id());
  }
  effects.catalogs_changed.insert(place->database);
  return true;
}

// DROP INDEX i ON t, or the older t.i.
Result<bool> Session::State::drop_index(const Drop& node, const ObjectName& name) {
  ObjectName table = node.on;
  if (table.name.empty()) {
    table.name = name.schema;
    table.schema = name.database;
  }
  if (table.name.starts_with('#')) {
    const auto temporary = temporary_table(table.name);
    if (!temporary) return false;
    return std::erase_if(temporary->shape.keys,
                         [&](const KeyShape& key) { return equal_names(key.name, name.name); }) > 0;
  }
  const Result<Place> place = place_of(table);
  if (!place) return false;
  const Result<void> locked = instance().lock(*transaction, place->database);
  if (!locked) return locked.error();
  const auto found = instance().store().execute(
      transaction->writes, place->database,
      "SELECT name FROM sqlite_schema WHERE type='index' AND name=?1 COLLATE NOCASE",
      {place->schema_name + "." + table.name + "." + name.name});
  if (!found) return error_of(found.error());
  if (found->rows.empty()) return false;
  const Result<void> gone = run_definition(
      place->database, "DROP INDEX " + quote_name(std::get<std::string>(found->rows[0][0])));
  if (!gone) return gone.error();
  return true;
}

}  // namespace ssb::broker::tsql
