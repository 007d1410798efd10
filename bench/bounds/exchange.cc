#include "bench/bounds/exchange.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <memory>
#include <optional>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <openssl/x509.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "bench/bounds/log.h"

namespace ssb::bench {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::size_t kHeaderBytes = kAdditionalBytes;
constexpr std::size_t kReadBytes = std::size_t{256} << 10;
constexpr double kWarmUpShare = 0.2;  // of the measured time, before it
constexpr double kReplyShare = 0.5;   // of the measured time, after it

enum class Kind : std::uint8_t { message, mark, end, ack, request, reply, bye };

struct Frame {
  Kind kind{};
  std::uint64_t sequence = 0;
  std::span<const std::uint8_t> header;
  std::span<const std::uint8_t> body;  // valid until the next one is taken
};

// ---- TLS ----

void give_identity(SSL_CTX* context) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
  X509* x509 = certificate.get();
  require(key != nullptr && ASN1_INTEGER_set(X509_get_serialNumber(x509), 1) == 1 &&
              X509_gmtime_adj(X509_getm_notBefore(x509), 0) != nullptr &&
              X509_gmtime_adj(X509_getm_notAfter(x509), 3600) != nullptr &&
              X509_set_pubkey(x509, key.get()) == 1 &&
              X509_sign(x509, key.get(), EVP_sha256()) != 0 &&
              SSL_CTX_use_certificate(context, x509) == 1 &&
              SSL_CTX_use_PrivateKey(context, key.get()) == 1,
          "making a certificate");
}

asio::ssl::context make_context(bool is_server) {
  asio::ssl::context context(is_server ? asio::ssl::context::tlsv13_server
                                       : asio::ssl::context::tlsv13_client);
  require(SSL_CTX_set_ciphersuites(context.native_handle(), "TLS_AES_128_GCM_SHA256") == 1,
          "choosing the suite");
  SSL_CTX_set_num_tickets(context.native_handle(), 0);
  if (is_server) give_identity(context.native_handle());
  return context;
}

// One end: sealed frames over the stream.
class Link {
 public:
  Link(tcp::socket socket, bool is_server, const ExchangeOptions& options)
      : options_(options),
        context_(make_context(is_server)),
        stream_(std::move(socket), context_),
        seal_(KeptGcm::Does::seal, Bytes(kKeyBytes, is_server ? 1 : 2)),
        open_(KeptGcm::Does::open, Bytes(kKeyBytes, is_server ? 2 : 1)),
        body_(options.size) {
    stream_.lowest_layer().set_option(tcp::no_delay(true));
    stream_.handshake(is_server ? asio::ssl::stream_base::server : asio::ssl::stream_base::client);
  }

  // Leaves when enough is gathered.
  void put(Kind kind, std::uint64_t sequence, std::span<const std::uint8_t> body) {
    const std::size_t tag = options_.is_sealed ? kTagBytes : 0;
    const std::size_t at = out_.size();
    out_.resize(at + kHeaderBytes + body.size() + tag);
    const std::span header(out_.data() + at, kHeaderBytes);
    put_big_endian(header.first(4), body.size() + tag);
    header[4] = static_cast<std::uint8_t>(kind);
    put_big_endian(header.subspan(8, 8), sequence);
    std::uint8_t* to = header.data() + kHeaderBytes;
    if (options_.is_sealed)
      seal_.seal(next_sealed_++, header, body, to);
    else if (!body.empty())
      std::memcpy(to, body.data(), body.size());
    if (out_.size() >= options_.gather_bytes) write();
  }
  void write() {
    if (!out_.empty()) asio::write(stream_, asio::buffer(out_));
    out_.clear();
  }
  void put_now(Kind kind, std::uint64_t sequence, std::span<const std::uint8_t> body = {}) {
    put(kind, sequence, body);
    write();
  }
  // Waits for it.
  Frame take() {
    while (!has_whole_frame()) read();
    const std::span header(in_.data() + in_begin_, kHeaderBytes);
    const std::size_t length = get_big_endian(header.first(4));
    const std::span sealed(header.data() + kHeaderBytes, length);
    in_begin_ += kHeaderBytes + length;
    std::span<const std::uint8_t> body = sealed;
    if (options_.is_sealed) {
      require(length >= kTagBytes && length - kTagBytes <= body_.size() &&
                  open_.open(next_opened_++, header, sealed, body_.data()),
              "opening a message");
      body = std::span<const std::uint8_t>(body_).first(length - kTagBytes);
    }
    return {static_cast<Kind>(header[4]), get_big_endian(header.subspan(8, 8)), header, body};
  }
  // Whether there is something to take, or about to be.
  [[nodiscard]] bool has_input() {
    return has_whole_frame() || stream_.lowest_layer().available() > 0;
  }

