// A first message and its reply, sealed and opened by the engine's own functions: what the questions asked one by one have not found.
//
//   Nothing is sent or stored: the keys live in caches of this trial, and both catalogs are only read.
#include <array>
#include <stdexcept>

#include <fmt/format.h>

#include "broker/catalog/permissions.h"
#include "broker/crypto/failure.h"
#include "broker/crypto/random.h"
#include "broker/dialog/header.h"
#include "broker/dialog/security.h"
#include "proto/error_code.h"
#include "sim/doctor/examination.h"

namespace ssb::sim::doctor {
namespace {

using proto::ErrorCode;
using Header = proto::envelope::DialogHeader;

class Trial {
 public:
  Trial(Examination& ex, const Pair& pair, const Security& security)
      : ex_(ex), pair_(pair), security_(security) {}

  void run() {
    if (security_.decision.delayed) return;  // told: it does not even leave
    const auto message = seal_begin();
    if (!message) return report_seal(pair_.from, message.error(), false);
    const auto header = dialog::parse_message(*message, "the initiator");
    if (!header) throw std::logic_error(header.error().text());
    const auto opened = dialog::open_first(ex_.instance(*pair_.to), pair_.to->database,
                                           {*header, message->header, message->body, "doctor"},
                                           targets_, ex_.now(*pair_.to));
    if (!opened) {
      report(*pair_.to, opened.error(), false);
      return foresee_reply();
    }
    ex_.ok(CheckId::B003, *pair_.to, pair_.sender->name(), "a first message opens");
    for (const CheckId check : {CheckId::C005, CheckId::C006, CheckId::C008}) {
      if (security_.encrypt) ex_.ok(check, *pair_.to, pair_.to_service, "a first message opens");
    }
    const auto authorized = dialog::authorize_first(ex_.instance(*pair_.to), pair_.to->database,
                                                    *pair_.target, *opened);
    if (!authorized) report(*pair_.to, authorized.error(), false);
    if (opened->type == dialog::SecurityType::full) try_reply(*opened);
  }

 private:
  [[nodiscard]] Header header_of(bool from_initiator) const {
    const Place& from = from_initiator ? pair_.from : *pair_.to;
    const Place& to = from_initiator ? *pair_.to : pair_.from;
    Header header;
    header.set_kind(Header::BEGIN);
    header.set_conversation_id(proto::to_string(conversation_.view()));
    header.set_from_initiator(from_initiator);
    header.set_from_service(from_initiator ? pair_.sender->name() : pair_.to_service);
    header.set_to_service(from_initiator ? pair_.to_service : pair_.sender->name());
    header.set_from_broker(ex_.instance(from).info(from.database).broker_id());
    if (!from_initiator) header.set_to_broker(ex_.instance(to).info(to.database).broker_id());
    if (from_initiator) header.set_contract("DEFAULT");
    header.set_message_type("DEFAULT");
    header.set_fragment_count(1);
    return header;
  }

  [[nodiscard]] proto::Result<proto::DialogMessage> seal_begin() {
    if (security_.decision.type() == dialog::SecurityType::none)
      return dialog::clear_message(header_of(true), {});
    return dialog::seal_first(ex_.instance(pair_.from), pair_.from.database, header_of(true), {},
                              {security_.decision.parties, ex_.now(pair_.from), nullptr},
                              initiators_key_, initiators_, ex_.now(pair_.from));
  }

  // ---- the reply of full security ----

  void try_reply(const dialog::OpenedFirst& opened) {
    const auto decision =
        dialog::decide_reply(ex_.instance(*pair_.to), pair_.to->database, pair_.target->owner(),
                             opened.source_user, ex_.now(*pair_.to));
    if (decision.delayed) return report_reply_decision(decision, opened.source_user);
    ex_.ok(CheckId::C009, *pair_.to, pair_.to_service, decision.sign->taken()->name);
    ex_.ok(CheckId::C010, *pair_.to, pair_.to_service, decision.encrypt->taken()->name);
    const auto message =
        dialog::seal_first(ex_.instance(*pair_.to), pair_.to->database, header_of(false), {},
                           {decision.parties, ex_.now(*pair_.to), &initiators_key_}, targets_key_,
                           targets_, ex_.now(*pair_.to));
    if (!message) return report_seal(*pair_.to, message.error(), true);
    const auto header = dialog::parse_message(*message, "the target");
    if (!header) throw std::logic_error(header.error().text());
    const auto reply = dialog::open_reply_first(ex_.instance(pair_.from), pair_.from.database,
                                                {*header, message->header, message->body, "doctor"},
                                                security_.decision.parties, initiators_key_,
                                                initiators_, ex_.now(pair_.from));
    if (reply) {
      ex_.ok(CheckId::C011, pair_.from, pair_.to_service, "a reply opens");
      ex_.ok(CheckId::C012, pair_.from, pair_.to_service, "a reply opens");
      return;
    }
    report_reply(reply.error(), decision);
  }

