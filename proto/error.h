// One failure: SQL Server's number, severity and state, and the names that its text carries.
//
//   Errors  rows of proto/errors.def; the enumerator's value is the number, so no mapping can go wrong.
//   Source  sys.messages for numbers and severities; every wording is ours.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/system/result.hpp>

namespace ssb::proto {

// Its enumerators: error_code.h. Only files that name one include that, so that a new row compiles
// only those again.
enum class ErrorCode : std::int32_t;

struct Error {
  ErrorCode code{};
  int state = 1;
  std::vector<std::string> parameters;  // %1, %2, ... of the text
  std::optional<int> own_severity;      // of RAISERROR and the like, in place of the row's

  Error() = default;
  template <typename... Parameters>
  explicit Error(ErrorCode error_code, Parameters&&... texts)
      : code(error_code), parameters{std::string(std::forward<Parameters>(texts))...} {}
  [[nodiscard]] Error with_state(int value) && {
    state = value;
    return std::move(*this);
  }
  [[nodiscard]] Error with_state(int value) const& { return Error(*this).with_state(value); }
  [[nodiscard]] std::int32_t number() const { return static_cast<std::int32_t>(code); }
  [[nodiscard]] int severity() const;
  // The formatted text, without number and state. A number without a row (THROW 50001, ...) has its
  // text as the first parameter.
  [[nodiscard]] std::string text() const;
  friend bool operator==(const Error&, const Error&) = default;
};

struct ErrorRow {
  ErrorCode code;
  int severity;
  const char* name;
  const char* text;
};
// The row of a number, or nullptr.
[[nodiscard]] const ErrorRow* find_error(std::int32_t number);
// All rows, by number.
[[nodiscard]] const std::vector<ErrorRow>& error_rows();

template <typename T = void>
using Result = boost::system::result<T, Error>;

// boost::system::result asks this when value() is called on a failure: a bug of the caller.
[[noreturn]] void throw_exception_from_error(const Error& error,
                                             const boost::source_location& where);

}  // namespace ssb::proto
