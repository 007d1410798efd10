#include "sim/sweep/outline.h"

#include <algorithm>
#include <optional>

#include "broker/tsql/lexer.h"
#include "sim/scenario/near.h"

namespace ssb::sim::sweep {
namespace {

using broker::tsql::is;
using broker::tsql::Token;
using broker::tsql::TokenKind;
using scenario::Batch;
using scenario::Connect;
using scenario::Step;

bool is_about_next_batch(const Step& step) {
  const auto* expectation = std::get_if<scenario::Expectation>(&step.action);
  return expectation != nullptr && expectation->is_about_next_batch();
}

bool is_any(const Token& token, const std::vector<std::string_view>& words) {
  return token.kind == TokenKind::word &&
         std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return is(token, word); });
}

// What a session may keep from one batch to the next.
bool leaves_state(const std::vector<Token>& tokens) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (is_any(tokens[i], {"TRAN", "TRANSACTION", "OPEN", "EXEC", "EXECUTE", "CURSOR"}))
      return true;
    if (tokens[i].kind == TokenKind::word && tokens[i].text.starts_with('#')) return true;
    if (is(tokens[i], "SET") && i + 1 < tokens.size() && tokens[i + 1].kind == TokenKind::word)
      return true;
  }
  return false;
}

// The database of the last USE, or what was in use.
std::string database_after(const std::vector<Token>& tokens, std::string database) {
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    const bool is_name =
        tokens[i + 1].kind == TokenKind::word || tokens[i + 1].kind == TokenKind::quoted_identifier;
    if (is(tokens[i], "USE") && is_name) database = broker::tsql::value_of(tokens[i + 1]);
  }
  return database;
}

// Also where it stands in a text that the batch runs.
bool may_turn_encryption_off(std::string_view batch) {
  std::string dense;
  for (const char c : batch) {
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r') dense += c;
  }
  return scenario::to_lower(dense).find("encryption=off") != std::string::npos;
}

// MESSAGE TYPE [Name]; one whose name has a bracket is left out.
void add_message_types(const std::vector<Token>& tokens, std::vector<std::string>& types) {
  for (std::size_t i = 0; i + 2 < tokens.size(); ++i) {
    const bool is_name =
        tokens[i + 2].kind == TokenKind::word || tokens[i + 2].kind == TokenKind::quoted_identifier;
    if (!is(tokens[i], "MESSAGE") || !is(tokens[i + 1], "TYPE") || !is_name) continue;
    std::string name = broker::tsql::value_of(tokens[i + 2]);
    const bool is_known = std::find(types.begin(), types.end(), name) != types.end();
    if (!is_known && !name.empty() && name.find_first_of("[]'\"\n") == std::string::npos)
      types.push_back(std::move(name));
  }
}

// Harmless in every way that matters here.
bool is_known(const Step& step) {
  const auto& action = step.action;
  const auto* attack = std::get_if<scenario::Attack>(&action);
  return std::holds_alternative<Batch>(action) || std::holds_alternative<Connect>(action) ||
         std::holds_alternative<scenario::OnError>(action) ||
         std::holds_alternative<scenario::Exit>(action) ||
         std::holds_alternative<scenario::Note>(action) ||
         std::holds_alternative<scenario::CopyFile>(action) ||
         std::holds_alternative<scenario::SetClock>(action) ||
         std::holds_alternative<scenario::Advance>(action) ||
         std::holds_alternative<scenario::AdvanceUntil>(action) ||
         std::holds_alternative<scenario::Settle>(action) ||
         std::holds_alternative<scenario::Mark>(action) ||
         std::holds_alternative<scenario::Expectation>(action) ||
         (attack != nullptr && attack->seat == scenario::Attack::Seat::configuration);
}

}  // namespace

bool passes_time(const Step& step) {
  const auto& action = step.action;
  return std::holds_alternative<scenario::Advance>(action) ||
         std::holds_alternative<scenario::AdvanceUntil>(action) ||
         std::holds_alternative<scenario::Settle>(action) ||
         (std::holds_alternative<scenario::Expectation>(action) && !is_about_next_batch(step));
}

bool has_word(std::string_view batch, const std::vector<std::string_view>& words) {
  const auto list = broker::tsql::tokenize(batch, true);
  return std::any_of(list.tokens.begin(), list.tokens.end(),
                     [&](const Token& token) { return is_any(token, words); });
}

// The clock is set forward to a moment that is near: time that is put in would make it late.
constexpr proto::Duration kNear = std::chrono::hours(24);
constexpr proto::Duration kVeryNear = std::chrono::minutes(1);

Outline outline_of(const scenario::Script& script, const std::vector<bool>& kept) {
  Outline outline;
  // A script of the catalogue plays one failure step by step, and says what each step shows: nothing else may go wrong in it.
  outline.depends_on_time = script.catalogue.has_value();
  Here here;
  std::optional<proto::TimePoint> last_time;
  for (std::size_t i = 0; i < script.steps.size(); ++i) {
    outline.steps.push_back(here);
    if (!kept.empty() && !kept[i]) continue;
    const Step& step = script.steps[i];
    if (!is_known(step)) outline.has_own_faults = true;
    if (std::holds_alternative<scenario::Attack>(step.action) && !is_known(step))
      outline.has_attackers = true;
    if (std::holds_alternative<scenario::NetFault>(step.action)) outline.sets_hops = true;
    if (std::holds_alternative<scenario::LinkFault>(step.action)) outline.sets_links = true;
    if (const auto* connect = std::get_if<Connect>(&step.action)) {
      here.session = *connect;
      here.database = "master";
      here.is_clean = !here.is_waiting;  // a login that is expected to fail
      here.started.insert(scenario::to_lower(connect->node));
    } else if (const auto* batch = std::get_if<Batch>(&step.action)) {
      const auto list = broker::tsql::tokenize(batch->text, true);
      here.is_clean = here.is_clean && !leaves_state(list.tokens);
      here.database = database_after(list.tokens, here.database);
      outline.is_secured = outline.is_secured && !may_turn_encryption_off(batch->text);
      add_message_types(list.tokens, outline.message_types);
      if (has_word(batch->text, {"LIFETIME", "TIMER", "WAITFOR", "TIMEOUT", "PARTNER", "WITNESS"}))
        outline.depends_on_time = true;
      if (has_word(batch->text, {"START_DATE", "GETDATE", "GETUTCDATE"}))
        outline.depends_on_date = true;
    }
    if (std::holds_alternative<scenario::Advance>(step.action) ||
        std::holds_alternative<scenario::AdvanceUntil>(step.action))
      outline.depends_on_date = true;
    if (const auto* clock = std::get_if<scenario::SetClock>(&step.action)) last_time = clock->start;
    if (const auto* advance = std::get_if<scenario::Advance>(&step.action); advance && last_time)
      *last_time += advance->by;
    if (const auto* until = std::get_if<scenario::AdvanceUntil>(&step.action)) {
      if (!last_time || until->time - *last_time < kNear) outline.depends_on_time = true;
      if (last_time && until->time - *last_time < kVeryNear) outline.leaves_no_room = true;
      last_time = until->time;
    }
    if (is_about_next_batch(step)) here.is_waiting = true;
    if (std::holds_alternative<Batch>(step.action) || std::holds_alternative<Connect>(step.action))
      here.is_waiting = false;
  }
  outline.steps.push_back(here);
  return outline;
}

}  // namespace ssb::sim::sweep