 private:
  [[nodiscard]] bool has_whole_frame() const {
    const std::size_t held = in_end_ - in_begin_;
    return held >= kHeaderBytes &&
           held >= kHeaderBytes + get_big_endian(std::span(in_).subspan(in_begin_, 4));
  }
  void read() {
    if (in_begin_ > 0) {  // less than a frame is left
      std::memmove(in_.data(), in_.data() + in_begin_, in_end_ - in_begin_);
      in_end_ -= in_begin_;
      in_begin_ = 0;
    }
    in_end_ += stream_.read_some(asio::buffer(in_.data() + in_end_, in_.size() - in_end_));
  }

  const ExchangeOptions& options_;
  asio::ssl::context context_;
  asio::ssl::stream<tcp::socket> stream_;
  KeptGcm seal_;
  KeptGcm open_;
  Bytes out_;
  Bytes in_ = Bytes(kReadBytes + options_.size + kHeaderBytes + kTagBytes);
  std::size_t in_begin_ = 0;
  std::size_t in_end_ = 0;
  Bytes body_;
  std::uint64_t next_sealed_ = 0;
  std::uint64_t next_opened_ = 0;
};

// ---- what both ends count ----

struct Counted {
  double wall = 0;
  double cpu = 0;
  std::uint64_t messages = 0;
  std::uint64_t flushes = 0;
  std::uint64_t written = 0;
};
Counted operator-(const Counted& a, const Counted& b) {
  return {a.wall - b.wall, a.cpu - b.cpu, a.messages - b.messages, a.flushes - b.flushes,
          a.written - b.written};
}

struct SenderReport {  // through a pipe
  Counted measured;
  std::uint64_t replies = 0;
  double reply_p50_s = 0;
  double reply_p99_s = 0;
};

// An end's log, or none.
class End {
 public:
  explicit End(const ExchangeOptions& options) {
    if (options.is_durable) log_.emplace(options.folder, options.log_bytes);
  }
  void log(std::span<const std::uint8_t> bytes) {
    if (log_) log_->append(bytes);
  }
  void flush() {
    if (log_) log_->flush();
  }
  [[nodiscard]] Counted count(std::uint64_t messages) const {
    return {wall_seconds(), process_cpu_seconds(), messages, log_ ? log_->flushes() : 0,
            log_ ? log_->written() : 0};
  }

 private:
  std::optional<Log> log_;
};

// ---- the sender ----

class Sender {
 public:
  Sender(Link& link, const ExchangeOptions& options)
      : link_(link), options_(options), end_(options), body_(options.size, 0x33) {}

  SenderReport run() {
    SenderReport report;
    send_for(options_.seconds * kWarmUpShare);
    link_.put(Kind::mark, next_, {});
    const Counted start = end_.count(next_);
    send_for(options_.seconds);
    link_.put_now(Kind::end, next_);
    while (link_.take().kind != Kind::end) {
    }  // what came before are acknowledgements
    acked_ = next_;
    report.measured = end_.count(next_) - start;
    ask(report);
    link_.put_now(Kind::bye, 0);
    return report;
  }

