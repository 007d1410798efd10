#include "sim/judges/exactly_once_in_order.h"

#include <algorithm>

#include <fmt/format.h>

namespace ssb::sim::judges {

using proto::EventClass;
using proto::TraceRecord;

ExactlyOnceInOrder::Stream* ExactlyOnceInOrder::stream(Direction direction) {
  const auto found = streams_.find(direction);
  if (found != streams_.end()) return &found->second;
  if (streams_.size() >= 2 * kConversationsMax) return nullptr;
  return &streams_[std::move(direction)];
}

void ExactlyOnceInOrder::traced(Host host, const TraceRecord& record) {
  if (is_conversation(record, kDialogCreated)) made(host, record);
  if (is_conversation(record, kSendMessage)) sent(host, record);
  const bool is_delivery =
      record.event == EventClass::message_delivered && record.subclass_name == "Delivered";
  if (is_delivery) delivered(host, record);
  const bool is_held = record.event == EventClass::message_status &&
                       record.subclass_name == "Held" && !detail_of(record, "sequence").empty();
  if (is_held) held(host, record);
  if (record.event != EventClass::message_sent || detail_of(record, "session_key").empty()) return;
  for (const bool from_initiator : {true, false}) {
    const auto found = streams_.find({record.conversation_id, from_initiator});
    if (found != streams_.end()) found->second.is_secured = true;
  }
}

// Another instance with the same private key is the same identity: a first message that names no broker is for either.
bool ExactlyOnceInOrder::is_at_a_copy(const Stream& stream, Host host,
                                      const std::string& database) const {
  if (stream.target == host) return false;
  const auto certificates = inside().certificates(host, database);
  return std::any_of(
      certificates.begin(), certificates.end(), [&](const CertificateFacts& certificate) {
        return certificate.has_private_key && stream.keys.contains(certificate.sha256);
      });
}

void ExactlyOnceInOrder::made(Host host, const TraceRecord& record) {
  Stream* stream = this->stream({record.conversation_id, true});
  if (stream == nullptr) return;
  stream->ends.insert(host);
  if (!std::exchange(stream->is_made, true)) {
    stream->target = host;
    for (const CertificateFacts& certificate : inside().certificates(host, record.database)) {
      if (certificate.has_private_key) stream->keys.insert(certificate.sha256);
    }
    return;
  }
  if (stream->is_secured && !as_product_ && stream->is_judged &&
      !is_at_a_copy(*stream, host, record.database))
    find(host, fmt::format("conversation {} was made a second time", record.conversation_id));
  for (const bool from_initiator : {true, false}) {
    if (Stream* each = this->stream({record.conversation_id, from_initiator}))
      each->is_judged = false;
  }
}

void ExactlyOnceInOrder::sent(Host host, const TraceRecord& record) {
  const Direction direction{record.conversation_id, is_of_initiator(record)};
  Stream* stream = this->stream(direction);
  if (stream == nullptr) return;
  const std::uint64_t sequence = number_of(record, "sequence");
  stream->ends.insert(host);
  if (stream->is_judged && stream->sender_is_known && sequence < stream->sent) {
    find(host, fmt::format("{}: SEND took number {}, which a committed SEND had before",
                           text_of(direction), sequence));
    stream->is_judged = false;
  }
  stream->sender_is_known = true;
  stream->sent = sequence + 1;
}

void ExactlyOnceInOrder::delivered(Host host, const TraceRecord& record) {
  const Direction direction{record.conversation_id, !is_of_initiator(record)};
  Stream* stream = this->stream(direction);
  if (stream == nullptr) return;
  const std::uint64_t sequence = number_of(record, "sequence");
  stream->ends.insert(host);
  stream->held.erase(sequence);
  const std::uint64_t expected = std::exchange(stream->delivered, sequence + 1);
  if (!stream->is_judged) return;
  const auto fail = [&](const std::string& what) {
    find(host, fmt::format("{}: message {} {}", text_of(direction), sequence, what));
    stream->is_judged = false;  // the rest follows from it
  };
  if (sequence < expected)
    fail("was delivered again");
  else if (sequence > expected)
    fail(fmt::format("was delivered where {} was next", expected));
  else if (stream->sender_is_known && sequence >= stream->sent)
    fail("was delivered, and no SEND has committed it");
}

void ExactlyOnceInOrder::held(Host host, const TraceRecord& record) {
  const Direction direction{record.conversation_id, !is_of_initiator(record)};
  Stream* stream = this->stream(direction);
  if (stream == nullptr) return;
  const std::uint64_t sequence = number_of(record, "sequence");
  stream->ends.insert(host);
  const bool is_new = stream->held.insert(sequence).second && sequence >= stream->delivered;
  if (is_new || !stream->is_judged) return;
  find(host, fmt::format("{}: message {} was held again", text_of(direction), sequence));
  stream->is_judged = false;
}

void ExactlyOnceInOrder::started(Host host) {
  if (!inside().is_disk_honest(host)) {
    for (auto& [direction, stream] : streams_) {
      if (stream.ends.contains(host)) stream.is_judged = false;
    }
    return;
  }
  for (const StoredEndpoint& endpoint : inside().endpoints(host)) resume(host, endpoint);
}

// What had been accepted for a queue that is off must still be there: nobody can have received it.
void ExactlyOnceInOrder::resume_held(const StoredEndpoint& endpoint, Direction direction,
                                     Stream& stream) {
  const HeldBack now = inside().held_back(endpoint);
  const std::string& state = endpoint.row.state();
  const bool is_open = state == "SI" || state == "CO" || state == "DI" || state == "ER";
  const auto lost = std::find_if(stream.held.begin(), stream.held.end(),
                                 [&](auto sequence) { return !now.sequences.contains(sequence); });
  if (is_open && now.is_queue_off && lost != stream.held.end()) {
    find(endpoint.place.host, fmt::format("{}: after the restart message {} is not held any more",
                                          text_of(direction), *lost));
    stream.is_judged = false;
  }
  stream.held = now.sequences;
  if (stream.held.empty())
    stream.delivered = std::max(stream.delivered, endpoint.row.receive_sequence());
  else
    stream.delivered = std::max(stream.delivered, *stream.held.begin());
}

// What is stored is the truth now: numbers may be ahead of the records, never behind them.
void ExactlyOnceInOrder::resume(Host host, const StoredEndpoint& endpoint) {
  const bool is_initiator = endpoint.row.is_initiator();
  const Direction out{endpoint.conversation, is_initiator};
  const Direction in{endpoint.conversation, !is_initiator};
  if (Stream* stream = this->stream(out); stream != nullptr && stream->is_judged) {
    // END CONVERSATION WITH ERROR takes numbers back that were never sent, and closes at once what nobody has heard of.
    if (endpoint.row.state() != "CD" && endpoint.row.end_sequence() < 0 &&
        endpoint.row.send_sequence() < stream->sent) {
      find(host, fmt::format("{}: after the restart the next SEND is number {}, and {} had been "
                             "committed",
                             text_of(out), endpoint.row.send_sequence(), stream->sent));
      stream->is_judged = false;
    }
    stream->sent = std::max(stream->sent, endpoint.row.send_sequence());
  }
  if (Stream* stream = this->stream(in); stream != nullptr && stream->is_judged) {
    if (endpoint.row.receive_sequence() < stream->delivered) {
      find(host, fmt::format("{}: after the restart message {} is expected, and {} had been "
                             "delivered",
                             text_of(in), endpoint.row.receive_sequence(), stream->delivered));
      stream->is_judged = false;
    }
    resume_held(endpoint, in, *stream);
  }
}

}  // namespace ssb::sim::judges
