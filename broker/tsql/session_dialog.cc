// Conversations: BEGIN DIALOG, SEND, RECEIVE, WAITFOR, END CONVERSATION and their kin, on top of the engine.
#include <fmt/format.h>

#include "broker/catalog/permissions.h"
#include "broker/tsql/convert.h"
#include "broker/tsql/session_state.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql {

using proto::Error;
using proto::ErrorCode;
using proto::Result;
using store::Row;
using store::Value;

namespace pb = catalog::pb;

namespace {

constexpr std::size_t kReceiveColumns = 14;  // of RECEIVE *: SELECT shows more

Row row_of(conversation::QueuedMessage message) {
  Row row;
  row.emplace_back(std::int64_t{message.status});
  row.emplace_back(std::int64_t{message.priority});
  row.emplace_back(message.queuing_order);
  row.emplace_back(message.conversation_group_id.text());
  row.emplace_back(message.conversation_handle.text());
  row.emplace_back(message.message_sequence_number);
  row.emplace_back(std::move(message.service_name));
  row.emplace_back(std::int64_t{message.service_id});
  row.emplace_back(std::move(message.service_contract_name));
  row.emplace_back(std::int64_t{message.service_contract_id});
  row.emplace_back(std::move(message.message_type_name));
  row.emplace_back(std::int64_t{message.message_type_id});
  row.emplace_back(std::move(message.validation));
  row.push_back(message.message_body ? Value(*std::move(message.message_body)) : Value());
  return row;
}

std::optional<std::int64_t> number_in(const Value& value) {
  const auto* number = std::get_if<std::int64_t>(&value);
  return number == nullptr ? std::nullopt : std::optional(*number);
}

}  // namespace

Result<std::optional<proto::Guid>> Session::State::evaluate_guid(const Expression& expression) {
  const Result<Value> value = evaluate_as(expression, type_of(SqlType::uniqueidentifier));
  if (!value) return value.error();
  const auto* text = std::get_if<std::string>(&*value);
  if (text == nullptr) return std::optional<proto::Guid>();
  return proto::Guid::parse(*text);
}

// A handle that must be there: NULL is 8418.
Result<proto::ConversationHandle> Session::State::evaluate_handle(const Expression& expression) {
  const auto guid = evaluate_guid(expression);
  if (!guid) return guid.error();
  if (!*guid) return Error(ErrorCode::conversation_handle_missing);
  return proto::ConversationHandle{**guid};
}

Result<const pb::Queue*> Session::State::queue_of(const ObjectName& name,
                                                  store::DatabaseId& where) {
  const Result<Place> place = place_of(name);
  if (!place) return place.error();
  const auto* queue = place->catalog->table<pb::Queue>().find_if([&](const pb::Queue& one) {
    return one.schema_id() == place->schema && catalog::names_equal(one.name(), name.name);
  });
  if (queue == nullptr) return Error(ErrorCode::unknown_object, to_text(name));
  where = place->database;
  return queue;
}

Result<Outcome> Session::State::begin_dialog(const BeginDialog& node) {
  const Local* handle = find_variable(node.handle);
  if (handle == nullptr) return Error(ErrorCode::variable_not_declared, node.handle);
  if (handle->table || handle->type.type != SqlType::uniqueidentifier) {
    return Error(ErrorCode::wrong_argument_type, node.handle, "a uniqueidentifier");
  }
  conversation::BeginDialogRequest request;
  request.database = database;
  const auto from = evaluate_text(node.from_service);
  if (!from) return from.error();
  const auto to = evaluate_text(node.to_service);
  if (!to) return to.error();
  if (!*from || !*to) return Error(ErrorCode::bad_service_name, "NULL");
  request.from_service = **from;
  request.to_service = **to;
  if (node.broker_instance) {
    const auto broker = evaluate_text(*node.broker_instance);
    if (!broker) return broker.error();
    request.broker_instance = *broker;
  }
  if (node.contract) {
    const auto contract = evaluate_text(*node.contract);
    if (!contract) return contract.error();
    if (!*contract) return Error(ErrorCode::service_contract_null);
    request.contract = **contract;
  }
  if (node.related_conversation) {
    const auto related = evaluate_handle(*node.related_conversation);
    if (!related) return related.error();
    request.related_conversation = *related;
  }
  if (node.related_conversation_group) {
    const auto group = evaluate_guid(*node.related_conversation_group);
    if (!group) return group.error();
    if (*group) request.related_group = proto::ConversationGroupId{**group};
  }
  if (node.lifetime_s) {
    const Result<Value> lifetime = evaluate_as(*node.lifetime_s, type_of(SqlType::bigint));
    if (!lifetime) return lifetime.error();
    const auto seconds = number_in(*lifetime);
    if (!seconds) return Error(ErrorCode::lifetime_null);
    request.lifetime_s = *seconds;
  }
  request.encryption = node.encryption.value_or(true);
  return atomically([&]() -> Result<Outcome> {
    const auto begun = engine().begin_dialog(*transaction, who(), request, now);
    if (!begun) return begun.error();
    const Result<void> assigned =
        assign(node.handle, begun->text(), type_of(SqlType::uniqueidentifier));
    if (!assigned) return assigned.error();
    return Outcome::done;
  });
}