 private:
  const Bytes& next_body() {
    put_big_endian(std::span(body_).first(8), next_);
    return body_;
  }
  void send_for(double seconds) {
    const double until = wall_seconds() + seconds;
    while (wall_seconds() < until) options_.is_durable ? send_batch() : send_some();
  }
  void send_some() {
    for (int i = 0; i < 64; ++i, ++next_) link_.put(Kind::message, next_, next_body());
  }
  void send_batch() {
    const std::uint64_t first = next_;
    const std::uint64_t count = std::min(options_.batch, options_.in_flight - (next_ - acked_));
    for (; next_ < first + count; ++next_) {
      end_.log(header_);
      end_.log(next_body());
    }
    end_.flush();
    for (std::uint64_t i = first; i < next_; ++i) {
      put_big_endian(std::span(body_).first(8), i);
      link_.put(Kind::message, i, body_);
    }
    link_.write();
    while (link_.has_input()) take_ack();
    while (next_ - acked_ >= options_.in_flight) take_ack();
  }
  void take_ack() {
    const Frame frame = link_.take();
    require(frame.kind == Kind::ack && frame.sequence > acked_ && frame.sequence <= next_,
            "an acknowledgement");
    acked_ = frame.sequence;
    end_.log(frame.header);
  }
  // Requests and their replies, one at a time.
  void ask(SenderReport& report) {
    std::vector<double> times;
    const double until = wall_seconds() + options_.seconds * kReplyShare;
    do {
      const double start = wall_seconds();
      end_.log(header_);
      end_.log(next_body());
      end_.flush();
      link_.put_now(Kind::request, next_, body_);
      const Frame reply = link_.take();
      require(reply.kind == Kind::reply && reply.sequence == next_ &&
                  reply.body.size() == options_.size,
              "a reply");
      end_.log(reply.header);
      end_.log(reply.body);
      end_.flush();
      times.push_back(wall_seconds() - start);
      ++next_;
    } while (wall_seconds() < until);
    std::sort(times.begin(), times.end());
    report.replies = times.size();
    report.reply_p50_s = times[times.size() / 2];
    report.reply_p99_s = times[times.size() * 99 / 100];
  }

  Link& link_;
  const ExchangeOptions& options_;
  End end_;
  Bytes header_ = Bytes(kHeaderBytes);
  Bytes body_;
  std::uint64_t next_ = 0;
  std::uint64_t acked_ = 0;
};

// ---- the receiver ----

class Receiver {
 public:
  Receiver(Link& link, const ExchangeOptions& options)
      : link_(link), options_(options), end_(options) {}

  // What came between the sender's mark and its end.
  Counted run() {
    Counted start;
    Counted measured;
    for (std::uint64_t waiting = 0;;) {
      const Frame frame = link_.take();
      switch (frame.kind) {
        case Kind::message: ++waiting, take_message(frame); break;
        case Kind::mark: start = end_.count(next_); break;
        case Kind::end:
          if (waiting > 0) end_.flush();
          waiting = 0;
          measured = end_.count(next_) - start;
          link_.put_now(Kind::end, next_);
          break;
        case Kind::request:
          take_message(frame);
          end_.flush();
          link_.put_now(Kind::reply, frame.sequence, frame.body);
          break;
        case Kind::bye: return measured;
        case Kind::ack:
        case Kind::reply: require(false, "the order of kinds");
      }
      if (options_.is_durable && waiting > 0 && (waiting >= options_.batch || !link_.has_input())) {
        end_.flush();
        link_.put_now(Kind::ack, next_);
        waiting = 0;
      }
    }
  }
  [[nodiscard]] std::uint64_t out_of_order() const { return out_of_order_; }

 private:
  void take_message(const Frame& frame) {
    const bool is_expected = frame.sequence == next_ && frame.body.size() == options_.size &&
                             get_big_endian(frame.body.first(8)) == next_;
    if (!is_expected) ++out_of_order_;
    ++next_;
    end_.log(frame.header);
    end_.log(frame.body);
  }

  Link& link_;
  const ExchangeOptions& options_;
  End end_;
  std::uint64_t next_ = 0;
  std::uint64_t out_of_order_ = 0;
};

// ---- two processes ----

