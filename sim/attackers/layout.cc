#include "sim/attackers/layout.h"

namespace ssb::sim::attackers {
namespace {

constexpr std::size_t kPrefixBytes = 6;

std::uint64_t big_endian(ByteView bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8U | byte;
  return value;
}

}  // namespace

void append_big_endian(Bytes& out, std::uint64_t value, unsigned size) {
  for (unsigned left = size; left > 0; --left)
    out.push_back(static_cast<std::uint8_t>(value >> (8 * (left - 1))));
}

Bytes write_frame(ByteView header, ByteView payload) {
  Bytes out;
  append_big_endian(out, 2 + header.size() + payload.size(), 4);
  append_big_endian(out, header.size(), 2);
  append(out, header);
  append(out, payload);
  return out;
}

Bytes write_frame(const Fields& header, ByteView payload) {
  return write_frame(ByteView(header.write()), payload);
}

std::optional<Frame> take_frame(Bytes& bytes) {
  if (bytes.size() < kPrefixBytes) return std::nullopt;
  const ByteView view = bytes;
  const std::uint64_t size = big_endian(view.first(4));
  const std::uint64_t header_size = big_endian(view.subspan(4, 2));
  if (size + 4 > view.size() || header_size + 2 > size) return std::nullopt;
  const auto header_bytes = static_cast<std::size_t>(header_size);
  const std::size_t end = 4 + static_cast<std::size_t>(size);
  auto header = Fields::parse(view.subspan(kPrefixBytes, header_bytes));
  if (!header) return std::nullopt;
  const std::size_t payload_from = kPrefixBytes + header_bytes;
  Frame frame{std::move(*header), proto::to_bytes(view.subspan(payload_from, end - payload_from))};
  bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(end));
  return frame;
}

Bytes write_data(const std::vector<proto::DialogMessage>& messages, std::uint64_t consumed_bytes) {
  Fields data;
  Bytes payload;
  for (const proto::DialogMessage& message : messages) {
    Fields travel;
    travel.set(1, message.hops_remaining);
    travel.set(2, message.time_spent_us);
    data.add({.number = 1, .type = WireType::bytes, .bytes = travel.write()});
    append_big_endian(payload, message.header.size(), 4);
    append(payload, message.header);
    append_big_endian(payload, message.body.size(), 4);
    append(payload, message.body);
  }
  data.set(2, consumed_bytes);
  Fields header;
  header.set_message(adjacent::kData, data);
  return write_frame(header, payload);
}

Fields header_of(const proto::DialogMessage& message) {
  return Fields::parse(message.header).value_or(Fields());
}

MessageKind kind_of(const Fields& header) {
  return static_cast<MessageKind>(header.number(dialog_header::kKind));
}

}  // namespace ssb::sim::attackers
