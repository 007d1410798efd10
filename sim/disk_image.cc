#include "sim/disk_image.h"

#include <algorithm>
#include <utility>

#include "proto/check.h"

namespace ssb::sim {
namespace {

// How a loss of power treats what is not durable: a coin for each change would hardly ever leave
// all of them, or none.
class Survival {
 public:
  Survival(const Draw& draw, std::size_t changes) : draw_(draw), kind_(Kind(draw() % 4)) {
    if (kind_ == Kind::first) first_ = draw() % (changes + 1);
  }
  [[nodiscard]] bool is_by_sector() const { return kind_ == Kind::any; }
  [[nodiscard]] bool survives(std::size_t change) const {
    switch (kind_) {
      case Kind::none: return false;
      case Kind::all: return true;
      case Kind::first: return change < first_;
      case Kind::any: return draw_() % 2 == 0;
    }
    return false;
  }

 private:
  enum class Kind : std::uint8_t { none, all, first, any };
  const Draw& draw_;
  const Kind kind_;
  std::size_t first_ = 0;
};

void add_number(proto::Bytes& out, std::uint64_t number) {
  for (int shift = 0; shift < 64; shift += 8) {
    out.push_back(static_cast<std::uint8_t>(number >> shift));
  }
}

void add_bytes(proto::Bytes& out, proto::ByteView bytes) {
  add_number(out, bytes.size());
  const broker::crypto::Sha256Digest digest = broker::crypto::sha256(bytes);
  out.insert(out.end(), digest.begin(), digest.end());
}

std::ptrdiff_t distance(std::uint64_t offset) {
  return static_cast<std::ptrdiff_t>(offset);
}

}  // namespace

// ---------------------------------------------------------------- bytes

template <typename Work>
void Blocks::each_block(std::uint64_t offset, std::size_t bytes, Work work) {
  for (std::size_t from = 0; from < bytes;) {
    const std::size_t start = (offset + from) % kBlockBytes;
    const std::size_t count = std::min(bytes - from, kBlockBytes - start);
    work(from, count, (offset + from) / kBlockBytes, start);
    from += count;
  }
}

void Blocks::resize(std::uint64_t size) {
  const std::size_t blocks = (size + kBlockBytes - 1) / kBlockBytes;
  if (size < size_ && size % kBlockBytes != 0) {
    std::uint8_t* last = blocks_[size / kBlockBytes].get();
    std::fill(last + size % kBlockBytes, last + kBlockBytes, std::uint8_t{0});
  }
  if (blocks < blocks_.size()) blocks_.resize(blocks);
  while (blocks_.size() < blocks) blocks_.push_back(std::make_unique<std::uint8_t[]>(kBlockBytes));
  size_ = size;
}

void Blocks::read(std::uint64_t offset, std::span<std::uint8_t> to) const {
  SSB_CHECK(offset + to.size() <= size_);
  each_block(offset, to.size(),
             [&](std::size_t from, std::size_t count, std::size_t block, std::size_t start) {
               std::copy_n(blocks_[block].get() + start, count, to.begin() + distance(from));
             });
}

void Blocks::write(std::uint64_t offset, proto::ByteView bytes) {
  SSB_CHECK(offset + bytes.size() <= size_);
  each_block(offset, bytes.size(),
             [&](std::size_t from, std::size_t count, std::size_t block, std::size_t start) {
               std::copy_n(bytes.begin() + distance(from), count, blocks_[block].get() + start);
             });
}

proto::Bytes Blocks::copy(std::uint64_t offset, std::uint64_t bytes) const {
  proto::Bytes out(bytes);
  read(offset, out);
  return out;
}

// ---------------------------------------------------------------- one file

std::size_t FileImage::read(std::uint64_t offset, std::span<std::uint8_t> to) const {
  if (offset >= contents_.size()) return 0;
  const std::size_t size = std::min<std::size_t>(to.size(), contents_.size() - offset);
  contents_.read(offset, to.first(size));
  return size;
}

void FileImage::write(std::uint64_t offset, proto::ByteView bytes) {
  Change change{offset, contents_.size(), bytes.size(), {}, false};
  const std::uint64_t end = std::min<std::uint64_t>(offset + bytes.size(), contents_.size());
  if (offset < end) change.before = contents_.copy(offset, end - offset);
  apply(change, bytes, 0, bytes.size());
  keep(std::move(change));
}

void FileImage::resize(std::uint64_t size) {
  Change change{size, contents_.size(), 0, {}, true};
  if (size < contents_.size()) change.before = contents_.copy(size, contents_.size() - size);
  apply(change, {}, 0, 0);
  keep(std::move(change));
}

void FileImage::sync() {
  changes_.clear();
  cached_bytes_ = 0;
}

void FileImage::keep(Change change) {
  const auto size_of = [](const Change& kept) {
    return sizeof(Change) + kept.before.size() + kept.size;
  };
  cached_bytes_ += size_of(change);
  changes_.push_back(std::move(change));
  while (cached_bytes_ > kCachedBytesMax) {
    cached_bytes_ -= size_of(changes_.front());
    changes_.pop_front();
  }
}

// Bytes from..to of the change alone.
void FileImage::apply(const Change& change, proto::ByteView after, std::size_t from,
                      std::size_t to) {
  if (change.is_resize) return contents_.resize(change.offset);
  if (from == to) return;
  contents_.resize(std::max<std::uint64_t>(contents_.size(), change.offset + to));
  contents_.write(change.offset + from, after.subspan(from, to - from));
}

void FileImage::apply_sectors(const Change& change, proto::ByteView after, const Draw& draw) {
  for (std::size_t from = 0; from < after.size();) {
    const std::uint64_t rest = kSectorBytes - (change.offset + from) % kSectorBytes;
    const std::size_t to = std::min<std::size_t>(after.size(), from + rest);
    if (draw() % 2 == 0) apply(change, after, from, to);
    from = to;
  }
}

proto::Bytes FileImage::after(const Change& change) const {
  return contents_.copy(change.offset, change.size);
}

void FileImage::undo(const Change& change) {
  contents_.resize(change.size_before);
  // What was written behind the end replaced nothing.
  if (!change.before.empty()) contents_.write(change.offset, change.before);
}

bool FileImage::lose_power(const Draw& draw, bool tears) {
  const std::deque<Change> changes = std::exchange(changes_, {});
  cached_bytes_ = 0;
  std::vector<proto::Bytes> afters(changes.size());
  for (std::size_t i = changes.size(); i-- > 0;) {
    if (!changes[i].is_resize) afters[i] = after(changes[i]);
    undo(changes[i]);
  }
  if (changes.empty()) return false;
  bool has_torn = false;
  const Survival survival(draw, changes.size());
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const Change& change = changes[i];
    const proto::Bytes& after = afters[i];
    const bool is_torn = tears && i + 1 == changes.size() && !change.is_resize && draw() % 2 == 0;
    if (is_torn) {
      has_torn = true;
      apply(change, after, 0, draw() % (after.size() + 1));
    } else if (survival.is_by_sector() && !change.is_resize) {
      apply_sectors(change, after, draw);
    } else if (survival.survives(i)) {
      apply(change, after, 0, after.size());
    }
  }
  return has_torn;
}

