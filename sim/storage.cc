#include "sim/storage.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <new>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include <sqlite3.h>

#include "broker/store/store.h"
#include "proto/check.h"
#include "sim/allocation.h"

namespace ssb::sim {
namespace {

using broker::store::StoreFailure;

constexpr std::string_view kVfsPrefix = "ssb-storage-";
constexpr int kPathBytesMax = 512;
constexpr int kSqliteSectorBytes = 4096;  // as of SQLite's VFS for Unix

// SQLite's list of VFSs is the register of those that live.
bool is_any_registered() {
  for (const sqlite3_vfs* vfs = sqlite3_vfs_find(nullptr); vfs != nullptr; vfs = vfs->pNext) {
    if (std::string_view(vfs->zName).starts_with(kVfsPrefix)) return true;
  }
  return false;
}

std::string unused_vfs_name() {
  for (int number = 1;; ++number) {
    std::string name = std::string(kVfsPrefix) + std::to_string(number);
    if (sqlite3_vfs_find(name.c_str()) == nullptr) return name;
  }
}

// 0: from the system again.
void seed_sqlite(std::uint64_t seed) {
  const auto folded = static_cast<int>(static_cast<std::uint32_t>(seed ^ (seed >> 32)) | 1U);
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, seed == 0 ? 0 : folded, nullptr);
}

}  // namespace

struct Storage::State {
  struct Process;
  struct Handle;
  class OpenFolder;

  State(Storage& storage, Draw draw_numbers, Clock now)
      : owner(storage), draw(std::move(draw_numbers)), clock(std::move(now)) {}

  struct Armed {
    Step step = Step::any;
    std::uint64_t n = 0;
    // Counts down; true when it is due.
    bool is_due(Step done) {
      const bool counts = step == Step::any ? done != Step::read : step == done;
      return counts && n > 0 && --n == 0;
    }
  };
  // Counts down to the failures that were asked for; true when one is due.
  bool fails(Step step) {
    if (is_looking) return false;
    const bool is_passing_due = passing.is_due(step);
    const bool is_lasting_due = lasting.is_due(step);
    if (is_lasting_due) is_failing = true;
    if (!is_lasting_due && !is_passing_due) return false;
    if (is_passing_due)
      owner.probe(step == Step::read ? "storage.read_failed" : "storage.step_failed");
    has_failed = true;
    return true;
  }
  // Where a write really lands: a misdirected one in another sector of its file, or behind it.
  std::uint64_t place_of_write(const FileImage& file, std::uint64_t offset) {
    if (misdirected_n == 0 || --misdirected_n > 0) return offset;
    owner.probe("storage.misdirected");
    const std::uint64_t sectors = std::max<std::uint64_t>(1, file.size() / kSectorBytes);
    const std::uint64_t sector = offset / kSectorBytes;
    std::uint64_t other = draw() % sectors;
    if (other == sector) other = sector + 1;
    return other * kSectorBytes + offset % kSectorBytes;
  }
  void count(const std::string& name, const StorageCounters& more) {
    for (StorageCounters* counters : {&total, &by_name[name]}) {
      counters->steps += 1;
      counters->writes += more.writes;
      counters->syncs += more.syncs;
      counters->lied_syncs += more.lied_syncs;
      counters->bytes_written += more.bytes_written;
    }
    if (more.lied_syncs > 0) owner.probe("storage.sync_lied");
  }
  void slow_down(proto::Duration by) {
    if (by.count() > 0) owner.probe("storage.slowed");
    delay += by;
  }
  // A sync that is reported as done: false when it lies.
  bool is_honest_sync(const std::string& name) {
    const bool lies = faults.lying_syncs > 0 && draw() % 1000 < faults.lying_syncs;
    count(name, {.syncs = 1, .lied_syncs = lies ? 1U : 0U});
    slow_down(faults.sync_delay);
    return !lies;
  }
  bool sync_folder(const std::string& folder) {
    if (fails(Step::sync)) return false;
    if (is_honest_sync(folder)) image.sync_folder(folder);
    return true;
  }
  bool remove(const std::string& name) {
    if (fails(Step::any)) return false;
    image.remove(name);
    count(name, {});
    return true;
  }
  [[nodiscard]] bool has_room(const FileImage& file, std::uint64_t size) const {
    const bool has =
        size <= file.size() || image.used_bytes() + (size - file.size()) <= faults.capacity_bytes;
    if (!has) owner.probe("storage.full");
    return has;
  }
  [[nodiscard]] bool is_unreadable(const std::string& name) const {
    return !is_looking && faults.unreadable &&
           (faults.unreadable->empty() || *faults.unreadable == name);
  }
  void end_process();

