// Which of the doctor's findings holds a message up, by phase, error number and place; or what no look at the catalogs shows.
#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include <fmt/format.h>

#include "broker/keys/key_hierarchy.h"
#include "broker/routing/route.h"
#include "proto/error_code.h"
#include "sim/doctor/cure.h"
#include "sim/scenario/near.h"
#include "sim/why/inquiry.h"
#include "sim/why/own_cause.h"

namespace ssb::sim::why {
namespace {

namespace catalog = broker::catalog;
namespace pb = broker::catalog::pb;
using doctor::CheckId;
using doctor::Finding;

constexpr const char* kBeginAnew =
    "END CONVERSATION, and send again in a dialog begun anew: this one cannot go on";

// What the doctor checks of each phase, by the letter of the id and the numbers that count.
bool is_of_phase(CheckId check, Phase phase) {
  const auto any = [&](std::initializer_list<CheckId> checks) {
    return std::ranges::find(checks, check) != checks.end();
  };
  const char letter = doctor::check_of(check).id[3];
  switch (phase) {
    case Phase::leaving:
      return letter == 'R' || letter == 'S' || letter == 'K' ||
             any({CheckId::B001, CheckId::Q001, CheckId::C001, CheckId::C002, CheckId::C008,
                  CheckId::C009, CheckId::C010});
    case Phase::connection: return letter == 'E' || letter == 'K' || check == CheckId::R002;
    case Phase::locating:
      return letter == 'R' || any({CheckId::Q001, CheckId::B001, CheckId::B002, CheckId::B004});
    case Phase::security_header: return letter == 'C' || letter == 'K' || check == CheckId::B003;
    case Phase::permission: return letter == 'P';
    case Phase::contents: return any({CheckId::Q004, CheckId::Q005});
    case Phase::queue: return check == CheckId::Q002;
    case Phase::acknowledgement:
      return letter == 'R' || letter == 'E' || letter == 'K' || check == CheckId::B001;
    case Phase::receiving: return any({CheckId::Q002, CheckId::Q003, CheckId::Q006, CheckId::P006});
  }
  return false;
}

bool explains(const doctor::Check& check, int number) {
  const std::string padded = " " + std::string(check.errors) + " ";
  return padded.find(" " + std::to_string(number) + " ") != std::string::npos;
}

class Search {
 public:
  Search(const doctor::Instances& instances, const Waiting& waiting, const Symptom& symptom)
      : instances_(instances), waiting_(waiting), symptom_(symptom) {}

  [[nodiscard]] Cause run() {
    Cause cause = find();
    cause.evidence = symptom_.evidence;
    cause.at = place_of_symptom();
    return cause;
  }

 private:
  [[nodiscard]] Cause find() {
    using Special = Symptom::Special;
    if (symptom_.special == Special::is_over) return over();
    if (symptom_.special == Special::never_sent) return never_sent();
    if (symptom_.phase == Phase::connection) {
      if (auto down = instance_down()) return *down;
    }
    if (symptom_.special == Special::under_way) return under_way();
    if (is_broker_gone()) return broker_gone();
    findings_ = doctor::examine(instances_, question());
    if (!symptom_.asked_for.empty()) return asked();
    if (is_poisoned()) return cause_of_unread(waiting_, symptom_, true);
    if (const Finding* finding = best_finding()) return of_finding(*finding);
    if (auto unhelped = not_helped()) return *unhelped;
    return own();
  }

  // ---- of the doctor ----

  [[nodiscard]] doctor::Question question() const {
    if (waiting_.kind == Waiting::Kind::unread && waiting_.far_service.empty()) return {};
    doctor::Question out{.from_service = waiting_.own_service,
                         .to_service = waiting_.far_service,
                         .contract = symptom_.contract};
    if (!waiting_.is_initiator) std::swap(out.from_service, out.to_service);
    return out;
  }

