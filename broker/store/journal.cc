#include "broker/store/journal.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "proto/check.h"
#include "proto/fast_hash.h"

namespace ssb::broker::store {
namespace {

constexpr std::uint32_t kMagic = 0x6A627373;  // "ssbj"
constexpr std::size_t kHeadBytes = 24;
// SQLite's VFS for Unix takes less than 128 KiB at once.
constexpr std::size_t kChunkBytes = std::size_t{64} << 10;
constexpr int kRoomBytes = 1 << 20;
// From here on a value costs more to copy into the record than to write by itself.
constexpr std::size_t kLentBytesMin = std::size_t{16} << 10;
constexpr std::size_t kSequenceAt = 8;
constexpr std::size_t kCheckAt = 16;
constexpr std::uint32_t kErased = UINT32_MAX;

template <typename Number>
void append_number(proto::Bytes& out, Number number) {
  std::array<std::uint8_t, sizeof(Number)> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(number) >> (8 * i));
  out.insert(out.end(), bytes.begin(), bytes.end());
}
template <typename Number>
void overwrite_number(proto::Bytes& out, std::size_t at, Number number) {
  for (std::size_t i = 0; i < sizeof(Number); ++i)
    out[at + i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(number) >> (8 * i));
}
template <typename Number>
Number number_at(proto::ByteView bytes, std::size_t at) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i)
    number |= static_cast<std::uint64_t>(bytes[at + i]) << (8 * i);
  return static_cast<Number>(number);
}

// Of the sequence and the entries, which need not stand side by side.
std::uint64_t check_of(std::uint64_t sequence, std::span<const proto::ByteView> entries,
                       std::uint64_t before) {
  const std::uint64_t seed = before ^ (sequence * 0x9E3779B97F4A7C15ULL);
  return proto::fast_hash_64(entries, seed);
}

// Bounded reading of entries: bad once, bad for good.
class EntryReader {
 public:
  explicit EntryReader(proto::ByteView bytes) : rest_(bytes) {}
  [[nodiscard]] bool is_bad() const { return is_bad_; }
  [[nodiscard]] bool is_at_end() const { return rest_.empty(); }
  template <typename Number>
  Number number() {
    const proto::ByteView bytes = take(sizeof(Number));
    return is_bad_ ? Number{} : number_at<Number>(bytes, 0);
  }
  proto::ByteView take(std::size_t size) {
    if (is_bad_ || rest_.size() < size) {
      is_bad_ = true;
      return {};
    }
    const proto::ByteView out = rest_.first(size);
    rest_ = rest_.subspan(size);
    return out;
  }

 private:
  proto::ByteView rest_;
  bool is_bad_ = false;
};

}  // namespace

// ---- one file ----

void Journal::File::open(const char* vfs_name, std::string name) {
  name_ = std::move(name);
  sqlite3_vfs* const vfs = sqlite3_vfs_find(vfs_name);
  SSB_CHECK(vfs != nullptr);
  memory_ = std::make_unique<std::uint8_t[]>(static_cast<std::size_t>(vfs->szOsFile));
  auto* const file = reinterpret_cast<sqlite3_file*>(memory_.get());
  // As a write-ahead log is opened: its first sync makes its name durable too.
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_WAL;
  int given = 0;
  if (vfs->xOpen(vfs, name_.c_str(), file, kFlags, &given) != SQLITE_OK) fail("cannot be opened");
  file_ = file;
  room_ = size();
  int step = kRoomBytes;
  file_->pMethods->xFileControl(file_, SQLITE_FCNTL_CHUNK_SIZE, &step);
}

Journal::File::~File() {
  if (file_ != nullptr) file_->pMethods->xClose(file_);
}

void Journal::File::fail(const char* what) const {
  throw StoreFailure("journal " + name_ + ": " + what);
}

std::uint64_t Journal::File::size() {
  sqlite3_int64 bytes = 0;
  if (file_->pMethods->xFileSize(file_, &bytes) != SQLITE_OK) fail("cannot be read");
  return static_cast<std::uint64_t>(bytes);
}

void Journal::File::make_room_for(std::uint64_t bytes) {
  if (end + bytes <= room_) return;
  room_ = (end + bytes + kRoomBytes - 1) / kRoomBytes * kRoomBytes;
  auto wanted = static_cast<sqlite3_int64>(room_);
  // A hint: a disk that does not know it or is full says so at the write.
  file_->pMethods->xFileControl(file_, SQLITE_FCNTL_SIZE_HINT, &wanted);
}

void Journal::File::sync() {
  if (file_->pMethods->xSync(file_, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY) != SQLITE_OK)
    fail("cannot be synced");
}

void Journal::File::read_at(std::span<std::uint8_t> to, std::uint64_t offset) {
  while (!to.empty()) {
    const auto part = to.first(std::min(to.size(), kChunkBytes));
    const int code = file_->pMethods->xRead(file_, part.data(), static_cast<int>(part.size()),
                                            static_cast<sqlite3_int64>(offset));
    if (code != SQLITE_OK) fail("cannot be read");
    to = to.subspan(part.size());
    offset += part.size();
  }
}

void Journal::File::write_at(proto::ByteView from, std::uint64_t offset) {
  while (!from.empty()) {
    const auto part = from.first(std::min(from.size(), kChunkBytes));
    const int code = file_->pMethods->xWrite(file_, part.data(), static_cast<int>(part.size()),
                                             static_cast<sqlite3_int64>(offset));
    if ((code & 0xFF) == SQLITE_FULL) fail("the disk is full");
    if (code != SQLITE_OK) fail("cannot be written");
    from = from.subspan(part.size());
    offset += part.size();
  }
}

