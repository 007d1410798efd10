// Two processes that exchange sealed messages over TLS 1.3 on loopback TCP, durably or not: what E and D measure.
//
//   Shape   a message is 64 bytes of header (its length, kind and number; the rest stands for a dialog header's names), the body under
//           AES-128-GCM with the header as additional data, 16 bytes of tag. Messages are gathered to 64 KiB and written to a blocking
//           Asio TLS stream (TLS_AES_128_GCM_SHA256, TCP_NODELAY). One thread in each process.
//           Durable: the sender logs and flushes a batch before it sends it, the receiver what it has read before it acknowledges it,
//           cumulatively; the sender notes acknowledgements in its next flush, as a store's watermark. At most `in_flight` messages are
//           sent and not acknowledged.
//   Checked the receiver opens every body (a tag that does not fit ends the run), compares its number with the expected one and its
//           first 8 bytes with its number; what was sent and what came must be equal.
//   Units   seconds, bytes; rates over the measured part after a warm-up, CPU of both processes over the same part.
//   Source  our own; RFC 8446.
#pragma once

#include <filesystem>

#include "bench/bounds/measure.h"

namespace ssb::bench {

struct ExchangeOptions {
  std::size_t size = 1024;
  double seconds = 1;
  std::size_t gather_bytes = std::size_t{64} << 10;
  bool is_sealed = true;  // false: the body as it is, which leaves raw TLS
  bool is_on_one_core = false;
  bool is_durable = false;
  // Only when durable.
  std::filesystem::path folder;
  std::uint64_t in_flight = 4096;
  std::uint64_t batch = 2048;  // messages that one flush covers at most
  std::size_t log_bytes = std::size_t{128} << 20;
};

struct ExchangeResult {
  double messages_per_s = 0;
  double sender_cpu_s_per_message = 0;
  double receiver_cpu_s_per_message = 0;
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  std::uint64_t out_of_order = 0;
  double flushes_per_1000 = 0;      // of both ends
  double written_over_payload = 0;  // bytes, of both ends
  std::uint64_t replies = 0;
  double reply_p50_s = 0;
  double reply_p99_s = 0;
};

[[nodiscard]] ExchangeResult run_exchange(const ExchangeOptions& options);

// The part of the JSON line that E and D have in common.
[[nodiscard]] JsonLine describe(std::string_view name, const ExchangeOptions& options,
                                const ExchangeResult& result);
// Whether every message came once, in order.
[[nodiscard]] bool is_whole(const ExchangeResult& result);

}  // namespace ssb::bench