  // Where in the order of findings; 0: it is none of this phase.
  [[nodiscard]] int rank(const Finding& finding) const {
    constexpr int kOfPhase = 1;
    constexpr int kOfRole = 2;
    constexpr int kOfInstance = 4;
    constexpr int kOfDatabase = 8;
    constexpr int kOfNumber = 16;
    if (finding.verdict != doctor::Verdict::not_ok) return 0;
    const doctor::Check& check = doctor::check_of(finding.check);
    const bool has_number =
        std::ranges::any_of(symptom_.numbers, [&](int one) { return explains(check, one); });
    // A reply is sealed with what the target opened the request with.
    const bool is_of_status =
        has_number && symptom_.phase == Phase::leaving && finding.place() == waiting_.place();
    if (!is_of_phase(finding.check, symptom_.phase) && !is_of_status) return 0;
    if (finding.severity != doctor::Severity::error && !has_number) return 0;
    if (finding.severity == doctor::Severity::info) return 0;
    int out = kOfPhase;
    const bool is_instance = finding.instance == symptom_.node;
    if (is_instance) out += kOfInstance;
    if (is_instance && finding.database == symptom_.database) out += kOfDatabase;
    if (has_number) out += kOfNumber;
    const CheckId of_role = symptom_.looked_for.starts_with("destination")
                                ? CheckId::C004
                                : (waiting_.is_initiator ? CheckId::C003 : CheckId::C011);
    if (!symptom_.looked_for.empty() && finding.check == of_role) out += kOfRole;
    // A warning is what may fail later; where an error fits, too, that is it.
    return finding.severity == doctor::Severity::error ? 2 * out : out;
  }

  [[nodiscard]] const Finding* best_finding() const {
    const Finding* best = nullptr;
    for (const Finding& finding : findings_) {
      if (rank(finding) > (best == nullptr ? 0 : rank(*best))) best = &finding;
    }
    return best;
  }

  [[nodiscard]] Cause of_finding(const Finding& finding) const {
    const doctor::Check& check = doctor::check_of(finding.check);
    Cause cause{.phase = symptom_.phase,
                .id = std::string(check.id),
                .title = std::string(check.title),
                .place = finding.place(),
                .text = finding.text,
                .cure = finding.cure};
    const bool is_of_clocks = finding.check == CheckId::B003 || finding.check == CheckId::C006 ||
                              finding.text.find("valid by the clock of") != std::string::npos;
    // What the doctor proposes gives up what waits here.
    if (finding.check == CheckId::Q003 && waiting_.kind == Waiting::Kind::unread) {
      cause.cure.clear();
      cause.no_cure = "CREATE PROCEDURE; it is started by itself within five seconds";
      return cause;
    }
    if (finding.check == CheckId::B003)
      cause.product = "SQL Server has no such bound: its security headers carry no dates";
    if (cause.cure.empty() && is_of_clocks)
      cause.no_cure = "set the clocks of both machines right";
    else if (cause.cure.empty())
      cause.no_cure =
          "what is missing has to be made by whoever it belongs to, or the dialog given up with "
          "END CONVERSATION";
    return cause;
  }

  // ---- of its own ----

  [[nodiscard]] Cause make(OwnCause which, std::string place, std::string text,
                           std::string no_cure) const {
    return own_cause(which, symptom_.phase, std::move(place), std::move(text), std::move(no_cure));
  }

  [[nodiscard]] Cause over() const {
    const bool is_gone =
        symptom_.numbers.contains(static_cast<int>(proto::ErrorCode::not_first_message)) ||
        symptom_.numbers.contains(static_cast<int>(proto::ErrorCode::remote_endpoint_gone));
    const std::string text =
        is_gone ? "the other side has no endpoint of this conversation any more: it was ended WITH "
                  "CLEANUP there, or that database was set back to an earlier state"
                : fmt::format(
                      "the other side of the conversation is closed; what {} still had to "
                      "say in it is held",
                      waiting_.own_service);
    return make(OwnCause::W004, waiting_.place(), text,
                "END CONVERSATION here, too; whether the message was handled, only the "
                "application of the other side can say");
  }

  [[nodiscard]] Cause under_way() const {
    return make(OwnCause::W005, waiting_.place(),
                waiting_.sent == 0 ? "it has not been handed to the transport yet"
                                   : "it has just been sent, and its answer may be under way",
                "let time go on");
  }

  // The instances of the way that do not run.
  [[nodiscard]] std::optional<Cause> instance_down() const {
    for (const doctor::Subject& one : instances_.all) {
      if (one.instance != nullptr || !is_on_the_way(one.name)) continue;
      return make(OwnCause::W001, one.name, one.name + " does not run",
                  "start " + one.name + "; messages wait, and go on by themselves");
    }
    return std::nullopt;
  }

  [[nodiscard]] bool is_on_the_way(const std::string& name) const {
    const Side own = own_side(instances_, waiting_);
    if (!own.is_there()) return false;
    for (const auto& [id, route] : own.objects->table<pb::Route>()) {
      const bool is_meant =
          route.service_name().empty() || route.service_name() == waiting_.far_service;
      const auto address = broker::routing::parse_address(route.address());
      if (!is_meant || !address) continue;
      const auto to = instances_.resolve(number_of(own), address->host);
      if (to && instances_.all[*to].name == name) return true;
    }
    return false;
  }

