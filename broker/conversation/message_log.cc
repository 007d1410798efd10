#include "broker/conversation/message_log.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "proto/check.h"

namespace ssb::broker::conversation {
namespace {

namespace stored = ssb::proto::stored;

constexpr std::size_t kClassHeadBytes = 8;
constexpr std::size_t kMessageHeadBytes = 36;
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
void put(proto::Bytes& out, Number number) {
  for (std::size_t i = 0; i < sizeof(Number); ++i)
    out.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(number) >> (8 * i)));
}
template <typename Number>
Number get(proto::ByteView bytes, std::size_t at) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i)
    number |= static_cast<std::uint64_t>(bytes[at + i]) << (8 * i);
  return static_cast<Number>(number);
}

void put_head(proto::Bytes& out, std::uint8_t kind, std::uint32_t length) {
  put(out, std::uint32_t{kind});
  put(out, length);
}

bool is_set(const std::vector<std::uint8_t>& bits, std::uint32_t index) {
  const std::size_t byte = index / kBitsPerByte;
  return byte < bits.size() && ((bits[byte] >> (index % kBitsPerByte)) & 1) != 0;
}

StoredMessage message_at(proto::ByteView data, std::size_t at) {
  StoredMessage message;
  message.kind = static_cast<StoredKind>(data[at]);
  message.sequence = get<std::uint64_t>(data, at + 8);
  message.order = get<std::int64_t>(data, at + 16);
  message.enqueued_us = get<std::int64_t>(data, at + 24);
  return message;
}
std::uint32_t body_bytes_at(proto::ByteView data, std::size_t at) {
  return get<std::uint32_t>(data, at + 4);
}
std::uint32_t class_of(proto::ByteView data, std::size_t at) {
  return get<std::uint32_t>(data, at + 32);
}
proto::ByteView class_at(proto::ByteView data, std::size_t at) {
  return data.subspan(at + kClassHeadBytes, get<std::uint32_t>(data, at + 4));
}

// One message after the other, by its offset; what does not parse is damage.
class Records {
 public:
  Records(std::uint64_t pack, proto::ByteView data) : pack_(pack), data_(data) {}
  // The offset of the next message; nullopt at the end.
  std::optional<std::uint32_t> next() {
    while (at_ < data_.size()) {
      if (data_.size() - at_ < kClassHeadBytes) throw_damaged(pack_);
      const std::size_t length = get<std::uint32_t>(data_, at_ + 4);
      const bool is_class = data_[at_] == kClassKind;
      const std::size_t head = is_class ? kClassHeadBytes : kMessageHeadBytes;
      if (data_.size() - at_ < head || data_.size() - at_ - head < length) throw_damaged(pack_);
      const std::size_t at = std::exchange(at_, at_ + head + length);
      if (is_class) {
        classes_.insert(at);
        continue;
      }
      const bool is_known = data_[at] == static_cast<std::uint8_t>(StoredKind::transmission) ||
                            data_[at] == static_cast<std::uint8_t>(StoredKind::queued);
      if (!is_known || !classes_.contains(class_of(data_, at))) throw_damaged(pack_);
      return static_cast<std::uint32_t>(at);
    }
    return std::nullopt;
  }

 private:
  std::uint64_t pack_;
  proto::ByteView data_;
  std::size_t at_ = 0;
  std::set<std::size_t> classes_;
};

stored::MessageClass parse_class(std::uint64_t pack, proto::ByteView bytes) {
  stored::MessageClass parsed;
  if (!parsed.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) throw_damaged(pack);
  return parsed;
}

// Each pack of a database with what was removed from it.
template <typename See>
void each_pack(const store::Store& store, store::DatabaseId database, See see) {
  // One at a time: together they may be larger than memory.
  for (const proto::Bytes& key : store.record_keys(database, kPackTable)) {
    const store::RecordValue data = store.record(database, kPackTable, key);
    SSB_CHECK(data != nullptr);
    const store::RecordValue removed = store.record(database, kRemovedTable, key);
    see(number_of(key), *data, removed ? *removed : proto::Bytes());
  }
}

}  // namespace