  // Dialogs that are open already may still have to be answered.
  void foresee_reply() {
    const auto sender = sender_at_target(ex_, pair_, security_);
    const bool is_full = security_.decision.type() == dialog::SecurityType::full;
    if (!is_full || !sender || *sender == catalog::kPublic) return;
    const auto decision = dialog::decide_reply(ex_.instance(*pair_.to), pair_.to->database,
                                               pair_.target->owner(), *sender, ex_.now(*pair_.to));
    if (decision.delayed) report_reply_decision(decision, *sender);
  }

  void report_reply_decision(const dialog::SecurityDecision& decision, std::int32_t sender) {
    const std::string fails =
        failure_text(*decision.delayed, "at the target: the reply waits there");
    const bool is_of_request =
        is_told(CheckId::C005, *pair_.to) || ex_.is_bad(CheckId::C006, *pair_.to);
    if (decision.sign && decision.sign->error && !is_of_request) {
      ex_.not_ok(
          CheckId::C009, *pair_.to,
          {.object = pair_.to_service,
           .text = fmt::format("the reply cannot be signed: {}", decision.sign->error->text()),
           .fails = fails,
           .cure =
               renew(ex_, *pair_.to, pair_.target->owner(), pair_.from, binding_user(), false)});
    }
    if (decision.encrypt && decision.encrypt->error && !is_of_request) {
      Cure cure = ex_.cure_at(*pair_.to);
      for (const auto& candidate : decision.encrypt->candidates) {
        if (candidate.verdict != dialog::Verdict::not_active || candidate.flaws != 1) continue;
        cure.run(fmt::format("ALTER CERTIFICATE {} WITH ACTIVE FOR BEGIN_DIALOG = ON",
                             bracketed(candidate.name)));
        break;
      }
      ex_.not_ok(CheckId::C010, *pair_.to,
                 {.object = pair_.to_service,
                  .text = fmt::format("the reply to {} cannot be encrypted: {}",
                                      user_text(ex_.objects(*pair_.to), sender),
                                      decision.encrypt->error->text()),
                  .fails = fails,
                  .cure = std::move(cure)});
    }
  }

  [[nodiscard]] std::string binding_user() const {
    return catalog::principal_name(ex_.objects(pair_.from), security_.decision.parties.remote_user);
  }

  void report_reply(const dialog::Refusal& refusal, const dialog::SecurityDecision& decision) {
    const pb::Certificate* signer =
        ex_.objects(*pair_.to).table<pb::Certificate>().find(*decision.sign->chosen);
    const pb::Certificate* known =
        dialog::find_certificate(ex_.objects(pair_.from), dialog::reference_to(*signer));
    const bool is_of_signer =
        refusal.step == 3 &&
        (known == nullptr || known->owner() != security_.decision.parties.remote_user);
    if (!is_of_signer) {
      // Of several certificates that stand for the initiator at the target, the latest one need not be the one that it still has.
      Cure cure;
      if (decision.encrypt->valid > 1)
        cure = ex_.cure_at(*pair_.to).run(
            fmt::format("ALTER CERTIFICATE {} WITH ACTIVE FOR BEGIN_DIALOG = OFF",
                        bracketed(decision.encrypt->taken()->name)));
      return report(pair_.from, refusal, true, std::move(cure));
    }
    Cure cure;
    if (known == nullptr) {
      deploy(cure, ex_, *pair_.to, signer->name(), pair_.from, binding_user(), false);
    } else {
      cure.on(ex_.name(pair_.from), ex_.database_name(pair_.from))
          .run(fmt::format("ALTER AUTHORIZATION ON CERTIFICATE::{} TO {}", bracketed(known->name()),
                           bracketed(binding_user())));
    }
    ex_.not_ok(CheckId::C011, pair_.from,
               {.object = signer->name(),
                .text = fmt::format(
                    "the target signs its reply with certificate '{}' (id {} there), which {}",
                    signer->name(), signer->id(),
                    known == nullptr
                        ? "is not here"
                        : fmt::format("belongs to {} here, not to '{}', the user of binding '{}'",
                                      user_text(ex_.objects(pair_.from), known->owner()),
                                      binding_user(), security_.decision.binding)),
                .fails = "11229 in event 160 here: the reply waits at the target, its status empty",
                .cure = std::move(cure)});
  }

  // ---- what a function of the engine refuses ----

  [[nodiscard]] static CheckId check_of_error(ErrorCode code, int step, bool is_reply) {
    if (code == ErrorCode::grant_out_of_time) return CheckId::B003;
    if (code == ErrorCode::exception_while_enqueueing) return CheckId::P007;
    if (code == ErrorCode::private_key_length || code == ErrorCode::public_key_length)
      return CheckId::C008;
    if (is_reply) return CheckId::C012;
    switch (step) {
      case 3: return CheckId::C003;
      case 4: return CheckId::C006;
      case 5: return CheckId::C005;
      case 8:
        return code == ErrorCode::sender_has_no_database_access ? CheckId::P002 : CheckId::P001;
      case 9: return CheckId::P003;
      case 10: return CheckId::P004;
      default: return CheckId::C007;
    }
  }

