// The enumerators of ErrorCode: one for each row of proto/errors.def; its value is the number.
#pragma once

#include "proto/error.h"

namespace ssb::proto {

enum class ErrorCode : std::int32_t {
#define SSB_ERROR(number, severity, name, text) name = (number),
#include "proto/errors.def"
#undef SSB_ERROR
};

}  // namespace ssb::proto
