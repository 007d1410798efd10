// Control flow, variables, SET, PRINT, errors that scripts raise, WAITFOR DELAY, EXECUTE AS.
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "broker/catalog/permissions.h"
#include "broker/tsql/convert.h"
#include "broker/tsql/session_state.h"
#include "broker/tsql/token.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql {

using proto::Error;
using proto::ErrorCode;
using proto::Result;
using store::Value;

namespace {

namespace pb = catalog::pb;

constexpr int kMessageTextMax = 2047;  // of RAISERROR and THROW, in characters
constexpr int kPrintTextMax = 4000;
constexpr int kSeverityNeedsLog = 18;
constexpr std::int64_t kThrowNumberMin = 50'000;

// LOW, NORMAL, HIGH, or a number; nullopt: none of these.
std::optional<int> deadlock_priority(const std::string& value) {
  const std::string upper = to_upper(value);
  if (upper == "LOW") return catalog::kDeadlockPriorityLow;
  if (upper == "NORMAL") return 0;
  if (upper == "HIGH") return catalog::kDeadlockPriorityHigh;
  int number = 0;
  const char* end = value.data() + value.size();
  const auto read = std::from_chars(value.data(), end, number);
  const bool is_number = read.ec == std::errc() && read.ptr == end;
  if (!is_number || number < catalog::kDeadlockPriorityMin ||
      number > catalog::kDeadlockPriorityMax)
    return std::nullopt;
  return number;
}

constexpr auto kAcceptedOptions = std::to_array<std::string_view>({"ANSI_DEFAULTS",
                                                                   "ANSI_NULLS",
                                                                   "ANSI_PADDING",
                                                                   "ANSI_WARNINGS",
                                                                   "ANSI_NULL_DFLT_ON",
                                                                   "ANSI_NULL_DFLT_OFF",
                                                                   "ARITHABORT",
                                                                   "ARITHIGNORE",
                                                                   "CONCAT_NULL_YIELDS_NULL",
                                                                   "CONTEXT_INFO",
                                                                   "CURSOR_CLOSE_ON_COMMIT",
                                                                   "NUMERIC_ROUNDABORT",
                                                                   "TEXTSIZE",
                                                                   "DATEFORMAT",
                                                                   "DATEFIRST",
                                                                   "LANGUAGE",
                                                                   "TRANSACTION ISOLATION LEVEL",
                                                                   "STATISTICS IO",
                                                                   "STATISTICS TIME",
                                                                   "STATISTICS XML",
                                                                   "STATISTICS PROFILE",
                                                                   "FORCEPLAN",
                                                                   "QUERY_GOVERNOR_COST_LIMIT",
                                                                   "REMOTE_PROC_TRANSACTIONS",
                                                                   "FIPS_FLAGGER",
                                                                   "IMPLICIT_TRANSACTIONS",
                                                                   "NOEXEC",
                                                                   "FMTONLY",
                                                                   "PARSEONLY"});

// One %-specification of RAISERROR: %[flags][width][.precision]type, of %d %i %u %o %x %X %s.
Result<std::string> formatted(const std::string& message,
                              const std::vector<TypedValue>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const DataType& type = arguments[i].type;
    const bool fits = (is_integer(type) && type.type != SqlType::bit) || is_text(type) ||
                      is_binary(type) || is_null(arguments[i].value);
    if (!fits)
      return Error(ErrorCode::bad_substitution_type, std::to_string(i + 1), type_name(type));
  }
  std::string result;
  std::size_t next = 0;
  for (std::size_t i = 0; i < message.size(); ++i) {
    if (message[i] != '%') {
      result += message[i];
      continue;
    }
    if (i + 1 < message.size() && message[i + 1] == '%') {
      result += message[++i];
      continue;
    }
    const std::size_t end = message.find_first_of("diuoxXsS", i + 1);
    const std::string flags = end == std::string::npos ? "?" : message.substr(i + 1, end - i - 1);
    if (flags.find_first_not_of("-+ #0123456789.*lhI") != std::string::npos ||
        flags.find('*') != std::string::npos) {
      return Error(ErrorCode::bad_format_specification, message);
    }
    const char kind = message[end];
    std::string text = "(null)";
    if (next < arguments.size()) {
      const TypedValue& argument = arguments[next++];
      const auto* number = std::get_if<std::int64_t>(&argument.value);
      const bool wants_text = kind == 's' || kind == 'S';
      if (!is_null(argument.value) && wants_text == (number != nullptr)) {
        return Error(ErrorCode::substitution_type_mismatch, std::to_string(next),
                     message.substr(i, end - i + 1));
      }
      if ((kind == 'x' || kind == 'X') && number != nullptr) {
        text = kind == 'x' ? fmt::format("{:x}", static_cast<std::uint32_t>(*number))
                           : fmt::format("{:X}", static_cast<std::uint32_t>(*number));
      } else if (kind == 'o' && number != nullptr) {
        text = fmt::format("{:o}", static_cast<std::uint32_t>(*number));
      } else if (kind == 'u' && number != nullptr) {
        text = fmt::format("{}", static_cast<std::uint32_t>(*number));
      } else {
        text = to_text(argument.value, argument.type).value_or("(null)");
      }
    }
    const bool is_left = flags.find('-') != std::string::npos;
    const std::size_t digits = flags.find_first_of("123456789");
    const auto width = static_cast<std::size_t>(
        digits == std::string::npos ? 0 : std::atoi(flags.c_str() + digits));
    const char fill = flags.starts_with('0') && !is_left ? '0' : ' ';
    if (text.size() < width) text.insert(is_left ? text.size() : 0, width - text.size(), fill);
    result += text;
    i = end;
  }
  return result;
}

