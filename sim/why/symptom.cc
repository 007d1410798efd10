// Reads from the events of both nodes how far a message has come, and what has refused it.
#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "proto/error_code.h"
#include "sim/scenario/near.h"
#include "sim/why/inquiry.h"

namespace ssb::sim::why {
namespace {

using proto::EventClass;
using proto::TraceRecord;
using scenario::NodeRecord;

struct NumberPhase {
  int number;
  Phase phase;
};
// Of what the sender's status says.
constexpr std::array kOfStatus{
    NumberPhase{9666, Phase::connection},
    NumberPhase{9754, Phase::connection},
    NumberPhase{9755, Phase::connection},
    NumberPhase{9759, Phase::connection},
    NumberPhase{9783, Phase::connection},
    NumberPhase{9785, Phase::connection},
    NumberPhase{9753, Phase::connection},
    NumberPhase{28027, Phase::connection},
    NumberPhase{28028, Phase::connection},
    NumberPhase{28031, Phase::connection},
    NumberPhase{28034, Phase::connection},
    NumberPhase{28035, Phase::connection},
    NumberPhase{28036, Phase::connection},
    NumberPhase{28037, Phase::connection},
    NumberPhase{28045, Phase::connection},
    NumberPhase{28080, Phase::connection},
    NumberPhase{9749, Phase::queue},
    NumberPhase{9779, Phase::acknowledgement},
    NumberPhase{9784, Phase::acknowledgement},
    NumberPhase{11219, Phase::queue},
    NumberPhase{28005, Phase::permission},
    NumberPhase{916, Phase::permission},
    NumberPhase{28054, Phase::security_header},
};
// Of what another instance refuses a message with, where the record does not tell the step.
constexpr std::array kOfRefusal{
    NumberPhase{11218, Phase::acknowledgement}, NumberPhase{11212, Phase::acknowledgement},
    NumberPhase{11209, Phase::acknowledgement}, NumberPhase{11213, Phase::acknowledgement},
    NumberPhase{11210, Phase::locating},        NumberPhase{11294, Phase::locating},
    NumberPhase{9792, Phase::locating},         NumberPhase{9795, Phase::locating},
    NumberPhase{9796, Phase::locating},         NumberPhase{9793, Phase::locating},
    NumberPhase{11285, Phase::locating},        NumberPhase{28012, Phase::locating},
    NumberPhase{28013, Phase::locating},        NumberPhase{9789, Phase::locating},
    NumberPhase{11211, Phase::permission},      NumberPhase{11215, Phase::permission},
    NumberPhase{28056, Phase::permission},      NumberPhase{8401, Phase::permission},
    NumberPhase{11214, Phase::contents},        NumberPhase{11217, Phase::contents},
    NumberPhase{11222, Phase::contents},        NumberPhase{11225, Phase::contents},
    NumberPhase{11226, Phase::contents},        NumberPhase{11227, Phase::contents},
    NumberPhase{11228, Phase::contents},        NumberPhase{9615, Phase::contents},
    NumberPhase{9616, Phase::contents},         NumberPhase{9749, Phase::queue},
    NumberPhase{11219, Phase::queue},
};
// Of the codes of Error messages.
constexpr std::array kOfCode{
    NumberPhase{8494, Phase::permission},      NumberPhase{8490, Phase::locating},
    NumberPhase{8495, Phase::locating},        NumberPhase{28052, Phase::security_header},
    NumberPhase{8489, Phase::connection},      NumberPhase{8470, Phase::locating},
    NumberPhase{8462, Phase::acknowledgement}, NumberPhase{9720, Phase::acknowledgement},
};

template <std::size_t kCount>
Phase phase_in(const std::array<NumberPhase, kCount>& table, int number, Phase otherwise) {
  const auto found = std::ranges::find(table, number, &NumberPhase::number);
  return found == table.end() ? otherwise : found->phase;
}

// Steps as reference service-broker.md 2.7 numbers them.
Phase phase_of_refusal(const TraceRecord& record) {
  constexpr int kLastOfHeader = 7;
  const std::string* step = record.find("step");
  int value = 0;
  if (step != nullptr) std::from_chars(step->data(), step->data() + step->size(), value);
  if (value > kLastOfHeader) return Phase::permission;
  if (value > 2 || record.event == EventClass::audit_conversation) return Phase::security_header;
  return record.error ? phase_in(kOfRefusal, record.error->number(), Phase::security_header)
                      : Phase::security_header;
}

bool is_refusal(const TraceRecord& record) {
  return record.event == EventClass::message_undeliverable ||
         record.event == EventClass::corrupted_message ||
         record.event == EventClass::forwarded_message_dropped ||
         record.event == EventClass::audit_conversation;
}

// Of a message that was not the one that is asked about: what came behind it is refused for its absence.
bool is_of_another(const TraceRecord& record, const Waiting& waiting) {
  const std::string* sequence = record.find("sequence");
  return waiting.kind == Waiting::Kind::message && sequence != nullptr &&
         *sequence != std::to_string(waiting.sequence);
}

bool is_out_of_order(const TraceRecord& record) {
  return record.error && record.error->code == proto::ErrorCode::out_of_sequence;
}

bool is_about_connections(const TraceRecord& record) {
  const bool is_of_them =
      record.event == EventClass::connection || record.event == EventClass::audit_login;
  return is_of_them && record.error &&
         record.error->number() != static_cast<int>(proto::ErrorCode::duplicate_connection);
}

class Reading {
 public:
  Reading(const Waiting& waiting, const std::vector<NodeRecord>& records)
      : waiting_(waiting), records_(records) {}

