// RabbitMQ over TLS: persistent messages with publisher confirms into a quorum or a durable classic queue, acknowledged by the consumer.
//
//   Shape, units and what is checked: peer.h. The producer has at most `in_flight` unconfirmed; the consumer acknowledges what it has
//   cumulatively, a hundred at a time and whenever nothing more comes at once, and has at most `in_flight` unacknowledged.
//   Source  AMQP 0-9-1, librabbitmq 0.11; RabbitMQ's confirms (basic.ack from the server).

#include <deque>

#include <amqp.h>
#include <amqp_ssl_socket.h>
#include <sys/time.h>

#include "bench/peers/peer.h"

namespace {

using namespace ssb::bench;

struct Options : PeerOptions {
  int port = 5671;
  std::string queue = "quorum";
};

constexpr amqp_channel_t kChannel = 1;
constexpr std::uint64_t kAcknowledgedAtOnce = 100;

class Connection {
 public:
  explicit Connection(const Options& options)
      : state_(amqp_new_connection()), name_("bench_" + options.queue) {
    amqp_socket_t* socket = amqp_ssl_socket_new(state_);
    require(socket != nullptr, "a socket");
    amqp_ssl_socket_set_verify_peer(socket, 0);  // its certificate was made a moment ago, by itself
    amqp_ssl_socket_set_verify_hostname(socket, 0);
    require(amqp_socket_open(socket, "127.0.0.1", options.port) == AMQP_STATUS_OK, "connecting");
    constexpr int kFrameBytes = 131072;
    check(amqp_login(state_, "/", 0, kFrameBytes, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest"),
          "the login");
    amqp_channel_open(state_, kChannel);
    check(amqp_get_rpc_reply(state_), "the channel");
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { amqp_destroy_connection(state_); }

  [[nodiscard]] amqp_connection_state_t get() { return state_; }
  [[nodiscard]] amqp_bytes_t queue() const { return amqp_cstring_bytes(name_.c_str()); }
  void check_last(const char* what) { check(amqp_get_rpc_reply(state_), what); }
  static void check(const amqp_rpc_reply_t& reply, const char* what) {
    require(reply.reply_type == AMQP_RESPONSE_NORMAL, what);
  }

 private:
  amqp_connection_state_t state_;
  std::string name_;
};

// Made anew: what an earlier run left is not this one's.
void make_queue(const Options& options) {
  Connection connection(options);
  amqp_queue_delete(connection.get(), kChannel, connection.queue(), 0, 0);
  connection.check_last("deleting the queue");
  amqp_table_entry_t entry{};
  entry.key = amqp_cstring_bytes("x-queue-type");
  entry.value.kind = AMQP_FIELD_KIND_UTF8;
  entry.value.value.bytes = amqp_cstring_bytes(options.queue.c_str());
  const amqp_table_t arguments{1, &entry};
  amqp_queue_declare(connection.get(), kChannel, connection.queue(), 0, 1, 0, 0, arguments);
  connection.check_last("declaring the queue");
}

// Which of the last messages the server has not confirmed; tags begin with 1.
class Unconfirmed {
 public:
  void sent() { open_.push_back(true), ++count_; }
  void confirm(std::uint64_t tag, bool and_before) {
    require(tag >= first_ && tag < first_ + open_.size(), "a confirmation");
    for (std::uint64_t i = and_before ? first_ : tag; i <= tag; ++i) {
      if (open_[i - first_]) --count_;
      open_[i - first_] = false;
    }
    for (; !open_.empty() && !open_.front(); ++first_) open_.pop_front();
  }
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  std::deque<bool> open_;
  std::uint64_t first_ = 1;
  std::uint64_t count_ = 0;
};

// Takes what confirmations there are; waits for one when `must_wait`.
void take_confirmations(Connection& connection, Unconfirmed& unconfirmed, bool must_wait) {
  for (;;) {
    amqp_frame_t frame;
    timeval none{0, 0};
    const int status = must_wait ? amqp_simple_wait_frame(connection.get(), &frame)
                                 : amqp_simple_wait_frame_noblock(connection.get(), &frame, &none);
    if (status == AMQP_STATUS_TIMEOUT) return;
    require(status == AMQP_STATUS_OK, "waiting for confirmations");
    require(
        frame.frame_type == AMQP_FRAME_METHOD && frame.payload.method.id == AMQP_BASIC_ACK_METHOD,
        "a confirmation");
    const auto* ack = static_cast<const amqp_basic_ack_t*>(frame.payload.method.decoded);
    unconfirmed.confirm(ack->delivery_tag, ack->multiple != 0);
    must_wait = false;
    amqp_maybe_release_buffers_on_channel(connection.get(), kChannel);
  }
}

void produce(Producing& producing, const Options& options) {
  Connection connection(options);
  amqp_confirm_select(connection.get(), kChannel);
  connection.check_last("choosing confirms");
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG;
  properties.delivery_mode = AMQP_DELIVERY_PERSISTENT;
  Unconfirmed unconfirmed;
  constexpr std::uint64_t kAtOnce = 64;
  while (std::uint64_t count = producing.may_send(kAtOnce)) {
    for (; count > 0; --count) {
      const Bytes& body = producing.next_body();
      const amqp_bytes_t bytes{body.size(), const_cast<std::uint8_t*>(body.data())};
      require(amqp_basic_publish(connection.get(), kChannel, amqp_empty_bytes, connection.queue(),
                                 0, 0, &properties, bytes) == AMQP_STATUS_OK,
              "publishing");
      unconfirmed.sent();
    }
    take_confirmations(connection, unconfirmed, false);
    while (unconfirmed.count() >= options.in_flight)
      take_confirmations(connection, unconfirmed, true);
  }
  while (unconfirmed.count() > 0) take_confirmations(connection, unconfirmed, true);
}

void consume(Consuming& consuming, const Options& options) {
  Connection connection(options);
  amqp_basic_qos(connection.get(), kChannel, 0,
                 static_cast<std::uint16_t>(std::min<std::uint64_t>(options.in_flight, 65535)), 0);
  connection.check_last("choosing the window");
  amqp_basic_consume(connection.get(), kChannel, connection.queue(), amqp_empty_bytes, 0, 0, 0,
                     amqp_empty_table);
  connection.check_last("consuming");
  std::uint64_t unacknowledged = 0;
  std::uint64_t tag = 0;
  while (!consuming.has_all() || unacknowledged > 0) {
    amqp_envelope_t envelope;
    timeval wait{0, unacknowledged > 0 ? 0 : 20'000};
    amqp_maybe_release_buffers(connection.get());
    const amqp_rpc_reply_t reply = amqp_consume_message(connection.get(), &envelope, &wait, 0);
    const bool is_idle = reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION &&
                         reply.library_error == AMQP_STATUS_TIMEOUT;
    if (!is_idle) {
      Connection::check(reply, "consuming a message");
      consuming.take({static_cast<const std::uint8_t*>(envelope.message.body.bytes),
                      envelope.message.body.len});
      tag = envelope.delivery_tag;
      ++unacknowledged;
      amqp_destroy_envelope(&envelope);
    }
    if (unacknowledged >= kAcknowledgedAtOnce || (is_idle && unacknowledged > 0)) {
      require(amqp_basic_ack(connection.get(), kChannel, tag, 1) == AMQP_STATUS_OK,
              "acknowledging");
      consuming.done();
      unacknowledged = 0;
    }
  }
  amqp_channel_close(connection.get(), kChannel,
                     AMQP_REPLY_SUCCESS);  // the last acknowledgement has arrived
  amqp_connection_close(connection.get(), AMQP_REPLY_SUCCESS);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app(
      "RabbitMQ with publisher confirms. Example: rabbitmq_peer --port 5671 --queue classic");
  add_peer_options(app, options);
  app.add_option("--queue", options.queue, "quorum or classic")
      ->capture_default_str()
      ->check(CLI::IsMember({"quorum", "classic"}));
  app.add_option("--port", options.port, "of the server's TLS listener on 127.0.0.1")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return run_main("rabbitmq_peer", [&] {
    make_queue(options);
    return run_peer(
        JsonLine("rabbitmq_peer").text("security", "TLS").text("durable", options.queue), options,
        {[&](Producing& producing, Shared&) { produce(producing, options); },
         [&](Consuming& consuming, Shared&) { consume(consuming, options); }});
  });
}
