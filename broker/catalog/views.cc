#include "broker/catalog/views.h"

#include <utility>

#include "broker/catalog/view_tables.h"
#include "proto/check.h"

namespace ssb::broker::catalog {
namespace {

// "name type, name type(1, 2)": cut at commas outside of parentheses.
std::vector<store::Column> parse_columns(std::string_view list) {
  std::vector<store::Column> columns;
  std::size_t start = 0;
  int depth = 0;
  for (std::size_t at = 0; at <= list.size(); ++at) {
    const char c = at == list.size() ? ',' : list[at];
    if (c == '(') ++depth;
    if (c == ')') --depth;
    if (c != ',' || depth != 0) continue;
    std::string_view one = list.substr(start, at - start);
    one.remove_prefix(one.find_first_not_of(' '));
    const std::size_t blank = one.find(' ');
    SSB_CHECK(blank != std::string_view::npos);
    std::string_view type = one.substr(blank + 1);
    if (type == "sysname") type = "nvarchar(128)";
    columns.push_back({std::string(one.substr(0, blank)), std::string(type)});
    start = at + 1;
  }
  return columns;
}

}  // namespace

store::Value date(std::int64_t unix_us) {
  return proto::to_datetime_text(proto::from_unix_us(unix_us));
}

store::Value date_or_null(std::int64_t unix_us) {
  return unix_us == 0 ? null_value() : date(unix_us);
}

store::Value guid(std::string_view stored_bytes) {
  const auto value = proto::Guid::from_bytes(proto::as_bytes(stored_bytes));
  return value ? store::Value(value->text()) : null_value();
}

store::Value padded(std::string_view value, std::size_t size) {
  std::string result(value);
  result.resize(std::max(size, result.size()), ' ');
  return result;
}

SystemViews::SystemViews(const Instance& instance) {
  const AddView add_view = [this](std::string_view name, std::string_view columns, ViewRows rows) {
    add(name, columns, std::move(rows));
  };
  add_security_views(instance, add_view);
  add_broker_views(instance, add_view);
  add_server_views(instance, add_view);
  add_object_views(instance, add_view);
}

void SystemViews::add(std::string_view name, std::string_view columns, ViewRows rows) {
  const bool is_new =
      views_.emplace(std::string(name), View{parse_columns(columns), std::move(rows)}).second;
  SSB_CHECK(is_new);
}

void SystemViews::set_rows(std::string_view view, ViewRows rows) {
  const auto found = views_.find(view);
  SSB_CHECK(found != views_.end());
  found->second.rows = std::move(rows);
}

std::vector<store::Column> SystemViews::view_columns(std::string_view view) const {
  const auto found = views_.find(view);
  return found == views_.end() ? std::vector<store::Column>{} : found->second.columns;
}

std::vector<std::string> SystemViews::view_names() const {
  std::vector<std::string> names;
  names.reserve(views_.size());
  for (const auto& [name, view] : views_) names.push_back(name);
  return names;
}

std::vector<store::Row> SystemViews::view_rows(std::string_view view, store::DatabaseId database,
                                               std::int64_t argument) const {
  const auto found = views_.find(view);
  if (found == views_.end() || !found->second.rows) return {};
  std::vector<store::Row> rows = found->second.rows(database, argument);
  for (const store::Row& row : rows) SSB_CHECK(row.size() == found->second.columns.size());
  return rows;
}

}  // namespace ssb::broker::catalog