Result<Outcome> Session::State::send(const Send& node) {
  std::vector<proto::ConversationHandle> handles;
  for (const Expression& expression : node.handles) {
    const auto handle = evaluate_handle(expression);
    if (!handle) return handle.error();
    handles.push_back(*handle);
  }
  std::string type = "DEFAULT";
  if (node.message_type) {
    const auto name = evaluate_text(*node.message_type);
    if (!name) return name.error();
    if (!*name) return Error(ErrorCode::unknown_message_type, "NULL");
    type = **name;
  }
  std::optional<proto::Bytes> body;
  if (node.body) {
    Result<Value> value = evaluate_as(*node.body, type_of(SqlType::varbinary, -1));
    if (!value) return value.error();
    auto* bytes = std::get_if<proto::Bytes>(&*value);
    if (bytes == nullptr) return Error(ErrorCode::body_null);
    body = std::move(*bytes);
  }
  return atomically([&]() -> Result<Outcome> {
    for (const proto::ConversationHandle handle : handles) {
      const auto sent = engine().send(*transaction, who(), database, handle, type, body, now);
      if (!sent) return sent.error();
    }
    return Outcome::done;
  });
}

// ---------------------------------------------------------------- RECEIVE

// The rows become a table with the columns of the queue; the list of RECEIVE is a SELECT over it.
Result<void> Session::State::deliver(const Receive& node,
                                     std::vector<conversation::QueuedMessage> messages) {
  std::vector<store::Column> columns = runtime.views().view_columns("queue");
  columns.resize(std::min(columns.size(), kReceiveColumns));
  TableShape shape;
  for (const store::Column& column : columns) {
    shape.columns.emplace_back(
        column.name, parse_type(column.declared_type).value_or(type_of(SqlType::sql_variant)));
  }
  const auto table = make_table(node.queue.name, std::move(shape));
  statement_tables.push_back(table);
  auto rows = std::make_shared<std::vector<Row>>();
  for (auto& message : messages) rows->push_back(row_of(std::move(message)));
  table->rows = std::move(rows);

  Translator translator(*this);
  Scope scope;
  const std::string source = translator.add_source(scope, relation_of(*table), node.queue.name);
  Translator::Parts parts;
  parts.items = &node.items;
  Result<Rows> result = run_translated(translator, translator.select(parts, scope, source));
  if (!result) {
    if (result.error().code == ErrorCode::select_assigns_and_returns)
      return Error(ErrorCode::receive_assigns_and_returns);
    return result.error();
  }
  const bool assigns = !result->columns.empty() && !result->columns[0].variable.empty();
  const auto count = static_cast<std::int64_t>(result->rows.size());
  if (assigns && node.into) return Error(ErrorCode::receive_into_with_assignment);
  if (assigns) {
    row_count = count;
    return assign_rows(*result);
  }
  if (!node.into) {
    emit(row_set(*std::move(result)));
    return {};
  }
  TableSource into;
  into.node = TableVariable{*node.into};
  const Result<void> written = write_rows(into, {}, *result);
  if (!written) return written.error();
  count_rows(count);
  return {};
}

Result<Outcome> Session::State::receive(const Receive& node,
                                        std::optional<proto::TimePoint> until) {
  conversation::ReceiveRequest request;
  const auto queue = queue_of(node.queue, request.database);
  if (!queue) return queue.error();
  const Result<Place> place = place_of(node.queue);
  if (!place) return place.error();
  const Result<void> allowed = require(*place, (*queue)->id(), (*queue)->name(), "RECEIVE");
  if (!allowed) return allowed.error();
  request.queue = (*queue)->id();
  received = true;
  if (node.top) {
    const Result<Value> top = evaluate_as(*node.top, type_of(SqlType::bigint));
    if (!top) return top.error();
    request.top = number_in(*top).value_or(0);
    if (request.top < 0) return Error(ErrorCode::negative_top);
  }
  if (node.filter != ReceiveFilter::none) {
    const auto guid = evaluate_guid(*node.filter_value);
    if (!guid) return guid.error();
    if (!*guid) {
      return Error(node.filter == ReceiveFilter::conversation_group_id
                       ? ErrorCode::conversation_group_missing
                       : ErrorCode::conversation_handle_missing);
    }
    if (node.filter == ReceiveFilter::conversation_handle)
      request.conversation = proto::ConversationHandle{**guid};
    if (node.filter == ReceiveFilter::conversation_group_id)
      request.group = proto::ConversationGroupId{**guid};
  }
  return atomically([&]() -> Result<Outcome> {
    auto messages = engine().receive(*transaction, who(), request, now);
    if (!messages) return messages.error();
    const bool is_empty = messages->empty();
    if (is_empty && until && now < *until)
      return wait_for_message(request.database, request.queue, *until);
    const Result<void> delivered = deliver(node, *std::move(messages));
    if (!delivered) return delivered.error();
    engine().receive_noticed(request.database, request.queue, is_empty, now);
    return Outcome::done;
  });
}

