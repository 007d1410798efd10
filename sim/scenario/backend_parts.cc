#include "sim/scenario/backend_parts.h"

#include <fmt/format.h>

#include "sim/scenario/login.h"
#include "sim/scenario/near.h"

namespace ssb::sim::scenario {

Outcome<broker::catalog::SecurityContext> context_of(const broker::catalog::Instance& instance,
                                                     const std::string& login,
                                                     const std::string& password) {
  if (login.empty()) return broker::catalog::SecurityContext();
  return log_in(instance, login, password);
}

Reason not_running(const std::string& node) {
  return {.text = fmt::format("{} is not running", node)};
}

Reason batch_cancelled(bool is_out_of_time, std::chrono::seconds batch_timeout) {
  if (!is_out_of_time)
    return {.text = "the batch waits for something that does not happen; it was cancelled"};
  return {.text = fmt::format(
              "the batch did not end within {} s of real time (--batch-timeout); it was cancelled",
              batch_timeout.count())};
}

Outcome<broker::tsql::Output> look_into(broker::Node& node, const std::string& name,
                                        const std::string& database, const std::string& select,
                                        proto::TimePoint now) {
  const broker::catalog::Catalog* catalog = node.instance().database(database);
  if (catalog == nullptr)
    return Reason{.text = fmt::format("{} has no database {}", name, database)};
  return node.look(catalog->id(), select, now);
}

Outcome<> copy_between(broker::catalog::Files& from, broker::catalog::Files& to,
                       const CopyFile& copy) {
  const std::string& name = copy.to_name.empty() ? copy.from_name : copy.to_name;
  auto contents = from.read(copy.from_name);
  if (!contents)
    return Reason{
        .text = fmt::format("'{}' on {}: {}", copy.from_name, copy.from_node, contents.error())};
  auto created = to.create(name, *contents);
  if (!created)
    return Reason{.text = fmt::format("'{}' on {}: {}", name, copy.to_node, created.error())};
  return {};
}

std::vector<std::string> host_candidates(const std::string& host, const std::string& own) {
  const bool is_own = equal_ignoring_case(host, "localhost") || host == "127.0.0.1" ||
                      host == "." || equal_ignoring_case(host, "(local)");
  const std::string& wanted = is_own ? own : host;
  return {wanted, wanted.substr(0, wanted.find('.'))};
}

}  // namespace ssb::sim::scenario
