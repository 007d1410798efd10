// The catalogue of attacks and faults: every entry of the groups A, B and C and the starred ones of D, E and H, with what
// tests it, or what it waits for, where there is no script for it.
//
//   Source  the project's catalogue of attacks; scripts name their entry by `--# catalogue`.
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace ssb::sim::cli {

struct CatalogueEntry {
  std::string_view id;
  std::string_view title;
  // What is not built yet that it needs.
  std::string_view waits;
  // What tries it in the place of such a script: tests and scenarios, each by its path.
  std::string_view tested = {};
  // Why it is left out for good: then it waits for nothing, and nothing tries it.
  std::string_view decided = {};

  // What its script does not show, and what there is of that.
  std::string_view beside = {};

  // A script of `scenarios/attacks` plays it.
  [[nodiscard]] bool has_script() const {
    return waits.empty() && tested.empty() && decided.empty();
  }
};

[[nodiscard]] std::span<const CatalogueEntry> catalogue_entries();
[[nodiscard]] const CatalogueEntry* find_entry(std::string_view id);
// The paths in a text of `tested`, in its order.
[[nodiscard]] std::vector<std::string_view> named_paths(std::string_view text);

}  // namespace ssb::sim::cli
