#include "transport/net/capture.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <system_error>
#include <vector>

#include <boost/asio/ip/address.hpp>

namespace ssb::net {
namespace {

constexpr std::size_t kSegmentBytesMax = std::size_t{32} * 1024;
constexpr std::uint32_t kFirstSequence = 1000;
enum : std::uint8_t { kSyn = 0x02, kPush = 0x08, kAck = 0x10 };

void put16(proto::Bytes& out, std::uint32_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}
void put32(proto::Bytes& out, std::uint32_t value) {
  put16(out, value >> 16);
  put16(out, value);
}
void put32_little(proto::Bytes& out, std::uint32_t value) {
  for (const int shift : {0, 8, 16, 24}) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

// The internet checksum (RFC 1071) of data whose first byte is at an even place.
std::uint16_t checksum(std::uint32_t sum, proto::ByteView data) {
  for (std::size_t i = 0; i < data.size(); i += 2) {
    sum += static_cast<std::uint32_t>(data[i] << 8) | (i + 1 < data.size() ? data[i + 1] : 0U);
    sum = (sum & 0xFFFF) + (sum >> 16);
  }
  return static_cast<std::uint16_t>(~sum);
}

void set16(proto::Bytes& bytes, std::size_t at, std::uint16_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}

// "127.0.0.2" of "127.0.0.2:4022", "::1" of "[::1]:4022".
std::string host_of(const std::string& address) {
  std::string host = address.substr(0, address.rfind(':'));
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  return host;
}

std::uint32_t port_of(const std::string& address) {
  const auto colon = address.rfind(':');
  return colon == std::string::npos
             ? 0
             : static_cast<std::uint32_t>(std::strtoul(address.c_str() + colon + 1, nullptr, 10));
}

std::uint32_t ipv4_of(const std::string& address) {
  const std::string host = host_of(address);
  boost::system::error_code error;
  const auto parsed = boost::asio::ip::make_address_v4(host, error);
  if (!error) return parsed.to_uint();
  const auto hash = static_cast<std::uint32_t>(std::hash<std::string>()(host));
  return 0xC6120000U | (hash & 0x1FFFFU);
}

void write_bytes(std::FILE* file, proto::ByteView bytes) {
  if (!bytes.empty() && std::fwrite(bytes.data(), 1, bytes.size(), file) != bytes.size()) {
    throw std::system_error(errno, std::generic_category(), "capture");
  }
}

bool is_between(const std::string& from, const std::string& to, std::string_view a,
                std::string_view b) {
  const std::string x = host_of(from);
  const std::string y = host_of(to);
  return (a.empty() && b.empty()) || (x == a && y == b) || (x == b && y == a);
}

bool found_in(const proto::Bytes& haystack, proto::ByteView needle) {
  return std::search(haystack.begin(), haystack.end(), needle.begin(), needle.end()) !=
         haystack.end();
}

}  // namespace

Capture::Capture(const std::filesystem::path& file) : spool_(std::tmpfile()) {
  if (!spool_) throw std::system_error(errno, std::generic_category(), "capture spool");
  if (file.empty()) return;
  pcap_.reset(std::fopen(file.c_str(), "wb"));
  if (!pcap_) throw std::system_error(errno, std::generic_category(), file.string());
  proto::Bytes header;
  put32_little(header, 0xA1B2C3D4);  // microseconds
  put32_little(header, 2U | (4U << 16));
  put32_little(header, 0);
  put32_little(header, 0);
  put32_little(header, 256 * 1024);
  put32_little(header, 1);  // Ethernet
  write_bytes(pcap_.get(), header);
}

Capture::~Capture() = default;

void Capture::flush() {
  if (pcap_) std::fflush(pcap_.get());
}

void Capture::write_packet(proto::TimePoint at, Stream& from, const Stream& to, std::uint8_t flags,
                           proto::ByteView payload) {
  const std::uint32_t source = ipv4_of(from.from);
  const std::uint32_t destination = ipv4_of(from.to);
  const auto tcp_bytes = static_cast<std::uint32_t>(20 + payload.size());

  proto::Bytes ip;
  put16(ip, 0x4500);
  put16(ip, 20 + tcp_bytes);
  put16(ip, packet_id_++);
  put16(ip, 0x4000);  // not fragmented
  put16(ip, 0x4006);  // 64 hops, TCP
  put16(ip, 0);
  put32(ip, source);
  put32(ip, destination);
  set16(ip, 10, checksum(0, ip));

  proto::Bytes tcp;
  put16(tcp, port_of(from.from));
  put16(tcp, port_of(from.to));
  put32(tcp, from.next_sequence);
  put32(tcp, (flags & kAck) != 0 ? to.next_sequence : 0);
  put16(tcp, 0x5000U | flags);
  put16(tcp, 0xFFFF);
  put32(tcp, 0);  // checksum, urgent
  tcp.insert(tcp.end(), payload.begin(), payload.end());
  const std::uint32_t pseudo = (source >> 16) + (source & 0xFFFF) + (destination >> 16) +
                               (destination & 0xFFFF) + 6 + tcp_bytes;
  set16(tcp, 16, checksum((pseudo & 0xFFFF) + (pseudo >> 16), tcp));
  from.next_sequence += static_cast<std::uint32_t>(payload.size()) + ((flags & kSyn) != 0 ? 1 : 0);

  const std::int64_t us = proto::to_unix_us(at);
  const auto size = static_cast<std::uint32_t>(14 + ip.size() + tcp.size());
  proto::Bytes packet;
  put32_little(packet, static_cast<std::uint32_t>(us / 1'000'000));
  put32_little(packet, static_cast<std::uint32_t>(us % 1'000'000));
  put32_little(packet, size);
  put32_little(packet, size);
  for (const std::uint32_t station :
       {destination, source}) {  // locally administered, from the IP address
    put16(packet, 0x0200);
    put32(packet, station);
  }
  put16(packet, 0x0800);
  packet.insert(packet.end(), ip.begin(), ip.end());
  packet.insert(packet.end(), tcp.begin(), tcp.end());
  write_bytes(pcap_.get(), packet);
}

std::uint32_t Capture::stream_of(const std::string& from, const std::string& to,
                                 proto::TimePoint at) {
  const auto known = stream_ids_.find({from, to});
  if (known != stream_ids_.end()) return known->second;
  // Even numbers are the directions of those that spoke first: the initiators.
  const auto id = static_cast<std::uint32_t>(streams_.size());
  stream_ids_[{from, to}] = id;
  stream_ids_[{to, from}] = id + 1;
  streams_[id] = {from, to, kFirstSequence};
  streams_[id + 1] = {to, from, kFirstSequence};
  if (pcap_) {
    write_packet(at, streams_[id], streams_[id + 1], kSyn, {});
    write_packet(at, streams_[id + 1], streams_[id], kSyn | kAck, {});
    write_packet(at, streams_[id], streams_[id + 1], kAck, {});
  }
  return id;
}

void Capture::record(proto::TimePoint at, bool sent, const std::string& local,
                     const std::string& remote, proto::ByteView bytes) {
  if (!sent && hosts_.contains(host_of(remote))) return;
  if (bytes.empty()) return;
  if (position_ + bytes.size() > kRecordedBytesMax) {
    is_complete_ = false;
    return;
  }
  const std::uint32_t id = sent ? stream_of(local, remote, at) : stream_of(remote, local, at);
  proto::Bytes prefix;
  put32(prefix, id);
  put32(prefix, static_cast<std::uint32_t>(bytes.size()));
  if (std::fseek(spool_.get(), static_cast<long>(position_), SEEK_SET) != 0) {
    throw std::system_error(errno, std::generic_category(), "capture spool");
  }
  write_bytes(spool_.get(), prefix);
  write_bytes(spool_.get(), bytes);
  position_ += prefix.size() + bytes.size();
  while (pcap_ && !bytes.empty()) {
    const std::size_t size = std::min(bytes.size(), kSegmentBytesMax);
    write_packet(at, streams_[id], streams_[id ^ 1U], kPush | kAck, bytes.first(size));
    bytes = bytes.subspan(size);
  }
}

template <typename Visit>
void Capture::for_each_record(std::uint64_t since, Visit visit) const {
  std::FILE* file = spool_.get();
  std::uint64_t at = since;
  proto::Bytes bytes;
  std::array<std::uint8_t, 8> prefix{};
  while (at < position_) {
    const bool good = std::fseek(file, static_cast<long>(at), SEEK_SET) == 0 &&
                      std::fread(prefix.data(), 1, prefix.size(), file) == prefix.size();
    if (!good) throw std::system_error(errno, std::generic_category(), "capture spool");
    const auto read32 = [&prefix](std::size_t i) {
      return static_cast<std::uint32_t>(prefix[i]) << 24 |
             static_cast<std::uint32_t>(prefix[i + 1]) << 16 |
             static_cast<std::uint32_t>(prefix[i + 2]) << 8 | prefix[i + 3];
    };
    bytes.resize(read32(4));
    if (std::fread(bytes.data(), 1, bytes.size(), file) != bytes.size()) {
      throw std::system_error(errno, std::generic_category(), "capture spool");
    }
    if (!visit(read32(0), bytes)) return;
    at += prefix.size() + bytes.size();
  }
}

bool Capture::contains(std::string_view text, std::string_view host_a, std::string_view host_b,
                       std::uint64_t since) const {
  const proto::Bytes utf8 = proto::to_bytes(text);
  const proto::Bytes utf16 = proto::to_utf16le(text);
  if (utf8.empty()) return false;
  const std::size_t keep = std::max(utf8.size(), utf16.size()) - 1;
  std::map<std::uint32_t, proto::Bytes> tails;  // what a text could have begun in
  bool found = false;
  for_each_record(since, [&](std::uint32_t id, const proto::Bytes& bytes) {
    const Stream& stream = streams_.at(id);
    if (!is_between(stream.from, stream.to, host_a, host_b)) return true;
    proto::Bytes& window = tails[id];
    window.insert(window.end(), bytes.begin(), bytes.end());
    found = found_in(window, utf8) || found_in(window, utf16);
    if (window.size() > keep)
      window.erase(window.begin(), window.end() - static_cast<std::ptrdiff_t>(keep));
    return !found;
  });
  return found;
}

std::uint64_t Capture::bytes_between(std::string_view host_a, std::string_view host_b,
                                     std::uint64_t since) const {
  std::uint64_t sum = 0;
  for_each_record(since, [&](std::uint32_t id, const proto::Bytes& bytes) {
    const Stream& stream = streams_.at(id);
    if (is_between(stream.from, stream.to, host_a, host_b)) sum += bytes.size();
    return true;
  });
  return sum;
}

}  // namespace ssb::net
