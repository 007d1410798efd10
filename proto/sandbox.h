// Where a file name of T-SQL leads: into the instance's own folder, whatever drive or root it names, and nowhere else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ssb::proto {

// 'C:\dir\x.cer' and '/dir/x.cer' both are {"dir", "x.cer"}; case as given. Empty: not a name inside the folder ('..', a control
// character, too long, too deep).
[[nodiscard]] std::vector<std::string> sandbox_components(std::string_view name);

}  // namespace ssb::proto