  [[nodiscard]] std::size_t number_of(const Side& side) const {
    return static_cast<std::size_t>(side.subject - instances_.all.data());
  }

  // A refusal for want of a route or of the broker, and no instance that runs has the broker that the dialog is bound to. That is no
  // finding: its routes are right.
  [[nodiscard]] bool is_broker_gone() const {
    constexpr std::array kUnknown{proto::ErrorCode::broker_id_unknown,
                                  proto::ErrorCode::no_route_matches,
                                  proto::ErrorCode::target_service_not_found};
    const bool is_unknown = std::ranges::any_of(kUnknown, [&](proto::ErrorCode code) {
      return symptom_.numbers.contains(static_cast<int>(code));
    });
    const auto guid = proto::Guid::parse(waiting_.far_broker);
    if (!guid || guid->is_null() || !is_unknown) return false;
    return std::ranges::none_of(instances_.all, [&](const doctor::Subject& one) {
      return one.instance != nullptr &&
             broker::routing::find_broker(*one.instance, proto::BrokerId{*guid}) != nullptr;
    });
  }

  [[nodiscard]] Cause broker_gone() const {
    Cause cause = make(OwnCause::W010, place_of_symptom(),
                       fmt::format("the dialog is bound to broker id {}, and no instance that runs "
                                   "has a database with it",
                                   waiting_.far_broker),
                       "END CONVERSATION at both sides, and send again in a dialog begun anew; no "
                       "ALTER DATABASE gives an id back, only a RESTORE of a backup that has it");
    const Side far = far_side(instances_, waiting_);
    if (!far.is_there()) return cause;
    cause.place = far.place();
    cause.text += fmt::format(
        "; service '{}' is now of broker {}, after SET NEW_BROKER, or in another copy of the "
        "database",
        waiting_.far_service, far.broker().text());
    return cause;
  }

  // ---- the Broker Configuration service ----

  // What would be missing if nobody could be asked: the route or the binding.
  [[nodiscard]] std::optional<Finding> missing(CheckId check) const {
    doctor::Question alone = question();
    alone.asks_configuration = false;
    for (const Finding& finding : doctor::examine(instances_, alone)) {
      if (finding.check == check && finding.verdict == doctor::Verdict::not_ok &&
          finding.place() == waiting_.place())
        return finding;
    }
    return std::nullopt;
  }

  // 9770: it goes on when that conversation ends, whether or not what was asked for is there.
  [[nodiscard]] Cause asked() const {
    const auto request = open_request(instances_, waiting_);
    if (const Finding* trap = best_finding(); trap != nullptr && trap->check == CheckId::R009) {
      Cause cause = of_finding(*trap);
      if (request && !cause.cure.empty()) answer(cause, *request);
      return cause;
    }
    const bool is_of_route = symptom_.asked_for == "route";
    const auto lacking = missing(is_of_route ? CheckId::R001 : CheckId::S001);
    Cause cause = make(
        OwnCause::W011, request ? request->at.place() : waiting_.place(),
        fmt::format("it was asked for a {} for service '{}', and has not ended that conversation: "
                    "its end is the answer; {}",
                    symptom_.asked_for, waiting_.far_service,
                    lacking                     ? "there is none yet"
                    : is_of_route || is_bound() ? "there is one by now"
                                                : "with ENCRYPTION = OFF it goes on without one"),
        "END CONVERSATION at the Broker Configuration service");
    if (lacking) cause.cure = lacking->cure;
    if (!request || (lacking && lacking->cure.empty())) return cause;
    answer(cause, *request);
    return cause;
  }

  static void answer(Cause& cause, const OpenRequest& request) {
    doctor::Cure end;
    end.on(request.at.subject->name, request.at.database)
        .run("END CONVERSATION " + doctor::literal(request.handle));
    const auto lines = end.lines();
    cause.cure.insert(cause.cure.end(), lines.begin(), lines.end());
    cause.no_cure.clear();
  }

  [[nodiscard]] bool is_bound() const {
    const Side own = own_side(instances_, waiting_);
    return own.is_there() && own.objects->table<pb::RemoteServiceBinding>().find_if(
                                 [&](const pb::RemoteServiceBinding& one) {
                                   return one.remote_service_name() == waiting_.far_service;
                                 }) != nullptr;
  }

