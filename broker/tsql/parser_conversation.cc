// Conversations: BEGIN DIALOG, SEND, RECEIVE, WAITFOR, END, MOVE, GET CONVERSATION GROUP, timers.
#include "broker/tsql/parser_core.h"

namespace ssb::broker::tsql {

// BEGIN DIALOG [CONVERSATION] @handle FROM SERVICE name TO SERVICE 'name' [, 'broker'] [ON CONTRACT name]
//   [WITH option [,] ...]
NodePointer Parser::begin_dialog() {
  accept("CONVERSATION");
  BeginDialog dialog;
  dialog.handle = declared_variable();
  expect_all({"FROM", "SERVICE"});
  dialog.from_service = name_or_variable();
  expect_all({"TO", "SERVICE"});
  dialog.to_service = string_or_variable();
  if (accept(",")) dialog.broker_instance = string_or_variable();
  if (accept_all({"ON", "CONTRACT"})) {
    if (at("DEFAULT")) fail();
    dialog.contract = name_or_variable();
  }
  const bool options =
      at("WITH") &&
      at_any({"RELATED_CONVERSATION", "RELATED_CONVERSATION_GROUP", "LIFETIME", "ENCRYPTION"}, 1);
  if (options) {
    next();
    dialog_options(dialog);
  }
  return node(std::move(dialog));
}

// RELATED_CONVERSATION = h | RELATED_CONVERSATION_GROUP = g | LIFETIME = n | ENCRYPTION = ON | OFF
void Parser::dialog_options(BeginDialog& dialog) {
  while (true) {
    if (at("RELATED_CONVERSATION")) {
      once(static_cast<bool>(dialog.related_conversation) ||
           static_cast<bool>(dialog.related_conversation_group));
      expect_all({"RELATED_CONVERSATION", "="});
      dialog.related_conversation = expression();
    } else if (at("RELATED_CONVERSATION_GROUP")) {
      once(static_cast<bool>(dialog.related_conversation_group) ||
           static_cast<bool>(dialog.related_conversation));
      expect_all({"RELATED_CONVERSATION_GROUP", "="});
      dialog.related_conversation_group = expression();
    } else if (at("LIFETIME")) {
      once(static_cast<bool>(dialog.lifetime_s));
      expect_all({"LIFETIME", "="});
      dialog.lifetime_s = expression();
    } else {
      once(dialog.encryption.has_value());
      expect_all({"ENCRYPTION", "="});
      dialog.encryption = on_off();
    }
    const bool comma = accept(",");
    if (!comma &&
        !at_any({"RELATED_CONVERSATION", "RELATED_CONVERSATION_GROUP", "LIFETIME", "ENCRYPTION"}))
      return;
  }
}

// BEGIN CONVERSATION TIMER ( handle ) TIMEOUT = seconds
NodePointer Parser::begin_conversation_timer() {
  BeginConversationTimer timer;
  expect("(");
  timer.handle = expression();
  expect_all({")", "TIMEOUT", "="});
  timer.timeout_s = expression();
  return node(std::move(timer));
}

// SEND ON CONVERSATION handle | ( handle, ... ) [MESSAGE TYPE name] [( body )]
NodePointer Parser::send_statement() {
  Send send;
  if (at("(") && !at_parenthesized_query()) {
    expect("(");
    do {
      send.handles.push_back(expression());
    } while (accept(","));
    expect(")");
  } else {
    send.handles.push_back(expression());
  }
  if (accept_all({"MESSAGE", "TYPE"})) send.message_type = name_or_variable();
  if (accept("(")) {
    send.body = expression();
    expect(")");
  }
  return node(std::move(send));
}

NodePointer Parser::receive_statement() {
  return node(receive());
}

// RECEIVE [TOP ( n )] item, ... FROM queue [INTO @t] [WHERE conversation_handle | conversation_group_id = value]
Receive Parser::receive() {
  Receive receive;
  if (accept("TOP")) {
    const bool parentheses = accept("(");
    receive.top = parentheses ? expression() : literal_or_variable();
    if (parentheses) expect(")");
  }
  receive.items = select_items();
  expect("FROM");
  receive.queue = object_name();
  if (accept("INTO")) receive.into = table_variable();
  if (accept("WHERE")) {
    if (accept("CONVERSATION_HANDLE")) {
      receive.filter = ReceiveFilter::conversation_handle;
    } else {
      expect("CONVERSATION_GROUP_ID");
      receive.filter = ReceiveFilter::conversation_group_id;
    }
    expect("=");
    receive.filter_value = expression();
  }
  return receive;
}

NodePointer Parser::get_conversation_group() {
  return node(conversation_group());
}

// GET CONVERSATION GROUP @group FROM queue
GetConversationGroup Parser::conversation_group() {
  GetConversationGroup get;
  get.group = declared_variable();
  expect("FROM");
  get.queue = object_name();
  return get;
}

// WAITFOR DELAY 'time' | TIME 'time' | ( RECEIVE ... | GET CONVERSATION GROUP ... ) [, TIMEOUT ms]
NodePointer Parser::waitfor_statement() {
  WaitFor statement;
  if (accept("DELAY")) {
    statement.what = WaitForDelay{string_or_variable()};
    return node(std::move(statement));
  }
  if (accept("TIME")) {
    statement.what = WaitForTime{string_or_variable()};
    return node(std::move(statement));
  }
  expect("(");
  if (accept_all({"GET", "CONVERSATION", "GROUP"})) {
    statement.what = conversation_group();
  } else {
    expect("RECEIVE");
    statement.what = receive();
  }
  accept(";");
  expect(")");
  if (accept_all({",", "TIMEOUT"})) statement.timeout_ms = expression();
  return node(std::move(statement));
}

// END CONVERSATION handle [WITH ERROR = code DESCRIPTION = 'text' | WITH CLEANUP]
NodePointer Parser::end_conversation() {
  EndConversation end;
  end.handle = expression();
  if (accept_all({"WITH", "ERROR", "="})) {
    EndWithError error;
    error.code = expression();
    expect_all({"DESCRIPTION", "="});
    error.description = expression();
    end.error = std::move(error);
  } else if (accept_all({"WITH", "CLEANUP"})) {
    end.cleanup = true;
  }
  return node(std::move(end));
}

// MOVE CONVERSATION handle TO group
NodePointer Parser::move_conversation() {
  MoveConversation move;
  move.handle = expression();
  expect("TO");
  move.group = expression();
  return node(std::move(move));
}

}  // namespace ssb::broker::tsql
