// What a `--#` line says, and what the parts of a scenario are called.
//
//   Errors  none of SQL Server's: a line that does not parse gives a DirectiveError with its column, and ssbsim exits with 11.
//   Source  scenario-language.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "proto/time.h"

namespace ssb::sim::scenario {

// ---- telling a story ----
struct Title {
  std::string text;
};
struct Claims {
  std::vector<std::string> ids;
};
struct Corpus {
  std::vector<std::string> ids;
};
struct Note {
  std::string text;
};
// Which entry of the catalogue of attacks and faults (attacks.md) the script plays, and how it should end.
struct Catalogue {
  std::string id;        // "A01"
  bool is_weak = false;  // by design: what stands after the attack shows that it works
};
struct Seed {
  std::uint64_t value = 0;
};
struct Modes {
  bool sim = false;
  bool tcp = false;
};
struct ConnectFlushes {};

// ---- sessions ----
// What follows runs in this session of the instance in use, made when it is named first; without a name in that of `:connect`.
struct UseSession {
  std::string session;
  bool closes = false;  // it ends instead
};
// The batch that was left waiting in this session (`expect waits`) is let come to its end.
struct Await {
  std::string session;  // empty: that of `:connect`
};

// ---- instances, files, clock ----
struct InstanceOptions {
  std::string node;
  std::optional<int> port;  // of its broker endpoint
  std::optional<int> tds_port;
  std::string folder;              // of its data; empty: a temporary one
  std::vector<std::string> hosts;  // what routes call it beside its name
};
struct CopyFile {
  std::string from_node;
  std::string from_name;
  std::string to_node;
  std::string to_name;  // empty: the same name
};
struct SetClock {
  proto::TimePoint start{};
};
struct Advance {
  proto::Duration by{};
};
struct AdvanceUntil {
  proto::TimePoint time{};
};
struct Skew {
  std::string node;
  proto::Duration by{};
};
struct Drift {
  std::string node;
  std::int64_t ppm = 0;  // faster than the world's clock; -1,000,000: it stands still
};
struct Jump {  // of the clock, once
  std::string node;
  proto::Duration by{};
};
struct Settle {
  proto::Duration at_most{};
};
struct Mark {};
struct Restart {
  std::string node;
};
// The next batch may run again when its instance goes down in it: it asks its tables what was committed, and goes on from there.
struct Repeatable {};
struct Crash {
  std::string node;
  // Not now: in the next one after so many of these. step: all that changes the disk.
  std::optional<std::int64_t> after;
  enum class Counted : std::uint8_t { write, sync, step, allocation } counted = Counted::write;
  std::optional<proto::Duration> returns_after;  // started again by itself
};

// ---- faults and attackers of the simulator ----
struct NetFault {
  std::string from, to;
  std::optional<double> loss, duplicate, reorder, corrupt;  // 0 to 1
  std::optional<proto::Duration> delay;
  std::string only;           // "ack", "begin", "sequenced", "error", "end"; empty: every message
  std::string only_for_type;  // "Order"
  std::string only_for_conversation;  // "@h"
};
struct LinkFault {
  std::string from, to;
  std::optional<proto::Duration> delay, jitter, stall, clog;
  std::optional<std::int64_t> bytes_per_second;
  bool cut = false;
  bool corrupt = false;
  std::string connect;  // "refused", "lost" or "ok"; empty: as it is
};
struct Partition {
  std::string one, other;
  bool is_one_way = false;  // from `one`
};
struct Swizzle {
  std::vector<std::string> nodes;  // two or more
  proto::Duration within{};
};
struct Heal {
  // The disks, too, and every instance is started; then time passes, and the judges ask whether all goes on.
  bool all = false;
};
// States (full, slow, torn, lying, unreadable) last, each beside the others, until ok; fails, misdirects and rot are of one moment.
struct DiskFault {
  std::string node;
  std::string
      mode;  // "full", "slow", "torn", "lying", "unreadable", "fails", "misdirects", "rot", "ok"
  double share = 1;         // lying: of the syncs
  std::string file;         // unreadable, rot; empty: every file, a drawn place
  std::int64_t offset = 0;  // rot, with a file
  std::string counted;      // fails: "read", "write", "sync" or "step"
  std::int64_t n = 0;       // fails, misdirects: that one from now; 1: the next
};
// What T-SQL cannot do to keys.
struct KeyFault {
  enum class Verb : std::uint8_t { machine_lost, machine_found, damage_certificate, damage_master };
  std::string node;
  std::string database;  // of damage
  Verb verb = Verb::machine_lost;
  std::string name;  // of the certificate
};
// As after a RESTORE from another server: the login that owns the database is none of this instance.
struct OwnerLost {
  std::string node;
  std::string database;
};
// What OpenSSL draws at the instance, until ok.
struct RandomFault {
  std::string node;
  std::string mode;         // "constant", "repeats", "fails" or "ok"
  std::int64_t period = 1;  // repeats: so many draws, over and over
};
// What stands before the first of them shows that the honest case works (the sanity leg); what stands after it, that the attack
// does not. By configuration: what follows in the script is the attack, and nobody else takes part.
struct Attack {
  std::string name;  // "configuration" of that seat
  enum class Seat { wire, hop, peer, configuration } seat = Seat::wire;
  std::string node;   // on one side of the seat; of a peer its own name
  std::string other;  // on the other side; empty for a peer
  struct Parameter {
    std::string name;
    std::string value;  // durations in microseconds
    bool is_node = false;
    bool is_standard = false;  // not written in the script
  };
  std::vector<Parameter> parameters;  // all that the attack has
};

// ---- expectations ----
// A value as text, or a LIKE pattern (% _ [set]).
struct ValuePattern {
  std::string text;
  bool is_like = false;
};
struct ExpectError {
  int number = 0;
  std::optional<int> level, state;
};
struct ExpectWarning {
  int number = 0;
};
struct ExpectPrint {
  ValuePattern text;
};
// The batch has not ended when nothing more happens at this moment: it is left waiting, and the script goes on.
struct ExpectWaits {};
struct ExpectRows {
  std::int64_t count = 0;
};
struct ExpectValue {
  ValuePattern value;
};
struct ExpectColumns {
  std::vector<std::string> names;
};
struct ExpectStatus {
  enum class Kind { number, empty, none } kind = Kind::number;
  int number = 0;
  std::string service;  // empty: any
};
struct ExpectEvent {
  bool is_absent = false;  // `no event`
  int event = 0;
  std::optional<int> subclass, error, state;
};
struct ExpectQueueError {
  int number = 0;
  std::string queue;
};
struct ExpectDelivered {
  std::int64_t count = 0;
  std::string queue;
};
struct ExpectState {
  std::string state;
  std::string variable;  // with its @
};
struct ExpectWire {
  bool is_plaintext = false;
  std::string text;
  std::string one, other;  // empty: any two
};
struct ExpectAttacker {
  bool knows = true;  // has read the text in some body
  std::string text;
};
struct Expectation {
  std::variant<ExpectError, ExpectWarning, ExpectPrint, ExpectWaits, ExpectRows, ExpectValue,
               ExpectColumns, ExpectStatus, ExpectEvent, ExpectQueueError, ExpectDelivered,
               ExpectState, ExpectWire, ExpectAttacker>
      what;
  std::string node;      // `on HOST_B`; empty: the node in use
  std::string database;  // `on HOST_B.db`; empty: the database in use
  std::optional<proto::Duration> within;
  std::string text;  // as written, for reports

