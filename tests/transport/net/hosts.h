// Hosts on loopback addresses of this process's own, and the waiting for what they do.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio.hpp>
#include <gtest/gtest.h>
#include <unistd.h>

#include "transport/net/host.h"

namespace ssb::net::test {

namespace asio = boost::asio;

// 127.x.y.n: x and y from the process, so that programs that run at once do not meet.
inline std::string address_of(int n) {
  const int process = static_cast<int>(::getpid());
  return "127." + std::to_string(1 + (process >> 8) % 254) + "." + std::to_string(process % 256) +
         "." + std::to_string(n);
}

// A port that is free on the address now, within what LISTENER_PORT takes.
inline std::uint16_t free_port(asio::io_context& io, const std::string& address) {
  for (std::uint16_t port = 20'000; port < 32'000; ++port) {
    boost::system::error_code error;
    asio::ip::tcp::acceptor probe(io);
    const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(address), port);
    probe.open(endpoint.protocol(), error);
    probe.bind(endpoint, error);
    if (!error) return port;
  }
  throw std::runtime_error("no free port");
}

inline broker::crypto::RsaPrivateKey pooled_key() {
  static const std::array<broker::crypto::RsaPrivateKey, 2> pool{
      broker::crypto::RsaPrivateKey::generate(2048), broker::crypto::RsaPrivateKey::generate(2048)};
  static std::size_t next = 0;
  return pool.at(next++ % pool.size());
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "ssb-net-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// One instance, with a session, that can be killed and started again.
class Instance {
 public:
  Instance(std::string name, int number, const std::filesystem::path& folder)
      : name_(std::move(name)), address_(address_of(number)), folder_(folder / name_) {}

  void start() {
    HostOptions options;
    options.node.name = name_;
    options.node.folder = folder_ / "store";
    options.node.store.flushed = false;  // what matters here is the network
    options.files_folder = folder_.parent_path() / "files";
    options.listen_address = address_;
    options.resolve = [](const std::string& host) -> std::optional<std::string> {
      if (host == "HOST_A") return address_of(2);
      if (host == "HOST_B") return address_of(3);
      return std::nullopt;
    };
    options.keys = [](int) { return pooled_key(); };
    options.machine_key = proto::Secret(32);
    options.on_wire = on_wire;
    options.polls_for = polls_for;
    host_ = std::make_unique<Host>(io, std::move(options));
    host_->on_trace = [this](const proto::TraceRecord& record) { traces.push_back(record); };
    host_->on_output = [this](broker::SessionId, const broker::tsql::Output& output) {
      outputs.push_back(output);
    };
    host_->on_finished = [this](broker::SessionId) { ++finished; };
    host_->open_session(1, {});
  }
  void kill() { host_.reset(); }
  [[nodiscard]] Host& host() { return *host_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] bool is_running() const { return host_ != nullptr; }

  std::string ask(const std::string& query, int database = 5) {
    const auto now = host_->clock().now();
    for (const auto& item : host_->server().node().look(database, query, now)) {
      const auto* rows = std::get_if<broker::tsql::RowSet>(&item);
      if (rows == nullptr || rows->rows.empty()) continue;
      const auto& value = rows->rows.front().front();
      if (const auto* text = std::get_if<std::string>(&value)) return *text;
      if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
      return "NULL";
    }
    return "none";
  }

  asio::io_context io;
  std::function<void(bool, const std::string&, const std::string&, proto::ByteView)> on_wire;
  std::chrono::microseconds polls_for{0};
  std::vector<proto::TraceRecord> traces;
  std::vector<broker::tsql::Output> outputs;
  int finished = 0;

 private:
  std::string name_;
  std::string address_;
  std::filesystem::path folder_;
  std::unique_ptr<Host> host_;
};

}  // namespace ssb::net::test