MessageLog::MessageLog(store::Store& store, store::DatabaseId database, Moved moved)
    : store_(&store), database_(database), moved_(std::move(moved)) {}

void MessageLog::load(const Found& found) {
  store_->open_records(database_, kPackTable);
  store_->open_records(database_, kRemovedTable);
  each_pack(*store_, database_,
            [&](std::uint64_t number, const proto::Bytes& data, std::vector<std::uint8_t> removed) {
              Pack& pack = packs_[number];
              next_ = number + 1;
              pack.bytes = data.size();
              pack.is_stored = true;
              pack.has_bits_stored = !removed.empty();
              pack.removed = std::move(removed);
              bytes_ += pack.bytes;
              Records records(number, data);
              std::uint32_t class_offset = UINT32_MAX;
              stored::MessageClass parsed;
              while (const auto at = records.next()) {
                const std::uint32_t index = pack.messages++;
                if (is_set(pack.removed, index)) continue;
                ++pack.live;
                if (std::exchange(class_offset, class_of(data, *at)) != class_of(data, *at))
                  parsed = parse_class(number, class_at(data, class_offset));
                const std::uint32_t body_bytes = body_bytes_at(data, *at);
                pack.live_bytes += kMessageHeadBytes + body_bytes;
                found(message_at(data, *at), parsed, {number, *at, index, body_bytes});
              }
              live_bytes_ += pack.live_bytes;
            });
}

MessageLog::Pack& MessageLog::open_pack(std::size_t bytes) {
  if (open_ != 0) {
    Pack& pack = packs_.at(open_);
    if (pack.bytes == 0 || pack.bytes + bytes <= kPackBytes) return pack;
  }
  open_ = next_++;
  last_class_.clear();
  Pack& pack = packs_[open_];
  // As much as the last one took: growing copies what is there.
  pack.open.reserve(std::max(bytes, std::min(kPackBytes, last_pack_bytes_)));
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
  Pack& pack = open_pack(kClassHeadBytes + message_class.size() + kMessageHeadBytes + body.size());
  const std::size_t before = pack.open.size();
  if (last_class_.empty() || !std::ranges::equal(message_class, last_class_)) {
    class_offset_ = static_cast<std::uint32_t>(pack.open.size());
    put_head(pack.open, kClassKind, static_cast<std::uint32_t>(message_class.size()));
    pack.open.insert(pack.open.end(), message_class.begin(), message_class.end());
    last_class_ = proto::to_bytes(message_class);
  }
  const MessagePlace place{open_, static_cast<std::uint32_t>(pack.open.size()), pack.messages,
                           static_cast<std::uint32_t>(body.size())};
  put_head(pack.open, static_cast<std::uint8_t>(message.kind),
           static_cast<std::uint32_t>(body.size()));
  put(pack.open, message.sequence);
  put(pack.open, message.order);
  put(pack.open, message.enqueued_us);
  put(pack.open, class_offset_);
  pack.open.insert(pack.open.end(), body.begin(), body.end());
  ++pack.messages;
  ++pack.live;
  const std::size_t added = pack.open.size() - before;
  pack.bytes += added;
  bytes_ += added;
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
  if (!pack.stored) {
    pack.stored = store_->record(database_, kPackTable, key_of(number));
    if (!pack.stored || pack.stored->size() != pack.bytes) throw_damaged(number);
    cached_bytes_ += pack.bytes;
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
    cached_bytes_ -= pack.bytes;
    pack.stored.reset();
  }
}

proto::ByteView MessageLog::body(const MessagePlace& place) {
  const proto::ByteView data = cached(place.pack).view();
  return data.subspan(place.offset + kMessageHeadBytes, place.body_bytes);
}

std::uint32_t MessageLog::class_offset(const MessagePlace& place) {
  return class_of(cached(place.pack).view(), place.offset);
}

