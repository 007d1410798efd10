#include "sim/why/causes.h"

#include <algorithm>
#include <array>

#include "sim/scenario/near.h"

namespace ssb::sim::why {
namespace {

struct CauseText {
  std::string_view id, errors, means, cure;
};
constexpr std::array kTexts{
#define SSB_WHY_TEXT(id, errors, means, cure) CauseText{"SB-" #id, errors, means, cure},
#include "sim/why/cause_texts.def"
#undef SSB_WHY_TEXT
};

constexpr CauseText words_of(std::string_view id) {
  for (const CauseText& text : kTexts) {
    if (text.id == id) return text;
  }
  return {};
}

constexpr KnownCause known(std::string_view id, Phase phase, std::string_view title) {
  const CauseText text = words_of(id);
  return {id, phase, title, text.errors, text.means, text.cure};
}

constexpr std::array kCauses{
#define SSB_WHY_CAUSE(id, phase, title) known("SB-" #id, Phase::phase, title),
#include "sim/why/causes.def"
#undef SSB_WHY_CAUSE
};

}  // namespace

std::span<const KnownCause> all_causes() {
  return kCauses;
}

const KnownCause* find_known_cause(std::string_view id) {
  const auto* found = std::ranges::find_if(kCauses, [id](const KnownCause& cause) {
    return scenario::equal_ignoring_case(cause.id, id);
  });
  return found == kCauses.end() ? nullptr : found;
}

}  // namespace ssb::sim::why
