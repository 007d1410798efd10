// Waiting messages of one database: those of a group commit stand packed together, and are deleted together.
//
//   A message is written once, into the open pack, and never moves while it waits: its place is its name. Removing it only
//   counts. At each flush the open pack becomes two records, the heads of its messages and their bodies; a pack whose messages are all
//   gone is deleted, and of the others that lost some, one small record says which. So a durable message costs bytes and no row of
//   its own, and a start reads heads and leaves the bodies where they are.
//
//   Shape   records of the store, by the pack's number, 8 bytes big-endian
//           message_pack     the bodies, one after the other
//           message_heads    head or class | head or class | ...
//           head   = 1 byte kind | 3 bytes zero | 4 bytes body length | 8 bytes sequence | 8 bytes order | 8 bytes enqueued_us
//                    | 4 bytes offset of its class, the last before it | 4 bytes offset of its body; little-endian
//           class  = 1 byte 0 | 3 bytes zero | 4 bytes length | stored.proto MessageClass: what messages of a dialog have in common
//           message_removed  bit i, lowest first, is message i of the pack
//   Units   a pack is closed at kPackBytes; one message alone may be larger. Packs that were used last are kept in memory, up to
//           kPackCacheBytes of each database.
//   Errors  heads that do not parse, or do not fit their bodies, are damage: StoreFailure.
//   Source  our own; the measurements that decided for it are in docs/performance.md.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/store/store.h"
#include "proto/bytes.h"
#include "proto/ids.h"
#include "proto/stored.pb.h"

namespace ssb::broker::conversation {

// The engine's tables of records: the others are of storage.cc.
inline constexpr std::string_view kPackTable = "message_pack";
inline constexpr std::string_view kHeadsTable = "message_heads";
inline constexpr std::string_view kRemovedTable = "message_removed";
inline constexpr std::string_view kConversationTable = "conversation";
inline constexpr std::string_view kConversationHeadTable = "conversation_head";
inline constexpr std::string_view kFragmentTable = "fragment";
inline constexpr std::string_view kTombstoneTable = "tombstone";
inline constexpr std::array kRecordTables = {
    kPackTable,     kHeadsTable,    kRemovedTable, kConversationTable, kConversationHeadTable,
    kFragmentTable, kTombstoneTable};
// Keys of conversations and of their heads: a number of so many bytes, then the handle.
inline constexpr std::size_t kConversationNumberBytes = 8;

inline constexpr std::size_t kPackBytes = std::size_t{256} * 1024;
inline constexpr std::size_t kPackCacheBytes = std::size_t{32} * 1024 * 1024;
// Bytes of removed messages that may stand beside those that wait, before packs are written anew: as many again, and this.
inline constexpr std::size_t kDeadBytesMax = std::size_t{16} * 1024 * 1024;

// The retained ones are of queues with RETENTION = ON: received or sent, and kept until the conversation ends (retained.cc). Held ones
// are for queues with STATUS = OFF (held.cc).
enum class StoredKind : std::uint8_t {
  transmission = 1,
  queued = 2,
  retained_received = 3,
  retained_sent = 4,
  held = 5
};

// Where a message stands; valid until it is removed.
struct MessagePlace {
  std::uint64_t pack = 0;    // 0: nowhere
  std::uint32_t offset = 0;  // of its head
  std::uint32_t index = 0;   // among the messages of its pack
  std::uint32_t body_bytes = 0;
};

struct StoredMessage {
  StoredKind kind = StoredKind::transmission;
  std::uint64_t sequence = 0;
  std::int64_t order = 0;  // queuing order; of transmissions 0
  std::int64_t enqueued_us = 0;
};

class MessageLog {
 public:
  // Called when a message that waits moves to another place.
  using Moved = std::function<void(const StoredMessage&, const proto::stored::MessageClass&,
                                   const MessagePlace& from, const MessagePlace& to)>;
  MessageLog(store::Store& store, store::DatabaseId database, Moved moved);
  MessageLog(const MessageLog&) = delete;
  MessageLog& operator=(const MessageLog&) = delete;
  ~MessageLog() = default;