// 'hh:mm[:ss[.mmm]]' as a time of day.
std::optional<proto::Duration> clock_of(const std::string& text) {
  const auto moment = parse_time("1900-01-01 " + text);
  if (!moment || text.find(':') == std::string::npos) return std::nullopt;
  return *moment - std::chrono::floor<std::chrono::days>(*moment);
}

}  // namespace

// ---------------------------------------------------------------- variables

Result<void> Session::State::make_variable(const VariableDeclaration& declared) {
  Local& local = module().variables[declared.name];
  if (declared.table) {
    // A loop comes by again: the table stays as it is.
    if (local.table) return {};
    Result<TableShape> shape = shape_of(*declared.table, declared.name);
    if (!shape) return shape.error();
    shape->owners.push_back(module().batch);
    local.table = make_table(declared.name, *std::move(shape));
    return {};
  }
  if (declared.type.type == SqlType::user_defined) {
    return Error(ErrorCode::unknown_type, to_text(declared.type.user_type));
  }
  local.type = declared.type;
  return {};
}

Result<Outcome> Session::State::declare(const DeclareVariables& node) {
  for (const VariableDeclaration& declared : node.variables) {
    Result<void> made = make_variable(declared);
    if (!made) return made.error();
    if (declared.table || !declared.initial) continue;
    const Result<TypedValue> value = evaluate(*declared.initial);
    if (!value) return value.error();
    const Result<void> assigned = assign(declared.name, value->value, value->type);
    if (!assigned) return assigned.error();
  }
  return Outcome::done;
}

Result<void> Session::State::declare_within(const StatementList& list) {
  for (const Statement& statement : list) {
    Result<void> declared = declare_within(statement);
    if (!declared) return declared;
  }
  return {};
}

// A DECLARE holds from where it stands to the end of its batch, whether it is executed or not; only its initial value is a matter of
// execution.
Result<void> Session::State::declare_within(const Statement& statement) {
  const StatementNode* node = statement.node.get();
  if (const auto* declaration = std::get_if<DeclareVariables>(node)) {
    for (const VariableDeclaration& declared : declaration->variables) {
      if (module().variables.contains(declared.name)) continue;
      const Result<void> made = make_variable(declared);
      if (!made) return made;
    }
    return {};
  }
  if (const auto* block = std::get_if<Block>(node)) return declare_within(block->statements);
  if (const auto* loop = std::get_if<While>(node)) return declare_within(*loop->body);
  if (const auto* branch = std::get_if<If>(node)) {
    const Result<void> declared = declare_within(*branch->then);
    return declared && branch->otherwise ? declare_within(*branch->otherwise) : declared;
  }
  if (const auto* attempt = std::get_if<TryCatch>(node)) {
    const Result<void> declared = declare_within(attempt->body);
    return declared ? declare_within(attempt->handler) : declared;
  }
  return {};
}