bool FileImage::rot(std::uint64_t offset, std::uint8_t mask) {
  const std::uint64_t durable_size =
      changes_.empty() ? contents_.size() : changes_.front().size_before;
  if (offset >= durable_size) return false;
  // The first change over it holds the durable byte; what is seen stays as it was written.
  for (Change& change : changes_) {
    if (offset < change.offset || offset - change.offset >= change.before.size()) continue;
    change.before[offset - change.offset] ^= mask;
    return true;
  }
  contents_.at(offset) ^= mask;
  return true;
}

void FileImage::add_digest(proto::Bytes& out) const {
  add_bytes(out, contents_.copy(0, contents_.size()));
  add_number(out, changes_.size());
  for (const Change& change : changes_) {
    add_number(out, change.is_resize ? 1 : 0);
    add_number(out, change.offset);
    add_number(out, change.size_before);
    add_number(out, change.size);
    add_bytes(out, change.before);
  }
}

// ---------------------------------------------------------------- names

std::string DiskImage::folder_of(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : name.substr(0, slash);
}

std::shared_ptr<FileImage> DiskImage::find(const std::string& name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : found->second.file;
}

bool DiskImage::has_folder(const Names& names, const std::string& name) {
  if (name == "/") return true;
  const auto found = names.find(name);
  return found != names.end() && found->second.file == nullptr;
}