  // It was asked, has ended the conversation, and what was asked for is not there.
  [[nodiscard]] std::optional<Cause> not_helped() const {
    const Side own = own_side(instances_, waiting_);
    const bool is_asked =
        own.is_there() && broker::routing::has_configuration_route(*own.objects, own.subject->now);
    if (!is_asked || waiting_.status.empty()) return std::nullopt;
    for (const CheckId check : {CheckId::R001, CheckId::S001}) {
      const bool is_it = std::ranges::any_of(
          symptom_.numbers, [&](int number) { return explains(doctor::check_of(check), number); });
      const auto lacking = is_it ? missing(check) : std::nullopt;
      if (!lacking) continue;
      Cause cause = make(OwnCause::W012, waiting_.place(),
                         lacking->text +
                             "; it was asked for it, and has ended the conversation "
                             "without making it (9761 in the error log says so where "
                             "it ended with an error)",
                         "make what is missing");
      cause.cure = lacking->cure;
      if (!cause.cure.empty()) cause.no_cure.clear();
      return cause;
    }
    return std::nullopt;
  }

  // Five rollbacks have switched the queue off; switched on again it would go the same way.
  [[nodiscard]] bool is_poisoned() const {
    const Finding* finding = best_finding();
    return waiting_.kind == Waiting::Kind::unread && finding != nullptr &&
           finding->check == CheckId::Q002 && has_aborted(symptom_);
  }

  [[nodiscard]] Cause own() const {
    if (waiting_.kind == Waiting::Kind::error) return error();
    if (waiting_.kind == Waiting::Kind::unread) return cause_of_unread(waiting_, symptom_, false);
    if (waiting_.kind == Waiting::Kind::lost) return refused_once();
    if (symptom_.phase == Phase::security_header) return sealed();
    if (symptom_.phase == Phase::permission && !symptom_.taken_for.empty()) return mistaken();
    if (symptom_.phase == Phase::leaving && waiting_.sent > 0) return stays();
    if (symptom_.phase == Phase::connection)
      return make(OwnCause::W002, waiting_.node,
                  fmt::format("{} has sent it {} time{}, and no other instance shows a trace of "
                              "it; routes, endpoints and log-in are right as they stand",
                              waiting_.node, waiting_.sent, waiting_.sent == 1 ? "" : "s"),
                  "look at the network between the two: retries deliver it once that lets it "
                  "through");
    if (symptom_.phase == Phase::acknowledgement)
      return make(OwnCause::W008, symptom_.node,
                  fmt::format("{} has taken it; routes and endpoints of the way back are right "
                              "as they stand, and no acknowledgement has come",
                              symptom_.node),
                  "look at the network between the two: the next retry is acknowledged again");
    return make(OwnCause::W009, symptom_.node,
                "the events say what happened; nothing that is wrong now explains it", "");
  }

  [[nodiscard]] Cause never_sent() const {
    return make(OwnCause::W007, waiting_.place(),
                "its LIFETIME has ended, and nothing was ever sent in it",
                "END CONVERSATION; where it is there for a timer or a group alone, begin it with a "
                "LIFETIME that is long enough");
  }

  [[nodiscard]] Cause refused_once() const {
    return make(
        OwnCause::W016, place_of_symptom(),
        fmt::format("it was refused with {}, and what refused it is right by now", waiting_.status),
        "nobody has it any more: send it again in a dialog begun anew, and END CONVERSATION "
        "there when the other side has answered");
  }

  // The catalogs of both sides would let it in: it was not sealed, or not left, as they say.
  [[nodiscard]] Cause mistaken() const {
    return make(OwnCause::W017, place_of_symptom(),
                fmt::format("it is refused as a message of '{}', who may not SEND; sealed with the "
                            "certificates of this sender it would be let in: it was sealed with "
                            "others, or its security header was taken off on the way",
                            symptom_.taken_for),
                "compare the security headers that leave and arrive; let nobody between the two "
                "instances who does not log in");
  }

  [[nodiscard]] Cause error() const {
    return make(OwnCause::W007, waiting_.place(),
                fmt::format("{} error {}, and what caused it is right by now",
                            waiting_.is_by_own_broker ? "the broker here has ended it with"
                                                      : "the other side has answered with",
                            waiting_.status),
                kBeginAnew);
  }

