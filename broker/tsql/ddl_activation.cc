// ACTIVATION ( ... ) of a queue: what is known to be wrong before anything is started is refused here.
//
//   Source  reference tsql-tds.md 1.2; service-broker.md 4.3. A procedure that does not exist yet is no error: it is looked up
//           when it is started. 9620 cannot come, as there are no functions.
#include "broker/conversation/event_notification.h"
#include "broker/tsql/ddl_support.h"
#include "broker/tsql/parser.h"

namespace ssb::broker::tsql::ddl {
namespace {

constexpr auto kActivationEvent = conversation::kQueueActivationEvent;
constexpr int kReadersMax = 32767;
constexpr std::int32_t kExecuteAsOwner = -2;

// Who names another user of the database needs IMPERSONATE on him: 15517.
Result<void> may_impersonate(const StatementContext& context, std::int32_t user) {
  const catalog::Catalog& here = current(context);
  const auto self = catalog::user_in(context.instance, context.who, context.database);
  if (!self) return self.error();
  const auto* principal = here.table<pb::Principal>().find(user);
  const bool is_person =
      principal != nullptr &&
      (principal->type() == "S" || principal->type() == "U" || principal->type() == "G");
  const bool may = *self == user || catalog::has_permission(here, *self, ObjectClass::principal,
                                                            user, "IMPERSONATE");
  if (is_person && may) return {};
  return Error(ErrorCode::cannot_execute_as_user, catalog::principal_name(here, user));
}

Result<std::int32_t> execute_as(const StatementContext& context, const ExecuteAsClause& clause,
                                const pb::Queue& queue) {
  switch (clause.kind) {
    case ExecuteAsKind::self:
      return catalog::user_in(context.instance, context.who, context.database);
    case ExecuteAsKind::owner: {
      if (auto may = may_impersonate(context, queue.owner()); !may) return may.error();
      return kExecuteAsOwner;
    }
    case ExecuteAsKind::user: {
      const auto* user = find<pb::Principal>(current(context), clause.name);
      if (user == nullptr) return Error(ErrorCode::unknown_user, clause.name);
      if (auto may = may_impersonate(context, user->id()); !may) return may.error();
      return user->id();
    }
    case ExecuteAsKind::caller:
    case ExecuteAsKind::login: break;  // the parser refuses them
  }
  return Error(ErrorCode::activation_without_user, queue.name());
}

bool has_parameters(const pb::Module& procedure) {
  const ParseResult<Batch> batch = parse_batch(procedure.definition());
  if (!batch || batch->statements.empty()) return false;
  const auto* created = std::get_if<CreateProcedure>(batch->statements[0].node.get());
  return created != nullptr && !created->parameters.empty();
}

// As it is stored, and as EXECUTE takes it: with its schema, in brackets.
Result<std::string> activated_procedure(const StatementContext& context, const ObjectName& given,
                                        const pb::Queue& queue) {
  if (given.name.starts_with('#'))
    return Error(ErrorCode::activated_procedure_is_temporary, given.name);
  if (!given.server.empty()) return Error(ErrorCode::activation_without_procedure, queue.name());
  ObjectName name = given;
  if (name.schema.empty()) name.schema = "dbo";
  const catalog::Catalog* where = name.database.empty()
                                      ? &current(context)
                                      : std::as_const(context.instance).database(name.database);
  const pb::Schema* schema = where == nullptr ? nullptr : find<pb::Schema>(*where, name.schema);
  if (schema == nullptr) return to_sql(name);
  const auto is_meant = [&](const auto& object) {
    return object.schema_id() == schema->id() && catalog::names_equal(object.name(), name.name);
  };
  if (where->table<pb::UserTable>().find_if(is_meant) != nullptr ||
      where->table<pb::Queue>().find_if(is_meant) != nullptr)
    return Error(ErrorCode::activation_without_procedure, queue.name());
  const auto* found = where->table<pb::Module>().find_if(is_meant);
  if (found == nullptr) return to_sql(name);
  if (found->type() != "P ") return Error(ErrorCode::activation_without_procedure, queue.name());
  if (has_parameters(*found))
    return Error(ErrorCode::activated_procedure_with_parameters, to_text(name));
  return to_sql(name);
}

void drop_activation(pb::Queue& queue) {
  queue.set_is_activation_enabled(false);
  queue.clear_activation_procedure();
  queue.clear_max_readers();
  queue.clear_execute_as_principal();
}

}  // namespace

Result<void> set_activation(StatementContext& context, const QueueActivation& activation,
                            pb::Queue& queue) {
  if (activation.drop) {
    drop_activation(queue);
    return {};
  }
  // On where nothing else is said: from the first PROCEDURE_NAME on, and as it was.
  const bool is_first = queue.activation_procedure().empty() && activation.procedure.has_value();
  if (activation.procedure) {
    const auto procedure = activated_procedure(context, *activation.procedure, queue);
    if (!procedure) return procedure.error();
    queue.set_activation_procedure(*procedure);
  }
  if (activation.max_queue_readers) {
    if (*activation.max_queue_readers < 0 || *activation.max_queue_readers > kReadersMax)
      return Error(ErrorCode::wrong_argument_type, "MAX_QUEUE_READERS", "a number from 0 to 32767");
    queue.set_max_readers(*activation.max_queue_readers);
  }
  if (activation.execute_as) {
    const auto principal = execute_as(context, *activation.execute_as, queue);
    if (!principal) return principal.error();
    queue.set_execute_as_principal(*principal);
  }
  const bool on = activation.status.value_or(queue.is_activation_enabled() || is_first);
  if (on && queue.activation_procedure().empty())
    return Error(ErrorCode::activation_without_procedure, queue.name());
  if (on && queue.execute_as_principal() == 0)
    return Error(ErrorCode::activation_without_user, queue.name());
  const auto* notified =
      on ? find_event_notification(context, queue.id(), kActivationEvent) : nullptr;
  if (notified != nullptr)
    return Error(ErrorCode::queue_has_activation_notification, queue.name(), notified->name());
  queue.set_is_activation_enabled(on);
  return {};
}

}  // namespace ssb::broker::tsql::ddl
