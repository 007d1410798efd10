#include "sim/scenario/login.h"

#include "broker/crypto/digest.h"
#include "proto/error_code.h"
#include "sim/scenario/value_text.h"

namespace ssb::sim::scenario {
Outcome<broker::catalog::SecurityContext> log_in(const broker::catalog::Instance& instance,
                                                 const std::string& name,
                                                 const std::string& password) {
  broker::tsql::ServerMessage message;
  message.error = proto::Error(proto::ErrorCode::login_refused, name);
  message.severity = message.error.severity();
  message.line = 1;
  std::string text = message_text(message);
  text.pop_back();
  const Reason refused{.text = std::move(text), .message = message};
  const auto* login = instance.master().table<broker::catalog::pb::Login>().find(name);
  const bool can_log_in = login != nullptr && login->type() == "S" && !login->is_disabled() &&
                          !login->password_hash().empty();
  if (!can_log_in) return refused;
  const proto::Secret hash =
      broker::crypto::pbkdf2_sha256(password, proto::as_bytes(login->password_salt()),
                                    instance.password_iterations(), login->password_hash().size());
  if (!proto::equal_in_constant_time(hash.view(), proto::as_bytes(login->password_hash())))
    return refused;
  broker::catalog::SecurityContext context;
  context.login = login->id();
  context.login_name = login->name();
  context.is_sysadmin = login->is_sysadmin();
  return context;
}

}  // namespace ssb::sim::scenario
