#include "sim/cli/scenario_files.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <system_error>

#include <fmt/format.h>

#include "sim/cli/cli.h"
#include "sim/scenario/key_pool.h"
#include "sim/scenario/near.h"

namespace ssb::sim::cli {

namespace fs = std::filesystem;

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in || fs::is_directory(path)) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

std::optional<std::string> read_included_file(const std::string& path) {
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return std::nullopt;
  return read_file(path);
}

std::vector<std::string> scenario_files(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    if (!fs::exists(path))
      throw std::system_error(ENOENT, std::generic_category(), fmt::format("'{}'", path));
    if (!fs::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      if (entry.is_regular_file() && entry.path().extension() == ".sql")
        found.push_back(entry.path().string());
    }
    if (found.empty()) throw UsageError{fmt::format("there is no *.sql file below '{}'", path)};
    std::sort(found.begin(), found.end());
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

scenario::ScriptOptions script_options(const std::vector<std::string>& variables) {
  scenario::ScriptOptions script;
  for (const std::string& text : variables) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      throw UsageError{fmt::format("-v takes name=value, not '{}'", text)};
    script.variables[scenario::to_lower(text.substr(0, equals))] = text.substr(equals + 1);
  }
  script.environment = [](const std::string& name) -> std::optional<std::string> {
    std::string value = environment(name.c_str());
    return value.empty() ? std::nullopt : std::optional(std::move(value));
  };
  script.read_file = read_included_file;
  return script;
}

fs::path key_pool_file(const std::string& asked) {
  return asked.empty() ? scenario::default_key_pool(environment) : fs::path(asked);
}

scenario::Script read_script(const std::string& file, const std::vector<std::string>& variables) {
  const auto text = read_file(file);
  if (!text) throw std::runtime_error(fmt::format("'{}' cannot be read", file));
  return scenario::parse_script(file, *text, script_options(variables));
}

}  // namespace ssb::sim::cli
