// Inside of SystemViews: how the files views_*.cc declare views and write their rows.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "broker/catalog/views.h"

namespace ssb::broker::catalog {

// `columns` as "name type, name type": the types as a server declares them, without NOT NULL.
using AddView = std::function<void(std::string_view name, std::string_view columns, ViewRows rows)>;

void add_security_views(const Instance& instance, const AddView& add);
void add_broker_views(const Instance& instance, const AddView& add);
void add_server_views(const Instance& instance, const AddView& add);
void add_object_views(const Instance& instance, const AddView& add);

// Of the server, its databases and their texts.
inline constexpr const char* kCollation = "SQL_Latin1_General_CP1_CI_AS";

// ---- values ----
[[nodiscard]] inline store::Value null_value() {
  return std::monostate{};
}
[[nodiscard]] inline store::Value number(std::int64_t value) {
  return value;
}
[[nodiscard]] inline store::Value flag(bool value) {
  return std::int64_t{value ? 1 : 0};
}
[[nodiscard]] inline store::Value text(std::string_view value) {
  return std::string(value);
}
// NULL for the value that stands for none.
[[nodiscard]] inline store::Value number_or_null(std::int64_t value) {
  return value == 0 ? null_value() : number(value);
}
[[nodiscard]] inline store::Value text_or_null(std::string_view value) {
  return value.empty() ? null_value() : text(value);
}
[[nodiscard]] inline store::Value binary(std::string_view bytes) {
  return proto::to_bytes(bytes);
}
[[nodiscard]] inline store::Value binary_or_null(std::string_view bytes) {
  return bytes.empty() ? null_value() : binary(bytes);
}
[[nodiscard]] store::Value date(std::int64_t unix_us);
[[nodiscard]] store::Value date_or_null(std::int64_t unix_us);
[[nodiscard]] store::Value guid(std::string_view stored_bytes);
// "U " of "U": char(n) columns are padded with blanks.
[[nodiscard]] store::Value padded(std::string_view value, std::size_t size);

}  // namespace ssb::broker::catalog
