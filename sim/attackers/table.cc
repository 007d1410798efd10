#include "sim/attackers/table.h"

#include <algorithm>

#include "sim/attackers/makers.h"

namespace ssb::sim::attackers {
namespace {

using Kind = ParameterForm::Kind;
using Seats = ParameterForm::Seats;

constexpr ParameterForm kFrom = {"from", Kind::node, "", "", Seats::hop};
constexpr ParameterForm kKind = {"kind", Kind::choice, "any",
                                 "any begin sequenced end error ack broker_error", Seats::hop};
constexpr ParameterForm kOriginal = {"original", Kind::choice, "pass", "pass drop"};
constexpr ParameterForm kTo = {"to", Kind::node, "", "", Seats::peer, true};
constexpr ParameterForm kTimes = {"times", Kind::count, "1", ""};

std::vector<AttackForm> messages_as_they_are() {
  return {
      {.name = "replay",
       .entries = "A01 A02 A03 A04 A07 A20",
       .what = "hands in again what has passed: at once or later, there or at another instance",
       .parameters = {kFrom,
                      kKind,
                      {"which", Kind::choice, "first", "first last each", Seats::hop},
                      kTimes,
                      {"after", Kind::duration, "0", "", Seats::hop},
                      {"to", Kind::node, "", "", Seats::hop}},
       .at_hop = make_replay,
       .at_wire = make_replay_of_bytes},
      {.name = "reflect",
       .entries = "A05 A06",
       .what = "hands messages back to who sent them: as they are, with the addresses exchanged, "
               "and with the direction turned round",
       .parameters = {kFrom, kKind, {"how", Kind::choice, "plain", "plain readdressed turned"}},
       .at_hop = make_reflect},
      {.name = "drop",
       .entries = "A10 A13 A19",
       .what = "keeps messages for itself",
       .parameters =
           {kFrom, kKind, {"sequence", Kind::count, "", ""}, {"times", Kind::count, "0", ""}},
       .at_hop = make_drop},
      {.name = "hold",
       .entries = "A21",
       .what = "hands messages in later",
       .parameters = {kFrom, kKind, {"for", Kind::duration, "1000000", ""}},
       .at_hop = make_hold},
      {.name = "reorder",
       .entries = "A11",
       .what = "collects messages and hands them in from the last to the first",
       .parameters = {kFrom, kKind, {"count", Kind::count, "8", ""}},
       .at_hop = make_reorder},
  };
}

std::vector<AttackForm> messages_changed() {
  return {
      {.name = "flip",
       .entries = "C01 C02 C03 C12",
       .what =
           "hands in every copy of one message that differs in a bit, before the message itself",
       .parameters = {kFrom,
                      kKind,
                      {"part", Kind::choice, "all", "body header security all"},
                      {"each", Kind::choice, "byte", "byte bit"},
                      kOriginal},
       .at_hop = make_flip},
      {.name = "truncate",
       .entries = "D01",
       .what = "hands in one message cut at every byte of its header and of its body",
       .parameters = {kFrom, kKind, kOriginal},
       .at_hop = make_truncate},
      {.name = "strip",
       .entries = "C04 C06 C07",
       .what =
           "takes the security header, the signer, or all security off every message that passes",
       .parameters = {kFrom,
                      kKind,
                      {"what", Kind::choice, "security", "header signer security"},
                      {"body", Kind::text, "words of the attacker", ""}},
       .at_hop = make_strip},
      {.name = "splice",
       .entries = "C05",
       .what = "puts a part of an earlier message on every message that passes",
       .parameters = {kFrom,
                      kKind,
                      {"what", Kind::choice, "body",
                       "body security security_header grant conversation"}},
       .at_hop = make_splice},
  };
}

std::vector<AttackForm> messages_made() {
  return {
      {.name = "forge",
       .entries = "A08 A09 A12 A14 A16 A17 A18",
       .what = "makes messages of a conversation that goes on; `keys`: with the session key, from "
               "the stolen private keys of that instance",
       .parameters = {kFrom,
                      kKind,
                      {"what", Kind::choice, "message",
                       "ack end error broker_error message other_body flags fragments"},
                      {"sequence", Kind::count, "", ""},
                      {"keys", Kind::node, "", ""}},
       .at_hop = make_forge},
      {.name = "impersonate",
       .entries = "A22 B03 B14 B22 B23 B24 C07 C13 C14 C15 H04",
       .what = "begins dialogs with valid certificates of its own, each wrong in one thing",
       .parameters = {kFrom,
                      kTo,
                      {"what", Kind::choice, "own",
                       "own conversation kek_id rewrapped anonymous half odd_names same_names "
                       "garbage reused_nonce reused_key"},
                      {"when", Kind::choice, "now", "now passing", Seats::hop},
                      {"keys", Kind::node, "", "", Seats::hop},
                      {"destination", Kind::text, "", ""},
                      {"body", Kind::text, "words of the attacker", ""},
                      kTimes},
       .at_hop = make_impersonate,
       .as_peer = make_impersonate_as_peer},
      {.name = "eavesdrop",
       .entries = "C17 C18",
       .what = "reads what stolen private keys open, or one session key of them",
       .parameters = {kFrom,
                      {"keys", Kind::node, "", "", Seats::hop, true},
                      {"scope", Kind::choice, "everything", "everything one_key"}},
       .at_hop = make_eavesdrop},
  };
}

std::vector<AttackForm> bytes_of_connections() {
  return {
      {.name = "tamper",
       .entries = "C10",
       .what = "changes a bit of the stream",
       .parameters = {kTimes},
       .at_wire = make_tamper},
      {.name = "cut",
       .entries = "D01 D12 H03",
       .what = "ends each connection without a word, each a step of bytes later than the last",
       .parameters = {{"direction", Kind::choice, "to_acceptor", "to_acceptor to_opener"},
                      {"step", Kind::count, "50", ""},
                      {"until", Kind::count, "5000", ""}},
       .at_wire = make_cut},
      {.name = "portion",
       .entries = "D04",
       .what = "delivers the stream in portions of so many bytes; 0: all of a moment in one",
       .parameters = {{"bytes", Kind::count, "1", ""}},
       .at_wire = make_portion},
      {.name = "downgrade",
       .entries = "C09",
       .what = "rewrites the negotiation in clear, both ways",
       .parameters = {{"to", Kind::choice, "rc4", "rc4 clear"}},
       .at_wire = make_downgrade},
      {.name = "man_in_the_middle",
       .entries = "B30",
       .what = "logs in to both sides in the place of the other, with a certificate of its own",
       .parameters = {{"certificate", Kind::choice, "new", "new same_names"}},
       .at_wire = make_man_in_the_middle},
  };
}

std::vector<AttackForm> peers() {
  return {
      {.name = "garbage",
       .entries = "D02 D05",
       .what = "speaks other protocols, or says lengths that lie",
       .parameters = {kTo, {"what", Kind::choice, "protocols", "protocols lengths nested_lengths"}},
       .as_peer = make_garbage},
      {.name = "slow",
       .entries = "D03",
       .what = "says a good negotiation, a byte at a time",
       .parameters = {kTo, {"every", Kind::duration, "1000000", ""}},
       .as_peer = make_slow},
      {.name = "silent",
       .entries = "H01",
       .what = "takes connections and says nothing; or logs in and never acknowledges",
       .parameters = {{"how", Kind::choice, "mute", "mute logged_in"}},
       .as_peer = make_silent},
      {.name = "storm",
       .entries = "H02",
       .what = "opens many connections and says nothing",
       .parameters = {kTo, {"times", Kind::count, "10000", ""}},
       .as_peer = make_storm},
      {.name = "stranger",
       .entries = "B03 B30",
       .what =
           "logs in with a certificate of its own that is unknown there, or named as another one",
       .parameters = {kTo,
                      {"certificate", Kind::choice, "new", "new same_names"},
                      {"as", Kind::text, "", ""}},
       .as_peer = make_stranger},
  };
}

std::vector<AttackForm> all_attacks() {
  std::vector<AttackForm> all;
  for (const auto& forms : {messages_as_they_are(), messages_changed(), messages_made(),
                            bytes_of_connections(), peers()})
    all.insert(all.end(), forms.begin(), forms.end());
  return all;
}

}  // namespace

const std::vector<AttackForm>& attacks() {
  static const std::vector<AttackForm> all = all_attacks();
  return all;
}

const AttackForm* find_attack(std::string_view name) {
  const auto& all = attacks();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const AttackForm& form) { return form.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace ssb::sim::attackers