  Storage& owner;
  Draw draw;
  Clock clock;
  DiskImage image;
  StorageFaults faults;
  StorageCounters total;
  std::map<std::string, StorageCounters> by_name;
  proto::Duration delay{0};

  Armed lasting;
  Armed passing;
  std::uint64_t misdirected_n = 0;
  bool has_failed = false;
  bool is_failing = false;
  bool is_looking = false;

  // The write that a lasting failure interrupted.
  struct UnderWay {
    std::shared_ptr<FileImage> file;
    std::uint64_t offset;
    proto::Bytes bytes;
  };
  std::optional<UnderWay> under_way;

  std::shared_ptr<Process> process;
};

// What runs on the disk between two crashes, with a VFS of its own: whoever still holds on to a
// dead one reaches nothing.
struct Storage::State::Process {
  explicit Process(State& owner);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    sqlite3_vfs_unregister(&vfs);
    if (!is_any_registered()) seed_sqlite(0);
  }
  [[nodiscard]] bool is_stopped() const { return is_dead || state.is_failing; }

  State& state;
  bool is_dead = false;
  const std::string name = unused_vfs_name();
  sqlite3_vfs vfs{};
  std::set<std::string> locked_folders;
  std::vector<Handle*> handles;
};

// An open file, made in the memory that SQLite gives for it.
struct Storage::State::Handle : sqlite3_file {
  Handle(std::shared_ptr<Process> opener, std::string file_name, std::shared_ptr<FileImage> image)
      : sqlite3_file{&kMethods},
        process(std::move(opener)),
        state(process->state),
        name(std::move(file_name)),
        file(std::move(image)) {
    process->handles.push_back(this);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { std::erase(process->handles, this); }

  int write(proto::ByteView bytes, std::uint64_t offset);
  int read(std::span<std::uint8_t> to, std::uint64_t offset);
  int truncate(std::uint64_t size);
  int sync();
  int lock(int level);
  [[nodiscard]] bool is_reserved_by_another() const;

  static const sqlite3_io_methods kMethods;

  const std::shared_ptr<Process> process;
  State& state;
  const std::string name;  // empty: a temporary file
  const std::shared_ptr<FileImage> file;
  bool syncs_folder = false;  // with the first sync, as SQLite's VFS for Unix does for new journals
  int lock_level = SQLITE_LOCK_NONE;
};

// ---------------------------------------------------------------- files

int Storage::State::Handle::write(proto::ByteView bytes, std::uint64_t offset) {
  const PauseAllocations pause;
  if (process->is_stopped()) return SQLITE_IOERR_WRITE;
  if (state.fails(Step::write)) {
    if (state.is_failing) state.under_way = {file, offset, proto::to_bytes(bytes)};
    return SQLITE_IOERR_WRITE;
  }
  if (!state.has_room(*file, offset + bytes.size())) return SQLITE_FULL;
  file->write(state.place_of_write(*file, offset), bytes);
  state.count(name, {.writes = 1, .bytes_written = bytes.size()});
  state.slow_down(state.faults.write_delay);
  return SQLITE_OK;
}

int Storage::State::Handle::read(std::span<std::uint8_t> to, std::uint64_t offset) {
  const PauseAllocations pause;
  if (process->is_stopped() || state.fails(Step::read)) return SQLITE_IOERR_READ;
  if (state.is_unreadable(name)) {
    state.owner.probe("storage.read_failed");
    return SQLITE_IOERR_READ;
  }
  ++state.total.reads;
  const std::size_t size = file->read(offset, to);
  if (size == to.size()) return SQLITE_OK;
  std::fill(to.begin() + static_cast<std::ptrdiff_t>(size), to.end(), std::uint8_t{0});
  return SQLITE_IOERR_SHORT_READ;
}

int Storage::State::Handle::truncate(std::uint64_t size) {
  const PauseAllocations pause;
  if (process->is_stopped() || state.fails(Step::any)) return SQLITE_IOERR_TRUNCATE;
  if (!state.has_room(*file, size)) return SQLITE_FULL;
  file->resize(size);
  state.count(name, {});
  return SQLITE_OK;
}

int Storage::State::Handle::sync() {
  const PauseAllocations pause;
  if (process->is_stopped() || state.fails(Step::sync)) return SQLITE_IOERR_FSYNC;
  if (state.is_honest_sync(name)) file->sync();
  if (!syncs_folder) return SQLITE_OK;
  if (!state.sync_folder(DiskImage::folder_of(name))) return SQLITE_IOERR_DIR_FSYNC;
  syncs_folder = false;
  return SQLITE_OK;
}

int Storage::State::Handle::lock(int level) {
  if (process->is_stopped()) return SQLITE_IOERR_LOCK;
  for (const Handle* other : process->handles) {
    if (other == this || other->file != file) continue;
    const int theirs = other->lock_level;
    const bool is_refused = (level == SQLITE_LOCK_SHARED && theirs >= SQLITE_LOCK_PENDING) ||
                            (level >= SQLITE_LOCK_RESERVED && theirs >= SQLITE_LOCK_RESERVED) ||
                            (level == SQLITE_LOCK_EXCLUSIVE && theirs >= SQLITE_LOCK_SHARED);
    if (is_refused) return SQLITE_BUSY;
  }
  lock_level = std::max(lock_level, level);
  return SQLITE_OK;
}

bool Storage::State::Handle::is_reserved_by_another() const {
  return std::any_of(process->handles.begin(), process->handles.end(), [&](const Handle* other) {
    return other->file == file && other->lock_level >= SQLITE_LOCK_RESERVED;
  });
}

// SQLite is C: nothing may be thrown through it, so the callbacks end the program when the memory
// has ended. What is asked to run out (allocation.h) does not count here.
const sqlite3_io_methods Storage::State::Handle::kMethods = {
    // Version 1: without shared memory, which a store with exclusive locking does not use.
    .iVersion = 1,
    .xClose = [](sqlite3_file* file) noexcept -> int {
      static_cast<Handle*>(file)->~Handle();
      return SQLITE_OK;
    },
    .xRead = [](sqlite3_file* file, void* to, int size, sqlite3_int64 offset) noexcept -> int {
      return static_cast<Handle*>(file)->read(
          {static_cast<std::uint8_t*>(to), static_cast<std::size_t>(size)},
          static_cast<std::uint64_t>(offset));
    },
    .xWrite = [](sqlite3_file* file, const void* from, int size,
                 sqlite3_int64 offset) noexcept -> int {
      return static_cast<Handle*>(file)->write(
          {static_cast<const std::uint8_t*>(from), static_cast<std::size_t>(size)},
          static_cast<std::uint64_t>(offset));
    },
    .xTruncate = [](sqlite3_file* file, sqlite3_int64 size) noexcept -> int {
      return static_cast<Handle*>(file)->truncate(static_cast<std::uint64_t>(size));
    },
    .xSync = [](sqlite3_file* file, int) noexcept -> int {
      return static_cast<Handle*>(file)->sync();
    },
    .xFileSize = [](sqlite3_file* file, sqlite3_int64* size) noexcept -> int {
      const auto& handle = *static_cast<Handle*>(file);
      if (handle.process->is_stopped()) return SQLITE_IOERR_FSTAT;
      *size = static_cast<sqlite3_int64>(handle.file->size());
      return SQLITE_OK;
    },
    .xLock = [](sqlite3_file* file, int level) noexcept -> int {
      return static_cast<Handle*>(file)->lock(level);
    },
    .xUnlock = [](sqlite3_file* file, int level) noexcept -> int {
      auto& handle = *static_cast<Handle*>(file);
      handle.lock_level = std::min(handle.lock_level, level);
      return handle.process->is_stopped() ? SQLITE_IOERR_UNLOCK : SQLITE_OK;
    },
    .xCheckReservedLock = [](sqlite3_file* file, int* result) noexcept -> int {
      const auto& handle = *static_cast<Handle*>(file);
      if (handle.process->is_stopped()) return SQLITE_IOERR_CHECKRESERVEDLOCK;
      *result = handle.is_reserved_by_another() ? 1 : 0;
      return SQLITE_OK;
    },
    .xFileControl = [](sqlite3_file*, int, void*) noexcept -> int { return SQLITE_NOTFOUND; },
    .xSectorSize = [](sqlite3_file*) noexcept -> int { return kSqliteSectorBytes; },
    // As of SQLite's VFS for Unix; a write here, too, never harms bytes beside it.
    .xDeviceCharacteristics = [](sqlite3_file*) noexcept -> int {
      return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
    },
    .xShmMap = nullptr,
    .xShmLock = nullptr,
    .xShmBarrier = nullptr,
    .xShmUnmap = nullptr,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

// ---------------------------------------------------------------- the VFS

namespace {

int copy_path(sqlite3_vfs*, const char* name, int size, char* out) noexcept {
  const std::string_view path = name;
  if (path.size() >= static_cast<std::size_t>(size)) return SQLITE_CANTOPEN;
  std::memcpy(out, name, path.size() + 1);
  return SQLITE_OK;
}

}  // namespace

Storage::State::Process::Process(State& owner) : state(owner) {
  vfs.iVersion = 1;
  vfs.szOsFile = static_cast<int>(sizeof(Handle));
  vfs.mxPathname = kPathBytesMax;
  vfs.zName = name.c_str();
  vfs.pAppData = this;
  vfs.xOpen = [](sqlite3_vfs* self, const char* file, sqlite3_file* memory, int flags,
                 int* out) noexcept -> int {
    const PauseAllocations pause;
    memory->pMethods = nullptr;  // nothing to close, should this fail
    auto& process = *static_cast<Process*>(self->pAppData);
    if (process.is_stopped()) return SQLITE_IOERR;
    State& disk = process.state;
    const std::string path = file == nullptr ? "" : file;
    std::shared_ptr<FileImage> image = disk.image.find(path);
    bool is_new = false;
    if (path.empty()) {
      image = std::make_shared<FileImage>();
    } else if (!image) {
      is_new = true;
      if ((flags & SQLITE_OPEN_CREATE) == 0 || disk.image.exists(path) ||
          !disk.image.has_folder(DiskImage::folder_of(path))) {
        return SQLITE_CANTOPEN;
      }
      if (disk.fails(Step::any)) return SQLITE_IOERR;
      image = disk.image.create(path);
      disk.count(path, {});
    }
    auto* handle = new (memory) Handle(disk.process, path, std::move(image));
    constexpr int kJournals =
        SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;
    handle->syncs_folder = is_new && (flags & kJournals) != 0;
    if (out != nullptr) *out = flags;
    return SQLITE_OK;
  };
  vfs.xDelete = [](sqlite3_vfs* self, const char* file, int syncs) noexcept -> int {
    const PauseAllocations pause;
    const auto& process = *static_cast<Process*>(self->pAppData);
    if (process.is_stopped()) return SQLITE_IOERR_DELETE;
    if (!process.state.image.find(file)) return SQLITE_IOERR_DELETE_NOENT;
    if (!process.state.remove(file)) return SQLITE_IOERR_DELETE;
    if (syncs == 0 || process.state.sync_folder(DiskImage::folder_of(file))) return SQLITE_OK;
    return SQLITE_IOERR_DIR_FSYNC;
  };
  vfs.xAccess = [](sqlite3_vfs* self, const char* file, int, int* result) noexcept -> int {
    const PauseAllocations pause;
    const auto& process = *static_cast<Process*>(self->pAppData);
    if (process.is_stopped()) return SQLITE_IOERR_ACCESS;
    // An empty one counts as absent, as in SQLite's VFS for Unix.
    const std::shared_ptr<FileImage> found = process.state.image.find(file);
    *result = found != nullptr && found->size() > 0 ? 1 : 0;
    return SQLITE_OK;
  };
  vfs.xFullPathname = &copy_path;
  vfs.xRandomness = [](sqlite3_vfs* self, int size, char* out) noexcept -> int {
    const Draw& draw = static_cast<Process*>(self->pAppData)->state.draw;
    std::generate_n(out, size, [&] { return static_cast<char>(draw()); });
    return size;
  };
  vfs.xSleep = [](sqlite3_vfs*, int microseconds) noexcept -> int { return microseconds; };
  vfs.xCurrentTime = [](sqlite3_vfs* self, double* days) noexcept -> int {
    constexpr double kUnixEpoch = 2440587.5;  // as a Julian day
    constexpr double kMicrosecondsADay = 86'400e6;
    const proto::TimePoint now = static_cast<Process*>(self->pAppData)->state.clock();
    *days = kUnixEpoch + static_cast<double>(proto::to_unix_us(now)) / kMicrosecondsADay;
    return SQLITE_OK;
  };
  vfs.xGetLastError = [](sqlite3_vfs*, int, char*) noexcept -> int { return 0; };
  SSB_CHECK(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
}

void Storage::State::end_process() {
  process->is_dead = true;
  process = std::make_shared<Process>(*this);
}

// ---------------------------------------------------------------- the folder of a Store

class Storage::State::OpenFolder : public broker::store::LockedFolder {
 public:
  OpenFolder(std::shared_ptr<Process> process, std::string path)
      : process_(std::move(process)), path_(std::move(path)), name_(path_.string()) {
    process_->locked_folders.insert(name_);
  }
  OpenFolder(const OpenFolder&) = delete;
  OpenFolder& operator=(const OpenFolder&) = delete;
  ~OpenFolder() override { process_->locked_folders.erase(name_); }

  [[nodiscard]] const std::filesystem::path& path() const override { return path_; }
  [[nodiscard]] const char* vfs() const override { return process_->name.c_str(); }
  [[nodiscard]] bool exists(const std::string& name) const override {
    return running().image.exists(file(name));
  }
  [[nodiscard]] std::vector<std::string> list() const override {
    return running().image.list(name_);
  }
  void remove(const std::string& name) override {
    if (!exists(name)) return;
    if (!running().remove(file(name))) throw StoreFailure(file(name) + ": I/O error");
  }
  void sync() override {
    if (running().sync_folder(name_)) return;
    throw StoreFailure("folder " + name_ + " cannot be synced: I/O error");
  }

 private:
  [[nodiscard]] State& running() const {
    if (process_->is_stopped()) throw StoreFailure("folder " + name_ + ": I/O error");
    return process_->state;
  }
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

  const std::shared_ptr<Process> process_;
  const std::filesystem::path path_;
  const std::string name_;
};

std::unique_ptr<broker::store::LockedFolder> Storage::open_folder(
    const std::filesystem::path& path) {
  const std::string name = ("/" / path).lexically_normal().string();
  State& state = *state_;
  const auto fail = [&](const char* reason) { throw StoreFailure("folder " + name + reason); };
  if (state.is_failing) fail(": I/O error");
  if (state.image.find(name)) fail(": Not a directory");
  if (!state.image.exists(name)) {
    if (state.fails(Step::any)) fail(": I/O error");
    state.image.make_folder(name);
    state.count(name, {});
    if (!state.sync_folder(DiskImage::folder_of(name))) fail(" cannot be synced: I/O error");
  }
  if (state.process->locked_folders.contains(name)) fail(" is in use by another instance");
  return std::make_unique<State::OpenFolder>(state.process, name);
}

// ---------------------------------------------------------------- the disk

Storage::Storage(Draw draw, Clock clock)
    : state_(std::make_unique<State>(*this, std::move(draw), std::move(clock))) {
  state_->process = std::make_shared<State::Process>(*state_);
  seed_sqlite(state_->draw() | 1U);
}

Storage::~Storage() {
  SSB_CHECK(state_->process->handles.empty());
}

void Storage::set_faults(const StorageFaults& faults) {
  state_->faults = faults;
}

const StorageFaults& Storage::faults() const {
  return state_->faults;
}

void Storage::fail_at(Step step, std::uint64_t n, Failure failure) {
  (failure == Failure::lasting ? state_->lasting : state_->passing) = {step, n};
  state_->has_failed = false;
}

std::uint64_t Storage::steps_until(Failure failure) const {
  return (failure == Failure::lasting ? state_->lasting : state_->passing).n;
}

void Storage::misdirect_at(std::uint64_t n) {
  state_->misdirected_n = n;
}

std::uint64_t Storage::writes_until_misdirected() const {
  return state_->misdirected_n;
}

void Storage::make_well() {
  state_->faults = StorageFaults();
  state_->lasting.n = state_->passing.n = state_->misdirected_n = 0;
}

Storage::Look::Look(Storage& storage)
    : storage_(storage), was_looking_(std::exchange(storage.state_->is_looking, true)) {}

Storage::Look::~Look() {
  storage_.state_->is_looking = was_looking_;
}

bool Storage::has_failed() const {
  return state_->has_failed;
}

bool Storage::is_failing() const {
  return state_->is_failing;
}

void Storage::revive() {
  state_->is_failing = false;
  state_->under_way.reset();
}

void Storage::kill() {
  state_->end_process();
}

void Storage::lose_power(const Draw& draw) {
  State& state = *state_;
  state.end_process();
  if (state.under_way)
    state.under_way->file->write(state.under_way->offset, state.under_way->bytes);
  revive();
  for (std::uint64_t torn = state.image.lose_power(draw, state.faults.tears_writes); torn > 0;
       --torn)
    probe("storage.torn");
}

bool Storage::rot(const std::string& file, std::uint64_t offset, std::uint8_t mask) {
  const std::shared_ptr<FileImage> image = state_->image.find(file);
  if (image == nullptr || !image->rot(offset, mask)) return false;
  probe("storage.rotted");
  return true;
}

bool Storage::rot_anywhere() {
  std::vector<std::string> candidates;
  for (const std::string& file : files()) {
    if (size(file) > 0) candidates.push_back(file);
  }
  if (candidates.empty()) return false;
  // What is not durable yet cannot rot: another place is drawn.
  constexpr int kAttemptsMax = 64;
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    const std::string& file = candidates[state_->draw() % candidates.size()];
    const std::uint64_t offset = state_->draw() % size(file);
    if (rot(file, offset, static_cast<std::uint8_t>(1U << (state_->draw() % 8)))) return true;
  }
  return false;
}

proto::Duration Storage::take_delay() {
  return std::exchange(state_->delay, proto::Duration(0));
}

StorageCounters Storage::counters() const {
  return state_->total;
}

StorageCounters Storage::counters(const std::string& name) const {
  const auto found = state_->by_name.find(name);
  return found == state_->by_name.end() ? StorageCounters{} : found->second;
}

std::vector<std::string> Storage::files() const {
  return state_->image.files();
}

std::uint64_t Storage::size(const std::string& file) const {
  const std::shared_ptr<FileImage> image = state_->image.find(file);
  return image == nullptr ? 0 : image->size();
}

std::uint64_t Storage::used_bytes() const {
  return state_->image.used_bytes();
}

broker::crypto::Sha256Digest Storage::fingerprint() const {
  return state_->image.fingerprint();
}

}  // namespace ssb::sim
