#include "broker/conversation/message_log.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <utility>

#include "proto/check.h"
#include "proto/secret.h"

namespace ssb::broker::conversation {
namespace {

namespace stored = ssb::proto::stored;

constexpr std::size_t kClassHeadBytes = 8;
constexpr std::size_t kMessageHeadBytes = 40;
constexpr std::uint8_t kClassKind = 0;
constexpr int kPacksMovedMax = 16;  // at one flush: it must not take long
constexpr std::uint8_t kBitsPerByte = 8;

constexpr std::size_t kNumberBytes = 8;

// Keys are in the order of the numbers.
std::array<std::uint8_t, kNumberBytes> key_of(std::uint64_t pack) {
  std::array<std::uint8_t, kNumberBytes> key{};
  for (std::size_t i = 0; i < kNumberBytes; ++i)
    key[i] = static_cast<std::uint8_t>(pack >> (8 * (kNumberBytes - 1 - i)));
  return key;
}
std::uint64_t number_of(const proto::Bytes& key) {
  std::uint64_t pack = 0;
  for (const std::uint8_t byte : key) pack = pack << 8 | byte;
  return pack;
}

[[noreturn]] void throw_damaged(std::uint64_t pack) {
  throw store::StoreFailure("message pack " + std::to_string(pack) +
                            " does not parse: the database file is damaged");
}

template <typename Number>
void put(std::span<std::uint8_t> out, std::size_t at, Number number) {
  for (std::size_t i = 0; i < sizeof(Number); ++i)
    out[at + i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(number) >> (8 * i));
}
template <typename Number>
Number get(proto::ByteView bytes, std::size_t at) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i)
    number |= static_cast<std::uint64_t>(bytes[at + i]) << (8 * i);
  return static_cast<Number>(number);
}

// With room for what follows.
template <std::size_t kBytes>
std::array<std::uint8_t, kBytes> head_of(std::uint8_t kind, std::uint32_t length) {
  std::array<std::uint8_t, kBytes> head{};
  head[0] = kind;
  put(head, 4, length);
  return head;
}

bool is_set(const std::vector<std::uint8_t>& bits, std::uint32_t index) {
  const std::size_t byte = index / kBitsPerByte;
  return byte < bits.size() && ((bits[byte] >> (index % kBitsPerByte)) & 1) != 0;
}

StoredMessage message_at(proto::ByteView heads, std::size_t at) {
  StoredMessage message;
  message.kind = static_cast<StoredKind>(heads[at]);
  message.sequence = get<std::uint64_t>(heads, at + 8);
  message.order = get<std::int64_t>(heads, at + 16);
  message.enqueued_us = get<std::int64_t>(heads, at + 24);
  return message;
}
std::uint32_t body_bytes_at(proto::ByteView heads, std::size_t at) {
  return get<std::uint32_t>(heads, at + 4);
}
std::uint32_t class_of(proto::ByteView heads, std::size_t at) {
  return get<std::uint32_t>(heads, at + 32);
}
std::uint32_t body_of(proto::ByteView heads, std::size_t at) {
  return get<std::uint32_t>(heads, at + 36);
}
proto::ByteView class_at(proto::ByteView heads, std::size_t at) {
  return heads.subspan(at + kClassHeadBytes, get<std::uint32_t>(heads, at + 4));
}

// One message after the other, by the offset of its head; what does not parse is damage.
class Heads {
 public:
  Heads(std::uint64_t pack, proto::ByteView heads) : pack_(pack), heads_(heads) {}
  // The offset of the next message; nullopt at the end.
  std::optional<std::uint32_t> next() {
    while (at_ < heads_.size()) {
      if (heads_.size() - at_ < kClassHeadBytes) throw_damaged(pack_);
      const bool is_class = heads_[at_] == kClassKind;
      const std::size_t length = get<std::uint32_t>(heads_, at_ + 4);
      const std::size_t bytes = is_class ? kClassHeadBytes + length : kMessageHeadBytes;
      if (heads_.size() - at_ < bytes) throw_damaged(pack_);
      const std::size_t at = std::exchange(at_, at_ + bytes);
      if (is_class) {
        class_ = at;
        continue;
      }
      const bool is_known = heads_[at] >= static_cast<std::uint8_t>(StoredKind::transmission) &&
                            heads_[at] <= static_cast<std::uint8_t>(StoredKind::held);
      if (!is_known || class_of(heads_, at) != class_ || body_of(heads_, at) != bodies_bytes_)
        throw_damaged(pack_);
      bodies_bytes_ += length;
      return static_cast<std::uint32_t>(at);
    }
    return std::nullopt;
  }
  // Of those that it has named.
  [[nodiscard]] std::size_t bodies_bytes() const { return bodies_bytes_; }