  // Of the keys and the catalog of this step another check has spoken already.
  [[nodiscard]] bool is_told(CheckId check, const Place& at) const {
    constexpr std::array kMasterKey{CheckId::K001, CheckId::K002};
    for (const CheckId key : kMasterKey) {
      if (ex_.is_bad(key, at)) return true;
    }
    if (check == CheckId::C003)
      return ex_.is_bad(CheckId::C003, at) || ex_.is_bad(CheckId::C004, at) ||
             ex_.is_bad(CheckId::C007, at);
    return ex_.is_bad(check, at);
  }

  void report_seal(const Place& at, const proto::Error& error, bool is_reply) {
    CheckId check = check_of_error(error.code, 0, false);
    if (check == CheckId::C007) check = is_reply ? CheckId::C009 : CheckId::C001;
    if (is_told(check, at)) return;
    ex_.not_ok(check, at,
               {.object = is_reply ? pair_.to_service : pair_.sender->name(),
                .text = fmt::format("the first {} cannot be sealed: {}",
                                    is_reply ? "reply" : "message", error.text()),
                .fails = failure_text(error, "in the transmission_status here"),
                .cure = error.code == ErrorCode::public_key_length && !is_reply
                            ? renew(ex_, *pair_.to, pair_.target->owner(), pair_.from,
                                    binding_user(), false)
                            : cure_of(check, at, is_reply)});
  }

  void report(const Place& at, const dialog::Refusal& refusal, bool is_reply, Cure cure = {}) {
    const CheckId check = check_of_error(refusal.error.code, refusal.step, is_reply);
    if (is_told(check, at)) return;
    const std::string clocks = check == CheckId::C006 ? clocks_text() : "";
    const std::string sender = is_reply ? pair_.to_service : pair_.sender->name();
    ex_.not_ok(
        check, at,
        {.object = pair_.to_service,
         .text = fmt::format("a first {} of {} is refused: {}{}", is_reply ? "reply" : "message",
                             service_text(sender), refusal.error.text(), clocks),
         .fails = fmt::format(
             "{} in event 160 here{}: no answer, the sender's status stays "
             "empty",
             refusal.error.number(),
             refusal.audit_text.empty() ? "" : ", and 158 \"" + refusal.audit_text + "\""),
         .cure = is_reply          ? std::move(cure)
                 : !clocks.empty() ? Cure{}
                                   : cure_of(check, at, is_reply)});
  }

  // What is valid by the clock of the side that takes it and not by the other one's: no new certificate cures that.
  [[nodiscard]] std::string clocks_text() const {
    const auto ahead = ex_.now(*pair_.to) - ex_.now(pair_.from);
    const auto apart = ahead < proto::Duration{} ? -ahead : ahead;
    const bool is_valid_there = (!security_.sign || security_.sign->chosen) &&
                                (!security_.encrypt || security_.encrypt->chosen);
    if (!is_valid_there || apart < std::chrono::minutes(1)) return "";
    return fmt::format("; it is valid by the clock of {}: the one here is {} {}",
                       ex_.name(pair_.from), span_text(apart),
                       ahead < proto::Duration{} ? "behind" : "ahead");
  }

  // A new certificate of the side whose key or dates are at fault; nothing for clocks.
  [[nodiscard]] Cure cure_of(CheckId check, const Place& at, bool is_reply) const {
    if (check == CheckId::C005) {  // the old one would still be taken, where it expires later
      Cure cure = renew(ex_, *pair_.to, pair_.target->owner(), pair_.from, binding_user(), false);
      return cure.on(ex_.name(pair_.from), ex_.database_name(pair_.from))
          .run(fmt::format("ALTER CERTIFICATE {} WITH ACTIVE FOR BEGIN_DIALOG = OFF",
                           bracketed(security_.encrypt->taken()->name)));
    }
    if (is_reply && at == *pair_.to)
      return renew(ex_, *pair_.to, pair_.target->owner(), pair_.from, binding_user(), false);
    const bool is_of_initiator = check == CheckId::C001 || check == CheckId::C006 ||
                                 check == CheckId::C007 || check == CheckId::C008;
    const auto sender = sender_at_target(ex_, pair_, security_);
    if (!is_of_initiator || !security_.sign || !sender) return {};
    return renew(ex_, pair_.from, pair_.sender->owner(), *pair_.to,
                 catalog::principal_name(ex_.objects(*pair_.to), *sender), false);
  }

  Examination& ex_;
  const Pair& pair_;
  const Security& security_;
  const proto::ConversationId conversation_ = broker::crypto::random_id<proto::ConversationId>();
  const dialog::SessionKey initiators_key_ = dialog::SessionKey::make();
  const dialog::SessionKey targets_key_ = dialog::SessionKey::make();
  dialog::DatabaseKeys initiators_;
  dialog::DatabaseKeys targets_;
};

}  // namespace

void try_dialog(Examination& ex, const Pair& pair, const Security& security) {
  try {
    Trial(ex, pair, security).run();
  } catch (const broker::crypto::CryptoFailure& failure) {
    ex.not_tested(CheckId::C005, *pair.to, pair.to_service, failure.what());
  }
}

}  // namespace ssb::sim::doctor
