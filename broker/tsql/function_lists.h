// The parts of register_pure_functions, a file each, and what they share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/store/store.h"

namespace ssb::broker::tsql {

void register_text_functions(store::Store& store);  // functions_text.cc
void register_date_functions(store::Store& store);  // functions_date.cc
void register_xml_functions(store::Store& store);   // functions_xml.cc

using Arguments = std::vector<store::Value>;
[[nodiscard]] bool any_null(const Arguments& arguments);
// The bytes of the first code point, at most four.
[[nodiscard]] std::size_t character_size(std::string_view text);

// A value as the C++ type that the translation promised; NULL is empty or 0.
[[nodiscard]] std::string text_of(const store::Value& value);
[[nodiscard]] std::int64_t integer_of(const store::Value& value);
[[nodiscard]] double number_of(const store::Value& value);

}  // namespace ssb::broker::tsql
