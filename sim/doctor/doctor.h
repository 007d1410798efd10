// Looks at a set of instances as they stand, sends nothing, and says what would fail when dialogs are begun.
//
//   The answers are the engine's own: its decision of security, its routes, its log-in of endpoints, and a first message that is sealed
//   by the initiator's catalog and opened by the target's, without any of them being changed. So what the doctor finds right the engine
//   finds right.
//   Which pairs of services are asked about: those that a question names; else each user's service with each service that its database
//   names in a binding, a conversation or a route (pairs.cc).
//   Source  reference service-broker.md 6, last item; ids and cures are our own.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "broker/catalog/instance.h"
#include "proto/time.h"
#include "sim/doctor/checks.h"

namespace ssb::sim::doctor {

inline constexpr proto::Duration kSoon = std::chrono::days(30);  // what is warned of before its end

struct Subject {
  std::string name;
  const broker::catalog::Instance* instance = nullptr;  // null: it cannot be looked at
  proto::TimePoint now{};                               // by its own clock
  std::string why_not{};                                // it cannot
};
struct Instances {
  std::vector<Subject> all;
  // Whom a host name of a route of that instance leads to; nullopt: nobody of the set.
  std::function<std::optional<std::size_t>(std::size_t from, const std::string& host)> resolve;
  bool is_whole = true;  // a host that is not in the set is nowhere
};

// As the clauses of BEGIN DIALOG; `anonymous` is ON with a binding that must be ANONYMOUS.
enum class Encryption { on, off, anonymous };
struct Question {
  std::string from_service{};  // empty: any
  std::string to_service{};
  std::string contract{};
  std::optional<Encryption> encryption{};
  bool asks_configuration = true;  // false: as if no Broker Configuration service could be asked
};

enum class Verdict { not_ok, ok, not_tested };
[[nodiscard]] std::string_view verdict_name(Verdict verdict);  // "NOT OK", "OK", "COULD NOT TEST"

struct Finding {
  CheckId check{};
  Severity severity{};  // of the check, when it is not OK
  Verdict verdict{};
  std::string instance;
  std::string database;  // empty: the instance as a whole
  std::string object;    // what the finding is about: a service, a certificate, an endpoint
  std::string text;
  std::string fails;              // because of it: number and place; empty when OK
  std::vector<std::string> cure;  // lines of a scenario: T-SQL, :connect and --# copy

  [[nodiscard]] std::string place() const;  // "HOST_B.Db"
};

// One of the dialogs that are asked about, with what its statements would name.
struct Dialog {
  std::size_t from = 0;  // number of the instance
  std::string from_database;
  std::string from_service;
  std::string to_service;
  std::string contract{};
  std::string message_type{};  // that its initiator may send; empty: none
  bool is_empty = false;       // its messages have no body
  bool encryption_on = true;
  std::optional<std::size_t> to{};  // none: the target is not there
  std::string to_database{};
  std::string to_queue{};
};
[[nodiscard]] std::vector<Dialog> find_dialogs(const Instances& instances,
                                               const Question& question);

// Each (check, place, object) once, the worst verdict of it; what is not OK first, errors before warnings.
[[nodiscard]] std::vector<Finding> examine(const Instances& instances, const Question& question);

}  // namespace ssb::sim::doctor
