#include "sim/doctor/cure.h"

#include <fmt/format.h>

namespace ssb::sim::doctor {
namespace {

std::string doubled(std::string_view text, char mark) {
  std::string out;
  for (const char c : text) out += c == mark ? std::string(2, c) : std::string(1, c);
  return out;
}

}  // namespace

std::string bracketed(std::string_view name) {
  return "[" + doubled(name, ']') + "]";
}

std::string literal(std::string_view text) {
  return "'" + doubled(text, '\'') + "'";
}

Cure& Cure::on(const std::string& instance, std::string_view database) {
  if (instance == instance_ && database == database_) return *this;
  end_batch();
  if (instance != instance_) lines_.push_back(":connect " + instance);
  lines_.push_back(fmt::format("USE {};", bracketed(database)));
  has_statement_ = true;
  instance_ = instance;
  database_ = database;
  return *this;
}

Cure& Cure::run(std::string statement) {
  lines_.push_back(std::move(statement) + ";");
  has_statement_ = true;
  return *this;
}

Cure& Cure::copy(const std::string& from, const std::string& file, const std::string& to) {
  end_batch();
  lines_.push_back(fmt::format("--# copy {} {} to {}", from, literal(file), to));
  return *this;
}

void Cure::end_batch() {
  if (has_statement_) lines_.emplace_back("GO");
  has_statement_ = false;
}

std::vector<std::string> Cure::lines() const {
  std::vector<std::string> out = lines_;
  if (has_statement_) out.emplace_back("GO");
  return out;
}

std::string in_one_line(const std::vector<std::string>& lines) {
  constexpr std::string_view kConnect = ":connect ";
  constexpr std::string_view kCopy = "--# ";
  std::string out;
  for (const std::string& line : lines) {
    if (line == "GO") continue;
    if (!out.empty()) out += " ";
    if (line.starts_with(kConnect)) {
      out += line.substr(kConnect.size()) + ":";
    } else if (line.starts_with(kCopy)) {
      out += line.substr(kCopy.size()) + ";";
    } else {
      out += line;
    }
  }
  return out;
}

}  // namespace ssb::sim::doctor
