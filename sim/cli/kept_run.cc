#include "sim/cli/kept_run.h"

#include <cerrno>
#include <system_error>

#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "sim/cli/scenario_files.h"
#include "sim/scenario/crash_sweep.h"
#include "sim/why/why.h"

namespace ssb::sim::cli {
namespace {

namespace json = boost::json;

constexpr std::string_view kType = "ssbsim run";
constexpr std::int64_t kShape = 1;
constexpr int kPrivateMode = 0600;

template <typename Map>
json::object object_of(const Map& map) {
  json::object out;
  for (const auto& [name, value] : map) out[name] = value;
  return out;
}

template <typename Map>
void read_map(const json::value& from, Map& to) {
  for (const auto& [name, value] : from.as_object())
    to[std::string(name)] = std::string(value.as_string());
}

void write_all(int descriptor, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw std::system_error(errno, std::generic_category(), path);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

class File {
 public:
  explicit File(const std::string& path)
      : descriptor_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kPrivateMode)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), path);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { ::close(descriptor_); }
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

KeptRun read_object(const json::object& object) {
  KeptRun kept;
  kept.build = object.at("build").as_string();
  kept.file = object.at("file").as_string();
  kept.verdict = object.at("verdict").as_string();
  kept.fingerprint = object.at("fingerprint").as_string();
  kept.crash = object.at("crash").as_string();
  read_map(object.at("texts"), kept.texts);
  read_map(object.at("variables"), kept.variables);
  read_map(object.at("environment"), kept.environment);
  kept.settings.seed = object.at("seed").to_number<std::uint64_t>();
  kept.settings.as_product = object.at("as_product").as_bool();
  kept.settings.awake_endpoints_max = object.at("awake_endpoints").to_number<std::size_t>();
  kept.settings.batch_timeout_s = object.at("batch_timeout_s").to_number<int>();
  if (const auto* line = object.if_contains("until_line")) kept.until_line = line->to_number<int>();
  return kept;
}

}  // namespace

scenario::ScriptOptions noting(const scenario::ScriptOptions& options, KeptRun& kept) {
  scenario::ScriptOptions out = options;
  kept.variables = options.variables;
  out.read_file = [&kept, read = options.read_file](const std::string& path) {
    auto text = read(path);
    if (text) kept.texts[path] = *text;
    return text;
  };
  out.environment = [&kept, read = options.environment](const std::string& name) {
    auto value = read(name);
    if (value) kept.environment[name] = *value;
    return value;
  };
  return out;
}

void write_kept_run(const std::string& path, const KeptRun& kept) {
  json::object object{{"type", kType},
                      {"shape", kShape},
                      {"build", kept.build},
                      {"file", kept.file},
                      {"seed", kept.settings.seed},
                      {"as_product", kept.settings.as_product},
                      {"awake_endpoints", kept.settings.awake_endpoints_max},
                      {"batch_timeout_s", kept.settings.batch_timeout_s},
                      {"crash", kept.crash},
                      {"verdict", kept.verdict},
                      {"fingerprint", kept.fingerprint},
                      {"variables", object_of(kept.variables)},
                      {"environment", object_of(kept.environment)},
                      {"texts", object_of(kept.texts)}};
  if (kept.until_line) object["until_line"] = *kept.until_line;
  const std::string partial = path + ".partial";
  {
    const File file(partial);
    write_all(file.descriptor(), json::serialize(object) + "\n", partial);
  }
  if (::rename(partial.c_str(), path.c_str()) != 0)
    throw std::system_error(errno, std::generic_category(), path);
}

KeptRun read_kept_run(const std::string& path) {
  const auto text = read_file(path);
  if (!text) throw std::system_error(ENOENT, std::generic_category(), "'" + path + "'");
  boost::system::error_code problem;
  const json::value value = json::parse(*text, problem);
  const auto* object = value.if_object();
  const auto* type = problem || object == nullptr ? nullptr : object->if_contains("type");
  if (type == nullptr || *type != json::value(kType))
    throw NotKept(fmt::format("'{}' is no run that ssbsim run --bundle has written", path));
  const auto* shape = object->if_contains("shape");
  if (shape == nullptr || *shape != json::value(kShape))
    throw NotKept(fmt::format("'{}' was written by another version of ssbsim", path));
  try {
    return read_object(*object);
  } catch (const std::exception& failure) {  // a field that is missing, or of another type
    throw NotKept(fmt::format("'{}' is damaged: {}", path, failure.what()));
  }
}

scenario::Script script_of(const KeptRun& kept) {
  scenario::ScriptOptions options;
  options.variables = kept.variables;
  options.environment = [&kept](const std::string& name) -> std::optional<std::string> {
    const auto found = kept.environment.find(name);
    return found == kept.environment.end() ? std::nullopt : std::optional(found->second);
  };
  options.read_file = [&kept](const std::string& path) -> std::optional<std::string> {
    const auto found = kept.texts.find(path);
    return found == kept.texts.end() ? std::nullopt : std::optional(found->second);
  };
  const auto text = options.read_file(kept.file);
  if (!text) throw NotKept(fmt::format("the kept run lacks the text of '{}'", kept.file));
  scenario::Script script = scenario::parse_script(kept.file, *text, options);
  if (kept.until_line) cut_before_line(script, *kept.until_line);
  if (kept.crash.empty() || !script.errors.empty()) return script;
  const auto crash = scenario::parse_crash_point(kept.crash);
  return crash ? scenario::with_crash(script, *crash) : std::move(script);
}

void cut_before_line(scenario::Script& script, int line) {
  script.steps.resize(why::steps_before_line(script, line));
}

}  // namespace ssb::sim::cli
