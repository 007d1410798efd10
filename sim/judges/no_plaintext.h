// No body of a secured dialog is readable on a link, nor in a dialog message between the adjacent layers.
//
//   Shape   a needle is a window of kWindowBytes of a body (all of a shorter one, of 8 bytes or more): of its beginning, middle and end,
//           as it is, and in UTF-16 where it is ASCII, in ASCII where it is UTF-16. Needles of the last kBodiesMax bodies are looked for in
//           every byte that a node gives to the network, across the borders of writes, and in every header and body that comes to a hop.
//   Sees    bodies of the first kEveryBody messages of each conversation and of each kSampleOf-th then, taken from the transmission queue
//           when they are first handed to a link. They stay in this judge's memory: a finding tells where, never what.
//   Not     bodies below 8 bytes, or windows of fewer than kDistinctMin different bytes: they occur by chance. What was also sent without
//           security, or is a name that headers show (services, contract, message type), is no secret. Anything but these encodings.
//           Bodies of Error messages, and windows that look like their beginning: the same few words always. Dialogs inside one instance, which no link sees.
//   Disks   make no difference.
#pragma once

#include <bitset>
#include <deque>
#include <map>
#include <unordered_map>

#include "sim/judges/judge.h"

namespace ssb::sim::judges {

class NoPlaintext final : public Judge {
 public:
  static constexpr std::size_t kNeedleBytesMin = 8;
  static constexpr std::size_t kWindowBytes = 24;
  static constexpr std::size_t kDistinctMin = 4;
  static constexpr std::size_t kBodiesMax = 256;
  static constexpr std::size_t kClearBytesMax = std::size_t{1} << 20;
  static constexpr std::uint64_t kEveryBody = 64;
  static constexpr std::uint64_t kSampleOf = 8;

  explicit NoPlaintext(const Inside& inside) : Judge(inside, "no plaintext") {}

  [[nodiscard]] std::string_view statement() const override {
    return "no body of a secured dialog is readable on a link or between the adjacent layers";
  }
  void traced(Host host, const proto::TraceRecord& record) override;
  void sent_bytes(Host host, const std::string& local, const std::string& remote,
                  proto::ByteView bytes) override;
  void came_to_hop(Host host, const broker::MessageArrived& arrived) override;

 private:
  struct Needle {
    std::string bytes;
    Direction direction;
    std::uint64_t sequence = 0;
    std::uint64_t number = 0;  // of its body
  };

  void made(Host host, const proto::TraceRecord& record);
  void add_clear(const proto::Bytes& body);
  void add_secret(const proto::TraceRecord& record, const proto::Bytes& body);
  void add_needle(const proto::TraceRecord& record, std::string_view window);
  void forget_oldest();
  [[nodiscard]] bool is_public(const std::string& needle) const;
  // The first needle in there, if any.
  [[nodiscard]] const Needle* search(std::string_view text) const;
  void report(Host host, const Needle& needle, const std::string& where);

  std::map<Direction, EndpointPlace> places_;  // true: of the initiator
  std::map<Direction, std::uint64_t> bodies_seen_;
  std::unordered_multimap<std::uint64_t, Needle> needles_;  // by their first 8 bytes
  std::bitset<1U << 16U> filter_;  // of those, hashed; never forgets one alone
  std::deque<std::pair<std::uint64_t, std::uint64_t>> order_;  // number of the body, first 8 bytes
  std::uint64_t bodies_ = 0;
  std::deque<std::string> clear_;
  std::size_t clear_bytes_ = 0;
  std::map<std::pair<std::string, std::string>, std::string> tails_;  // of each direction of a link
};

}  // namespace ssb::sim::judges
