#include "sim/snapshot/snapshot.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "broker/routing/route.h"
#include "proto/bytes.h"
#include "proto/check.h"

namespace ssb::sim::snapshot {
namespace {

using Kind = JsonValue::Kind;

constexpr std::size_t kNameBytesMax = 8000;  // of any text of a catalog view
constexpr std::size_t kShownBytes = 40;
constexpr std::string_view kTakeAgain =
    "take the snapshot again with ssbsim snapshot-query, as a login with VIEW ANY DEFINITION";

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

bool is_guid(std::string_view text) {
  constexpr std::string_view kShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return text.size() == kShape.size() && std::ranges::equal(text, kShape, [](char c, char shape) {
           return shape == '-'
                      ? c == '-'
                      : (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

// "01 7e 5e": bytes with a blank between two; one more at the end does no harm.
bool is_serial_number(std::string_view text) {
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_between = i % 3 == 2;
    if (is_between != (text[i] == ' ')) return false;
    if (!is_between) digits.push_back(text[i]);
  }
  return !digits.empty() && proto::from_hex(digits).has_value();
}

struct NumberRange {
  std::int64_t least, most;
};
NumberRange number_range(const Column& column) {
  constexpr std::int64_t kLeast = std::numeric_limits<std::int32_t>::min();
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  if (column.domain.most == 0) return {kLeast, kMost};
  return {column.domain.least, column.domain.most};
}

std::string_view unit_of(const Column& column) {
  return column.type == ColumnType::binary ? "bytes" : "characters";
}

// Ids of a row and the section that has them.
struct Reference {
  std::string_view section;
  std::string_view column;
  std::string_view to_section;
  std::string_view to_column;
  std::string_view what;
};
constexpr Reference kReferences[] = {
    {"certificates", "principal_id", "database_principals", "principal_id", "owner"},
    {"services", "principal_id", "database_principals", "principal_id", "owner"},
    {"services", "service_queue_id", "service_queues", "object_id", "queue"},
    {"service_queues", "schema_id", "schemas", "schema_id", "schema"},
    {"service_contract_message_usages", "service_contract_id", "service_contracts",
     "service_contract_id", "contract"},
    {"service_contract_message_usages", "message_type_id", "service_message_types",
     "message_type_id", "message type"},
    {"service_contract_usages", "service_id", "services", "service_id", "service"},
    {"service_contract_usages", "service_contract_id", "service_contracts", "service_contract_id",
     "contract"},
    {"remote_service_bindings", "remote_principal_id", "database_principals", "principal_id",
     "user"},
    {"database_permissions", "grantee_principal_id", "database_principals", "principal_id",
     "grantee"},
    {"database_role_members", "role_principal_id", "database_principals", "principal_id", "role"},
    {"database_role_members", "member_principal_id", "database_principals", "principal_id",
     "member"},
    {"conversation_priorities", "service_contract_id", "service_contracts", "service_contract_id",
     "contract"},
    {"conversation_priorities", "local_service_id", "services", "service_id", "service"},
};
constexpr Reference kServerReferences[] = {
    {"service_broker_endpoints", "endpoint_id", "tcp_endpoints", "endpoint_id", "port"},
    {"server_permissions", "grantee_principal_id", "server_principals", "principal_id", "grantee"},
};

class Reader {
 public:
  Reader(const std::string& file, std::vector<Problem>& problems)
      : file_(file), problems_(problems) {}

  std::optional<Snapshot> read(const JsonValue& root) {
    if (!is(root, Kind::object, "$")) return std::nullopt;
    if (!check_version(root)) return std::nullopt;
    Snapshot out;
    out.file = file_;
    out.server = word(root, "server");
    out.product_version = word(root, "product_version", true);
    if (const auto at = proto::parse_datetime(word(root, "taken_at"))) {
      out.taken_at = *at;
    } else if (root.find("taken_at") != nullptr) {
      problem(root.find("taken_at")->line, "$.taken_at",
              "is no date; write the time in UTC as \"2024-05-01T10:00:00\"");
    }
    out.tables = read_tables(root, "$", server_sections());
    read_databases(root, out);
    if (!problems_.empty()) return std::nullopt;
    check_references(out);
    if (!problems_.empty()) return std::nullopt;
    return out;
  }

 private:
  void problem(int line, std::string path, std::string text) {
    if (problems_.size() < kProblemsMax)
      problems_.push_back({file_, line, std::move(path), std::move(text)});
  }
  bool is(const JsonValue& value, Kind kind, const std::string& path) {
    if (value.kind == kind) return true;
    problem(value.line, path,
            fmt::format("is {}, not {}; {}", kind_text(value.kind), kind_text(kind), kTakeAgain));
    return false;
  }

  bool check_version(const JsonValue& root) {
    const JsonValue* format = root.find("format");
    if (format == nullptr || format->text != kFormat) {
      problem(root.line, "$.format",
              fmt::format("is not \"{}\": this is no snapshot; make one with ssbsim "
                          "snapshot-query or ssbsim snapshot",
                          kFormat));
      return false;
    }
    const JsonValue* version = root.find("version");
    if (version == nullptr) {
      problem(root.line, "$.version", fmt::format("is missing; write \"version\": {}", kVersion));
      return false;
    }
    if (!is(*version, Kind::number, "$.version")) return false;
    if (version->text != std::to_string(kVersion)) {
      problem(version->line, "$.version",
              fmt::format("is {}, and this ssbsim reads version {}: use the ssbsim whose "
                          "snapshot-query has made it, or take it again with this one's",
                          version->text, kVersion));
      return false;
    }
    return true;
  }

  std::string word(const JsonValue& root, std::string_view name, bool may_be_missing = false) {
    const std::string path = fmt::format("$.{}", name);
    const JsonValue* value = root.find(name);
    if (value == nullptr || value->kind == Kind::null) {
      if (!may_be_missing) problem(root.line, path, fmt::format("is missing; {}", kTakeAgain));
      return {};
    }
    if (!is(*value, Kind::text, path)) return {};
    const auto checked = check_text(*value, path);
    if (checked && checked->empty() && !may_be_missing)
      problem(value->line, path, fmt::format("is empty; {}", kTakeAgain));
    return checked.value_or("");
  }

  std::optional<std::string> check_text(const JsonValue& value, const std::string& path) {
    const bool is_plain = std::ranges::none_of(
        value.text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
    if (!is_plain || value.text.find("$(") != std::string::npos) {
      problem(value.line, path,
              "has a control character or \"$(\", which a script cannot say; rename the object in "
              "the file");
      return std::nullopt;
    }
    if (value.text.size() > kNameBytesMax) {
      problem(value.line, path, fmt::format("has more than {} bytes", kNameBytesMax));
      return std::nullopt;
    }
    return value.text;
  }

  std::optional<std::string> number_of(const JsonValue& value, const Column& column,
                                       const std::string& path) {
    const auto [least, most] = number_range(column);
    std::int64_t number = 0;
    const char* end = value.text.data() + value.text.size();
    const auto [stop, failed] = std::from_chars(value.text.data(), end, number);
    if (failed == std::errc() && stop == end && number >= least && number <= most)
      return std::to_string(number);
    problem(value.line, path,
            fmt::format("is {}, not a whole number from {} to {}; {}", value.text, least, most,
                        kTakeAgain));
    return std::nullopt;
  }

  // Whether a text, or so many bytes, is one that the column may have.
  bool is_of_domain(const JsonValue& value, std::size_t size, const Column& column,
                    const std::string& path) {
    const Domain& domain = column.domain;
    const std::string shown = json_text(value.text.substr(0, kShownBytes));
    if (!domain.words.empty() &&
        std::ranges::find(domain.words, value.text) == domain.words.end()) {
      problem(value.line, path,
              fmt::format("is {}, not one of \"{}\"; {}", shown, fmt::join(domain.words, "\", \""),
                          kTakeAgain));
      return false;
    }
    const auto length = static_cast<std::int64_t>(size);
    if (length >= domain.least && (domain.most == 0 || length <= domain.most)) return true;
    problem(value.line, path,
            fmt::format("is {} with {} {}, not {} {}; {}", shown, length, unit_of(column),
                        domain.most == 0 ? "at least" : fmt::format("{} to", domain.least),
                        domain.most == 0 ? domain.least : domain.most, kTakeAgain));
    return false;
  }

  std::optional<std::string> value_of(const JsonValue& value, const Column& column,
                                      const std::string& path) {
    const auto bad = [&]() -> std::optional<std::string> {
      problem(value.line, path,
              fmt::format("is {}, not {}; {}",
                          value.kind == Kind::text ? json_text(value.text.substr(0, kShownBytes))
                                                   : std::string(kind_text(value.kind)),
                          type_text(column.type), kTakeAgain));
      return std::nullopt;
    };
    if (column.type == ColumnType::number)
      return value.kind == Kind::number ? number_of(value, column, path) : bad();
    if (column.type == ColumnType::flag) {
      if (value.kind != Kind::flag) return bad();
      return value.flag ? "1" : "0";
    }
    if (value.kind != Kind::text) return bad();
    auto text = check_text(value, path);
    if (!text) return text;
    if (column.type == ColumnType::guid) return is_guid(*text) ? upper(*text) : bad();
    if (column.type == ColumnType::date && !proto::parse_datetime(*text)) return bad();
    if (column.type == ColumnType::serial_number && !is_serial_number(*text)) return bad();
    if (column.type == ColumnType::binary) {
      const auto bytes = proto::from_hex(*text);
      if (!bytes) return bad();
      if (!is_of_domain(value, bytes->size(), column, path)) return std::nullopt;
      return proto::to_hex(*bytes);
    }
    if (!is_of_domain(value, proto::to_utf16le(*text).size() / 2, column, path))
      return std::nullopt;
    return text;
  }

  Row read_row(const JsonValue& value, const Section& section, const std::string& path) {
    Row row(section, value.line);
    for (std::size_t i = 0; i < section.columns.size(); ++i) {
      const Column& column = section.columns[i];
      const std::string column_path = fmt::format("{}.{}", path, column.name);
      const JsonValue* found = value.find(column.name);
      if (found == nullptr || found->kind == Kind::null) {
        if (!column.may_be_null)
          problem(value.line, column_path, fmt::format("is missing; {}", kTakeAgain));
        continue;
      }
      if (auto text = value_of(*found, column, column_path)) row.set(i, std::move(*text));
    }
    return row;
  }

  Tables read_tables(const JsonValue& parent, const std::string& path,
                     std::span<const Section> sections) {
    Tables tables;
    for (const Section& section : sections) {
      std::vector<Row>& rows = tables[std::string(section.name)];
      const std::string section_path = fmt::format("{}.{}", path, section.name);
      const JsonValue* value = parent.find(section.name);
      if (value == nullptr) {
        problem(parent.line, section_path,
                fmt::format("is missing; write [] when there are none, or {}", kTakeAgain));
        continue;
      }
      if (!is(*value, Kind::array, section_path)) continue;
      for (std::size_t i = 0; i < value->items.size(); ++i) {
        const std::string row_path = fmt::format("{}[{}]", section_path, i);
        if (is(value->items[i], Kind::object, row_path))
          rows.push_back(read_row(value->items[i], section, row_path));
      }
    }
    return tables;
  }

  void read_databases(const JsonValue& root, Snapshot& out) {
    const JsonValue* value = root.find("databases");
    if (value == nullptr)
      return problem(root.line, "$.databases", fmt::format("is missing; {}", kTakeAgain));
    if (!is(*value, Kind::array, "$.databases")) return;
    for (std::size_t i = 0; i < value->items.size(); ++i) {
      const std::string path = fmt::format("$.databases[{}]", i);
      const JsonValue& item = value->items[i];
      if (!is(item, Kind::object, path)) continue;
      Database database{read_row(item, database_head(), path),
                        read_tables(item, path, database_sections()), path};
      if (out.find(database.name()) != nullptr)
        problem(item.line, path + ".name",
                fmt::format("database '{}' stands twice; delete one", database.name()));
      out.databases.push_back(std::move(database));
    }
    const auto must_have = [&](std::string_view name, std::string_view what) {
      if (out.find(name) == nullptr)
        problem(
            value->line, "$.databases",
            fmt::format("{} is missing, which has {}; take the snapshot again with ssbsim "
                        "snapshot-query, as a login that may use {} and has VIEW ANY DEFINITION",
                        name, what, name));
    };
    must_have("master", "the certificates of the endpoint");
    must_have("msdb", "the routes for what arrives from other servers");
  }

  void check_reference(const Reference& reference, const Tables& tables, const std::string& path) {
    const std::vector<Row>& targets = tables.find(reference.to_section)->second;
    const std::vector<Row>& rows = tables.find(reference.section)->second;
    std::vector<std::int64_t> ids;
    ids.reserve(targets.size());
    for (const Row& row : targets) ids.push_back(row.number(reference.to_column));
    std::ranges::sort(ids);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!rows[i].has(reference.column)) continue;
      const std::int64_t id = rows[i].number(reference.column);
      if (std::ranges::binary_search(ids, id)) continue;
      problem(rows[i].line(),
              fmt::format("{}.{}[{}].{}", path, reference.section, i, reference.column),
              fmt::format("the {} has the id {}, which is not in {}; {}", reference.what, id,
                          reference.to_section, kTakeAgain));
    }
  }

  void check_dates(const Database& database) {
    const std::vector<Row>& certificates = database.rows("certificates");
    for (std::size_t i = 0; i < certificates.size(); ++i) {
      if (certificates[i].date("start_date") <= certificates[i].date("expiry_date")) continue;
      problem(certificates[i].line(),
              fmt::format("{}.certificates[{}].expiry_date", database.path, i),
              fmt::format("is {}, before start_date, {}; {}", certificates[i].text("expiry_date"),
                          certificates[i].text("start_date"), kTakeAgain));
    }
  }

  // What CREATE ROUTE would refuse with 9744 is told with its place in the file.
  void check_addresses(const Database& database) {
    const std::vector<Row>& routes = database.rows("routes");
    for (std::size_t i = 0; i < routes.size(); ++i) {
      const std::string address = routes[i].text("address");
      const bool is_right = upper(address) == "LOCAL" || upper(address) == "TRANSPORT" ||
                            broker::routing::parse_address(address);
      if (!is_right)
        problem(routes[i].line(), fmt::format("{}.routes[{}].address", database.path, i),
                fmt::format("is '{}', not TCP://host:port, LOCAL or TRANSPORT", address));
    }
  }

  void check_references(const Snapshot& snapshot) {
    for (const Reference& one : kServerReferences) check_reference(one, snapshot.tables, "$");
    for (const Database& database : snapshot.databases) {
      for (const Reference& one : kReferences) check_reference(one, database.tables, database.path);
    }
    for (const Database& database : snapshot.databases) {
      check_addresses(database);
      check_dates(database);
    }
    const auto& certificates = snapshot.find("master")->rows("certificates");
    const auto& endpoints = snapshot.rows("service_broker_endpoints");
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
      const std::int64_t id = endpoints[i].number("certificate_id");
      if (id != 0 && find_row(certificates, "certificate_id", id) == nullptr)
        problem(endpoints[i].line(),
                fmt::format("$.service_broker_endpoints[{}].certificate_id", i),
                fmt::format("the certificate has the id {}, which is not in certificates of "
                            "master; {}",
                            id, kTakeAgain));
    }
  }

  const std::string& file_;
  std::vector<Problem>& problems_;
};

}  // namespace

const std::optional<std::string>& Row::at(std::string_view column) const {
  for (std::size_t i = 0; i < values_.size(); ++i) {
    if (section_->columns[i].name == column) return values_[i];
  }
  SSB_CHECK(false);  // a column that the format does not have
  return values_.front();
}

std::string Row::text(std::string_view column) const {
  return at(column).value_or("");
}

std::int64_t Row::number(std::string_view column) const {
  const auto& value = at(column);
  std::int64_t out = 0;
  if (value) std::from_chars(value->data(), value->data() + value->size(), out);
  return out;
}

proto::TimePoint Row::date(std::string_view column) const {
  return proto::parse_datetime(text(column)).value_or(proto::TimePoint{});
}

const Row* find_row(const std::vector<Row>& rows, std::string_view column, std::int64_t number) {
  const auto found =
      std::ranges::find_if(rows, [&](const Row& row) { return row.number(column) == number; });
  return found == rows.end() ? nullptr : &*found;
}

const Database* Snapshot::find(std::string_view database) const {
  const auto found =
      std::ranges::find_if(databases, [&](const Database& one) { return one.name() == database; });
  return found == databases.end() ? nullptr : &*found;
}

std::string Problem::message() const {
  return fmt::format("{}:{}: {}{}", file, line, path.empty() ? "" : path + ": ", text);
}

std::optional<Snapshot> read_snapshot(const std::string& file, std::string_view bytes,
                                      std::vector<Problem>& problems) {
  std::vector<Problem> own;
  std::optional<Snapshot> out;
  try {
    out = Reader(file, own).read(parse_json(bytes));
  } catch (const BadJson& bad) {
    own.push_back({file, bad.line, "", bad.what()});
  }
  problems.insert(problems.end(), own.begin(), own.end());
  return out;
}

void check_together(const std::vector<Snapshot>& snapshots, std::vector<Problem>& problems) {
  for (std::size_t i = 0; i < snapshots.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (upper(snapshots[i].server) != upper(snapshots[j].server)) continue;
      problems.push_back({snapshots[i].file, 1, "$.server",
                          fmt::format("'{}' is the server of '{}', too; give each server once",
                                      snapshots[i].server, snapshots[j].file)});
      break;
    }
  }
}

}  // namespace ssb::sim::snapshot
