// GUIDs, and one distinct type for each thing that a GUID names.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proto/bytes.h"

namespace ssb::proto {

// Shape   16 bytes as SQL Server stores uniqueidentifier: the first three groups little-endian.
struct Guid {
  std::array<std::uint8_t, 16> bytes{};

  [[nodiscard]] bool is_null() const { return *this == Guid{}; }
  [[nodiscard]] ByteView view() const { return bytes; }
  // "6F9619FF-8B86-D011-B42D-00C04FC964FF".
  [[nodiscard]] std::string text() const;
  // With or without braces, either case.
  [[nodiscard]] static std::optional<Guid> parse(std::string_view text);
  // Exactly 16 stored bytes, or nullopt.
  [[nodiscard]] static std::optional<Guid> from_bytes(ByteView bytes);

  friend auto operator<=>(const Guid&, const Guid&) = default;
};

template <typename Tag>
struct TypedGuid {
  Guid guid;

  [[nodiscard]] std::string text() const { return guid.text(); }
  [[nodiscard]] ByteView view() const { return guid.view(); }
  [[nodiscard]] bool is_null() const { return guid.is_null(); }
  [[nodiscard]] static std::optional<TypedGuid> from_bytes(ByteView bytes) {
    const auto guid = Guid::from_bytes(bytes);
    return guid ? std::optional(TypedGuid{*guid}) : std::nullopt;
  }
  friend auto operator<=>(const TypedGuid&, const TypedGuid&) = default;
};

using ConversationHandle = TypedGuid<struct ConversationHandleTag>;  // local to one side
using ConversationId = TypedGuid<struct ConversationIdTag>;          // shared by both sides
using ConversationGroupId = TypedGuid<struct ConversationGroupIdTag>;
using BrokerId = TypedGuid<struct BrokerIdTag>;  // sys.databases.service_broker_guid
using InstanceId = TypedGuid<struct InstanceIdTag>;
using KeyId = TypedGuid<struct KeyIdTag>;  // a session key's or a key exchange key's identifier

}  // namespace ssb::proto

template <>
struct std::hash<ssb::proto::Guid> {
  std::size_t operator()(const ssb::proto::Guid& guid) const noexcept {
    std::uint64_t h = 1469598103934665603ULL;
    for (const auto b : guid.bytes) h = (h ^ b) * 1099511628211ULL;
    return static_cast<std::size_t>(h);
  }
};
template <typename Tag>
struct std::hash<ssb::proto::TypedGuid<Tag>> {
  std::size_t operator()(const ssb::proto::TypedGuid<Tag>& id) const noexcept {
    return std::hash<ssb::proto::Guid>{}(id.guid);
  }
};
