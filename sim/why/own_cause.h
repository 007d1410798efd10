// The causes of causes.def, which are no findings of the doctor, and where some of them are found. Private to this folder.
#pragma once

#include <optional>
#include <string>

#include "sim/why/inquiry.h"

namespace ssb::sim::why {

enum class OwnCause {
#define SSB_WHY_CAUSE(id, phase, title) id,
#include "sim/why/causes.def"
#undef SSB_WHY_CAUSE
};

// Some are of whatever phase the message has come to.
[[nodiscard]] Cause own_cause(OwnCause which, Phase phase, std::string place, std::string text,
                              std::string no_cure);

// ---- unread.cc: on a queue with activation, and not received ----

// An activated procedure has been aborted.
[[nodiscard]] bool has_aborted(const Symptom& symptom);
// is_poisoned: and the fifth rollback has switched the queue off.
[[nodiscard]] Cause cause_of_unread(const Waiting& waiting, const Symptom& symptom,
                                    bool is_poisoned);

// ---- request.cc: what the broker has asked of a Broker Configuration service ----

struct OpenRequest {
  Side at;             // the Broker Configuration service
  std::string handle;  // of the conversation, there
};
// The other end of the conversation in which the sender's database has asked for what this message lacks; nullopt: it is ended there.
[[nodiscard]] std::optional<OpenRequest> open_request(const doctor::Instances& instances,
                                                      const Waiting& waiting);

}  // namespace ssb::sim::why
