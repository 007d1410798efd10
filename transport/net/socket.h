// One TCP connection of a host: bounded reads, gathered writes, a close that lets the last bytes arrive.
//
//   What the network takes at once is written at once, without a turn of the loop; only the rest waits for room.
//   A read is asked for by the host, one at a time: what was read is handled and durable before more is taken from the network.
//   close() sends what waits, then end of stream, then reads and drops until the peer has closed too (closing with unread bytes would
//   reset the connection and might take our last words with it); after kCloseTime it just closes.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "proto/bytes.h"
#include "transport/net/traffic.h"

namespace ssb::net {

// A read takes as much as the first, and twice as much as the one before it when that one was full.
inline constexpr std::size_t kFirstReadBytes = std::size_t{64} * 1024;
inline constexpr std::size_t kReadBytesMax = std::size_t{256} * 1024;
inline constexpr std::size_t kBytesPerSend = std::size_t{1024} * 1024;
inline constexpr std::size_t kBuffersPerWrite = 16;
inline constexpr std::chrono::seconds kCloseTime{2};

class Socket : public std::enable_shared_from_this<Socket> {
 public:
  struct Events {
    std::function<void(proto::Bytes bytes)> on_read;
    std::function<void(std::size_t bytes)> on_written;
    std::function<void(std::string reason)>
        on_closed;  // by the peer or a failure; reason empty: end of stream
    std::function<void(bool sent, proto::ByteView bytes)> on_wire;
    std::function<void()> on_gone;  // after close(): nothing is left
    std::shared_ptr<Traffic> traffic = std::make_shared<Traffic>();  // shared by a host's
  };

  Socket(boost::asio::ip::tcp::socket socket, Events events);

  // Names both ends and starts; call once connected.
  void begin();
  void read();
  // What on_read gave, once it has been handled: the next read fills it again.
  void take_back(proto::Bytes bytes);
  // How many bytes of what was given so far have left by this call; `on_written` tells of the others.
  [[nodiscard]] std::size_t write(proto::Bytes bytes);
  void close();
  // At once, as a crash would; no event follows.
  void abandon();
  [[nodiscard]] boost::asio::ip::tcp::socket& native() { return socket_; }
  [[nodiscard]] const std::string& local() const { return local_; }
  [[nodiscard]] const std::string& remote() const { return remote_; }
  [[nodiscard]] bool has_pending_writes() const { return !queue_.empty(); }

 private:
  [[nodiscard]] std::size_t write_at_once();
  void write_next();
  void drain();
  void fail(const boost::system::error_code& error);
  void gone();

  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer close_timer_;
  Events events_;
  std::string local_;
  std::string remote_;
  proto::Bytes buffer_;
  std::size_t read_bytes_ = kFirstReadBytes;
  std::deque<proto::Bytes> queue_;
  std::size_t front_written_ = 0;  // bytes of the first of them that have left
  std::size_t writing_ = 0;        // buffers of the queue that the running write covers
  bool is_closing_ = false;
  bool is_reading_ = false;
  bool is_over_ = false;
};

// "127.0.0.2:4022", "[::1]:4022".
[[nodiscard]] std::string endpoint_text(const boost::asio::ip::tcp::endpoint& endpoint);

}  // namespace ssb::net
