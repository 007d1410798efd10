// The parts of register_pure_functions, a file each, and what they share.
#pragma once

#include <string>

#include "broker/store/store.h"

namespace ssb::broker::tsql {

void register_text_functions(store::Store& store);  // functions_text.cc
void register_date_functions(store::Store& store);  // functions_date.cc
void register_xml_functions(store::Store& store);   // functions_xml.cc

// A value as the C++ type that the translation promised; NULL is empty or 0.
[[nodiscard]] std::string text_of(const store::Value& value);
[[nodiscard]] std::int64_t integer_of(const store::Value& value);
[[nodiscard]] double number_of(const store::Value& value);

}  // namespace ssb::broker::tsql
