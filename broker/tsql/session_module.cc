// EXECUTE: procedures, dynamic batches, sp_executesql, the system procedures that scripts use.
#include <algorithm>

#include <fmt/format.h>

#include "broker/catalog/permissions.h"
#include "broker/tsql/convert.h"
#include "broker/tsql/session_state.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql {

using proto::Error;
using proto::ErrorCode;
using proto::Result;
using store::Value;

namespace pb = catalog::pb;

std::unique_ptr<Module> Session::State::new_module() const {
  auto callee = std::make_unique<Module>();
  callee->database = database;
  callee->restores_database = true;
  callee->security_depth = security.size();
  callee->transaction_count = transaction_count;
  callee->set = set;
  return callee;
}

Result<std::vector<Session::State::Argument>> Session::State::arguments_of(
    const std::vector<ExecuteArgument>& list) {
  std::vector<Argument> arguments;
  for (const ExecuteArgument& given : list) {
    Argument& argument = arguments.emplace_back();
    argument.name = given.name;
    argument.is_default = std::holds_alternative<DefaultValue>(given.value.node);
    if (argument.is_default) continue;
    if (given.output) {
      if (const auto* held = std::get_if<Variable>(&given.value.node))
        argument.variable = held->name;
    }
    Result<TypedValue> value = evaluate(given.value);
    if (!value) return value.error();
    argument.value = *std::move(value);
  }
  return arguments;
}

// The parameters become the callee's variables.
Result<void> Session::State::bind_arguments(Module& callee,
                                            const std::vector<ProcedureParameter>& parameters,
                                            const std::vector<Argument>& arguments) {
  const std::string name = callee.procedure;
  if (parameters.empty() && !arguments.empty())
    return Error(ErrorCode::procedure_without_parameters, name);
  std::vector<const Argument*> by_parameter(parameters.size());
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::size_t at = i;
    if (!arguments[i].name.empty()) {
      const auto found = std::find_if(parameters.begin(), parameters.end(),
                                      [&](const ProcedureParameter& parameter) {
                                        return equal_names(parameter.name, arguments[i].name);
                                      });
      if (found == parameters.end())
        return Error(ErrorCode::unknown_parameter, arguments[i].name, name);
      at = static_cast<std::size_t>(found - parameters.begin());
    }
    if (at >= parameters.size()) return Error(ErrorCode::too_many_arguments, name);
    by_parameter[at] = &arguments[i];
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const ProcedureParameter& parameter = parameters[i];
    if (parameter.type.type == SqlType::user_defined)
      return Error(ErrorCode::unknown_type, to_text(parameter.type.user_type));
    Local& local = callee.variables[parameter.name];
    local.type = parameter.type;
    const Argument* argument = by_parameter[i];
    TypedValue value{parameter.type, Value()};
    if (argument != nullptr && !argument->is_default) {
      value = argument->value;
      if (!argument->variable.empty() && !parameter.output)
        return Error(ErrorCode::not_an_output_parameter, parameter.name);
      if (!argument->variable.empty())
        callee.outputs.emplace_back(parameter.name, argument->variable);
    } else if (parameter.default_value) {
      Result<TypedValue> made = evaluate(*parameter.default_value);
      if (!made) return made.error();
      value = *std::move(made);
    } else {
      return Error(name.empty() ? ErrorCode::missing_sql_parameter : ErrorCode::missing_argument,
                   name.empty() ? parameter.name : name, parameter.name);
    }
    Result<Value> converted = convert(std::move(value.value), value.type, parameter.type);
    if (!converted) return converted.error();
    local.value = *std::move(converted);
  }
  return {};
}

Result<Outcome> Session::State::run_text(const std::string& text, std::unique_ptr<Module> callee,
                                         const ParseOptions& options) {
  if (modules.size() > static_cast<std::size_t>(kProcedureNestingMax)) {
    return Error(ErrorCode::nesting_too_deep, std::to_string(kProcedureNestingMax));
  }
  ParseResult<Batch> batch = parse_batch(text, options);
  if (!batch) {
    raised = Raised{};
    raised->line = batch.error().where.line;
    raised->caret = caret_line(text, batch.error().where);
    return batch.error().error;
  }
  callee->batch = std::make_shared<const Batch>(*std::move(batch));
  callee->text = text;
  const StatementList& statements = callee->batch->statements;
  push_module(std::move(callee), statements);
  return Outcome::done;
}

// ---------------------------------------------------------------- procedures