  [[nodiscard]] Symptom run() {
    for (const NodeRecord& one : records_) {
      if (is_own_send(one)) last_sent_ = &one;
      if (is_delivery(one, waiting_)) delivery_ = &one;
    }
    if (waiting_.kind == Waiting::Kind::error) {
      of_error();
    } else if (waiting_.kind == Waiting::Kind::lost) {
      of_loss();
    } else if (waiting_.kind == Waiting::Kind::unread) {
      of_unread();
    } else if (!waiting_.status.empty()) {
      of_status();
    } else {
      of_silence();
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] bool is_of_conversation(const NodeRecord& one) const {
    return scenario::equal_ignoring_case(one.record.conversation_id, waiting_.conversation_id);
  }
  [[nodiscard]] bool is_own_send(const NodeRecord& one) const {
    if (one.node != waiting_.node || one.record.event != EventClass::message_sent) return false;
    return is_of_conversation(one) && value_of(one.record, "kind") != "ACK" &&
           value_of(one.record, "from_service") == waiting_.own_service;
  }
  // Of what this side has sent, and not what the other one has sent here.
  [[nodiscard]] bool is_refusal_of_it(const NodeRecord& one) const {
    if (!is_of_conversation(one) || !is_refusal(one.record) || is_of_another(one.record, waiting_))
      return false;
    const std::string from = value_of(one.record, "from_service");
    return from.empty() ? one.node != waiting_.node : from == waiting_.own_service;
  }

  void take(const NodeRecord& one) {
    const TraceRecord& record = one.record;
    Evidence evidence{.node = one.node,
                      .event = static_cast<int>(record.event),
                      .subclass = record.subclass,
                      .error = {},
                      .text = record.text};
    if (record.error) {
      evidence.error = record.error->number();
      evidence.state = record.error->state;
      evidence.text = record.error->text();
      if (record.error->code == proto::ErrorCode::contract_not_accepted)
        out_.contract = record.error->parameters.at(0);
      if (record.error->code == proto::ErrorCode::sender_lacks_send)
        out_.taken_for = record.error->parameters.at(0);
      // What was cured since shows no more.
      if (&one > last_sent_ || waiting_.kind != Waiting::Kind::message || !waiting_.status.empty())
        out_.numbers.insert(*evidence.error);
    }
    const auto known = std::ranges::find_if(out_.evidence, [&](const Evidence& other) {
      return other.node == evidence.node && other.event == evidence.event &&
             other.subclass == evidence.subclass && other.error == evidence.error;
    });
    if (known == out_.evidence.end())
      out_.evidence.push_back(std::move(evidence));
    else
      ++known->times;
  }

  void be_at(const NodeRecord& one, Phase phase) {
    out_.phase = phase;
    out_.node = one.node;
    out_.database = one.record.database;
  }

  // ---- the sender knows ----

  void of_status() {
    const auto found = std::find_if(records_.rbegin(), records_.rend(), [&](const NodeRecord& one) {
      return one.node == waiting_.node && is_of_conversation(one) && one.record.error &&
             one.record.error->text() == waiting_.status;
    });
    out_.node = waiting_.node;
    out_.database = waiting_.database;
    if (found != records_.rend()) {
      const int number = found->record.error->number();
      out_.phase = phase_in(kOfStatus, number, Phase::leaving);
      if (found->record.error->code == proto::ErrorCode::awaiting_broker_configuration)
        out_.asked_for = found->record.error->parameters.at(0);
    }
    for (const NodeRecord& one : records_) {
      const bool is_it = one.node == waiting_.node && is_of_conversation(one) && one.record.error &&
                         one.record.error->text() == waiting_.status;
      if (is_it) take(one);
    }
    if (out_.phase == Phase::acknowledgement) out_.special = Symptom::Special::is_over;
    if (out_.phase == Phase::connection) take_connections();
  }

  // What the endpoints of both sides have said of each other since this message was tried first.
  void take_connections() {
    for (const NodeRecord& one : records_) {
      if (is_about_connections(one.record)) take(one);
    }
  }

  // ---- the sender does not know ----

  void of_silence() {
    auto refusal = std::find_if(records_.rbegin(), records_.rend(),
                                [&](const NodeRecord& one) { return is_refusal_of_it(one); });
    // Parts of a message whose first part is refused come out of order; the first one says why.
    if (refusal != records_.rend() && is_out_of_order(refusal->record)) {
      const auto of_first = std::find_if(refusal, records_.rend(), [&](const NodeRecord& one) {
        return is_refusal_of_it(one) && !is_out_of_order(one.record);
      });
      if (of_first != records_.rend()) return of_refusal(*of_first);
    }
    // By their order, as each node's clock is its own.
    if (refusal != records_.rend() && &*refusal > last_sent_) return of_refusal(*refusal);
    out_.node = waiting_.node;
    out_.database = waiting_.database;
    if (delivery_ != nullptr) {
      be_at(*delivery_, Phase::acknowledgement);
      return of_lost_acknowledgement();
    }
    out_.phase = Phase::connection;
    take_connections();
    if (!out_.evidence.empty() && last_sent_ == nullptr) return;
    const bool is_fresh = last_sent_ == nullptr;
    out_.special = is_fresh ? Symptom::Special::under_way : Symptom::Special::nothing_arrives;
    if (is_fresh) out_.phase = Phase::leaving;
  }

  void of_loss() {
    const auto refusal = std::find_if(records_.rbegin(), records_.rend(),
                                      [&](const NodeRecord& one) { return is_refusal_of_it(one); });
    if (refusal != records_.rend()) of_refusal(*refusal);
  }

  void of_refusal(const NodeRecord& last) {
    const Phase phase = phase_of_refusal(last.record);
    for (const NodeRecord& one : records_) {
      const bool is_same = is_refusal_of_it(one) && one.node == last.node;
      if (!is_same || phase_of_refusal(one.record) != phase) continue;
      take(one);
      out_.looked_for = value_of(one.record, "looked_for");
    }
    for (const NodeRecord& one : records_) {
      const bool is_logged = one.node == last.node && is_of_conversation(one) &&
                             one.record.event == EventClass::error_log;
      if (is_logged && phase == Phase::security_header) take(one);
    }
    be_at(last, phase);
    if (phase != Phase::acknowledgement) return;
    const proto::ErrorCode code = last.record.error->code;
    if (code == proto::ErrorCode::endpoint_already_closed ||
        code == proto::ErrorCode::not_first_message)
      out_.special = Symptom::Special::is_over;
    else
      of_lost_acknowledgement();
  }

  // It was taken; why does the sender not hear of it?
  void of_lost_acknowledgement() {
    out_.phase = Phase::acknowledgement;
    bool is_delayed = false;
    for (const NodeRecord& one : records_) {
      if (!is_of_conversation(one)) continue;
      const bool is_of_ack = one.record.event == EventClass::message_classify &&
                             one.record.subclass == 3 && one.node == out_.node &&
                             value_of(one.record, "from_service") == waiting_.far_service;
      const bool is_refused_here =
          is_refusal(one.record) && value_of(one.record, "from_service") == waiting_.far_service;
      if (!is_of_ack && !is_refused_here) continue;
      take(one);
      is_delayed = true;
    }
    if (is_delayed) return;
    take_connections();
    out_.special = Symptom::Special::acknowledgement_lost;
  }

  // ---- it is on its queue ----

  // What the activated procedure has left behind: its lines in the error log, and how it ended.
  void of_unread() {
    out_.phase = Phase::receiving;
    out_.node = waiting_.node;
    out_.database = waiting_.database;
    for (const NodeRecord& one : records_) {
      const bool is_there = one.node == waiting_.node && one.record.database == waiting_.database;
      if (!is_there || !is_of_activation(one.record)) continue;
      take(one);
      if (is_line(one.record)) out_.said = one.record.error->text();
    }
  }

  [[nodiscard]] static bool is_line(const TraceRecord& record) {
    return record.error->code == proto::ErrorCode::activated_procedure_output;
  }

  [[nodiscard]] bool is_of_activation(const TraceRecord& record) const {
    if (record.event != EventClass::error_log || !record.error) return false;
    using proto::ErrorCode;
    const ErrorCode code = record.error->code;
    const auto& parameters = record.error->parameters;
    if (code == ErrorCode::activated_procedure_output ||
        code == ErrorCode::activated_procedure_left_transaction ||
        code == ErrorCode::activated_procedure_did_not_receive)
      return parameters.at(0) == waiting_.procedure;
    constexpr std::size_t kProcedure = 2;
    return (code == ErrorCode::activation_without_readers ||
            code == ErrorCode::activated_task_aborted) &&
           parameters.at(kProcedure) == waiting_.procedure;
  }

  // ---- the dialog is in ERROR ----

  void of_error() {
    int code = 0;
    std::from_chars(waiting_.status.data(), waiting_.status.data() + waiting_.status.size(), code);
    const int number = code < 0 ? -code : code;
    out_.numbers.insert(number);
    out_.phase = phase_in(kOfCode, number, Phase::contents);
    if (number == static_cast<int>(proto::ErrorCode::remote_endpoint_gone))
      out_.special = Symptom::Special::is_over;
    out_.node = waiting_.node;
    out_.database = waiting_.database;
    const bool has_run_out = number == static_cast<int>(proto::ErrorCode::lifetime_exceeded);
    if (has_run_out && std::ranges::none_of(records_, [&](const NodeRecord& one) {
          return is_of_conversation(one) && one.record.event == EventClass::conversation &&
                 one.record.subclass_name == "SEND Message";
        }))
      out_.special = Symptom::Special::never_sent;
    for (const NodeRecord& one : records_) {
      if (!is_refusal_of_it(one)) continue;
      take(one);
      be_at(one, out_.phase);
    }
    for (const NodeRecord& one : records_) {
      const bool is_told =
          one.node == waiting_.node && is_of_conversation(one) && is_end_by_broker(one.record);
      if (is_told) take(one);
    }
  }

  const Waiting& waiting_;
  const std::vector<NodeRecord>& records_;
  const NodeRecord* last_sent_ = nullptr;
  const NodeRecord* delivery_ = nullptr;
  Symptom out_;
};

}  // namespace

Symptom read_symptom(const Waiting& waiting, const std::vector<NodeRecord>& records) {
  return Reading(waiting, records).run();
}

bool is_delivery(const NodeRecord& record, const Waiting& waiting) {
  const TraceRecord& one = record.record;
  if (!scenario::equal_ignoring_case(one.conversation_id, waiting.conversation_id)) return false;
  const bool is_to_initiator = waiting.is_initiator == (waiting.kind == Waiting::Kind::unread);
  if (value_of(one, "role") != (is_to_initiator ? "initiator" : "target")) return false;
  constexpr int kReceivedEnd = 7;
  constexpr int kReceivedEndWithError = 8;
  if (one.event == EventClass::conversation)
    return waiting.message_type.find("EndDialog") != std::string::npos
               ? one.subclass == kReceivedEnd
               : waiting.message_type.ends_with("/Error") && one.subclass == kReceivedEndWithError;
  return one.event == EventClass::message_delivered && one.subclass_name == "Delivered" &&
         value_of(one, "sequence") == std::to_string(waiting.sequence);
}

}  // namespace ssb::sim::why