 private:
  std::uint64_t pack_;
  proto::ByteView heads_;
  std::size_t at_ = 0;
  std::size_t class_ = SIZE_MAX;  // the last one
  std::size_t bodies_bytes_ = 0;
};

// What is counted against the cache's bound is what it holds.
store::RecordValue kept(proto::Bytes bytes) {
  if (bytes.capacity() > 2 * bytes.size()) bytes.shrink_to_fit();
  return std::make_shared<const proto::Bytes>(std::move(bytes));
}

stored::MessageClass parse_class(std::uint64_t pack, proto::ByteView bytes) {
  stored::MessageClass parsed;
  if (!parsed.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) throw_damaged(pack);
  return parsed;
}

// The heads of each pack of a database, with what was removed from it; no body is read.
template <typename See>
void each_pack(const store::Store& store, store::DatabaseId database, See see) {
  store.each_record(database, kHeadsTable, [&](const store::Store::Record& heads) {
    const store::RecordValue removed = store.record(database, kRemovedTable, heads.key);
    see(number_of(heads.key), *heads.value, removed ? *removed : proto::Bytes());
  });
}

}  // namespace

MessageLog::MessageLog(store::Store& store, store::DatabaseId database, Moved moved)
    : store_(&store), database_(database), moved_(std::move(moved)) {}

void MessageLog::load(const Found& found) {
  for (const auto table : {kPackTable, kHeadsTable})
    store_->open_records(database_, table, store::Store::Values::large);
  store_->open_records(database_, kRemovedTable);
  each_pack(
      *store_, database_,
      [&](std::uint64_t number, const proto::Bytes& heads, std::vector<std::uint8_t> removed) {
        load_pack(number, heads, std::move(removed), found);
      });
}

void MessageLog::load_pack(std::uint64_t number, proto::ByteView heads,
                           std::vector<std::uint8_t> removed, const Found& found) {
  Pack& pack = packs_[number];
  next_ = number + 1;
  pack.heads_bytes = heads.size();
  pack.is_stored = true;
  pack.has_bits_stored = !removed.empty();
  pack.removed = std::move(removed);
  Heads messages(number, heads);
  std::uint32_t class_offset = UINT32_MAX;
  stored::MessageClass parsed;
  while (const auto at = messages.next()) {
    const std::uint32_t index = pack.messages++;
    if (is_set(pack.removed, index)) continue;
    ++pack.live;
    if (std::exchange(class_offset, class_of(heads, *at)) != class_of(heads, *at))
      parsed = parse_class(number, class_at(heads, class_offset));
    const std::uint32_t body_bytes = body_bytes_at(heads, *at);
    pack.live_bytes += kMessageHeadBytes + body_bytes;
    found(message_at(heads, *at), parsed, {number, *at, index, body_bytes});
  }
  pack.bodies_bytes = messages.bodies_bytes();
  bytes_ += pack.bytes();
  live_bytes_ += pack.live_bytes;
}

MessageLog::Pack& MessageLog::open_pack(std::size_t heads_bytes, std::size_t bodies_bytes) {
  if (open_ != 0) {
    Pack& pack = packs_.at(open_);
    if (pack.bytes() == 0 || pack.bytes() + heads_bytes + bodies_bytes <= kPackBytes) return pack;
  }
  open_ = next_++;
  last_class_.clear();
  Pack& pack = packs_[open_];
  // As much as the last flush took: growing copies what is there.
  std::size_t since = 0;
  for (const std::uint64_t number : changed_) {
    const Pack& other = packs_.at(number);
    if (!other.is_stored) since += other.bodies_bytes;
  }
  std::size_t expected = last_bodies_bytes_ > since ? last_bodies_bytes_ - since : 0;
  if (expected == 0 && last_bodies_bytes_ >= kPackBytes) expected = kPackBytes;
  pack.open_heads.reserve(std::max(heads_bytes, std::min(kPackBytes, last_heads_bytes_)));
  pack.open_bodies.reserve(std::max(bodies_bytes, std::min(kPackBytes, expected)));
  note_changed(open_, pack);
  return pack;
}

