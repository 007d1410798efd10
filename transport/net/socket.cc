#include "transport/net/socket.h"

#include <utility>
#include <vector>

#include <boost/asio.hpp>

namespace ssb::net {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

std::string endpoint_text(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  const std::string port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + host + "]:" + port : host + ":" + port;
}

Socket::Socket(tcp::socket socket, Events events)
    : socket_(std::move(socket)),
      close_timer_(socket_.get_executor()),
      events_(std::move(events)) {}

void Socket::begin() {
  error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  local_ = endpoint_text(socket_.local_endpoint(ignored));
  remote_ = endpoint_text(socket_.remote_endpoint(ignored));
}

void Socket::read() {
  if (is_over_ || is_closing_ || is_reading_ || !socket_.is_open()) return;
  is_reading_ = true;
  buffer_.resize(kReadBytesMax);
  socket_.async_read_some(asio::buffer(buffer_), [self = shared_from_this()](
                                                     const error_code& error, std::size_t bytes) {
    self->is_reading_ = false;
    if (self->is_over_) return;
    if (self->is_closing_) {
      if (error)
        self->gone();
      else
        self->drain();
      return;
    }
    if (error) {
      self->fail(error);
      return;
    }
    ++self->events_.traffic->receives;
    self->events_.traffic->received_bytes += bytes;
    // A copy of what came costs less than clearing a buffer for each read.
    const auto end = self->buffer_.begin() + static_cast<std::ptrdiff_t>(bytes);
    proto::Bytes read(self->buffer_.begin(), end);
    if (self->events_.on_wire) self->events_.on_wire(false, read);
    self->events_.on_read(std::move(read));
  });
}

void Socket::write(proto::Bytes bytes) {
  if (is_over_ || is_closing_ || bytes.empty()) return;
  queue_.push_back(std::move(bytes));
  if (writing_ == 0) write_next();
}

void Socket::write_next() {
  std::vector<asio::const_buffer> buffers;
  for (const proto::Bytes& bytes : queue_) {
    if (buffers.size() == kBuffersPerWrite) break;
    buffers.emplace_back(asio::buffer(bytes));
  }
  writing_ = buffers.size();
  // Asked before each call; as much as Asio gives one by itself.
  const auto count_calls = [traffic = events_.traffic](const error_code& error, std::size_t) {
    if (!error) ++traffic->sends;
    return asio::transfer_all()(error, 0);
  };
  asio::async_write(socket_, buffers, count_calls,
                    [self = shared_from_this()](const error_code& error, std::size_t) {
                      if (self->is_over_) return;
                      if (error) {
                        self->fail(error);
                        return;
                      }
                      std::size_t written = 0;
                      for (; self->writing_ > 0; --self->writing_) {
                        if (self->events_.on_wire)
                          self->events_.on_wire(true, self->queue_.front());
                        written += self->queue_.front().size();
                        self->queue_.pop_front();
                      }
                      self->events_.traffic->sent_bytes += written;
                      if (!self->is_closing_) self->events_.on_written(written);
                      if (!self->queue_.empty()) {
                        self->write_next();
                      } else if (self->is_closing_) {
                        error_code ignored;
                        self->socket_.shutdown(tcp::socket::shutdown_send, ignored);
                        self->drain();
                      }
                    });
}

void Socket::close() {
  if (is_over_ || is_closing_) return;
  is_closing_ = true;
  if (!socket_.is_open()) {
    gone();
    return;
  }
  close_timer_.expires_after(kCloseTime);
  close_timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error) self->gone();
  });
  if (!queue_.empty()) return;  // the end of the write goes on
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  drain();
}

void Socket::drain() {
  if (is_over_ || is_reading_) return;
  is_reading_ = true;
  buffer_.resize(kReadBytesMax);
  socket_.async_read_some(asio::buffer(buffer_),
                          [self = shared_from_this()](const error_code& error, std::size_t) {
                            self->is_reading_ = false;
                            if (self->is_over_) return;
                            if (error) {
                              self->gone();
                            } else {
                              self->drain();
                            }
                          });
}

void Socket::fail(const error_code& error) {
  if (is_over_) return;
  if (is_closing_) {
    gone();
    return;
  }
  is_over_ = true;
  error_code ignored;
  socket_.close(ignored);
  events_.on_closed(error == asio::error::eof ? std::string() : error.message());
}

void Socket::gone() {
  if (is_over_) return;
  is_over_ = true;
  error_code ignored;
  close_timer_.cancel(ignored);
  socket_.close(ignored);
  queue_.clear();
  events_.on_gone();
}

void Socket::abandon() {
  is_over_ = true;
  error_code ignored;
  close_timer_.cancel(ignored);
  socket_.close(ignored);
}

}  // namespace ssb::net
