// The sessions of a run: that of `:connect`, named ones, and batches that are left waiting in them.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "proto/error_code.h"
#include "sim/scenario/near.h"
#include "sim/scenario/runner.h"

namespace ssb::sim::scenario {

using broker::tsql::Output;

void Runner::connect(const Connect& connect, const Place& place) {
  session_ = &plain_;
  close(plain_, "there is no session");
  if (!backend_.is_running(connect.node))
    require(backend_.start(connect.node), place, fmt::format("{} cannot be started", connect.node));
  const auto session = backend_.open_session(connect.node, connect.login, connect.password);
  const bool is_judged = judge_login(connect, session);
  node_ = connect.node;
  plain_ = {};
  plain_.node = connect.node;
  plain_.connected = connect;
  plain_.database = "master";
  if (!session && is_judged) {
    plain_.down_reason = fmt::format("the login '{}' failed", connect.login);
    return;
  }
  if (!session) {
    fail(place, "cannot connect", fmt::format("a session on {}", connect.node),
         session.error().text);
    if (session.error().is_environment) report_.verdict = Verdict::environment;
    throw Stop{};
  }
  plain_.id = *session;
  plain_.is_open = true;
  add_entry(
      Entry::Kind::connected, place,
      connect.login.empty() ? connect.node : fmt::format("{} as {}", connect.node, connect.login));
}

bool Runner::judge_login(const Connect& connect, const Outcome<BackendSession>& session) {
  if (connect.login.empty()) return false;
  Output said;
  if (!session && session.error().message) said.emplace_back(*session.error().message);
  bool is_judged = false;
  for (std::size_t i = 0; i < waiting_.size();) {
    const auto* expected = std::get_if<ExpectError>(&waiting_[i].what);
    if (expected == nullptr ||
        expected->number != static_cast<int>(proto::ErrorCode::login_refused)) {
      ++i;
      continue;
    }
    const Expectation expectation = waiting_[i];
    const Place place = waiting_places_[i];
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
    waiting_places_.erase(waiting_places_.begin() + static_cast<std::ptrdiff_t>(i));
    is_judged = true;
    const Finding finding = check_batch({&expectation, 1}, said).findings.front();
    if (finding.is_met) {
      met(place, expectation.text);
    } else {
      fail(place, "expectation", expectation.text,
           session ? fmt::format("'{}' logged in", connect.login) : session.error().text);
    }
  }
  return is_judged;
}

// ---- named sessions ----

void Runner::use_session(const UseSession& use, const Place& place) {
  if (use.session.empty()) {
    session_ = &plain_;
    return;
  }
  const auto key = std::pair(to_lower(node_), to_lower(use.session));
  if (use.closes) {
    const auto found = named_.find(key);
    if (found == named_.end()) return;
    close(found->second, "the session was closed");
    if (session_ == &found->second) session_ = &plain_;
    named_.erase(found);
    return;
  }
  session_ = &named_[key];
  if (session_->is_open && !backend_.is_open(session_->id))
    lose_sessions_of(node_, fmt::format("the session ended when {} went down", node_));
  if (!session_->is_open) open_named(*session_, use.session, place);
}

// As the last :connect did.
void Runner::open_named(Session& session, const std::string& name, const Place& place) {
  const Connect& how = plain_.connected;
  const auto opened = backend_.open_session(node_, how.login, how.password);
  if (!opened) {
    fail(place, "cannot begin the session", fmt::format("a session on {}", node_),
         opened.error().text);
    if (opened.error().is_environment) report_.verdict = Verdict::environment;
    throw Stop{};
  }
  session = {};
  session.id = *opened;
  session.is_open = true;
  session.node = node_;
  session.name = name;
  session.connected = how;
  session.database = "master";
  add_entry(Entry::Kind::connected, place,
            how.login.empty() ? node_ : fmt::format("{} as {}", node_, how.login));
}

void Runner::fail_without_session(const Place& place) {
  const std::string again = session_->name.empty()
                                ? fmt::format(":connect {} again", node_)
                                : fmt::format("--# session {} begins a new one", session_->name);
  fail(place, "cannot run the batch", "a session",
       fmt::format("{}; {}", session_->down_reason, again));
  // What stands after the next :connect can still be judged.
  if (!session_->is_closed_by_error) throw Stop{};
}

// ---- batches that wait ----

void Runner::begin_waiting(Awaited batch) {
  ++report_.batches;
  is_settled_ = false;
  Session& session = *session_;
  const auto begun = backend_.begin_batch(session.id, batch.batch->text);
  if (!begun) {
    fail(batch.place, "cannot run the batch", "its end", begun.error().text);
    throw Stop{};
  }
  backend_.go_on(session.id);
  const auto is_about_waiting = [](const Expectation& one) {
    return std::holds_alternative<ExpectWaits>(one.what);
  };
  const bool waits = !backend_.has_ended(session.id);
  for (std::size_t i = batch.expected.size(); i > 0; --i) {
    if (!is_about_waiting(batch.expected[i - 1])) continue;
    const auto at = static_cast<std::ptrdiff_t>(i - 1);
    if (waits) {
      met(batch.places[i - 1], batch.expected[i - 1].text);
    } else {
      fail(batch.places[i - 1], "expectation", batch.expected[i - 1].text, "the batch has ended");
    }
    batch.expected.erase(batch.expected.begin() + at);
    batch.places.erase(batch.places.begin() + at);
  }
  if (waits) {
    add_entry(Entry::Kind::output, batch.place, "(waits)");
    report_.entries.back().step = batch.step;
  }
  session.waiting = std::move(batch);
  if (!waits) end_waiting(session);
}

void Runner::await(const Await& await, const Place& place) {
  Session* session = &plain_;
  if (!await.session.empty()) {
    const auto found = named_.find({to_lower(node_), to_lower(await.session)});
    session = found == named_.end() ? nullptr : &found->second;
  }
  // One that has not waited was judged at its end, and so was one whose session has ended.
  if (session == nullptr || !session->waiting) {
    fail(place, "nothing to await", "a batch that waits", "none waits there any more");
    return;
  }
  end_waiting(*session);
}

void Runner::end_waiting(Session& session) {
  const Awaited batch = *std::exchange(session.waiting, std::nullopt);
  is_settled_ = false;
  const auto output = backend_.end_batch(session.id);
  if (!output) {
    fail(batch.place, "the batch does not end", "its end", output.error().text);
    throw Stop{};
  }
  (void)take_output(session, batch, *output, true);
}

void Runner::abandon_waiting(Session& session, const std::string& why) {
  if (!session.waiting) return;
  if (backend_.is_open(session.id) && backend_.has_ended(session.id)) return end_waiting(session);
  const Awaited batch = *std::exchange(session.waiting, std::nullopt);
  for (std::size_t i = 0; i < batch.expected.size(); ++i)
    fail(batch.places[i], "expectation", batch.expected[i].text,
         fmt::format("the batch still waited: {}", why));
}

// ---- ends ----

void Runner::close(Session& session, const std::string& why) {
  if (!session.is_open) return;
  abandon_waiting(session, why);
  if (!session.is_open) return;  // by what the batch came to
  session.is_open = false;
  session.down_reason = why;
  backend_.close_session(session.id);
}

void Runner::close_all() {
  const auto end = [&](Session& session) {
    // A run that has failed says why; what would have come of this is not known.
    if (!report_.failures.empty()) session.waiting.reset();
    close(session, "the script has ended");
  };
  try {
    end(plain_);
    for (auto& [key, session] : named_) end(session);
  } catch (const Stop&) {
    // Too many failures: the report says so.
  }
}

// They end with it and not one after the other: what one of them waits for does not come.
void Runner::lose_sessions_of(const std::string& node, const std::string& why) {
  bool is_alone = true;
  const auto lose = [&](Session& session) {
    if (!equal_ignoring_case(session.node, node)) return;
    if (session.is_open) abandon_waiting(session, why);
    if (session.is_open && is_alone) backend_.close_session(session.id);
    session.is_open = false;
    session.down_reason = why;
  };
  for (auto& [key, session] : named_) {
    if (!session.is_open || !equal_ignoring_case(session.node, node)) continue;
    is_alone = false;
    lose(session);
  }
  lose(plain_);
}

}  // namespace ssb::sim::scenario