void MessageLog::note_changed(std::uint64_t number, Pack& pack) {
  if (std::exchange(pack.is_changed, true)) return;
  changed_.push_back(number);
}

MessagePlace MessageLog::add(const StoredMessage& message, proto::ByteView message_class,
                             proto::ByteView body) {
  SSB_CHECK(body.size() < UINT32_MAX);
  Pack& pack = open_pack(kClassHeadBytes + message_class.size() + kMessageHeadBytes, body.size());
  const std::size_t before = pack.bytes();
  proto::Bytes& heads = pack.open_heads;
  if (last_class_.empty() || !std::ranges::equal(message_class, last_class_)) {
    class_offset_ = static_cast<std::uint32_t>(heads.size());
    const auto head =
        head_of<kClassHeadBytes>(kClassKind, static_cast<std::uint32_t>(message_class.size()));
    heads.insert(heads.end(), head.begin(), head.end());
    heads.insert(heads.end(), message_class.begin(), message_class.end());
    last_class_ = proto::to_bytes(message_class);
  }
  const MessagePlace place{open_, static_cast<std::uint32_t>(heads.size()), pack.messages,
                           static_cast<std::uint32_t>(body.size())};
  auto head = head_of<kMessageHeadBytes>(static_cast<std::uint8_t>(message.kind),
                                         static_cast<std::uint32_t>(body.size()));
  put(head, 8, message.sequence);
  put(head, 16, message.order);
  put(head, 24, message.enqueued_us);
  put(head, 32, class_offset_);
  put(head, 36, static_cast<std::uint32_t>(pack.open_bodies.size()));
  heads.insert(heads.end(), head.begin(), head.end());
  pack.open_bodies.insert(pack.open_bodies.end(), body.begin(), body.end());
  pack.heads_bytes = heads.size();
  pack.bodies_bytes = pack.open_bodies.size();
  ++pack.messages;
  ++pack.live;
  bytes_ += pack.bytes() - before;
  pack.live_bytes += kMessageHeadBytes + body.size();
  live_bytes_ += kMessageHeadBytes + body.size();
  return place;
}

void MessageLog::remove(const MessagePlace& place) {
  const auto found = packs_.find(place.pack);
  SSB_CHECK(found != packs_.end() && !is_set(found->second.removed, place.index));
  Pack& pack = found->second;
  SSB_CHECK(pack.live > 0);
  --pack.live;
  note_changed(place.pack, pack);
  if (pack.live == 0) {
    live_bytes_ -= pack.live_bytes;
    pack.live_bytes = 0;
    // Its last: nothing of it will be asked for again, but a message may still be added to the open one.
    if (place.pack == open_) open_ = 0;
    return;
  }
  pack.removed.resize((pack.messages + kBitsPerByte - 1) / kBitsPerByte);
  pack.removed[place.index / kBitsPerByte] = static_cast<std::uint8_t>(
      pack.removed[place.index / kBitsPerByte] | (1U << (place.index % kBitsPerByte)));
  const std::size_t bytes = kMessageHeadBytes + place.body_bytes;
  pack.live_bytes -= bytes;
  live_bytes_ -= bytes;
}

MessageLog::Pack& MessageLog::cached(std::uint64_t number) {
  const auto found = packs_.find(number);
  SSB_CHECK(found != packs_.end());
  Pack& pack = found->second;
  if (!pack.is_stored) return pack;
  if (!pack.stored_heads) {
    const auto key = key_of(number);
    store::RecordValue heads = store_->record(database_, kHeadsTable, key);
    store::RecordValue bodies = store_->record(database_, kPackTable, key);
    const bool fits =
        heads && heads->size() == pack.heads_bytes && bodies && bodies->size() == pack.bodies_bytes;
    if (!fits) throw_damaged(number);
    pack.stored_heads = std::move(heads);
    pack.stored_bodies = std::move(bodies);
    cached_bytes_ += pack.bytes();
  } else if (pack.used == clock_) {
    return pack;  // as the time before
  } else {
    by_use_.erase(pack.used);
  }
  pack.used = ++clock_;
  by_use_[pack.used] = number;
  evict();
  return pack;
}

