#include "broker/conversation/own_work.h"

#include <utility>

namespace ssb::broker::conversation {

Engine::Reader::Reader(Engine& engine, const catalog::Transaction* transaction)
    : engine_(engine), before_(std::exchange(engine.state_->reader, transaction)) {}

Engine::Reader::~Reader() {
  engine_.state_->reader = before_;
}

OwnWork::OwnWork(Engine::State& state, store::DatabaseId database)
    : state_(state), database_(database) {
  if (state.reader == nullptr) return;
  const PendingWork* pending = Engine::State::work_of(*state.reader);
  if (pending == nullptr) return;
  transaction_ = state.reader->id;
  for (const Work& work : pending->list) {
    if (work.database == database) play(work);
  }
}

const OwnConversation* OwnWork::find(proto::ConversationHandle handle) const {
  const auto found = conversations_.find(handle);
  return found == conversations_.end() ? nullptr : &found->second;
}

bool OwnWork::has_received(const QueueEntry& entry) const {
  return transaction_ != 0 && entry.taken_by == transaction_;
}

bool OwnWork::has_ended(proto::ConversationHandle handle) const {
  const OwnConversation* own = find(handle);
  return own != nullptr && own->is_ended;
}

proto::ConversationGroupId OwnWork::group_of(proto::ConversationHandle handle,
                                             proto::ConversationGroupId committed) const {
  const OwnConversation* own = find(handle);
  return own != nullptr ? own->group : committed;
}

static OwnConversation as_committed(const Endpoint& endpoint) {
  OwnConversation own;
  own.state = endpoint.state;
  own.group = endpoint.group;
  own.send_sequence = endpoint.send_sequence;
  own.end_sequence = endpoint.end_sequence;
  own.timer_at = endpoint.timer_at;
  return own;
}

// As it stands before the statement: nullptr when it went meanwhile.
OwnConversation* OwnWork::touched(proto::ConversationHandle handle) {
  const auto found = conversations_.find(handle);
  if (found != conversations_.end()) return &found->second;
  DatabaseState* database = state_.database(database_);
  const auto ref = database == nullptr ? EndpointIndex::kNone : database->index.find(handle);
  if (ref == EndpointIndex::kNone) return nullptr;
  const auto seen = state_.look_at(*database, ref);
  return &conversations_.emplace(handle, as_committed(*seen.first)).first->second;
}

void OwnWork::play(const Work& work) {
  if (const auto* begun = std::get_if<BeginWork>(&work.what)) {
    OwnConversation& own = conversations_[begun->endpoint->handle] = as_committed(*begun->endpoint);
    own.begun = begun->endpoint.get();
  } else if (const auto* sent = std::get_if<SendWork>(&work.what)) {
    if (OwnConversation* own = touched(sent->conversation)) send(*own, *sent);
  } else if (const auto* ended = std::get_if<EndWork>(&work.what)) {
    if (OwnConversation* own = touched(ended->conversation)) end(*own, *ended);
  } else if (const auto* timer = std::get_if<TimerWork>(&work.what)) {
    if (OwnConversation* own = touched(timer->conversation)) own->timer_at = timer->at;
  } else if (const auto* moved = std::get_if<MoveWork>(&work.what)) {
    if (OwnConversation* own = touched(moved->conversation)) own->group = moved->group;
  }
}

void OwnWork::queue(OwnConversation& own, PendingMessage message, proto::TimePoint at,
                    const std::optional<proto::Bytes>* body) {
  message.sequence = own.send_sequence++;
  message.enqueued = at;
  own.sent.push_back({std::move(message), body});
}

// As State::apply_send.
void OwnWork::send(OwnConversation& own, const SendWork& work) {
  const bool open = own.state == EndpointState::started_outbound ||
                    own.state == EndpointState::started_inbound ||
                    own.state == EndpointState::conversing;
  if (!open) return;
  own.state = EndpointState::conversing;
  PendingMessage message;
  message.message_type = work.message_type;
  queue(own, std::move(message), work.at, &work.body);
}

// As State::apply_end.
void OwnWork::end(OwnConversation& own, const EndWork& work) {
  const bool is_over = own.state == EndpointState::disconnected_inbound ||
                       own.state == EndpointState::error ||
                       own.state == EndpointState::started_outbound;
  own.is_ended = true;
  own.timer_at = proto::kNever;
  if (work.request.cleanup || is_over) {
    own.is_gone = work.request.cleanup;
    own.state = EndpointState::closed;
    own.drops_pending = true;
    own.sent.clear();
    return;
  }
  own.state = EndpointState::disconnected_outbound;
  own.end_sequence = static_cast<std::int64_t>(own.send_sequence);
  PendingMessage message;
  message.is_error = work.request.error_code.has_value();
  message.is_end_dialog = !message.is_error;
  message.message_type = message.is_error ? kErrorType : kEndDialogType;
  queue(own, std::move(message), work.at, nullptr);
}

}  // namespace ssb::broker::conversation