StoredMessage MessageLog::message(const MessagePlace& place) {
  return message_at(cached(place.pack).view(), place.offset);
}

proto::ByteView MessageLog::message_class(const MessagePlace& place) {
  const proto::ByteView data = cached(place.pack).view();
  return class_at(data, class_of(data, place.offset));
}

void MessageLog::forget(std::uint64_t number, Pack& pack) {
  bytes_ -= pack.bytes;
  if (pack.is_stored && pack.stored) {
    by_use_.erase(pack.used);
    cached_bytes_ -= pack.bytes;
  }
  if (number == open_) open_ = 0;
  packs_.erase(number);
}

void MessageLog::write_pack(std::uint64_t number, Pack& pack) {
  const auto key = key_of(number);
  if (pack.live == 0) {
    if (pack.is_stored) store_->erase_record(database_, kPackTable, key);
    if (pack.has_bits_stored) store_->erase_record(database_, kRemovedTable, key);
    forget(number, pack);
    return;
  }
  if (!pack.is_stored) {
    last_pack_bytes_ = pack.open.size();
    // What is counted against the cache's bound is what it holds.
    if (pack.open.capacity() > 2 * pack.open.size()) pack.open.shrink_to_fit();
    pack.stored = std::make_shared<const proto::Bytes>(std::exchange(pack.open, {}));
    store_->put_record(database_, kPackTable, key, pack.stored);
    pack.is_stored = true;
    pack.used = ++clock_;
    by_use_[pack.used] = number;
    cached_bytes_ += pack.bytes;
  }
  if (pack.removed.empty()) return;
  store_->put_record(database_, kRemovedTable, key,
                     std::make_shared<const proto::Bytes>(pack.removed));
  pack.has_bits_stored = true;
}

void MessageLog::move_live(std::uint64_t number) {
  Pack& pack = cached(number);
  const store::RecordValue kept = pack.stored;  // while others come into the cache
  const proto::ByteView data = pack.view();
  Records records(number, data);
  std::uint32_t index = 0;
  while (const auto at = records.next()) {
    const std::uint32_t own = index++;
    if (is_set(pack.removed, own)) continue;
    const StoredMessage message = message_at(data, *at);
    const proto::ByteView bytes = class_at(data, class_of(data, *at));
    const MessagePlace to =
        add(message, bytes, data.subspan(*at + kMessageHeadBytes, body_bytes_at(data, *at)));
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
    if (has_lost && pack.live_bytes * 2 < pack.bytes) move_live(number);
  }
  int moved = 0;
  std::vector<std::uint64_t> sparse;
  if (bytes_ - live_bytes_ > live_bytes_ + kDeadBytesMax) {
    for (auto& [number, pack] : packs_) {
      if (moved == kPacksMovedMax) break;
      if (!pack.is_stored || pack.live == 0 || pack.live_bytes * 2 > pack.bytes) continue;
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
  for (const std::uint64_t number : std::exchange(changed_, {})) {
    Pack& pack = packs_.at(number);
    pack.is_changed = false;
    write_pack(number, pack);
  }
  evict();
}

MessageLog::Sizes MessageLog::sizes() const {
  return {packs_.size(), live_bytes_, bytes_ - live_bytes_, cached_bytes_};
}

std::vector<WaitingMessage> waiting_messages(const store::Store& store,
                                             store::DatabaseId database) {
  std::vector<WaitingMessage> out;
  each_pack(store, database,
            [&](std::uint64_t number, const proto::Bytes& data,
                const std::vector<std::uint8_t>& removed) {
              Records records(number, data);
              std::uint32_t index = 0;
              while (const auto at = records.next()) {
                if (is_set(removed, index++)) continue;
                const proto::ByteView body = proto::ByteView(data).subspan(
                    *at + kMessageHeadBytes, body_bytes_at(data, *at));
                out.push_back({message_at(data, *at),
                               parse_class(number, class_at(data, class_of(data, *at))),
                               proto::to_bytes(body)});
              }
            });
  return out;
}

}  // namespace ssb::broker::conversation
