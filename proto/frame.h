// Cuts a byte stream into adjacent-layer messages, and dialog messages out of the payload of one.
//
//   Shape   frame: 4 bytes n, big-endian | 2 bytes h | h bytes, a serialized AdjacentHeader | n-2-h
//   bytes payload.
//           payload of Data: for each message 4 bytes length | header | 4 bytes length | body.
//   Units   n counts bytes without its own four; 2 <= n <= the decoder's limit, 1 <= h <= n-2.
//   Errors  8407 when n or h is out of range or the header is not one; the stream is then dead and
//   every later call repeats it.
//           28007 when the payload does not split into the messages that the header announces.
//   Source  our own: SQL Server's adjacent layer is unpublished (README, "Fidelity").
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "proto/adjacent.pb.h"
#include "proto/bytes.h"
#include "proto/dialog_message.h"
#include "proto/error.h"

namespace ssb::proto {

inline constexpr std::size_t kFrameBytesMax = std::size_t{256} * 1024;  // once a peer is known
inline constexpr std::size_t kHandshakeFrameBytesMax = 1024;            // before
inline constexpr std::size_t kMessagesPerFrameMax = 256;  // dialog messages of one boxcar
inline constexpr std::size_t kSealedBodyBytesMax =
    kFragmentBodyBytesMax + 64;  // a fragment and its tag
inline constexpr std::size_t kFramePrefixBytes = 6;

struct Frame {
  adjacent::AdjacentHeader header;
  ByteView payload;  // in the decoder, until it is called again
};

// The bytes of a frame. The caller keeps within the limits above.
[[nodiscard]] Bytes encode_frame(const adjacent::AdjacentHeader& header, ByteView payload = {});
// The header, or nullopt unless the bytes are exactly what a writer makes: known fields, each once,
// in order.
[[nodiscard]] std::optional<adjacent::AdjacentHeader> parse_adjacent_header(ByteView bytes);

class FrameDecoder {
 public:
  explicit FrameDecoder(std::size_t frame_bytes_max) : frame_bytes_max_(frame_bytes_max) {}
  // Takes what arrived, however it was split. A dead decoder takes nothing.
  void append(ByteView bytes);
  // The same for those who write it themselves: to be appended to.
  [[nodiscard]] Bytes& input();
  // The oldest whole frame, or nullopt until more bytes come.
  [[nodiscard]] Result<std::optional<Frame>> next();
  void set_limit(std::size_t frame_bytes_max) { frame_bytes_max_ = frame_bytes_max; }
  // What follows the frames taken so far: the bytes of another protocol (TLS after the
  // negotiation).
  [[nodiscard]] Bytes take_rest();
  [[nodiscard]] std::size_t buffered_bytes() const { return buffer_.size() - start_; }

 private:
  [[nodiscard]] Error fail(const char* reason);

  std::size_t frame_bytes_max_;
  Bytes buffer_;
  std::size_t start_ = 0;  // of what was not taken yet
  std::optional<Error> failure_;
};

// Collects dialog messages for one Data frame.
class Boxcar {
 public:
  // Whether the frame still has room for the message.
  [[nodiscard]] bool has_room_for(const DialogMessage& message) const;
  // Needs has_room_for; an empty boxcar has room for any message within the limits.
  void add(const DialogMessage& message);
  [[nodiscard]] bool is_empty() const { return data_.messages_size() == 0; }
  [[nodiscard]] std::size_t payload_bytes() const;
  [[nodiscard]] std::size_t messages() const {
    return static_cast<std::size_t>(data_.messages_size());
  }
  // The frame, which the boxcar keeps until the next message is added; it is empty afterwards.
  [[nodiscard]] ByteView take(std::uint64_t consumed_bytes);

 private:
  adjacent::Data data_;
  Bytes frame_;  // room for prefix and header, then the payload
};

// The dialog messages of a Data frame; 28007 when lengths, counts or hops do not fit. `peer` is for
// the text.
[[nodiscard]] Result<std::vector<DialogMessage>> split_boxcar(const Frame& frame,
                                                              std::string_view peer);

}  // namespace ssb::proto
