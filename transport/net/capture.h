// Records the bytes of TCP connections: as a capture file that packet analysers read, and for searching.
//
//   Shape   pcap 2.4, Ethernet, IPv4, TCP; the packets are made up around the recorded bytes: each connection starts with SYN, SYN ACK,
//           ACK, sequence numbers and checksums fit, the peer's bytes are acknowledged. An IPv6 or unknown address is shown as one of
//           198.18.0.0/15 (RFC 2544).
//   Bounds  Recorded bytes go to an unlinked temporary file, not to memory; beyond kRecordedBytesMax nothing is recorded any more, and
//           is_complete() says so.
//   Source  https://www.tcpdump.org/manpages/pcap-savefile.5.html, RFC 791, RFC 9293.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "proto/bytes.h"
#include "proto/time.h"

namespace ssb::net {

inline constexpr std::uint64_t kRecordedBytesMax = 1ULL << 30;

class Capture {
 public:
  // `file`: the capture file, replaced; empty for none. Throws std::system_error when a file cannot be made.
  explicit Capture(const std::filesystem::path& file = {});
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
  ~Capture();

  // Both ends of a connection between two hosts of this program call this: what `local` received from a host that is known here was
  // recorded when that host sent it, and is not recorded twice.
  void add_host(std::string ip_address) { hosts_[std::move(ip_address)] = true; }
  // As HostOptions::on_wire; addresses "127.0.0.2:4022".
  void record(proto::TimePoint at, bool sent, const std::string& local, const std::string& remote,
              proto::ByteView bytes);
  void flush();

  // Where the recording stands now, for `since`.
  [[nodiscard]] std::uint64_t position() const { return position_; }
  // Whether the text was on the wire, as UTF-8 or UTF-16LE, in either direction between the two hosts (IP addresses; both empty: any).
  [[nodiscard]] bool contains(std::string_view text, std::string_view host_a,
                              std::string_view host_b, std::uint64_t since = 0) const;
  [[nodiscard]] bool is_complete() const { return is_complete_; }
  // Bytes recorded between the two hosts, for expectations that must not pass on silence.
  [[nodiscard]] std::uint64_t bytes_between(std::string_view host_a, std::string_view host_b,
                                            std::uint64_t since = 0) const;

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  using File = std::unique_ptr<std::FILE, Closer>;
  // One direction of one connection.
  struct Stream {
    std::string from;
    std::string to;
    std::uint32_t next_sequence = 0;
  };

  std::uint32_t stream_of(const std::string& from, const std::string& to, proto::TimePoint at);
  void write_packet(proto::TimePoint at, Stream& from, const Stream& to, std::uint8_t flags,
                    proto::ByteView payload);
  template <typename Visit>
  void for_each_record(std::uint64_t since, Visit visit) const;

  File pcap_;
  File spool_;  // records: u32 stream, u32 size, bytes
  std::map<std::string, bool> hosts_;
  std::map<std::pair<std::string, std::string>, std::uint32_t> stream_ids_;
  std::map<std::uint32_t, Stream> streams_;
  std::uint64_t position_ = 0;
  std::uint16_t packet_id_ = 0;
  bool is_complete_ = true;
};

}  // namespace ssb::net
