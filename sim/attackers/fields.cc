#include "sim/attackers/fields.h"

#include <algorithm>

namespace ssb::sim::attackers {
namespace {

// Takes a varint off the front; nullopt when it is cut short or longer than ten bytes.
std::optional<std::uint64_t> take_varint(ByteView& rest) {
  std::uint64_t value = 0;
  constexpr unsigned kBitsMax = 64;
  for (unsigned shift = 0; shift < kBitsMax; shift += 7) {
    if (rest.empty()) return std::nullopt;
    const std::uint8_t byte = rest.front();
    rest = rest.subspan(1);
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if ((byte & 0x80U) == 0) return value;
  }
  return std::nullopt;
}

std::optional<Bytes> take(ByteView& rest, std::uint64_t size) {
  if (size > rest.size()) return std::nullopt;
  Bytes out = proto::to_bytes(rest.first(static_cast<std::size_t>(size)));
  rest = rest.subspan(static_cast<std::size_t>(size));
  return out;
}

bool take_value(ByteView& rest, Field& field) {
  if (field.type == WireType::varint) {
    const auto value = take_varint(rest);
    field.value = value.value_or(0);
    return value.has_value();
  }
  std::optional<std::uint64_t> size;
  if (field.type == WireType::eight_bytes) size = 8;
  if (field.type == WireType::four_bytes) size = 4;
  if (field.type == WireType::bytes) size = take_varint(rest);
  auto bytes = size ? take(rest, *size) : std::nullopt;
  if (!bytes) return false;
  field.bytes = std::move(*bytes);
  return true;
}

}  // namespace

void append(Bytes& out, ByteView part) {
  out.insert(out.end(), part.begin(), part.end());
}

void append_varint(Bytes& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<std::uint8_t>(value | 0x80U));
    value >>= 7U;
  }
  out.push_back(static_cast<std::uint8_t>(value));
}

std::optional<Fields> Fields::parse(ByteView bytes) {
  Fields out;
  while (!bytes.empty()) {
    const auto tag = take_varint(bytes);
    if (!tag || *tag >> 3U == 0 || *tag >> 32U != 0) return std::nullopt;
    Field field;
    field.number = static_cast<std::uint32_t>(*tag >> 3U);
    field.type = static_cast<WireType>(*tag & 7U);
    if (!take_value(bytes, field)) return std::nullopt;
    out.fields_.push_back(std::move(field));
  }
  return out;
}

Bytes Fields::write() const {
  Bytes out;
  for (const Field& field : fields_) {
    append_varint(out, std::uint64_t{field.number} << 3U | static_cast<std::uint64_t>(field.type));
    if (field.type == WireType::varint) {
      append_varint(out, field.value);
      continue;
    }
    if (field.type == WireType::bytes) append_varint(out, field.bytes.size());
    append(out, field.bytes);
  }
  return out;
}

const Field* Fields::find(std::uint32_t number) const {
  const auto found = std::find_if(fields_.begin(), fields_.end(),
                                  [&](const Field& field) { return field.number == number; });
  return found == fields_.end() ? nullptr : &*found;
}

std::uint64_t Fields::number(std::uint32_t number) const {
  const Field* field = find(number);
  return field == nullptr ? 0 : field->value;
}

Bytes Fields::bytes(std::uint32_t number) const {
  const Field* field = find(number);
  return field == nullptr ? Bytes() : field->bytes;
}

Fields Fields::message(std::uint32_t number) const {
  return parse(bytes(number)).value_or(Fields());
}

void Fields::put(Field field) {
  remove(field.number);
  const auto place = std::find_if(fields_.begin(), fields_.end(),
                                  [&](const Field& other) { return other.number > field.number; });
  fields_.insert(place, std::move(field));
}

void Fields::set(std::uint32_t number, std::uint64_t value) {
  if (value == 0) return remove(number);
  put({.number = number, .type = WireType::varint, .value = value});
}

void Fields::set(std::uint32_t number, ByteView value) {
  if (value.empty()) return remove(number);
  put({.number = number, .type = WireType::bytes, .bytes = proto::to_bytes(value)});
}

void Fields::set_message(std::uint32_t number, const Fields& value) {
  put({.number = number, .type = WireType::bytes, .bytes = value.write()});
}

void Fields::remove(std::uint32_t number) {
  std::erase_if(fields_, [&](const Field& field) { return field.number == number; });
}

}  // namespace ssb::sim::attackers
