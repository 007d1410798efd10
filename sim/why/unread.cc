// Why nobody receives what is on a queue with activation: what the activated procedure has left in the error log, and its monitor's state.
#include <fmt/format.h>

#include "proto/error_code.h"
#include "sim/doctor/cure.h"
#include "sim/why/own_cause.h"

namespace ssb::sim::why {
namespace {

using proto::ErrorCode;

bool has(const Symptom& symptom, ErrorCode code) {
  return symptom.numbers.contains(static_cast<int>(code));
}

// 28087; whatever is mended, it is not started again by itself.
Cause not_received(const Waiting& waiting, const Symptom& symptom) {
  Cause cause = own_cause(
      OwnCause::W014, symptom.phase, waiting.place(),
      fmt::format("procedure {} was started and has executed no RECEIVE on the queue: its monitor "
                  "stays NOTIFIED and starts nothing more until some session executes RECEIVE "
                  "there, or activation is switched off and on{}",
                  waiting.procedure, symptom.said.empty() ? "" : "; " + symptom.said),
      "");
  cause.cure = doctor::Cure()
                   .on(waiting.node, waiting.database)
                   .run(fmt::format("ALTER QUEUE {} WITH ACTIVATION (STATUS = OFF)", waiting.queue))
                   .run(fmt::format("ALTER QUEUE {} WITH ACTIVATION (STATUS = ON)", waiting.queue))
                   .lines();
  return cause;
}

}  // namespace

bool has_aborted(const Symptom& symptom) {
  return has(symptom, ErrorCode::activated_task_aborted) ||
         has(symptom, ErrorCode::activated_procedure_left_transaction);
}

Cause cause_of_unread(const Waiting& waiting, const Symptom& symptom, bool is_poisoned) {
  if (waiting.monitor == "NOTIFIED") return not_received(waiting, symptom);
  if (is_poisoned)
    return own_cause(
        OwnCause::W013, symptom.phase, waiting.place(),
        fmt::format("procedure {} ends without taking it, and the fifth rollback has "
                    "switched the queue off: {}",
                    waiting.procedure,
                    symptom.said.empty() ? "the error log says how" : symptom.said),
        fmt::format("mend the procedure, then ALTER QUEUE {} WITH STATUS = ON", waiting.queue));
  if (has_aborted(symptom) || has(symptom, ErrorCode::activated_procedure_output))
    return own_cause(OwnCause::W013, symptom.phase, waiting.place(),
                     fmt::format("procedure {} ends without taking it: {}", waiting.procedure,
                                 symptom.said.empty() ? "the error log says how" : symptom.said),
                     "mend the procedure; it is started again by itself");
  return own_cause(
      OwnCause::W015, symptom.phase, waiting.place(),
      fmt::format("procedure {} and its queue are right as they stand; a transaction that "
                  "is open holds the lock of the conversation group, or the procedure has "
                  "not come to it yet",
                  waiting.procedure),
      "let the transaction end that has received from, or sent in, this group");
}

}  // namespace ssb::sim::why
