#include "transport/net/socket.h"

#include <algorithm>
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
  socket_.non_blocking(true, ignored);
  local_ = endpoint_text(socket_.local_endpoint(ignored));
  remote_ = endpoint_text(socket_.remote_endpoint(ignored));
}

void Socket::read() {
  if (is_over_ || is_closing_ || is_reading_ || !socket_.is_open()) return;
  is_reading_ = true;
  buffer_.resize(read_bytes_);
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
    proto::Bytes read;
    if (bytes >= self->read_bytes_ / 2) {
      read = std::exchange(self->buffer_, {});
      read.resize(bytes);
    } else {  // a copy costs less than clearing the rest of a buffer for the next read
      read.assign(self->buffer_.begin(),
                  self->buffer_.begin() + static_cast<std::ptrdiff_t>(bytes));
    }
    if (bytes == self->read_bytes_) self->read_bytes_ = std::min(2 * bytes, kReadBytesMax);
    if (self->events_.on_wire) self->events_.on_wire(false, read);
    self->events_.on_read(std::move(read));
  });
}

void Socket::take_back(proto::Bytes bytes) {
  if (!is_reading_ && bytes.size() > buffer_.size()) buffer_ = std::move(bytes);
}

std::size_t Socket::write(proto::Bytes bytes) {
  if (is_over_ || is_closing_ || bytes.empty()) return 0;
  queue_.push_back(std::move(bytes));
  if (writing_ > 0) return 0;
  const std::size_t written = write_at_once();
  if (!queue_.empty()) write_next();
  return written;
}

std::size_t Socket::write_at_once() {
  error_code error;  // comes again where it is waited for
  const std::size_t written = socket_.write_some(asio::buffer(queue_.front()), error);
  if (error) return 0;
  ++events_.traffic->sends;
  events_.traffic->sent_bytes += written;
  if (written < queue_.front().size()) {
    front_written_ = written;
    return written;
  }
  if (events_.on_wire) events_.on_wire(true, queue_.front());
  queue_.pop_front();
  return written;
}

void Socket::write_next() {
  std::vector<asio::const_buffer> buffers;
  for (const proto::Bytes& bytes : queue_) {
    if (buffers.size() == kBuffersPerWrite) break;
    buffers.emplace_back(asio::buffer(bytes));
  }
  buffers.front() += front_written_;
  writing_ = buffers.size();
  // Asked before each call for how much it gives.
  const auto count_calls = [traffic = events_.traffic](const error_code& error, std::size_t) {
    if (!error) ++traffic->sends;
    return error ? std::size_t{0} : kBytesPerSend;
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
                        written += self->queue_.front().size() - self->front_written_;
                        self->front_written_ = 0;
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
  buffer_.resize(read_bytes_);
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