// The child's part: sends, and says through the pipe what it counted.
[[noreturn]] void be_sender(const ExchangeOptions& options, unsigned short port, int pipe) {
  int status = 1;
  try {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    asio::io_context io;
    tcp::socket socket(io);
    socket.connect({asio::ip::address_v4::loopback(), port});
    Link link(std::move(socket), false, options);
    const SenderReport report = Sender(link, options).run();
    if (::write(pipe, &report, sizeof(report)) == sizeof(report)) status = 0;
  } catch (const std::exception& failure) {
    fmt::print(stderr, "sender: {}\n", failure.what());
  }
  ::_exit(status);
}

void use_one_core() {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(0, &set);
  require(::sched_setaffinity(0, sizeof(set), &set) == 0, "choosing the core");
}

ExchangeResult combine(const Counted& received, const SenderReport& sender, std::size_t size) {
  ExchangeResult result;
  const auto count = static_cast<double>(received.messages);
  result.messages_per_s = count / received.wall;
  result.sender_cpu_s_per_message = sender.measured.cpu / count;
  result.receiver_cpu_s_per_message = received.cpu / count;
  result.sent = sender.measured.messages;
  result.received = received.messages;
  result.flushes_per_1000 =
      static_cast<double>(received.flushes + sender.measured.flushes) * 1000 / count;
  result.written_over_payload = static_cast<double>(received.written + sender.measured.written) /
                                count / static_cast<double>(size);
  result.replies = sender.replies;
  result.reply_p50_s = sender.reply_p50_s;
  result.reply_p99_s = sender.reply_p99_s;
  return result;
}

}  // namespace

ExchangeResult run_exchange(const ExchangeOptions& options) {
  if (options.is_on_one_core) use_one_core();
  std::signal(SIGPIPE, SIG_IGN);
  asio::io_context io;
  tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  std::array<int, 2> pipe{};
  require(::pipe(pipe.data()) == 0, "making a pipe");
  std::fflush(nullptr);
  const pid_t child = ::fork();
  require(child >= 0, "a second process");
  if (child == 0) be_sender(options, acceptor.local_endpoint().port(), pipe[1]);
  ::close(pipe[1]);
  Counted received;
  std::uint64_t out_of_order = 0;
  {
    Link link(acceptor.accept(), true, options);
    Receiver receiver(link, options);
    received = receiver.run();
    out_of_order = receiver.out_of_order();
  }
  SenderReport sender;
  const bool is_told = ::read(pipe[0], &sender, sizeof(sender)) == sizeof(sender);
  ::close(pipe[0]);
  int status = 0;
  require(::waitpid(child, &status, 0) == child && status == 0 && is_told, "the sender");
  ExchangeResult result = combine(received, sender, options.size);
  result.out_of_order = out_of_order;
  return result;
}

JsonLine describe(std::string_view name, const ExchangeOptions& options,
                  const ExchangeResult& result) {
  JsonLine line(name);
  line.count("size", options.size)
      .text("suite", "TLS_AES_128_GCM_SHA256")
      .text("sealed", options.is_sealed ? "AES-128-GCM" : "no")
      .count("processes", 2)
      .count("cores", options.is_on_one_core ? 1 : 2)
      .count("gather_bytes", options.gather_bytes)
      .number("seconds", options.seconds)
      .number("messages_per_s", result.messages_per_s)
      .number("cpu_s_per_message",
              result.sender_cpu_s_per_message + result.receiver_cpu_s_per_message)
      .number("sender_cpu_s_per_message", result.sender_cpu_s_per_message)
      .number("receiver_cpu_s_per_message", result.receiver_cpu_s_per_message)
      .count("replies", result.replies)
      .number("reply_p50_s", result.reply_p50_s)
      .number("reply_p99_s", result.reply_p99_s)
      .count("sent", result.sent)
      .count("received", result.received)
      .count("out_of_order", result.out_of_order);
  return line;
}

bool is_whole(const ExchangeResult& result) {
  return result.received > 0 && result.sent == result.received && result.out_of_order == 0;
}

}  // namespace ssb::bench
