#include "proto/frame.h"

#include <string>

#include "proto/check.h"
#include "proto/error_code.h"

namespace ssb::proto {
namespace {

// A Travel entry takes at most: tag, length, tag + 5, tag + 10 bytes.
constexpr std::size_t kTravelBytesMax = 19;
constexpr std::size_t kDataHeaderBytesMax = 64 + kMessagesPerFrameMax * kTravelBytesMax;
static_assert(kDataHeaderBytesMax <= UINT16_MAX);
static_assert(kFramePrefixBytes + kDataHeaderBytesMax + 8 + kHeaderBytesMax + kSealedBodyBytesMax <=
              kFrameBytesMax);

void put_u32(Bytes& out, std::size_t value) {
  for (const int shift : {24, 16, 8, 0}) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

std::size_t read_big_endian(ByteView bytes) {
  std::size_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

// Takes `u32 length | bytes` off the front; nullopt when it is cut short or longer than
// `bytes_max`.
std::optional<Bytes> take_block(ByteView& rest, std::size_t bytes_max) {
  if (rest.size() < 4) return std::nullopt;
  const std::size_t size = read_big_endian(rest.first(4));
  if (size > bytes_max || size > rest.size() - 4) return std::nullopt;
  Bytes block = to_bytes(rest.subspan(4, size));
  rest = rest.subspan(4 + size);
  return block;
}

}  // namespace

namespace {

// Prefix and header of a frame, to `out`, which has room for them.
void write_head(std::uint8_t* out, const adjacent::AdjacentHeader& header, std::size_t header_bytes,
                std::size_t payload_bytes) {
  SSB_CHECK(header_bytes > 0 && header_bytes <= UINT16_MAX);
  const std::size_t size = 2 + header_bytes + payload_bytes;
  SSB_CHECK(size <= kFrameBytesMax);
  for (const int shift : {24, 16, 8, 0}) *out++ = static_cast<std::uint8_t>(size >> shift);
  for (const int shift : {8, 0}) *out++ = static_cast<std::uint8_t>(header_bytes >> shift);
  SSB_CHECK(header.SerializeToArray(out, static_cast<int>(header_bytes)));
}

}  // namespace

Bytes encode_frame(const adjacent::AdjacentHeader& header, ByteView payload) {
  const std::size_t header_bytes = header.ByteSizeLong();
  Bytes out;
  out.reserve(kFramePrefixBytes + header_bytes + payload.size());
  out.resize(kFramePrefixBytes + header_bytes);
  write_head(out.data(), header, header_bytes, payload.size());
  out.insert(out.end(), payload.begin(), payload.end());
  return out;
}

std::optional<adjacent::AdjacentHeader> parse_adjacent_header(ByteView bytes) {
  adjacent::AdjacentHeader header;
  if (bytes.empty() || bytes.size() > UINT16_MAX) return std::nullopt;
  if (!header.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
  // Written again, known fields alone, it must be the same bytes: nothing unknown, twice, out of
  // order or in a long spelling.
  header.DiscardUnknownFields();
  if (header.kind_case() == adjacent::AdjacentHeader::KIND_NOT_SET) return std::nullopt;
  if (header.SerializeAsString() != as_text(bytes)) return std::nullopt;
  return header;
}

void FrameDecoder::append(ByteView bytes) {
  if (failure_) return;
  Bytes& to = input();
  to.insert(to.end(), bytes.begin(), bytes.end());
}

Bytes& FrameDecoder::input() {
  if (start_ > 0 && start_ >= buffer_.size() / 2) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(start_));
    start_ = 0;
  }
  return buffer_;
}

Error FrameDecoder::fail(const char* reason) {
  buffer_.clear();
  start_ = 0;
  failure_ = Error(ErrorCode::not_an_adjacent_message, reason);
  return *failure_;
}

Result<std::optional<Frame>> FrameDecoder::next() {
  if (failure_) {
    buffer_.clear();
    return *failure_;
  }
  const ByteView rest = ByteView(buffer_).subspan(start_);
  // The length is judged as soon as it is there, before anything is waited or allocated for.
  if (rest.size() < 4) return std::optional<Frame>();
  const std::size_t size = read_big_endian(rest.first(4));
  if (size < 3) return fail("a frame has at least 3 bytes");
  if (size > frame_bytes_max_) return fail("the frame is larger than is allowed here");
  if (rest.size() < kFramePrefixBytes) return std::optional<Frame>();
  const std::size_t header_bytes = read_big_endian(rest.subspan(4, 2));
  if (header_bytes == 0 || header_bytes > size - 2)
    return fail("the header does not fit into its frame");
  if (rest.size() < 4 + size) return std::optional<Frame>();
  auto header = parse_adjacent_header(rest.subspan(kFramePrefixBytes, header_bytes));
  if (!header) return fail("the header is not well-formed");
  Frame frame{std::move(*header),
              rest.subspan(kFramePrefixBytes + header_bytes, size - 2 - header_bytes)};
  if (!frame.header.has_data() && !frame.payload.empty()) return fail("only data has a payload");
  start_ += 4 + size;
  return std::optional<Frame>(std::move(frame));
}

Bytes FrameDecoder::take_rest() {
  Bytes rest(buffer_.begin() + static_cast<std::ptrdiff_t>(start_), buffer_.end());
  buffer_.clear();
  start_ = 0;
  return rest;
}

std::size_t Boxcar::payload_bytes() const {
  return is_empty() ? 0 : frame_.size() - kFramePrefixBytes - kDataHeaderBytesMax;
}

bool Boxcar::has_room_for(const DialogMessage& message) const {
  const auto count = static_cast<std::size_t>(data_.messages_size());
  return count < kMessagesPerFrameMax && kFramePrefixBytes + kDataHeaderBytesMax + payload_bytes() +
                                                 8 + message.header.size() + message.body.size() <=
                                             kFrameBytesMax;
}

void Boxcar::add(const DialogMessage& message) {
  SSB_CHECK(message.header.size() <= kHeaderBytesMax && message.body.size() <= kSealedBodyBytesMax);
  SSB_CHECK(has_room_for(message));
  if (is_empty()) frame_.resize(kFramePrefixBytes + kDataHeaderBytesMax);
  adjacent::Data::Travel& travel = *data_.add_messages();
  travel.set_hops_remaining(message.hops_remaining);
  travel.set_time_spent_us(message.time_spent_us);
  put_u32(frame_, message.header.size());
  frame_.insert(frame_.end(), message.header.begin(), message.header.end());
  put_u32(frame_, message.body.size());
  frame_.insert(frame_.end(), message.body.begin(), message.body.end());
}

ByteView Boxcar::take(std::uint64_t consumed_bytes) {
  const std::size_t payload = payload_bytes();
  if (is_empty()) frame_.resize(kFramePrefixBytes + kDataHeaderBytesMax);
  adjacent::AdjacentHeader header;
  header.mutable_data()->Swap(&data_);
  header.mutable_data()->set_consumed_bytes(consumed_bytes);
  const std::size_t header_bytes = header.ByteSizeLong();
  SSB_CHECK(header_bytes <= kDataHeaderBytesMax);
  const std::size_t unused = kDataHeaderBytesMax - header_bytes;
  write_head(frame_.data() + unused, header, header_bytes, payload);
  data_.Clear();
  return ByteView(frame_).subspan(unused);
}

Result<std::vector<DialogMessage>> split_boxcar(const Frame& frame, std::string_view peer) {
  const auto fail = [peer](const char* reason) {
    return Error(ErrorCode::corrupt_message, std::string(peer), reason);
  };
  const adjacent::Data& data = frame.header.data();
  const auto count = static_cast<std::size_t>(data.messages_size());
  if (count == 0) return fail("a data frame carries no message");
  if (count > kMessagesPerFrameMax) return fail("a data frame carries too many messages");
  std::vector<DialogMessage> messages;
  messages.reserve(count);
  ByteView rest = frame.payload;
  for (const adjacent::Data::Travel& travel : data.messages()) {
    if (travel.hops_remaining() > kHopsMax) return fail("the hop count is out of range");
    auto header = take_block(rest, kHeaderBytesMax);
    if (!header || header->empty()) return fail("the length of a dialog header is wrong");
    auto body = take_block(rest, kSealedBodyBytesMax);
    if (!body) return fail("the length of a message body is wrong");
    messages.push_back(
        {std::move(*header), std::move(*body), travel.hops_remaining(), travel.time_spent_us()});
  }
  if (!rest.empty()) return fail("bytes follow the last message");
  return messages;
}

}  // namespace ssb::proto
