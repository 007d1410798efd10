// The catalogue of attacks and faults: every entry of the groups A, B and C and the starred ones of D, E and H, with the reason where
// there is no script for it.
//
//   Source  the project's catalogue of attacks; scripts name their entry by `--# catalogue`.
#pragma once

#include <span>
#include <string_view>

namespace ssb::sim::cli {

struct CatalogueEntry {
  std::string_view id;
  std::string_view title;
  // Why no script of `scenarios/attacks` plays it; empty: one does.
  std::string_view why_not;
};

[[nodiscard]] std::span<const CatalogueEntry> catalogue_entries();
[[nodiscard]] const CatalogueEntry* find_entry(std::string_view id);

}  // namespace ssb::sim::cli
