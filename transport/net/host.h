// Runs one wire::Server on Asio: listeners, connections, the clock, and the files of its sandbox folder.
//
//   One strand a host: everything below happens on its io_context's executor; other threads reach it with asio::post. Callbacks come on
//   that strand.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>

#include "transport/net/traffic.h"
#include "transport/wire/server.h"

namespace ssb::net {

// The clock of a host: real time plus an offset that `--# clock`, `--# advance` and jumps of `settle` change.
struct Clock {
  proto::Duration offset{0};
  // Then it stands there, until who drives the host moves it: no processor time counts, however slow the machine.
  std::optional<proto::TimePoint> stopped_at = std::nullopt;
  [[nodiscard]] proto::TimePoint now() const;
};

// Name -> IP address; nullopt: unknown (9783). `node` uses the system's resolver and --peer; scenarios map HOST_A to 127.0.0.2.
using Resolver = std::function<std::optional<std::string>(const std::string& host)>;

// How a client's work ended: durable, or the error for which nothing of it happened.
using ClientCallback = std::function<void(proto::Result<void>)>;

// A good choice for HostOptions::polls_for: what a request and its reply take between two processes. 0 where there is one processor,
// which whoever is waited for needs.
[[nodiscard]] std::chrono::microseconds default_polls_for();

struct HostOptions {
  broker::NodeOptions node;
  Clock clock;                         // when the node is made
  std::filesystem::path files_folder;  // sandbox of BACKUP and FROM FILE; made when absent
  std::string listen_address;          // the IP that LISTENER_IP = ALL binds
  Resolver resolve;
  broker::crypto::RsaKeySource keys;
  proto::Secret machine_key;
  // While answers come within this time, the loop looks for them so long before it sleeps (patience.h); 0: it sleeps at once.
  std::chrono::microseconds polls_for{0};
  // Called with every byte string sent and received on a connection, below TLS (captures).
  std::function<void(bool sent, const std::string& local, const std::string& remote,
                     proto::ByteView bytes)>
      on_wire;
};

class Host {
 public:
  Host(boost::asio::io_context& io, HostOptions options);
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  ~Host();  // as a crash: nothing is said to peers, nothing unflushed is saved

  // Orderly end; `done` when all is closed and flushed.
  void shut_down(std::function<void()> done);

  // Sessions. Output and finish come to the callbacks, in order.
  void open_session(broker::SessionId session, broker::catalog::SecurityContext login);
  void close_session(broker::SessionId session);
  void submit(broker::SessionId session, std::string batch);
  void cancel(broker::SessionId session);
  // A transaction without T-SQL text (broker/client.h); one that waits is asked again after each change. Once the host
  // is shut down or gone, `done` is not called any more.
  void run(std::function<proto::Result<broker::ClientStep>(broker::Client&)> work,
           ClientCallback done);
  std::function<void(broker::SessionId, const broker::tsql::Output&)> on_output;
  std::function<void(broker::SessionId)> on_finished;
  std::function<void(const proto::TraceRecord&)> on_trace;

  [[nodiscard]] Clock& clock();  // after a change call wake()
  void wake();                   // deadlines are looked at again
  [[nodiscard]] wire::Server& server();
  // Of all connections since the start, for whoever measures.
  [[nodiscard]] const Traffic& traffic() const;
  // Time since anything was received, sent, submitted or due: the runner waits for quiet.
  [[nodiscard]] std::chrono::steady_clock::time_point last_activity() const;
  [[nodiscard]] bool is_quiet() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Maps T-SQL file names into a folder: 'C:\dir\x.cer' and '/dir/x.cer' both become names inside it; case as given.
class SandboxFiles : public broker::catalog::Files {
 public:
  explicit SandboxFiles(std::filesystem::path folder) : folder_(std::move(folder)) {}
  [[nodiscard]] boost::system::result<proto::Bytes, std::string> read(
      std::string_view name) override;
  [[nodiscard]] boost::system::result<void, std::string> create(std::string_view name,
                                                                proto::ByteView contents) override;
  [[nodiscard]] std::filesystem::path path_of(std::string_view name) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace ssb::net
