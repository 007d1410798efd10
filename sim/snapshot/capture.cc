// The same rows as the query's, out of the views of an instance.
#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "broker/catalog/views.h"
#include "sim/snapshot/json.h"
#include "sim/snapshot/query.h"

namespace ssb::sim::snapshot {
namespace {

namespace catalog = broker::catalog;
namespace store = broker::store;

std::string trimmed(std::string text) {
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

std::string iso_date(std::string text) {
  if (const std::size_t blank = text.find(' '); blank != std::string::npos) text[blank] = 'T';
  return text;
}

std::string value_text(const Column& column, const store::Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    if (column.type == ColumnType::flag) return *number != 0 ? "true" : "false";
    return std::to_string(*number);
  }
  if (const auto* bytes = std::get_if<proto::Bytes>(&value))
    return json_text(proto::to_hex(*bytes));
  if (const auto* text = std::get_if<std::string>(&value))
    return json_text(column.type == ColumnType::date ? iso_date(*text) : trimmed(*text));
  return "null";
}

class Capture {
 public:
  Capture(const catalog::Instance& instance, const std::vector<std::string>& databases)
      : views_(instance), databases_(databases) {}

  std::string text(const catalog::Instance& instance, proto::TimePoint now) {
    const auto* info =
        instance.master().table<catalog::pb::InstanceInfo>().find(catalog::kInstanceInfoId);
    std::string out = fmt::format(
        "{{\n\"format\": \"{}\",\n\"version\": {},\n\"server\": {},\n\"product_version\": "
        "\"ssbsim\",\n\"taken_at\": {}",
        kFormat, kVersion, json_text(info->name()),
        json_text(iso_date(proto::to_datetime_text(now))));
    for (const Section& section : server_sections()) append(out, section, catalog::kMaster);
    out += ",\n\"databases\": [";
    bool is_first = true;
    for (const store::Row& row : views_.view_rows("sys.databases", catalog::kMaster, 0)) {
      const std::string name = std::get<std::string>(row.at(0));
      if (!is_chosen(name)) continue;
      const auto id = static_cast<store::DatabaseId>(std::get<std::int64_t>(row.at(1)));
      std::string head = row_text(database_head(), row, positions(database_head()));
      head.pop_back();
      out += (is_first ? "\n" : ",\n") + head;
      is_first = false;
      for (const Section& section : database_sections()) append(out, section, id);
      out += "}";
    }
    return out + "]\n}\n";
  }

 private:
  [[nodiscard]] bool is_chosen(const std::string& name) const {
    if (name == "master" || name == "msdb") return true;
    if (name == "tempdb" || name == "model") return false;
    return databases_.empty() || std::ranges::find(databases_, name) != databases_.end();
  }

  [[nodiscard]] std::vector<std::size_t> positions(const Section& section) const {
    const auto columns = views_.view_columns(fmt::format("sys.{}", section.view));
    std::vector<std::size_t> out;
    for (const Column& column : section.columns) {
      const auto found = std::ranges::find_if(
          columns, [&](const store::Column& one) { return one.name == column.name; });
      if (found == columns.end())
        throw std::logic_error(fmt::format("sys.{} has no {}", section.view, column.name));
      out.push_back(static_cast<std::size_t>(found - columns.begin()));
    }
    return out;
  }

  static std::string row_text(const Section& section, const store::Row& row,
                              const std::vector<std::size_t>& at) {
    std::string out = "{";
    for (std::size_t i = 0; i < section.columns.size(); ++i) {
      out += fmt::format("{}\"{}\": {}", i == 0 ? "" : ", ", section.columns[i].name,
                         value_text(section.columns[i], row.at(at[i])));
    }
    return out + "}";
  }

  // The WHERE clauses of the query leave out what import does not look at; here they need not be asked, but for keys.
  void append(std::string& out, const Section& section, store::DatabaseId database) {
    const auto at = positions(section);
    out += fmt::format(",\n\"{}\": [", section.name);
    bool is_first = true;
    for (const store::Row& row :
         views_.view_rows(fmt::format("sys.{}", section.view), database, 0)) {
      const std::string text = row_text(section, row, at);
      if (section.name == "symmetric_keys" && text.find("##MS_DatabaseMasterKey##") == text.npos)
        continue;
      out += (is_first ? "\n  " : ",\n  ") + text;
      is_first = false;
    }
    out += "]";
  }

  catalog::SystemViews views_;
  const std::vector<std::string>& databases_;
};

}  // namespace

std::string capture(const catalog::Instance& instance, proto::TimePoint now,
                    const std::vector<std::string>& databases) {
  return Capture(instance, databases).text(instance, now);
}

}  // namespace ssb::sim::snapshot
