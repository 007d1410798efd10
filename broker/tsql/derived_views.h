// System views that are queries over other views: those of SQL Server 2000, INFORMATION_SCHEMA, and views of features that this
// instance never has (they are empty, with their columns).
#pragma once

#include <string_view>

namespace ssb::broker::tsql {

// The view's definition as CREATE VIEW, by "sys.name" or "information_schema.name" in lower case; nullptr: there is none.
[[nodiscard]] const char* derived_view(std::string_view name);

}  // namespace ssb::broker::tsql