Result<Outcome> Session::State::get_group(const GetConversationGroup& node,
                                          std::optional<proto::TimePoint> until) {
  store::DatabaseId where = 0;
  const auto queue = queue_of(node.queue, where);
  if (!queue) return queue.error();
  const std::int32_t id_of_queue = (*queue)->id();
  received = true;
  return atomically([&]() -> Result<Outcome> {
    const auto group =
        engine().get_conversation_group(*transaction, who(), where, id_of_queue, now);
    if (!group) return group.error();
    if (!*group && until && now < *until) return wait_for_message(where, id_of_queue, *until);
    engine().receive_noticed(where, id_of_queue, !*group, now);
    const Result<void> assigned = assign(node.group, *group ? Value((*group)->text()) : Value(),
                                         type_of(SqlType::uniqueidentifier));
    if (!assigned) return assigned.error();
    row_count = *group ? 1 : 0;
    return Outcome::done;
  });
}

Result<Outcome> Session::State::wait_for(const WaitFor& node) {
  if (const auto* delay = std::get_if<WaitForDelay>(&node.what))
    return wait_until(delay->delay, true);
  if (const auto* time = std::get_if<WaitForTime>(&node.what)) return wait_until(time->time, false);
  if (!statement_until) {
    proto::TimePoint until = proto::kNever;
    if (node.timeout_ms) {
      const Result<Value> timeout = evaluate_as(*node.timeout_ms, type_of(SqlType::bigint));
      if (!timeout) return timeout.error();
      const auto milliseconds = number_in(*timeout);
      if (!milliseconds)
        return Error(ErrorCode::wrong_argument_type, "TIMEOUT",
                     "a number of milliseconds, not NULL");
      if (*milliseconds >= 0) until = now + std::chrono::milliseconds(*milliseconds);
    }
    statement_until = until;
  }
  if (const auto* receiving = std::get_if<Receive>(&node.what))
    return receive(*receiving, statement_until);
  return get_group(std::get<GetConversationGroup>(node.what), statement_until);
}

// ---------------------------------------------------------------- the rest

Result<Outcome> Session::State::end_conversation(const EndConversation& node) {
  const auto handle = evaluate_handle(node.handle);
  if (!handle) return handle.error();
  conversation::EndRequest request;
  request.cleanup = node.cleanup;
  if (node.error) {
    const Result<Value> code = evaluate_as(node.error->code, type_of(SqlType::integer));
    if (!code) return code.error();
    const auto description = evaluate_text(node.error->description);
    if (!description) return description.error();
    request.error_code = number_in(*code);
    if (!request.error_code || *request.error_code <= 0 || !*description)
      return Error(ErrorCode::bad_error_code);
    request.error_description = **description;
  }
  return atomically([&]() -> Result<Outcome> {
    const auto ended = engine().end(*transaction, who(), database, *handle, request, now);
    if (!ended) return ended.error();
    return Outcome::done;
  });
}

Result<Outcome> Session::State::move(const MoveConversation& node) {
  const auto handle = evaluate_handle(node.handle);
  if (!handle) return handle.error();
  const auto group = evaluate_guid(node.group);
  if (!group) return group.error();
  if (!*group) return Error(ErrorCode::move_destination_invalid, "NULL");
  return atomically([&]() -> Result<Outcome> {
    const auto moved = engine().move(*transaction, who(), database, *handle,
                                     proto::ConversationGroupId{**group}, now);
    if (!moved) return moved.error();
    return Outcome::done;
  });
}

Result<Outcome> Session::State::set_timer(const BeginConversationTimer& node) {
  const auto handle = evaluate_handle(node.handle);
  if (!handle) return handle.error();
  const Result<Value> timeout = evaluate_as(node.timeout_s, type_of(SqlType::bigint));
  if (!timeout) return timeout.error();
  const auto seconds = number_in(*timeout);
  if (!seconds)
    return Error(ErrorCode::wrong_argument_type, "TIMEOUT", "a number of seconds, not NULL");
  return atomically([&]() -> Result<Outcome> {
    const auto begun = engine().set_timer(*transaction, who(), database, *handle, *seconds, now);
    if (!begun) return begun.error();
    return Outcome::done;
  });
}

}  // namespace ssb::broker::tsql