  // Of those that stand before the batch that they are about.
  [[nodiscard]] bool is_about_next_batch() const;
};

using Directive =
    std::variant<Title, Claims, Corpus, Catalogue, Note, Seed, Modes, ConnectFlushes, UseSession,
                 Await, InstanceOptions, CopyFile, SetClock, Advance, AdvanceUntil, Skew, Drift,
                 Jump, Settle, Mark, Restart, Repeatable, Crash, NetFault, LinkFault, Partition,
                 Swizzle, Heal, DiskFault, KeyFault, OwnerLost, RandomFault, Attack, Expectation>;

struct DirectiveError {
  int column = 1;  // in the text given
  std::string message;
};

inline constexpr std::size_t kSessionNameMax = 32;
inline constexpr proto::Duration kSettleAtMost = std::chrono::minutes(2);

// "replay at hop HOST_A|HOST_B kind begin": as it is written after `attack`.
[[nodiscard]] std::string seat_text(const Attack& attack);
// The text after `--#`.
[[nodiscard]] std::variant<Directive, DirectiveError> parse_directive(std::string_view text);
// Whether the first word of the text after `--#` is one of ours.
[[nodiscard]] bool starts_like_directive(std::string_view text);
// "30d", "1h30m", "20ms", "1.5s"; us, ms, s, m, h, d, w.
[[nodiscard]] std::optional<proto::Duration> parse_duration(std::string_view text);
// "30 s", "1 h 30 min", "20 ms": the other way round.
[[nodiscard]] std::string duration_text(proto::Duration duration);

}  // namespace ssb::sim::scenario
