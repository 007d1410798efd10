#include "sim/cli/sweep_file.h"

#include <cerrno>
#include <system_error>

#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "sim/cli/scenario_files.h"

namespace ssb::sim::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

[[noreturn]] void fail(const fs::path& file) {
  throw std::system_error(errno, std::generic_category(), file.string());
}

void sync_folder(const fs::path& file) {
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

const json::object* identity_of(const json::object& header) {
  const auto* identity = header.if_contains("identity");
  return identity != nullptr && identity->is_object() ? &identity->get_object() : nullptr;
}

void require_same(const fs::path& file, const std::optional<json::object>& there,
                  const json::object& here) {
  const auto* identity = there ? identity_of(*there) : nullptr;
  if (identity == nullptr)
    throw UsageError{
        fmt::format("'{}' is no file of a sweep; name another, or remove it", file.string())};
  const std::string difference = identity_difference(*identity, *identity_of(here));
  if (difference.empty()) return;
  throw UsageError{fmt::format("'{}' is of another sweep ({}); name another, or remove it",
                               file.string(), difference)};
}

}  // namespace

std::optional<json::object> parse_line(std::string_view line) {
  json::error_code error;
  json::value value = json::parse(json::string_view(line.data(), line.size()), error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

std::string identity_difference(const json::object& there, const json::object& here) {
  for (const auto& [name, value] : here) {
    const auto* other = there.if_contains(name);
    // Through text: a number that was read may be of another kind than one that was made.
    if (other != nullptr && json::serialize(*other) == json::serialize(value)) continue;
    return fmt::format("{}: {} there, {} here", std::string_view(name.data(), name.size()),
                       other == nullptr ? "nothing" : json::serialize(*other),
                       json::serialize(value));
  }
  return "";
}

SweepFile::~SweepFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool SweepFile::open(const json::object& header,
                     const std::function<void(const json::object&)>& on_line) {
  for (const fs::path& file : {file_, partial()}) {
    if (fs::exists(file) && !fs::is_regular_file(file))
      throw UsageError{fmt::format(
          "'{}' is no regular file, which a checkpoint is; '-' is standard output", file.string())};
  }
  if (file_.has_parent_path()) fs::create_directories(file_.parent_path());
  if (const auto whole = read_file(file_.string())) {
    require_same(file_, parse_line(whole->substr(0, whole->find('\n'))), header);
    return false;
  }
  const auto begun = read_file(partial().string());
  descriptor_ = ::open(partial().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail(partial());
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0)
    throw UsageError{fmt::format("'{}' is being written by another process", partial().string())};
  std::size_t good = 0;
  if (begun) {
    std::string_view rest = *begun;
    for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
      const auto line = parse_line(rest.substr(0, end));
      if (good == 0) require_same(partial(), line, header);
      if (!line || line->at("type") == "summary") break;  // it ended before it was renamed
      if (good > 0) on_line(*line);
      good += end + 1;
      rest.remove_prefix(end + 1);
    }
  }
  if (::ftruncate(descriptor_, static_cast<off_t>(good)) != 0 ||
      ::lseek(descriptor_, 0, SEEK_END) < 0)
    fail(partial());
  if (good == 0) append(json::serialize(header));
  return true;
}

int SweepFile::finished_code() const {
  const std::string text = read_file(file_.string()).value_or("\n");
  const std::size_t end = text.find_last_not_of('\n');
  const std::size_t before = text.rfind('\n', end);
  const auto summary = parse_line(std::string_view(text).substr(before + 1));
  const auto* code = summary ? summary->if_contains("exit") : nullptr;
  if (code == nullptr || !code->is_number())
    throw UsageError{
        fmt::format("'{}' has no summary at its end; name another, or remove it", file_.string())};
  return code->to_number<int>();
}

void SweepFile::append(const std::string& line) {
  std::string text = line + "\n";
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t put = ::write(descriptor_, rest.data(), rest.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail(partial());
    rest.remove_prefix(static_cast<std::size_t>(put));
  }
}

void SweepFile::sync() {
  if (::fsync(descriptor_) != 0) fail(partial());
}

void SweepFile::leave(const std::string& summary) {
  append(summary);
  sync();
}

void SweepFile::finish(const std::string& summary) {
  append(summary);
  sync();
  fs::rename(partial(), file_);
  sync_folder(file_);
}

}  // namespace ssb::sim::cli
