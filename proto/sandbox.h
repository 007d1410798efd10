// Where a file name of T-SQL leads: into the instance's own folder, whatever drive or root it names, and nowhere else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ssb::proto {

// 'C:\dir\x.cer' and '/dir/x.cer' both are {"dir", "x.cer"}; case as given (see folded_component). Empty: not a
// name inside the folder ('..', a control character, too long, too deep).
[[nodiscard]] std::vector<std::string> sandbox_components(std::string_view name);

// A component under which every spelling of its case is found, as on Windows: its letters A to Z in lower case.
[[nodiscard]] std::string folded_component(std::string_view component);

}  // namespace ssb::proto
