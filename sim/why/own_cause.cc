#include "sim/why/own_cause.h"

#include <array>
#include <string_view>
#include <utility>

namespace ssb::sim::why {
namespace {

struct OwnRow {
  std::string_view id;
  Phase phase;
  std::string_view title;
};
constexpr std::array kOwn{
#define SSB_WHY_CAUSE(id, phase, title) OwnRow{"SB-" #id, Phase::phase, title},
#include "sim/why/causes.def"
#undef SSB_WHY_CAUSE
};

}  // namespace

Cause own_cause(OwnCause which, Phase phase, std::string place, std::string text,
                std::string no_cure) {
  const OwnRow& row = kOwn.at(static_cast<std::size_t>(which));
  const bool keeps_phase =
      which == OwnCause::W007 || which == OwnCause::W009 || which == OwnCause::W016;
  return {.phase = keeps_phase ? phase : row.phase,
          .id = std::string(row.id),
          .title = std::string(row.title),
          .place = std::move(place),
          .text = std::move(text),
          .no_cure = std::move(no_cure)};
}

}  // namespace ssb::sim::why