// The one that was used last stays: somebody looks at it.
void MessageLog::evict() {
  while (cached_bytes_ > kPackCacheBytes && by_use_.size() > 1) {
    Pack& pack = packs_.at(by_use_.begin()->second);
    by_use_.erase(by_use_.begin());
    cached_bytes_ -= pack.bytes();
    pack.stored_heads.reset();
    pack.stored_bodies.reset();
  }
}

proto::ByteView MessageLog::body(const MessagePlace& place) {
  const Pack& pack = cached(place.pack);
  return pack.bodies().subspan(body_of(pack.heads(), place.offset), place.body_bytes);
}

std::uint32_t MessageLog::class_offset(const MessagePlace& place) {
  return class_of(cached(place.pack).heads(), place.offset);
}

StoredMessage MessageLog::message(const MessagePlace& place) {
  return message_at(cached(place.pack).heads(), place.offset);
}

proto::ByteView MessageLog::message_class(const MessagePlace& place) {
  const proto::ByteView heads = cached(place.pack).heads();
  return class_at(heads, class_of(heads, place.offset));
}

void MessageLog::forget(std::uint64_t number, Pack& pack) {
  bytes_ -= pack.bytes();
  if (pack.is_stored && pack.stored_heads) {
    by_use_.erase(pack.used);
    cached_bytes_ -= pack.bytes();
  }
  if (number == open_) open_ = 0;
  packs_.erase(number);
}

void MessageLog::write_pack(std::uint64_t number, Pack& pack) {
  const auto key = key_of(number);
  if (pack.live == 0) {
    if (pack.is_stored) {
      store_->erase_record(database_, kPackTable, key);
      store_->erase_record(database_, kHeadsTable, key);
    }
    if (pack.has_bits_stored) store_->erase_record(database_, kRemovedTable, key);
    forget(number, pack);
    return;
  }
  if (!pack.is_stored) {
    last_heads_bytes_ = pack.heads_bytes;
    pack.stored_heads = kept(std::exchange(pack.open_heads, {}));
    pack.stored_bodies = kept(std::exchange(pack.open_bodies, {}));
    store_->put_record(database_, kHeadsTable, key, pack.stored_heads);
    store_->put_record(database_, kPackTable, key, pack.stored_bodies);
    pack.is_stored = true;
    pack.used = ++clock_;
    by_use_[pack.used] = number;
    cached_bytes_ += pack.bytes();
  }
  if (pack.removed.empty()) return;
  store_->put_record(database_, kRemovedTable, key,
                     std::make_shared<const proto::Bytes>(pack.removed));
  pack.has_bits_stored = true;
}

void MessageLog::move_live(std::uint64_t number) {
  Pack& pack = cached(number);
  // While others come into the cache.
  const store::RecordValue kept_heads = pack.stored_heads;
  const store::RecordValue kept_bodies = pack.stored_bodies;
  const proto::ByteView heads = pack.heads();
  const proto::ByteView bodies = pack.bodies();
  Heads messages(number, heads);
  std::uint32_t index = 0;
  while (const auto at = messages.next()) {
    const std::uint32_t own = index++;
    if (is_set(pack.removed, own)) continue;
    const StoredMessage message = message_at(heads, *at);
    const proto::ByteView bytes = class_at(heads, class_of(heads, *at));
    const MessagePlace to =
        add(message, bytes, bodies.subspan(body_of(heads, *at), body_bytes_at(heads, *at)));
    moved_(message, parse_class(number, bytes), {number, *at, own, to.body_bytes}, to);
  }
  live_bytes_ -= pack.live_bytes;
  pack.live_bytes = 0;
  pack.live = 0;
  note_changed(number, pack);
}