  // New dialogs would be opened; this one was sealed with something else.
  [[nodiscard]] Cause sealed() const {
    Cause cause = make(OwnCause::W003, place_of_symptom(),
                       "the message was sealed with certificates that do not fit any more; a "
                       "dialog begun now would be opened",
                       kBeginAnew);
    if (symptom_.looked_for.empty()) return cause;
    cause.text = fmt::format(
        "the message was sealed for good when it was sent first; its {} is not in this database "
        "(a dialog begun now would be opened)",
        symptom_.looked_for);
    deploy_again(cause);
    return cause;
  }

  // The certificates of a dialog are chosen once, when it is sent first.
  [[nodiscard]] Cause stays() const {
    Cause cause = make(OwnCause::W003, waiting_.place(),
                       "the dialog stays with the certificates that were chosen when it was sent "
                       "first, and these can be used no more; a dialog begun now would be sent",
                       kBeginAnew);
    cause.phase = Phase::leaving;
    return cause;
  }

  [[nodiscard]] std::string place_of_symptom() const {
    return symptom_.database.empty() ? symptom_.node : symptom_.node + "." + symptom_.database;
  }

  // The sender's certificate, where the sender still has it and a user stands for its owner on the other side.
  void deploy_again(Cause& cause) const {
    const Side own = own_side(instances_, waiting_);
    const Side far = far_side(instances_, waiting_);
    if (!own.is_there() || !far.is_there() || !symptom_.looked_for.starts_with("source")) return;
    const pb::Certificate* lost = own.objects->table<pb::Certificate>().find_if(
        [&](const pb::Certificate& one) { return is_looked_for(one); });
    if (lost == nullptr) return;
    const std::string user = stand_in(own, far, lost->owner());
    if (user.empty()) return;
    const std::string file = fmt::format("{}_again.cer", lost->name());
    doctor::Cure cure;
    cure.on(own.subject->name, own.database)
        .run(fmt::format("BACKUP CERTIFICATE {} TO FILE = {}", doctor::bracketed(lost->name()),
                         doctor::literal(file)))
        .copy(own.subject->name, file, far.subject->name)
        .on(far.subject->name, far.database)
        .run(fmt::format(
            "CREATE CERTIFICATE {} AUTHORIZATION {} FROM FILE = {}",
            doctor::bracketed(doctor::free_name<pb::Certificate>(*far.objects, lost->name())),
            doctor::bracketed(user), doctor::literal(file)));
    cause.cure = cure.lines();
    cause.no_cure.clear();
  }

  [[nodiscard]] bool is_looked_for(const pb::Certificate& one) const {
    const auto& x509 = broker::keys::parsed(one);
    return symptom_.looked_for.find(fmt::format("issuer {} serial {}", x509.issuer(),
                                                x509.serial_text())) != std::string::npos;
  }

  // The user on the other side that owns a copy of another certificate of the same owner.
  [[nodiscard]] static std::string stand_in(const Side& own, const Side& far, std::int32_t owner) {
    for (const auto& [id, ours] : own.objects->table<pb::Certificate>()) {
      if (ours.owner() != owner) continue;
      const auto* copy = far.objects->table<pb::Certificate>().find_if(
          [&der = ours.der()](const pb::Certificate& one) { return one.der() == der; });
      const auto* user =
          copy == nullptr ? nullptr : far.objects->table<pb::Principal>().find(copy->owner());
      if (user != nullptr) return user->name();
    }
    return "";
  }

  const doctor::Instances& instances_;
  const Waiting& waiting_;
  const Symptom& symptom_;
  std::vector<Finding> findings_;
};

}  // namespace

Cause find_cause(const doctor::Instances& instances, const Waiting& waiting,
                 const Symptom& symptom) {
  return Search(instances, waiting, symptom).run();
}

Side own_side(const doctor::Instances& instances, const Waiting& waiting) {
  for (const doctor::Subject& one : instances.all) {
    if (one.instance == nullptr || one.name != waiting.node) continue;
    const catalog::Catalog* objects = one.instance->database(std::string_view(waiting.database));
    if (objects != nullptr) return side_at(one, *objects);
  }
  return {};
}

Side far_side(const doctor::Instances& instances, const Waiting& waiting) {
  Side found;
  for (const doctor::Subject& one : instances.all) {
    if (one.instance == nullptr) continue;
    for (const auto& [id, objects] : one.instance->databases()) {
      if (broker::routing::find_service(*objects, waiting.far_service) == nullptr) continue;
      const Side side = side_at(one, *objects);
      if (!found.is_there() || one.name != waiting.node) found = side;
    }
  }
  return found;
}

}  // namespace ssb::sim::why