Result<Outcome> Session::State::set_variable(const SetVariable& node) {
  const Result<TypedValue> value = evaluate(node.value);
  if (!value) return value.error();
  const Result<void> assigned = assign(node.name, node.op, value->value, value->type);
  if (!assigned) return assigned.error();
  row_count = 1;
  return Outcome::done;
}

Result<Outcome> Session::State::set_options(const SetOptions& node) {
  const bool is_on = node.value == "ON";
  for (const std::string& name : node.names) {
    std::string value = node.value;
    if (value.starts_with('@')) {
      const Result<TypedValue> held = variable(value);
      if (!held) return held.error();
      value = to_text(held->value, held->type).value_or("0");
    }
    if (name == "NOCOUNT") {
      set.no_count = is_on;
    } else if (name == "XACT_ABORT") {
      set.xact_abort = is_on;
    } else if (name == "QUOTED_IDENTIFIER") {
      set.quoted_identifier = is_on;
    } else if (name == "ROWCOUNT") {
      set.row_count = std::atoll(value.c_str());
    } else if (name == "LOCK_TIMEOUT") {
      set.lock_timeout_ms = std::atoll(value.c_str());
    } else if (name == "DEADLOCK_PRIORITY") {
      const std::optional<int> priority = deadlock_priority(value);
      if (!priority) return Error(ErrorCode::unknown_function_or_option, value);
      set.deadlock_priority = *priority;
    } else if (name == "IDENTITY_INSERT") {
      set.identity_insert = is_on ? lower(node.table.name) : std::string();
    } else if ((name == "IMPLICIT_TRANSACTIONS" || name == "NOEXEC" || name == "FMTONLY" ||
                name == "PARSEONLY") &&
               is_on) {
      return Error(ErrorCode::not_supported, "SET " + name + " ON");
    } else if (std::find(kAcceptedOptions.begin(), kAcceptedOptions.end(), name) ==
               kAcceptedOptions.end()) {
      return Error(ErrorCode::unknown_function_or_option, name);
    }
  }
  return Outcome::done;
}

// ---------------------------------------------------------------- messages

Result<Outcome> Session::State::print(const Print& node) {
  const Result<Value> value = evaluate_as(node.value, type_of(SqlType::nvarchar, -1));
  if (!value) return value.error();
  const auto* text = std::get_if<std::string>(&*value);
  Raised what;
  what.error.parameters.emplace_back(text == nullptr ? std::string_view()
                                                     : text_prefix(*text, kPrintTextMax));
  row_count = 0;
  say(what);
  return Outcome::done;
}

Result<Outcome> Session::State::raise_error(const RaiseError& node) {
  const Result<Value> severity = evaluate_as(node.severity, type_of(SqlType::integer));
  if (!severity) return severity.error();
  const Result<Value> state = evaluate_as(node.state, type_of(SqlType::integer));
  if (!state) return state.error();
  const Result<TypedValue> message = evaluate(node.message);
  if (!message) return message.error();
  std::vector<TypedValue> arguments;
  for (const Expression& argument : node.arguments) {
    Result<TypedValue> value = evaluate(argument);
    if (!value) return value.error();
    arguments.push_back(*std::move(value));
  }
  row_count = 0;
  const auto* level = std::get_if<std::int64_t>(&*severity);
  const int own_severity =
      static_cast<int>(std::clamp<std::int64_t>(level == nullptr ? 0 : *level, 0, 25));
  if (own_severity > kSeverityNeedsLog && !(node.log && who().is_sysadmin))
    return Error(ErrorCode::severity_needs_log);

  Error error(ErrorCode::user_error);
  const auto* place = std::get_if<std::int64_t>(&*state);
  error.state = static_cast<int>(std::clamp<std::int64_t>(place == nullptr ? 1 : *place, 0, 255));
  error.own_severity = own_severity;
  if (const auto* number = std::get_if<std::int64_t>(&message->value); number != nullptr) {
    const auto* row = proto::find_error(static_cast<std::int32_t>(*number));
    if (*number < 13'000 || *number == 50'000 || *number > INT32_MAX) {
      return Error(ErrorCode::message_number_reserved, std::to_string(*number));
    }
    if (row == nullptr) return Error(ErrorCode::message_not_found, std::to_string(*number));
    error.code = row->code;
    for (const TypedValue& argument : arguments) {
      error.parameters.push_back(to_text(argument.value, argument.type).value_or("(null)"));
    }
  } else {
    const std::string format = to_text(message->value, message->type).value_or(std::string());
    const Result<std::string> text = formatted(format, arguments);
    if (!text) return text.error();
    error.parameters.emplace_back(text_prefix(*text, kMessageTextMax));
  }
  // Up to 10 it is information, which has no CATCH and, without SETERROR, no @@ERROR.
  Raised what;
  what.error = error;
  if (own_severity <= 10) {
    say(what);
    last_error = node.set_error ? error.number() : 0;
    return Outcome::done;
  }
  raised = Raised{};
  raised->is_raiserror = true;
  return error;
}