  // Makes the tables where they are missing, and names every waiting message, packs in order.
  using Found = std::function<void(const StoredMessage&, const proto::stored::MessageClass&,
                                   const MessagePlace&)>;
  void load(const Found& found);

  // `message_class` is serialized MessageClass; equal bytes after one another are kept once.
  MessagePlace add(const StoredMessage& message, proto::ByteView message_class,
                   proto::ByteView body);
  void remove(const MessagePlace& place);

  // Where its class stands in its pack: of one pack and offset there is one class for ever.
  [[nodiscard]] std::uint32_t class_offset(const MessagePlace& place);
  // Views hold until the next call of anything but these three.
  [[nodiscard]] proto::ByteView body(const MessagePlace& place);
  [[nodiscard]] StoredMessage message(const MessagePlace& place);
  [[nodiscard]] proto::ByteView message_class(const MessagePlace& place);

  // Before each flush: what changed goes into the store.
  void write();
  // Of packs and of what is kept of them: for tests.
  struct Sizes {
    std::size_t packs = 0;
    std::size_t live_bytes = 0;
    std::size_t dead_bytes = 0;
    std::size_t cached_bytes = 0;
  };
  [[nodiscard]] Sizes sizes() const;

 private:
  struct Pack {
    proto::Bytes open_heads;  // while it takes messages
    proto::Bytes open_bodies;
    store::RecordValue stored_heads;  // from then on, both; nullptr: not in memory
    store::RecordValue stored_bodies;
    [[nodiscard]] proto::ByteView heads() const {
      return stored_heads ? proto::ByteView(*stored_heads) : open_heads;
    }
    [[nodiscard]] proto::ByteView bodies() const {
      return stored_bodies ? proto::ByteView(*stored_bodies) : open_bodies;
    }
    std::size_t heads_bytes = 0;
    std::size_t bodies_bytes = 0;
    [[nodiscard]] std::size_t bytes() const { return heads_bytes + bodies_bytes; }
    std::size_t live_bytes = 0;
    std::uint32_t messages = 0;
    std::uint32_t live = 0;
    std::vector<std::uint8_t> removed;  // bits; empty: none
    std::uint64_t used = 0;             // when, for the cache
    bool is_stored = false;
    bool has_bits_stored = false;
    bool is_changed = false;
  };

  void load_pack(std::uint64_t number, proto::ByteView heads, std::vector<std::uint8_t> removed,
                 const Found& found);
  Pack& open_pack(std::size_t heads_bytes, std::size_t bodies_bytes);
  Pack& cached(std::uint64_t number);
  void note_changed(std::uint64_t number, Pack& pack);
  void forget(std::uint64_t number, Pack& pack);
  void write_pack(std::uint64_t number, Pack& pack);
  void compact();
  void move_live(std::uint64_t number);
  void evict();

  store::Store* store_;
  store::DatabaseId database_;
  Moved moved_;
  std::map<std::uint64_t, Pack> packs_;
  std::uint64_t open_ = 0;  // the pack that takes messages; 0: none
  std::uint64_t next_ = 1;
  std::uint64_t clock_ = 0;
  std::vector<std::uint64_t> changed_;
  std::size_t last_heads_bytes_ = 1024;
  std::size_t last_bodies_bytes_ = 4096;
  std::uint32_t class_offset_ = 0;  // of the open pack's last class
  proto::Bytes last_class_;
  std::map<std::uint64_t, std::uint64_t> by_use_;  // when used -> stored pack in memory
  std::size_t cached_bytes_ = 0;                   // of stored packs in memory
  std::size_t live_bytes_ = 0;
  std::size_t bytes_ = 0;
};

// What waits in a database's file, read apart from any engine: for those who look from outside.
struct WaitingMessage {
  StoredMessage message;
  proto::stored::MessageClass message_class;
  proto::Bytes body;
};
[[nodiscard]] std::vector<WaitingMessage> waiting_messages(const store::Store& store,
                                                           store::DatabaseId database);

}  // namespace ssb::broker::conversation
