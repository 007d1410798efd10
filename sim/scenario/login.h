// Logs a client in with a SQL Server login and its password.
#pragma once

#include <string>

#include "broker/catalog/instance.h"
#include "sim/scenario/backend.h"

namespace ssb::sim::scenario {

// Whom a session stands for; a Reason with the number 18456 when the name or the password is wrong, or the login is disabled: which of
// them is not told.
[[nodiscard]] Outcome<broker::catalog::SecurityContext> log_in(
    const broker::catalog::Instance& instance, const std::string& name,
    const std::string& password);

}  // namespace ssb::sim::scenario
