// CREATE and ALTER of procedures and views: their text is kept, and compiled when they are called.
#include <fmt/format.h>

#include "broker/catalog/permissions.h"
#include "broker/tsql/session_state.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql {

using proto::Error;
using proto::ErrorCode;
using proto::Result;

namespace pb = catalog::pb;

Result<Outcome> Session::State::create_module(const ObjectName& name, ModuleChange change,
                                              const char* type, const std::string& text,
                                              std::int32_t execute_as_id) {
  return atomically([&]() -> Result<Outcome> {
    if (!name.database.empty())
      return Error(ErrorCode::not_supported, "a database name before the name of a new object");
    const Result<Place> place = place_of(name);
    if (!place) return place.error();
    const bool is_view = *type == 'V';
    const auto* known = place->catalog->table<pb::Module>().find_if([&](const pb::Module& module) {
      return module.schema_id() == place->schema &&
             catalog::names_equal(module.name(), name.name) && module.type() == type;
    });
    pb::Module row;
    if (known == nullptr) {
      if (change == ModuleChange::alter) return Error(ErrorCode::unknown_object, to_text(name));
      const Result<void> allowed =
          require_create(*place, is_view ? "CREATE VIEW" : "CREATE PROCEDURE", name.name);
      if (!allowed) return allowed.error();
      row.set_id(place->catalog->next_id<pb::Module>());
      row.set_name(name.name);
      row.set_schema_id(place->schema);
      row.set_type(type);
      row.set_create_date_us(proto::to_unix_us(now));
    } else {
      if (change == ModuleChange::create) return Error(ErrorCode::object_exists, name.name);
      const Result<void> allowed = require(*place, known->id(), known->name(), "ALTER");
      if (!allowed) return allowed.error();
      row = *known;
    }
    const Result<void> locked = instance().lock(*transaction, place->database);
    if (!locked) return locked.error();
    row.set_definition(text);
    row.set_execute_as_principal(execute_as_id);
    row.set_modify_date_us(proto::to_unix_us(now));
    place->catalog->put(*transaction, row.id(), row);
    effects.catalogs_changed.insert(place->database);
    return Outcome::done;
  });
}

Result<Outcome> Session::State::create_procedure(const CreateProcedure& node) {
  constexpr std::int32_t kOwner = -2;
  std::int32_t execute_as_id = 0;
  if (node.execute_as) {
    switch (node.execute_as->kind) {
      case ExecuteAsKind::caller: break;
      case ExecuteAsKind::owner: execute_as_id = kOwner; break;
      case ExecuteAsKind::self: execute_as_id = static_cast<std::int32_t>(user_id()); break;
      case ExecuteAsKind::login:
        return Error(ErrorCode::not_supported, "EXECUTE AS LOGIN of a procedure");
      case ExecuteAsKind::user: {
        const auto* user =
            instance().database(database)->table<pb::Principal>().find(node.execute_as->name);
        if (user == nullptr) return Error(ErrorCode::cannot_execute_as_user, node.execute_as->name);
        execute_as_id = user->id();
        break;
      }
    }
  }
  return create_module(node.name, node.change, "P ", node.text, execute_as_id);
}

Result<Outcome> Session::State::create_view(const CreateView& node) {
  // Its names must be there now, and its columns named.
  Translator translator(*this);
  const auto query = translator.query(node.query);
  if (!query) return query.error().error;
  for (std::size_t i = node.columns.size(); i < query->columns.size(); ++i) {
    if (query->columns[i].name.empty()) return Error(ErrorCode::column_without_name);
  }
  return create_module(node.name, node.change, "V ", node.text, 0);
}

}  // namespace ssb::broker::tsql
