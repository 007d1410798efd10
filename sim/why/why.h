// Says why a message is not where it should be: the phase that failed, what each side holds, the T-SQL that cures it, tried.
//
//   The run is played again from its seed up to the place that is asked about, which goes the same way: same seed, same trace. There both
//   nodes are looked at: the message's conversation, every event of it, the catalogs. What is wrong in the catalogs is the doctor's
//   finding, with its id and its cure; what concerns this conversation alone is one of causes.def. The cure is tried in a fork: the
//   same run once more to the same place, then the cure, then time for the retries. A run without the cure goes on beside it,
//   so that what would have gone on by itself is not told as the cure's work.
//   Source  ux.md 3.2; reference service-broker.md 1.8 and 2.7 for the phases.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/time.h"
#include "sim/scenario/simulated.h"

namespace ssb::sim::why {

// In the order in which a message goes through them.
enum class Phase {
  leaving = 1,      // broker, route and security of the sender
  connection,       // to the next instance, endpoints and their log-in
  locating,         // forwarding; broker and service where it arrives
  security_header,  // certificates, dates, private key, signature, keys
  permission,       // SEND, CONNECT, CONTROL, RECEIVE
  contents,         // contract, message type, order
  queue,            // taken by the queue
  acknowledgement,  // its way back
  receiving,        // RECEIVE and activation
};
inline constexpr int kPhases = 9;
inline constexpr std::size_t kShownMax = 3;  // explanations of one answer
inline constexpr std::size_t kCuresMax = 6;  // one after the other
// Of virtual time, after a cure: two retries at their longest distance, and the way there and back.
inline constexpr proto::Duration kTrial = std::chrono::minutes(3);

[[nodiscard]] std::string_view phase_name(Phase phase);

// A message of a transmission queue, the first of its conversation that is there; a conversation in ERROR; a message that was
// refused when its sender had ended the conversation, and is nowhere now; or the first one of a conversation that is on a queue with
// activation, and that nobody receives.
struct Waiting {
  enum class Kind { message, error, lost, unread } kind = Kind::message;
  std::string node{}, database{};  // where it waits
  // Of the side that has it; initiator is the side that has sent it, and `own_service` its service. Of kind `unread`: of the side that
  // has to receive it.
  std::string handle{}, conversation_id{};
  bool is_initiator = true;
  std::string own_service{}, far_service{};
  std::uint64_t sequence = 0;
  std::string message_type{};
  std::string status{};    // of kind `error`: the code of the Error message
  std::size_t behind = 0;  // messages of the same conversation that wait for this one
  std::size_t sent = 0;    // how often it has been handed to the transport
  bool is_held = false;    // by the target's database, which has acknowledged it: its queue is off
  std::string queue{}, procedure{}, monitor{};  // of kind `unread`; monitor: its state, "NOTIFIED"
  bool is_by_own_broker = false;                // of kind `error`: nothing came from the other side
  std::string far_broker{};                     // that the dialog is bound to; empty: to none yet
  proto::TimePoint expires = proto::kNever;     // LIFETIME, by the clock of its instance

  [[nodiscard]] std::string place() const { return node + "." + database; }
  [[nodiscard]] bool has_sequence() const { return kind == Kind::message || kind == Kind::unread; }
};

struct Evidence {
  std::string node{};
  int event = 0;
  int subclass = 0;
  std::optional<int> error{};
  int state = 0;
  std::string text{};
  std::size_t times = 1;
};

struct Held {
  std::string place{};  // "HOST_B.Receiver"
  std::vector<std::string> lines{};
};

struct Cause {
  Phase phase = Phase::leaving;
  std::string id{};     // "SB-C003" of the doctor, "SB-W002" of causes.def
  std::string title{};  // of the check, or of causes.def
  std::string at{};     // where the phase fails: an instance, or a database of it
  std::string place{};  // where the catalog or the machine is at fault
  std::string text{};
  std::string product{};  // how SQL Server differs; empty: it does the same
  std::vector<Evidence> evidence{};
  std::vector<Held> held{};
  std::vector<std::string> cure{};  // lines of a scenario; empty: none is known
  std::string no_cure{};            // what to do where no T-SQL helps
};

enum class Outcome {
  not_tried,       // there is nothing to try
  helped,          // delivered and acknowledged
  helps_the_next,  // this dialog is lost; begun after the cure the same one is delivered
  did_not_help,
  does_not_run,  // the cure itself fails
  by_itself,     // without any cure, too
  runs_out,      // the dialog ends with an error before it is delivered
};
[[nodiscard]] std::string_view outcome_name(Outcome outcome);

struct Trial {
  Outcome outcome = Outcome::not_tried;
  std::optional<proto::Duration> delivered_after;  // from where the run was stopped
  std::optional<proto::Duration> left_after;       // its transmission queue; to the second
  std::size_t deliveries = 0;                      // of this message, in the whole fork
  bool has_password = false;  // one that the script names stands for 'its password' of the cure
  std::optional<proto::Duration> lifetime_left;  // of the dialog, where it ends within kTrial
  std::string ends_with;             // the code of the error that ended the dialog undelivered
  std::vector<std::string> changes;  // what else went otherwise than in the run without the cure
  std::string problem;               // of a cure that does not run
};

struct Explanation {
  Waiting waiting;
  std::vector<Cause> causes;  // each comes to light when those before it are cured
  Trial trial;                // of all their cures together
  std::size_t others = 0;     // conversations that the first cause holds up, too
};

struct Answer {
  proto::TimePoint at{};
  proto::Duration virtual_time{};  // since the start of the run
  std::vector<Explanation> explanations;
  std::size_t left_out = 0;        // conversations beyond kShownMax
  std::string nothing;             // why there is none
  bool is_of_nobody = false;       // the question names a conversation that is not there
  bool is_of_another_run = false;  // worked out in the simulator, of a run over TCP
};

struct Subject {
  const scenario::Script& script;
  std::size_t steps = 0;  // how many of its steps are played
  // A new world with the run's seed and options.
  std::function<std::unique_ptr<scenario::Simulation>()> simulate;
};

struct Question {
  std::string conversation{};  // its handle or its id; empty: any
  std::optional<std::uint64_t> message{};
};

// How many steps of the script stand before that line of the file itself.
[[nodiscard]] std::size_t steps_before_line(const scenario::Script& script, int line);
[[nodiscard]] Answer explain(const Subject& subject, const Question& question);

// As ux.md 3.2 shows it, at most 100 columns wide except for what is to be copied.
[[nodiscard]] std::string text_of(const Answer& answer);

}  // namespace ssb::sim::why