Result<Outcome> Session::State::call_procedure(const ObjectName& name,
                                               const std::vector<Argument>& arguments,
                                               const std::string& result_variable,
                                               const Insert* insert) {
  const Result<Place> place = place_of(name);
  if (!place && place.error().code != ErrorCode::unknown_object) return place.error();
  const pb::Module* found = nullptr;
  if (place) {
    found = place->catalog->table<pb::Module>().find_if([&](const pb::Module& one) {
      return one.type() == "P " && one.schema_id() == place->schema &&
             catalog::names_equal(one.name(), name.name);
    });
  }
  if (found == nullptr) return Error(ErrorCode::unknown_procedure, to_text(name));
  const Result<void> allowed = require(*place, found->id(), found->name(), "EXECUTE");
  if (!allowed) return allowed.error();
  if (modules.size() > static_cast<std::size_t>(kProcedureNestingMax)) {
    return Error(ErrorCode::nesting_too_deep, std::to_string(kProcedureNestingMax));
  }
  Result<std::shared_ptr<const Batch>> batch = runtime.parsed(found->definition());
  if (!batch) return batch.error();
  const auto& procedure = std::get<CreateProcedure>(*(*batch)->statements.at(0).node);

  std::unique_ptr<Module> callee = new_module();
  callee->procedure = found->name();
  callee->procedure_id = found->id();
  callee->text = found->definition();
  callee->result_variable = result_variable;
  callee->insert = insert;
  const Result<void> bound = bind_arguments(*callee, procedure.parameters, arguments);
  if (!bound) return bound.error();
  if (found->execute_as_principal() != 0) {
    std::int32_t user = found->execute_as_principal();
    if (user < 0) user = place->catalog->table<pb::Schema>().find(found->schema_id())->owner();
    Result<catalog::SecurityContext> context =
        catalog::context_of_user(instance(), place->database, user);
    if (!context) return context.error();
    security.push_back(*std::move(context));
  }
  database = place->database;
  callee->batch = *std::move(batch);
  push_module(std::move(callee), procedure.body);
  entered_procedure = true;
  return Outcome::done;
}

Result<Outcome> Session::State::call(const Execute& node, const Insert* insert) {
  ObjectName name = node.procedure;
  if (!node.procedure_variable.empty()) {
    const Result<TypedValue> held = variable(node.procedure_variable);
    if (!held) return held.error();
    const std::string text = to_text(held->value, held->type).value_or(std::string());
    const ParseResult<Batch> batch = parse_batch("EXEC " + text);
    const auto* parsed = batch && batch->statements.size() == 1
                             ? std::get_if<Execute>(batch->statements[0].node.get())
                             : nullptr;
    if (parsed == nullptr) return Error(ErrorCode::unknown_procedure, text);
    name = parsed->procedure;
  }
  const std::string lowered = lower(name.name);
  if (lowered.starts_with("sp_") &&
      (name.schema.empty() || equal_names(name.schema, "sys") || equal_names(name.schema, "dbo"))) {
    const Result<Place> place = place_of(name);
    const bool is_users = place && place->catalog->table<pb::Module>().find(name.name) != nullptr;
    if (!is_users) return system_procedure(lowered, node, insert);
  }
  const Result<std::vector<Argument>> arguments = arguments_of(node.arguments);
  if (!arguments) return arguments.error();
  return call_procedure(name, *arguments, node.result, insert);
}

Result<Outcome> Session::State::call_text(const ExecuteText& node, const Insert* insert) {
  if (node.at_server) return Error(ErrorCode::not_supported, "EXECUTE ... AT a linked server");
  if (!node.arguments.empty())
    return Error(ErrorCode::not_supported, "arguments of EXECUTE ('text')");
  const auto text = evaluate_text(node.text);
  if (!text) return text.error();
  std::unique_ptr<Module> callee = new_module();
  callee->insert = insert;
  ParseOptions options;
  options.quoted_identifier = set.quoted_identifier;
  std::optional<catalog::SecurityContext> as;
  if (node.as && node.as->kind != ExecuteAsKind::caller) {
    Result<catalog::SecurityContext> context = impersonated(node.as->kind, node.as->name);
    if (!context) return context.error();
    as = *std::move(context);
  }
  Result<Outcome> begun = run_text(text->value_or(std::string()), std::move(callee), options);
  if (begun && as) security.push_back(*as);
  return begun;
}

// sp_executesql @statement [, @parameters, argument, ...]
Result<Outcome> Session::State::execute_sql(const std::vector<Argument>& arguments,
                                            const Execute& node, const Insert* insert) {
  const auto text_at = [&](std::size_t i) {
    return i < arguments.size() ? to_text(arguments[i].value.value, arguments[i].value.type)
                                : std::optional<std::string>();
  };
  if (arguments.empty()) return Error(ErrorCode::missing_argument, "sp_executesql", "@statement");
  std::unique_ptr<Module> callee = new_module();
  callee->result_variable = node.result;
  callee->insert = insert;
  ParseOptions options;
  options.quoted_identifier = set.quoted_identifier;
  const std::string declared = text_at(1).value_or(std::string());
  ParseResult<std::vector<ProcedureParameter>> parameters = parse_parameters(declared);
  if (!parameters) return parameters.error().error;
  const std::vector<Argument> rest(
      arguments.begin() +
          std::min<std::ptrdiff_t>(2, static_cast<std::ptrdiff_t>(arguments.size())),
      arguments.end());
  if (!parameters->empty() || !rest.empty()) {
    const Result<void> bound = bind_arguments(*callee, *parameters, rest);
    if (!bound) return bound.error();
  }
  for (const ProcedureParameter& parameter : *parameters)
    options.variables.push_back(parameter.name);
  return run_text(text_at(0).value_or(std::string()), std::move(callee), options);
}