// ---- both ----

Journal::Journal(const char* vfs, const std::string& file, bool flushed, const See& see)
    : flushed_(flushed) {
  const auto generations = static_cast<std::uint8_t>(files_.size());
  for (std::uint8_t generation = 0; generation < generations; ++generation) {
    files_[generation].open(vfs, file + std::to_string(generation));
    read(generation, see);
  }
  for (std::uint8_t generation = 1; generation < generations; ++generation) {
    if (files_[generation].sequence > files_[current_].sequence) current_ = generation;
  }
  sequence_ = files_[current_].sequence;
}

void Journal::read(std::uint8_t generation, const See& see) {
  File& file = files_[generation];
  const std::uint64_t size = std::min(file.size(), 2 * kJournalBytesMax + kHeadBytes);
  proto::Bytes entries;
  std::array<std::uint8_t, kHeadBytes> head{};
  while (size - file.end >= kHeadBytes) {
    file.read_at(head, file.end);
    const std::uint64_t length = number_at<std::uint32_t>(head, 4);
    const auto sequence = number_at<std::uint64_t>(head, kSequenceAt);
    if (number_at<std::uint32_t>(head, 0) != kMagic || sequence <= file.sequence ||
        length > size - file.end - kHeadBytes)
      return;
    entries.resize(length);
    if (length > 0) file.read_at(entries, file.end + kHeadBytes);
    const proto::ByteView whole = entries;
    const std::uint64_t check = check_of(sequence, std::span(&whole, 1), file.check);
    if (check != number_at<std::uint64_t>(head, kCheckAt)) return;
    EntryReader reader(entries);
    while (!reader.is_bad() && !reader.is_at_end()) {
      const auto database = reader.number<DatabaseId>();
      Entry entry;
      entry.sequence = sequence;
      entry.generation = generation;
      entry.table = proto::to_string(reader.take(reader.number<std::uint8_t>()));
      entry.key = proto::to_bytes(reader.take(reader.number<std::uint16_t>()));
      const auto value_bytes = reader.number<std::uint32_t>();
      if (value_bytes != kErased)
        entry.value =
            std::make_shared<const proto::Bytes>(proto::to_bytes(reader.take(value_bytes)));
      if (!reader.is_bad()) see(database, std::move(entry));
    }
    if (reader.is_bad()) file.fail("a record is damaged");
    file.end += kHeadBytes + length;
    file.sequence = sequence;
    file.check = check;
  }
}

std::uint64_t Journal::bytes_of(const Records::Change& change) {
  constexpr std::uint64_t kEntryHeadBytes = 4 + 1 + 2 + 4;
  const proto::Bytes* const value = change.item->value.get();
  return kEntryHeadBytes + change.table->size() + change.key->size() +
         (value == nullptr ? 0 : value->size());
}

void Journal::add(DatabaseId database, const Records::Change& change) {
  SSB_CHECK(change.table->size() <= UINT8_MAX && change.key->size() <= UINT16_MAX);
  if (record_.empty()) record_.resize(kHeadBytes);
  append_number(record_, database);
  append_number(record_, static_cast<std::uint8_t>(change.table->size()));
  record_.insert(record_.end(), change.table->begin(), change.table->end());
  append_number(record_, static_cast<std::uint16_t>(change.key->size()));
  record_.insert(record_.end(), change.key->begin(), change.key->end());
  const proto::Bytes* const value = change.item->value.get();
  append_number(record_, value == nullptr ? kErased : static_cast<std::uint32_t>(value->size()));
  if (value == nullptr) return;
  if (value->size() >= kLentBytesMin)
    lent_.push_back({record_.size(), change.item->value});
  else
    record_.insert(record_.end(), value->begin(), value->end());
}

std::vector<proto::ByteView> Journal::parts() const {
  std::vector<proto::ByteView> out;
  std::size_t from = 0;
  for (const Lent& lent : lent_) {
    out.push_back(proto::ByteView(record_).subspan(from, lent.at - from));
    out.emplace_back(*lent.value);
    from = lent.at;
  }
  if (from < record_.size()) out.push_back(proto::ByteView(record_).subspan(from));
  return out;
}

void Journal::append() {
  File& file = files_[current_];
  SSB_CHECK(record_.size() > kHeadBytes);
  std::vector<proto::ByteView> entries = parts();
  entries.front() = entries.front().subspan(kHeadBytes);
  std::uint64_t bytes = 0;
  for (const proto::ByteView part : entries) bytes += part.size();
  SSB_CHECK(bytes <= kJournalBytesMax);
  const std::uint64_t check = check_of(sequence_ + 1, entries, file.check);
  overwrite_number(record_, 0, kMagic);
  overwrite_number(record_, 4, static_cast<std::uint32_t>(bytes));
  overwrite_number(record_, kSequenceAt, sequence_ + 1);
  overwrite_number(record_, kCheckAt, check);
  file.make_room_for(kHeadBytes + bytes);
  std::uint64_t end = file.end;
  for (const proto::ByteView part : parts()) {
    file.write_at(part, end);
    end += part.size();
  }
  if (flushed_) file.sync();
  file.end = end;
  file.check = check;
  file.sequence = ++sequence_;
  record_.clear();
  lent_.clear();
}

void Journal::rotate() {
  current_ = oldest();
  start_anew();
}

void Journal::start_anew() {
  File& file = files_[current_];
  file.end = 0;
  file.check = 0;
  file.sequence = 0;
}

}  // namespace ssb::broker::store
