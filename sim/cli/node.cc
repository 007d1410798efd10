#include <csignal>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <system_error>

#include <CLI/CLI.hpp>
#include <boost/asio.hpp>
#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/crypto/failure.h"
#include "proto/error_code.h"
#include "sim/cli/cli.h"
#include "sim/scenario/data_folder.h"
#include "sim/scenario/near.h"
#include "sim/scenario/runner.h"
#include "sim/scenario/server_name.h"
#include "sim/scenario/splitter.h"
#include "sim/scenario/value_text.h"
#include "transport/net/capture.h"
#include "transport/net/host.h"

namespace ssb::sim::cli {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using boost::system::error_code;
using proto::ErrorCode;
using proto::EventClass;

struct NodeCommandOptions {
  std::string name;
  std::string data_folder;
  std::string listen = "127.0.0.1";
  std::vector<std::string> peers;  // HOST=address
  std::string script_file;
  std::string capture_file;
  std::string log_format = "text";
  std::string log_level = "info";
  bool as_product = false;
  bool sign_every_dialog = false;
  std::int64_t polls_for_us = net::default_polls_for().count();
};

// Two programs never serve one folder.
class FolderLock {
 public:
  explicit FolderLock(const fs::path& folder) {
    fs::create_directories(folder);
    const fs::path file = folder / "lock";
    descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (descriptor_ >= 0 && ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
    const int reason = errno;
    if (descriptor_ >= 0) ::close(descriptor_);
    throw std::system_error(
        reason, std::generic_category(),
        fmt::format("the data folder '{}' is in use by another node, or cannot be locked",
                    folder.string()));
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock() { ::close(descriptor_); }

 private:
  int descriptor_ = -1;
};

// HOST=address of --peer first, then the system's resolver.
net::Resolver make_resolver(asio::io_context& io, const std::vector<std::string>& peers) {
  std::map<std::string, std::string> known;
  for (const std::string& peer : peers) {
    const std::size_t equals = peer.find('=');
    if (equals == std::string::npos || equals == 0)
      throw CLI::ValidationError("--peer", fmt::format("takes HOST=address, not '{}'", peer));
    known[scenario::to_lower(peer.substr(0, equals))] = peer.substr(equals + 1);
  }
  const auto resolver = std::make_shared<asio::ip::tcp::resolver>(io);
  return [known, resolver](const std::string& host) -> std::optional<std::string> {
    const auto found = known.find(scenario::to_lower(host));
    const std::string& name = found == known.end() ? host : found->second;
    error_code error;
    const auto results = resolver->resolve(name, "", error);
    if (error || results.empty()) return std::nullopt;
    return results.begin()->endpoint().address().to_string();
  };
}

std::shared_ptr<spdlog::logger> make_logger(const std::string& name, const std::string& format,
                                            const std::string& level) {
  auto logger =
      std::make_shared<spdlog::logger>(name, std::make_shared<spdlog::sinks::stderr_sink_st>());
  logger->set_pattern(format == "json" ? "%v" : "%Y-%m-%d %H:%M:%S.%e %l %n  %v",
                      spdlog::pattern_time_type::utc);
  logger->set_level(spdlog::level::from_str(level));
  logger->flush_on(spdlog::level::info);
  return logger;
}

// Lines of the error log that tell of what goes as it should.
bool is_good_news(const proto::TraceRecord& record) {
  if (!record.error) return false;
  const ErrorCode code = record.error->code;
  return code == ErrorCode::transport_listening || code == ErrorCode::transport_stopped ||
         code == ErrorCode::endpoint_changed || code == ErrorCode::login_succeeded;
}

// What comes once a message, a dialog or a step is for who looks for something: debug.
spdlog::level::level_enum level_of(const proto::TraceRecord& record) {
  using spdlog::level::level_enum;
  switch (record.event) {
    case EventClass::error_log: return is_good_news(record) ? level_enum::info : level_enum::warn;
    case EventClass::message_undeliverable:
    case EventClass::corrupted_message:
    case EventClass::queue_disabled:
    case EventClass::forwarded_message_dropped: return level_enum::warn;
    case EventClass::audit_login: return record.error ? level_enum::warn : level_enum::info;
    case EventClass::audit_conversation:
    case EventClass::connection:
    case EventClass::activation: return record.error ? level_enum::info : level_enum::debug;
    case EventClass::conversation:
    case EventClass::conversation_group:
    case EventClass::message_classify:
    case EventClass::remote_message_acknowledgement:
    case EventClass::security_decision:
    case EventClass::message_sent:
    case EventClass::message_delivered:
    case EventClass::handshake_step:
    case EventClass::message_status: return level_enum::debug;
  }
  return level_enum::info;
}

std::string level_name(spdlog::level::level_enum level) {
  const auto name = spdlog::level::to_string_view(level);
  return {name.data(), name.size()};
}

std::string text_line(const proto::TraceRecord& record) {
  std::string line =
      fmt::format("{} {}", static_cast<int>(record.event), proto::event_class_name(record.event));
  if (!record.subclass_name.empty()) line += "  " + record.subclass_name;
  if (record.error)
    line += fmt::format("  {} state {}: {}", record.error->number(), record.error->state,
                        record.error->text());
  if (!record.text.empty() && !(record.error && record.error->text() == record.text))
    line += "  " + record.text;
  for (const auto& [name, value] : record.detail) {
    if (!value.empty()) line += fmt::format("  {}={}", name, value);
  }
  return line;
}

std::string json_line(const std::string& node, const proto::TraceRecord& record,
                      spdlog::level::level_enum level) {
  boost::json::object line{{"time", proto::to_iso_text(record.at)},
                           {"node", node},
                           {"level", level_name(level)},
                           {"event", static_cast<int>(record.event)},
                           {"name", proto::event_class_name(record.event)},
                           {"text", record.error ? record.error->text() : record.text}};
  if (!record.conversation_id.empty()) line["conversation"] = record.conversation_id;
  if (record.error) {
    line["error"] = record.error->number();
    line["state"] = record.error->state;
  }
  return boost::json::serialize(line);
}

// One instance in real time: batches from a file and from standard input, one after the other.
class NodeProgram {
 public:
  NodeProgram(Context& context, const NodeCommandOptions& options)
      : context_(context),
        options_(options),
        lock_(options.data_folder),
        logger_(make_logger(options.name, options.log_format, options.log_level)),
        input_(io_),
        signals_(io_, SIGINT, SIGTERM) {
    if (!options.capture_file.empty())
      capture_ = std::make_unique<net::Capture>(options.capture_file);
    make_host();
  }

  int run() {
    signals_.async_wait([this](const error_code& error, int) {
      if (!error) shut_down();
    });
    log_text(fmt::format("instance {} starts; its data is in '{}'", options_.name,
                         options_.data_folder));
    check_service_master_key();
    host_->open_session(kSession, {});
    if (!options_.script_file.empty()) read_script();
    start_input();
    next_batch();
    io_.run();
    if (capture_) capture_->flush();
    log_text(fmt::format("instance {} has ended", options_.name));
    return 0;
  }

 private:
  static constexpr broker::SessionId kSession = 1;

  void make_host() {
    const scenario::DataFolder folder(options_.data_folder);
    net::HostOptions host;
    host.machine_key = folder.prepare();
    host.node.name = options_.name;
    host.node.folder = folder.store();
    host.node.as_product = options_.as_product;
    host.node.sign_every_dialog = options_.sign_every_dialog;
    host.node.traces_messages = logger_->should_log(spdlog::level::debug);
    host.files_folder = folder.files();
    host.listen_address = options_.listen;
    host.polls_for = std::chrono::microseconds(options_.polls_for_us);
    host.resolve = make_resolver(io_, options_.peers);
    host.keys = [](int bits) { return broker::crypto::RsaPrivateKey::generate(bits); };
    if (capture_) {
      host.on_wire = [this](bool sent, const std::string& local, const std::string& remote,
                            proto::ByteView bytes) {
        capture_->record(host_->clock().now(), sent, local, remote, bytes);
      };
    }
    host_ = std::make_unique<net::Host>(io_, std::move(host));
    host_->on_trace = [this](const proto::TraceRecord& record) { log(record); };
    host_->on_output = [this](broker::SessionId, const broker::tsql::Output& output) {
      context_.out << scenario::output_text(output) << std::flush;
      for (const auto& item : output) {
        const auto* message = std::get_if<broker::tsql::ServerMessage>(&item);
        if (message != nullptr && message->severity >= scenario::kClosingSeverity) end_session();
      }
    };
    host_->on_finished = [this](broker::SessionId) {
      is_busy_ = false;
      next_batch();
    };
  }

  void log(const proto::TraceRecord& record) {
    const auto level = level_of(record);
    if (!logger_->should_log(level)) return;
    logger_->log(level, options_.log_format == "json" ? json_line(options_.name, record, level)
                                                      : text_line(record));
  }
  // Of this program, not of the instance's trace.
  void log_text(const std::string& text) {
    if (options_.log_format != "json") return logger_->info(text);
    const boost::json::object line{{"time", proto::to_iso_text(host_->clock().now())},
                                   {"node", options_.name},
                                   {"level", "info"},
                                   {"text", text}};
    logger_->info(boost::json::serialize(line));
  }

  // A machine key that does not open the service master key: the instance runs, as the product does, and says so.
  void check_service_master_key() {
    if (!host_->server().node().instance().service_master_key().empty()) return;
    proto::TraceRecord record;
    record.at = host_->clock().now();
    record.event = EventClass::error_log;
    record.error = proto::Error(ErrorCode::service_master_key_unusable);
    const proto::Error cause(ErrorCode::service_master_key_not_decrypted);
    record.text = fmt::format(
        "cause {}: {} Put '{}' back as it was and start again, or give the master keys their "
        "passwords with OPEN MASTER KEY.",
        cause.number(), cause.text(),
        scenario::DataFolder(options_.data_folder).machine_key().string());
    log(record);
  }

  // An error of severity 20 or above has closed the only session.
  void end_session() {
    if (std::exchange(is_session_closed_, true)) return;
    context_.err << fmt::format(
        "ssbsim: an error of severity {} or above closed the session: no further batch is taken; "
        "the node goes on serving, start it again for a new session\n",
        scenario::kClosingSeverity);
    batches_.clear();
    error_code ignored;
    input_.close(ignored);
  }

  // ---- batches ----
  void add(const scenario::BatchReader::Batch& batch) {
    if (!batch.problem.empty()) {
      context_.err << "ssbsim: " << batch.problem << '\n';
      return;
    }
    if (is_session_closed_) return;
    if (batch.repeat > 0) batches_.push_back(batch);
  }
  void next_batch() {
    if (is_busy_ || is_ending_ || is_session_closed_ || batches_.empty()) return;
    is_busy_ = true;
    host_->submit(kSession, batches_.front().text);
    if (--batches_.front().repeat == 0) batches_.pop_front();
  }
  void take_line(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (reader_.is_plain() && line.starts_with(':') && !line.starts_with("::")) {
      context_.err << fmt::format(
          "ssbsim: '{}' is left out: sqlcmd's directives and $(variables) are for `ssbsim run`; a "
          "node takes T-SQL and GO\n",
          line.substr(0, line.find_first_of(" \t")));
      return;
    }
    if (auto batch = reader_.add_line(line)) add(*batch);
  }
  void take_rest() {
    if (auto batch = reader_.finish()) add(*batch);
  }
  void take_lines(std::string_view text) {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      take_line(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }
  void read_script() {
    std::ifstream in(options_.script_file, std::ios::binary);
    if (!in) throw std::system_error(ENOENT, std::generic_category(), options_.script_file);
    take_lines(std::string(std::istreambuf_iterator<char>(in), {}));
    take_rest();
  }

  // ---- standard input ----
  void start_input() {
    const int copy = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    error_code error;
    if (copy >= 0) input_.assign(copy, error);
    if (copy >= 0 && !error) {
      read_input();
      return;
    }
    // A regular file cannot be waited for, and need not be.
    std::string text;
    std::array<char, 4096> buffer{};
    for (ssize_t got = 0; (got = ::read(copy, buffer.data(), buffer.size())) > 0;)
      text.append(buffer.data(), static_cast<std::size_t>(got));
    if (copy >= 0) ::close(copy);
    take_lines(text);
    take_rest();
  }
  void read_input() {
    asio::async_read_until(
        input_, asio::dynamic_buffer(line_), '\n',
        [this](const error_code& error, std::size_t size) {
          if (is_session_closed_) return;
          if (error) {  // the end: what is left is the last batch, and the node goes on serving
            take_lines(line_);
            take_rest();
            next_batch();
            return;
          }
          take_line(std::string_view(line_).substr(0, size - 1));
          line_.erase(0, size);
          next_batch();
          read_input();
        });
  }

  void shut_down() {
    is_ending_ = true;
    input_.close();
    // A second signal ends the program at once.
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    host_->shut_down([this] { io_.stop(); });
  }

  Context& context_;
  const NodeCommandOptions& options_;
  FolderLock lock_;
  std::shared_ptr<spdlog::logger> logger_;
  asio::io_context io_{1};
  std::unique_ptr<net::Capture> capture_;
  std::unique_ptr<net::Host> host_;
  asio::posix::stream_descriptor input_;
  asio::signal_set signals_;
  std::string line_;  // what has been read and not taken
  scenario::BatchReader reader_;
  std::deque<scenario::BatchReader::Batch> batches_;
  bool is_busy_ = false;
  bool is_session_closed_ = false;
  bool is_ending_ = false;
};

// Runs the node; what the folder or the machine refuses is no bug of ours.
int run_node(Context& context, const NodeCommandOptions& options) {
  constexpr mode_t kOnlyTheOwner = 0077;
  ::umask(kOnlyTheOwner);
  // Its memory holds keys: a crash leaves no copy of it.
  constexpr rlimit kNothing{0, 0};
  ::setrlimit(RLIMIT_CORE, &kNothing);
  try {
    return NodeProgram(context, options).run();
  } catch (const broker::store::StoreFailure& failure) {
    context.err << fmt::format(
        "ssbsim: the store of '{}' cannot be used: {}; take the folder back from a copy, or begin "
        "with a new one\n",
        options.data_folder, failure.what());
  } catch (const broker::crypto::CryptoFailure& failure) {
    context.err << fmt::format(
        "ssbsim: cryptography does not work on this machine: {}; no key may be made of that. See "
        "that getrandom and OpenSSL's configuration (OPENSSL_CONF) work, then start again\n",
        failure.what());
  } catch (const scenario::FolderError& failure) {
    context.err << fmt::format("ssbsim: {}\n", failure.what());
  }
  return kExitEnvironment;
}

}  // namespace

void add_node(CLI::App& app, Context& context) {
  auto options = std::make_shared<NodeCommandOptions>();
  CLI::App* command = app.add_subcommand(
      "node", "Serve one instance in real time; T-SQL comes from standard input");
  command->footer(
      "Batches end with GO; the end of the input goes on serving, SIGINT or SIGTERM ends cleanly.\n"
      "DIR holds the store, the sandbox of file names, and secrets/machine.key (mode 0600).\n"
      "Example, in two terminals:\n"
      "  ssbsim node HOST_A --data a --listen 127.0.0.2 --peer HOST_B=127.0.0.3\n"
      "  ssbsim node HOST_B --data b --listen 127.0.0.3 --peer HOST_A=127.0.0.2");
  command->add_option("name", options->name, "Name of the instance")
      ->required()
      ->check(CLI::Validator(
          [](const std::string& name) {
            return scenario::is_server_name(name) ? std::string()
                                                  : scenario::not_a_server_name(name);
          },
          ""));
  command->add_option("--data", options->data_folder, "Folder of its data; made when absent")
      ->required()
      ->type_name("DIR");
  command->add_option("--listen", options->listen, "IP address that LISTENER_IP = ALL binds")
      ->check(CLI::ValidIPV4)
      ->capture_default_str();
  command
      ->add_option("--peer", options->peers,
                   "HOST=address: where a host of a route is; else the system knows")
      ->take_all();
  command->add_option("--script", options->script_file, "Run this T-SQL file first")
      ->check(CLI::ExistingFile);
  command->add_option("--pcap", options->capture_file,
                      "Write what goes over the wire to this capture file");
  command->add_option("--log-format", options->log_format, "Log on standard error as text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command
      ->add_option("--log-level", options->log_level,
                   "Least level of what is logged: debug has a line of every message")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->capture_default_str();
  command->add_flag("--as-product", options->as_product,
                    "Without the protections that go beyond the product (tombstones)");
  command->add_flag("--sign-every-dialog", options->sign_every_dialog,
                    "A grant of one conversation each: an RSA signature and wrap a dialog, and one "
                    "that is captured opens no other");
  constexpr int kPollMax = 100'000;
  command
      ->add_option("--poll", options->polls_for_us,
                   "Microseconds to look for an answer before it sleeps, while answers come that "
                   "soon; 0: it sleeps at once, as it does by itself on one processor")
      ->check(CLI::Range(0, kPollMax))
      ->capture_default_str();
  command->callback([&context, options] { context.exit_code = run_node(context, *options); });
}

}  // namespace ssb::sim::cli