std::shared_ptr<FileImage> DiskImage::create(const std::string& name) {
  SSB_CHECK(!exists(name) && has_folder(names_, folder_of(name)));
  auto file = std::make_shared<FileImage>();
  change(name, {true, file});
  return file;
}

void DiskImage::make_folder(const std::string& name) {
  if (name == "/" || exists(name)) return;
  make_folder(folder_of(name));
  change(name, {});
}

void DiskImage::remove(const std::string& name) {
  if (exists(name)) change(name, {false, nullptr});
}

std::vector<std::string> DiskImage::list(const std::string& folder) const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : names_) {
    if (folder_of(name) == folder) names.push_back(name.substr(name.rfind('/') + 1));
  }
  return names;
}

std::vector<std::string> DiskImage::files() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : names_) {
    if (entry.file) names.push_back(name);
  }
  return names;
}

void DiskImage::apply(Names& names, const NameChange& change) {
  if (change.entry.is_there) {
    names.insert_or_assign(change.name, change.entry);
  } else {
    names.erase(change.name);
  }
}

void DiskImage::change(const std::string& name, Entry entry) {
  changes_.push_back({name, std::move(entry)});
  apply(names_, changes_.back());
  while (changes_.size() > kNameChangesMax) {
    apply(durable_names_, changes_.front());
    changes_.pop_front();
  }
}

void DiskImage::sync_folder(const std::string& folder) {
  std::deque<NameChange> others;
  for (NameChange& change : changes_) {
    if (folder_of(change.name) == folder) {
      apply(durable_names_, change);
    } else {
      others.push_back(std::move(change));
    }
  }
  changes_ = std::move(others);
}

std::uint64_t DiskImage::lose_power(const Draw& draw, bool tears) {
  const std::deque<NameChange> changes = std::exchange(changes_, {});
  if (!changes.empty()) {
    const Survival survival(draw, changes.size());
    for (std::size_t i = 0; i < changes.size(); ++i) {
      if (survival.survives(i)) apply(durable_names_, changes[i]);
    }
  }
  // In the order of their names a folder comes before what is in it.
  for (auto name = durable_names_.begin(); name != durable_names_.end();) {
    const bool is_reachable = has_folder(durable_names_, folder_of(name->first));
    name = is_reachable ? std::next(name) : durable_names_.erase(name);
  }
  names_ = durable_names_;
  std::uint64_t torn = 0;
  for (const auto& [name, entry] : names_) {
    if (entry.file && entry.file->lose_power(draw, tears)) ++torn;
  }
  return torn;
}

std::uint64_t DiskImage::used_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& [name, entry] : names_) {
    if (entry.file) bytes += entry.file->size();
  }
  return bytes;
}

broker::crypto::Sha256Digest DiskImage::fingerprint() const {
  proto::Bytes out;
  for (const Names* names : {&names_, &durable_names_}) {
    add_number(out, names->size());
    for (const auto& [name, entry] : *names) {
      add_bytes(out, proto::as_bytes(name));
      add_number(out, entry.file == nullptr ? 0 : 1);
      if (entry.file) entry.file->add_digest(out);
    }
  }
  for (const NameChange& change : changes_) {
    add_bytes(out, proto::as_bytes(change.name));
    add_number(out, change.entry.is_there ? 1 : 0);
  }
  return broker::crypto::sha256(out);
}

}  // namespace ssb::sim