void MessageLog::compact() {
  // What is not written yet, and is mostly gone already (delivered inside this instance), is not written as it is.
  const std::vector<std::uint64_t> changed = changed_;
  open_ = 0;
  for (const std::uint64_t number : changed) {
    Pack& pack = packs_.at(number);
    const bool has_lost = !pack.is_stored && pack.live > 0 && !pack.removed.empty();
    if (has_lost && pack.live_bytes * 2 < pack.bytes()) move_live(number);
  }
  int moved = 0;
  std::vector<std::uint64_t> sparse;
  if (bytes_ - live_bytes_ > live_bytes_ + kDeadBytesMax) {
    for (auto& [number, pack] : packs_) {
      if (moved == kPacksMovedMax) break;
      if (!pack.is_stored || pack.live == 0 || pack.live_bytes * 2 > pack.bytes()) continue;
      sparse.push_back(number);
      ++moved;
    }
  }
  for (const std::uint64_t number : sparse) move_live(number);
}

void MessageLog::write() {
  if (changed_.empty()) return;
  compact();
  open_ = 0;
  std::size_t bodies_bytes = 0;
  for (const std::uint64_t number : std::exchange(changed_, {})) {
    Pack& pack = packs_.at(number);
    pack.is_changed = false;
    if (!pack.is_stored) bodies_bytes += pack.bodies_bytes;
    write_pack(number, pack);
  }
  if (bodies_bytes > 0) last_bodies_bytes_ = bodies_bytes;
  evict();
}

MessageLog::Sizes MessageLog::sizes() const {
  return {packs_.size(), live_bytes_, bytes_ - live_bytes_, cached_bytes_};
}

std::vector<WaitingMessage> waiting_messages(const store::Store& store,
                                             store::DatabaseId database) {
  std::vector<WaitingMessage> out;
  each_pack(store, database,
            [&](std::uint64_t number, const proto::Bytes& heads,
                const std::vector<std::uint8_t>& removed) {
              const store::RecordValue bodies = store.record(database, kPackTable, key_of(number));
              Heads messages(number, heads);
              std::uint32_t index = 0;
              while (const auto at = messages.next()) {
                if (!bodies || bodies->size() < messages.bodies_bytes()) throw_damaged(number);
                if (is_set(removed, index++)) continue;
                const proto::ByteView body = proto::ByteView(*bodies).subspan(
                    body_of(heads, *at), body_bytes_at(heads, *at));
                out.push_back({message_at(heads, *at),
                               parse_class(number, class_at(heads, class_of(heads, *at))),
                               proto::to_bytes(body)});
              }
            });
  return out;
}

std::optional<proto::Bytes> find_waiting_body(const store::Store& store, store::DatabaseId database,
                                              proto::ByteView handle, std::uint64_t sequence,
                                              std::uint64_t& pack) {
  const auto look = [&](std::uint64_t number,
                        const proto::Bytes& heads) -> std::optional<proto::Bytes> {
    Heads messages(number, heads);
    for (std::uint32_t index = 0; const auto at = messages.next(); ++index) {
      if (static_cast<StoredKind>(heads[*at]) != StoredKind::transmission ||
          message_at(heads, *at).sequence != sequence)
        continue;
      const auto common = parse_class(number, class_at(heads, class_of(heads, *at)));
      const store::RecordValue removed = store.record(database, kRemovedTable, key_of(number));
      const bool is_its = proto::equal_in_constant_time(proto::as_bytes(common.handle()), handle);
      if (!is_its || !common.has_body() || (removed && is_set(*removed, index))) continue;
      const store::RecordValue bodies = store.record(database, kPackTable, key_of(number));
      const std::size_t start = body_of(heads, *at);
      const std::size_t bytes = body_bytes_at(heads, *at);
      if (!bodies || bodies->size() < start + bytes) throw_damaged(number);
      pack = number;
      return proto::to_bytes(proto::ByteView(*bodies).subspan(start, bytes));
    }
    return std::nullopt;
  };
  for (const std::uint64_t near : {pack, pack + 1}) {
    const store::RecordValue heads = store.record(database, kHeadsTable, key_of(near));
    if (!heads) continue;
    if (auto found = look(near, *heads)) return found;
  }
  std::optional<proto::Bytes> found;
  store.each_record(database, kHeadsTable, [&](const store::Store::Record& heads) {
    if (!found) found = look(number_of(heads.key), *heads.value);
  });
  return found;
}

}  // namespace ssb::broker::conversation