Result<Outcome> Session::State::throw_error(const Throw& node) {
  raised = Raised{};
  raised->ends_batch = true;
  if (!node.number) {
    for (auto frame = frames.rbegin(); frame != frames.rend(); ++frame) {
      if (frame->kind != Frame::Kind::handler) continue;
      raised->line = frame->caught->line;
      raised->procedure = frame->caught->procedure;
      return frame->caught->error;
    }
    return Error(ErrorCode::rethrow_outside_catch);
  }
  const Result<Value> number = evaluate_as(*node.number, type_of(SqlType::integer));
  if (!number) return number.error();
  const auto message = evaluate_text(*node.message);
  if (!message) return message.error();
  const Result<Value> state = evaluate_as(*node.state, type_of(SqlType::tinyint));
  if (!state) return state.error();
  const auto* value = std::get_if<std::int64_t>(&*number);
  if (value == nullptr || *value < kThrowNumberMin) {
    return Error(ErrorCode::bad_throw_number, value == nullptr ? "NULL" : std::to_string(*value));
  }
  Error error;
  error.code = static_cast<ErrorCode>(*value);
  error.own_severity = 16;
  const auto* place = std::get_if<std::int64_t>(&*state);
  error.state = place == nullptr ? 1 : static_cast<int>(*place);
  error.parameters.emplace_back(text_prefix(message->value_or(std::string()), kMessageTextMax));
  return error;
}

// ---------------------------------------------------------------- jumps

Result<Outcome> Session::State::leave_loop(bool continues) {
  while (frames.back().kind != Frame::Kind::loop)
    frames.pop_back();  // the parser knows that there is one
  if (continues) {
    frames.back().next = frames.back().count;
  } else {
    frames.pop_back();
  }
  return Outcome::done;
}

// Labels of the blocks around the statement; a jump into a block is not followed.
Result<Outcome> Session::State::go_to(const GoTo& node) {
  for (std::size_t i = frames.size(); i > 0; --i) {
    const Frame& frame = frames[i - 1];
    for (std::size_t s = 0; s < frame.count; ++s) {
      const auto* label = std::get_if<Label>(frame.statements[s].node.get());
      if (label == nullptr || !equal_names(label->name, node.label)) continue;
      frames.resize(i);
      frames.back().next = s;
      return Outcome::done;
    }
    if (frame.kind == Frame::Kind::module) break;
  }
  return Error(ErrorCode::not_supported, "GOTO into a block");
}

Result<Outcome> Session::State::return_from(const Return& node) {
  if (node.value) {
    const Result<Value> value = evaluate_as(*node.value, type_of(SqlType::integer));
    if (!value) return value.error();
    const auto* number = std::get_if<std::int64_t>(&*value);
    module().return_value = number == nullptr ? 0 : *number;
  }
  while (frames.back().kind != Frame::Kind::module) frames.pop_back();
  frames.back().next = frames.back().count;
  return Outcome::done;
}

