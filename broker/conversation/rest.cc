// Endpoints asleep and awake: who sleeps is only a row and an entry of the index, and wakes when somebody asks for it.
//
//   Who     rests longest, when too many are awake; whoever is closed at once.
//   Sleep   loses nothing that anybody could see: an endpoint may sleep when what only memory holds of it is as its row would give it
//           back. So the bound changes how long things take, and nothing else: the same seed gives the same trace under any bound.
//   Order   by use, which follows from the events alone.
//   Keys    are opened when they are needed (can_use_keys), so who wakes holds no key in clear until then. Nonces are counted for the
//           whole opening of the database (dialog::Incarnation), not by endpoint: sleep cannot bring one back.
#include <algorithm>

#include "broker/conversation/state.h"
#include "proto/check.h"

namespace ssb::broker::conversation {
namespace {

// So many used ones in a loop over all: then they are written and may sleep again before its end.
constexpr std::size_t kUsedMax = 1024;

// Whether its row says all that is to be said of it.
bool may_sleep(const Endpoint& endpoint) {
  const bool is_quiet = endpoint.pending.empty() && !endpoint.in_flight && !endpoint.ack_due &&
                        !endpoint.waits_for_room && !endpoint.status &&
                        endpoint.retry_at == proto::kNever;
  // What counts only for who may still send.
  const bool has_memory =
      endpoint.attempts > 0 || (!endpoint.decision_shown.empty() && !endpoint.is_secured);
  const bool is_timer_due =
      endpoint.timer_at == proto::kNever || endpoint.timer_at == endpoint.scheduled;
  return is_quiet && !endpoint.is_dirty && !(has_memory && endpoint.is_active()) && is_timer_due;
}

std::list<Endpoint*>& list_of(DatabaseState& state, Rest rest) {
  switch (rest) {
    case Rest::used: return state.used;
    case Rest::resting: return state.resting;
    case Rest::busy: break;
  }
  return state.busy;
}

void move_to(DatabaseState& state, Endpoint& endpoint, Rest rest) {
  // Who rests changes in nothing until it is used: only its timer is to be told.
  if (rest == Rest::resting)
    state.index.set_timer(endpoint.ref, endpoint.timer_at != proto::kNever);
  if (endpoint.rest == Rest::resting) state.index.set_timer(endpoint.ref, false);
  auto& to = list_of(state, rest);
  to.splice(to.end(), list_of(state, endpoint.rest), endpoint.rest_at);
  endpoint.rest = rest;
}

}  // namespace

Endpoint* Engine::State::awake(DatabaseState& state, EndpointIndex::Ref ref) {
  if (ref == EndpointIndex::kNone) return nullptr;
  if (Endpoint* found = state.index.at(ref).awake) {
    use(*found);
    return found;
  }
  std::unique_ptr<Endpoint> read = read_endpoint(state, ref);
  Endpoint& endpoint = *read;
  endpoint.rest_at = state.used.insert(state.used.end(), &endpoint);
  state.index.set_awake(ref, &endpoint);
  state.index.set_timer(ref, false);
  state.awake.emplace(endpoint.handle, std::move(read));
  return &endpoint;
}

Engine::State::Seen Engine::State::look_at(DatabaseState& state, EndpointIndex::Ref ref) {
  if (ref == EndpointIndex::kNone) return {};
  if (const Endpoint* found = state.index.at(ref).awake) return {found, nullptr};
  std::unique_ptr<Endpoint> read = read_endpoint(state, ref);
  const Endpoint* seen = read.get();
  return {seen, std::move(read)};
}

void Engine::State::use(Endpoint& endpoint) {
  if (endpoint.rest == Rest::used) return;
  move_to(*database(endpoint.database), endpoint, Rest::used);
}

void Engine::State::rest(DatabaseState& state) {
  while (!state.used.empty()) {
    Endpoint& endpoint = *state.used.front();
    if (endpoint.is_dirty) store_endpoint(state, endpoint);
    endpoint.is_dirty = false;
    move_to(state, endpoint, may_sleep(endpoint) ? Rest::resting : Rest::busy);
    // Nobody asks for it but its retention, and a peer that has lost an acknowledgement.
    const bool is_over = endpoint.rest == Rest::resting && endpoint.state == EndpointState::closed;
    if (is_over) put_to_sleep(state, endpoint);
  }
  while (state.awake.size() > awake_endpoints_max && !state.resting.empty())
    put_to_sleep(state, *state.resting.front());
}

void Engine::State::rest_early(DatabaseState& state) {
  if (state.used.size() > std::min(kUsedMax, awake_endpoints_max)) rest(state);
}

void Engine::State::put_to_sleep(DatabaseState& state, Endpoint& endpoint) {
  SSB_CHECK(endpoint.rest == Rest::resting && may_sleep(endpoint));
  for (const auto& key : {&endpoint.outbound, &endpoint.inbound}) {
    if (*key) state.keys.messages.drop(**key);
  }
  lanes.erase({endpoint.conversation, endpoint.is_initiator});
  state.index.set_asleep(endpoint.ref, endpoint.is_row_of_this_run);
  state.resting.erase(endpoint.rest_at);
  state.awake.erase(endpoint.handle);
}

}  // namespace ssb::broker::conversation
