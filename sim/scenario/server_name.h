// Which texts may name an instance.
#pragma once

#include <string>
#include <string_view>

namespace ssb::sim::scenario {

// HOST or HOST\INSTANCE: letters, digits, _ - $ # and single dots inside, at most 128 characters.
[[nodiscard]] bool is_server_name(std::string_view name);
// What to say of one that is none.
[[nodiscard]] std::string not_a_server_name(std::string_view name);

}  // namespace ssb::sim::scenario