Result<Outcome> Session::State::use(const UseDatabase& node) {
  const catalog::Catalog* other = instance().database(node.name);
  if (other == nullptr) return Error(ErrorCode::unknown_database, node.name);
  // A user that was taken on by EXECUTE AS USER stays in its database, guest or not.
  if (who().user && who().user_database != other->id()) {
    return Error(ErrorCode::no_access_to_database, who().login_name, node.name);
  }
  const auto user = catalog::user_in(instance(), who(), other->id());
  if (!user) return user.error();
  if (database != other->id()) {
    constexpr int kSingleUser = 1;
    const std::vector<Session*> others = runtime.others_in(other->id(), session);
    if (instance().info(other->id()).user_access() == kSingleUser && !others.empty())
      return Error(ErrorCode::database_has_one_user, node.name, std::to_string(others[0]->id()));
    runtime.left();
  }
  database = other->id();
  row_count = 0;
  show_database();
  return Outcome::done;
}

Result<Outcome> Session::State::wait_until(const Expression& expression, bool is_delay) {
  if (!statement_until) {
    const auto text = evaluate_text(expression);
    if (!text) return text.error();
    // A datetime variable counts by its time of day.
    std::string clock = text->value_or(std::string());
    if (const std::size_t blank = clock.find_last_of(' ');
        blank != std::string::npos && clock.size() > 12) {
      const auto moment = parse_time(clock);
      if (moment) clock = time_text(*moment, type_of(SqlType::time));
    }
    const auto time = clock_of(clock);
    if (!time) return Error(ErrorCode::bad_waitfor_time, clock);
    if (is_delay) {
      statement_until = now + *time;
    } else {
      const auto today = std::chrono::floor<std::chrono::days>(now);
      statement_until = proto::TimePoint(today) + *time;
      if (*statement_until <= now) *statement_until += std::chrono::days(1);
    }
  }
  if (now >= *statement_until) return Outcome::done;
  wait.kind = Wait::Kind::time;
  wait.until = *statement_until;
  return Outcome::waits;
}

// ---------------------------------------------------------------- EXECUTE AS

Result<catalog::SecurityContext> Session::State::impersonated(ExecuteAsKind kind,
                                                              const std::string& name) {
  catalog::SecurityContext context;
  if (kind == ExecuteAsKind::login) {
    const auto* login = instance().master().table<pb::Login>().find(name);
    const bool may = login != nullptr && catalog::login_has_permission(instance(), who().login,
                                                                       catalog::ObjectClass::login,
                                                                       login->id(), "IMPERSONATE");
    if (!may || login->type() == "C" || login->type() == "R")
      return Error(ErrorCode::cannot_execute_as, name);
    context.login = login->id();
    context.login_name = login->name();
    context.is_sysadmin = login->is_sysadmin();
    return context;
  }
  const catalog::Catalog& catalog = *instance().database(database);
  const auto* user = catalog.table<pb::Principal>().find(name);
  const auto self = catalog::user_in(instance(), who(), database);
  const bool may = user != nullptr && self &&
                   (*self == user->id() ||
                    catalog::has_permission(catalog, *self, catalog::ObjectClass::principal,
                                            user->id(), "IMPERSONATE"));
  const bool is_person =
      user != nullptr && (user->type() == "S" || user->type() == "U" || user->type() == "G");
  if (!may || !is_person) return Error(ErrorCode::cannot_execute_as_user, name);
  return catalog::context_of_user(instance(), database, user->id());
}

Result<Outcome> Session::State::execute_as(const ExecuteAs& node) {
  if (node.kind == ExecuteAsKind::caller) return Outcome::done;
  if (node.cookie || node.no_revert)
    return Error(ErrorCode::not_supported, "EXECUTE AS WITH NO REVERT or COOKIE");
  const auto name = evaluate_text(*node.name);
  if (!name) return name.error();
  Result<catalog::SecurityContext> context = impersonated(node.kind, name->value_or(std::string()));
  if (!context) return context.error();
  security.push_back(*std::move(context));
  return Outcome::done;
}

Result<Outcome> Session::State::revert() {
  // A procedure takes back only what it set itself; at the session's own context REVERT does nothing.
  const std::size_t floor = modules.size() > 1 ? module().security_depth : 1;
  if (security.size() > std::max<std::size_t>(1, floor)) security.pop_back();
  return Outcome::done;
}

}  // namespace ssb::broker::tsql
