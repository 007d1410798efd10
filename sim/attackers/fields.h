// The protobuf wire format, read and written by hand: a message is its fields, in the order in which they stand.
//
//   Shape   tag varint (number << 3 | wire type), then by wire type: 0 a varint; 2 length varint | bytes; 1 and 5 eight and four bytes.
//   Errors  nullopt for what is no sequence of fields.
//   Source  protobuf's encoding, as published. Written without the generated classes, so that a mistake of theirs, or of how they are
//           used, does not cancel out.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "proto/bytes.h"

namespace ssb::sim::attackers {

using proto::Bytes;
using proto::ByteView;

void append(Bytes& out, ByteView part);
void append_varint(Bytes& out, std::uint64_t value);

enum class WireType : std::uint8_t { varint = 0, eight_bytes = 1, bytes = 2, four_bytes = 5 };

struct Field {
  std::uint32_t number = 0;
  WireType type = WireType::varint;
  std::uint64_t value = 0;  // of a varint
  Bytes bytes{};            // of the others
};

// What proto3 calls absent reads as 0 or nothing.
class Fields {
 public:
  [[nodiscard]] static std::optional<Fields> parse(ByteView bytes);
  [[nodiscard]] Bytes write() const;

  [[nodiscard]] bool has(std::uint32_t number) const { return find(number) != nullptr; }
  [[nodiscard]] std::uint64_t number(std::uint32_t number) const;
  [[nodiscard]] Bytes bytes(std::uint32_t number) const;
  // A submessage; empty when it is absent or none.
  [[nodiscard]] Fields message(std::uint32_t number) const;

  // Puts a field where its number belongs, in place of the one that was there. Zero and nothing are absent, as proto3 has it.
  void set(std::uint32_t number, std::uint64_t value);
  void set(std::uint32_t number, ByteView value);
  // Present, empty or not.
  void set_message(std::uint32_t number, const Fields& value);
  void remove(std::uint32_t number);
  // At the end, whatever there is already: for bytes that no honest writer makes.
  void add(Field field) { fields_.push_back(std::move(field)); }

  [[nodiscard]] const std::vector<Field>& all() const { return fields_; }

 private:
  [[nodiscard]] const Field* find(std::uint32_t number) const;
  void put(Field field);

  std::vector<Field> fields_;
};

}  // namespace ssb::sim::attackers