Result<Outcome> Session::State::system_procedure(const std::string& name, const Execute& node,
                                                 const Insert* insert) {
  const Result<std::vector<Argument>> arguments = arguments_of(node.arguments);
  if (!arguments) return arguments.error();
  // By its name, or by its place.
  const auto text = [&](const char* parameter, std::size_t place) -> std::string {
    for (const Argument& argument : *arguments) {
      if (equal_names(argument.name, parameter))
        return to_text(argument.value.value, argument.value.type).value_or("");
    }
    if (place >= arguments->size() || !(*arguments)[place].name.empty()) return {};
    return to_text((*arguments)[place].value.value, (*arguments)[place].value.type).value_or("");
  };
  const auto run = [&](const std::string& statement) {
    std::unique_ptr<Module> callee = new_module();
    callee->result_variable = node.result;
    return run_text(statement, std::move(callee), {});
  };
  if (name == "sp_executesql") return execute_sql(*arguments, node, insert);
  if (name == "sp_addrolemember" || name == "sp_droprolemember") {
    return run(fmt::format("ALTER ROLE [{}] {} MEMBER [{}]", bracketed(text("@rolename", 0)),
                           name == "sp_addrolemember" ? "ADD" : "DROP",
                           bracketed(text("@membername", 1))));
  }
  if (name == "sp_addsrvrolemember" || name == "sp_dropsrvrolemember") {
    return run(fmt::format("ALTER SERVER ROLE [{}] {} MEMBER [{}]", bracketed(text("@rolename", 1)),
                           name == "sp_addsrvrolemember" ? "ADD" : "DROP",
                           bracketed(text("@loginame", 0))));
  }
  if (name == "sp_changedbowner") {
    return run(fmt::format("ALTER AUTHORIZATION ON DATABASE::[{}] TO [{}]",
                           bracketed(instance().info(database).name()),
                           bracketed(text("@loginame", 0))));
  }
  if (name == "sp_helptext") return help_text(text("@objname", 0));
  // Settings of the server, of which none means anything here.
  if (name == "sp_configure" || name == "sp_reset_connection") {
    return node.result.empty() ? Result<Outcome>(Outcome::done) : assign_result(node.result, 0);
  }
  return name.starts_with("sp_") && is_known_system_procedure(name)
             ? Error(ErrorCode::not_supported, "the procedure " + name)
             : Error(ErrorCode::unknown_procedure, to_text(node.procedure));
}

Result<Outcome> Session::State::assign_result(const std::string& variable_name,
                                              std::int64_t value) {
  const Result<void> assigned = assign(variable_name, value, type_of(SqlType::integer));
  if (!assigned) return assigned.error();
  return Outcome::done;
}

bool Session::State::is_known_system_procedure(std::string_view name) {
  constexpr auto kKnown = std::to_array<std::string_view>({"sp_addlogin",
                                                           "sp_adduser",
                                                           "sp_addrole",
                                                           "sp_addumpdevice",
                                                           "sp_attach_db",
                                                           "sp_columns",
                                                           "sp_cursor",
                                                           "sp_datatype_info",
                                                           "sp_depends",
                                                           "sp_describe_first_result_set",
                                                           "sp_detach_db",
                                                           "sp_getapplock",
                                                           "sp_grantdbaccess",
                                                           "sp_help",
                                                           "sp_helpdb",
                                                           "sp_lock",
                                                           "sp_pkeys",
                                                           "sp_prepare",
                                                           "sp_procoption",
                                                           "sp_releaseapplock",
                                                           "sp_rename",
                                                           "sp_spaceused",
                                                           "sp_statistics",
                                                           "sp_tables",
                                                           "sp_who",
                                                           "sp_who2",
                                                           "sp_xml_preparedocument",
                                                           "sp_xml_removedocument"});
  return std::find(kKnown.begin(), kKnown.end(), name) != kKnown.end();
}

Result<Outcome> Session::State::help_text(const std::string& name) {
  const auto* found = instance().database(database)->table<pb::Module>().find(
      name.substr(name.find_last_of('.') + 1));
  if (found == nullptr) return Error(ErrorCode::object_missing_or_denied, "object", name);
  RowSet rows;
  rows.columns.push_back({"Text", type_of(SqlType::nvarchar, 255)});
  std::string_view rest = found->definition();
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    rows.rows.push_back({std::string(rest.substr(0, end))});
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  emit(std::move(rows));
  return Outcome::done;
}

}  // namespace ssb::broker::tsql
