// What every back end does alike: its sessions and what their batches say, log-ins, looks, copies of files, names of hosts.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "broker/catalog/files.h"
#include "broker/node.h"
#include "sim/scenario/backend.h"

namespace ssb::sim::scenario {

// Of virtual time: the longest WAITFOR is 24 hours.
inline constexpr proto::Duration kBatchMax = std::chrono::hours(25);

// The open sessions of a run; Owner is how the back end knows an instance.
template <typename Owner>
class Sessions {
 public:
  struct Session {
    Owner owner{};
    broker::tsql::Output output;  // of the batch under way
    bool is_finished = true;
  };

  BackendSession open(Owner owner) {
    sessions_[++last_].owner = owner;
    return last_;
  }
  [[nodiscard]] Session* find(BackendSession id) {
    const auto found = sessions_.find(static_cast<broker::SessionId>(id));
    return found == sessions_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] const Session* find(BackendSession id) const {
    const auto found = sessions_.find(static_cast<broker::SessionId>(id));
    return found == sessions_.end() ? nullptr : &found->second;
  }
  void close(BackendSession id) { sessions_.erase(static_cast<broker::SessionId>(id)); }
  void close_all_of(const Owner& owner) {
    std::erase_if(sessions_, [&](const auto& entry) { return entry.second.owner == owner; });
  }
  void add_output(broker::SessionId id, const broker::tsql::Output& output) {
    if (Session* session = find(id))
      session->output.insert(session->output.end(), output.begin(), output.end());
  }
  void finish(broker::SessionId id) {
    if (Session* session = find(id)) session->is_finished = true;
  }
  [[nodiscard]] const std::map<broker::SessionId, Session>& all() const { return sessions_; }

 private:
  std::map<broker::SessionId, Session> sessions_;
  broker::SessionId last_ = 0;
};

// As log_in; without a login, sysadmin.
[[nodiscard]] Outcome<broker::catalog::SecurityContext> context_of(
    const broker::catalog::Instance& instance, const std::string& login,
    const std::string& password);

[[nodiscard]] Reason not_running(const std::string& node);
// Why a batch that did not end by itself has no result.
[[nodiscard]] Reason batch_cancelled(bool is_out_of_time, std::chrono::seconds batch_timeout);

[[nodiscard]] Outcome<broker::tsql::Output> look_into(broker::Node& node, const std::string& name,
                                                      const std::string& database,
                                                      const std::string& select,
                                                      proto::TimePoint now);

[[nodiscard]] Outcome<> copy_between(broker::catalog::Files& from, broker::catalog::Files& to,
                                     const CopyFile& copy);

// The names by which to look for the instance that a route or a client means, in order: 'HOST_B.corp.example' may be HOST_B; localhost
// is `own`, who asks.
[[nodiscard]] std::vector<std::string> host_candidates(const std::string& host,
                                                       const std::string& own);

}  // namespace ssb::sim::scenario
