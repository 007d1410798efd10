#include "proto/time.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace ssb::proto {
namespace {

using std::chrono::day;
using std::chrono::month;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

constexpr int kFirstYear = 1753;       // the Gregorian calendar in England; datetime starts here
constexpr int kLastYear = 9999;        // and ends here
constexpr int kTwoDigitYearEnd = 49;   // 'two digit year cutoff' is 2049: 49 is 2049, 50 is 1950
constexpr int kFractionDigitsMax = 7;  // datetime2(7); we keep microseconds

constexpr TimePoint kFirstMoment = sys_days(year(1) / 1 / 1);
constexpr TimePoint kLastMoment = TimePoint(sys_days(year(kLastYear + 1) / 1 / 1)) - Duration(1);

constexpr std::array<std::string_view, 12> kMonths{"january",   "february", "march",    "april",
                                                   "may",       "june",     "july",     "august",
                                                   "september", "october",  "november", "december"};

struct Fields {
  int year, month, day, hour, minute, second;
  int microsecond;
};

// kNever and the like become the last moment that the texts can show.
Fields fields_of(TimePoint t) {
  t = std::clamp(t, kFirstMoment, kLastMoment);
  const auto date = std::chrono::floor<std::chrono::days>(t);
  const year_month_day ymd(date);
  const std::chrono::hh_mm_ss<Duration> time(t - date);
  return {static_cast<int>(ymd.year()),
          static_cast<int>(static_cast<unsigned>(ymd.month())),
          static_cast<int>(static_cast<unsigned>(ymd.day())),
          static_cast<int>(time.hours().count()),
          static_cast<int>(time.minutes().count()),
          static_cast<int>(time.seconds().count()),
          static_cast<int>(time.subseconds().count())};
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

struct Number {
  int value = 0;
  std::size_t digits = 0;
};

// Reads the text once from left to right; every reader says whether it found what it wants.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  [[nodiscard]] std::optional<TimePoint> datetime();

 private:
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (peek() != c || at_ == text_.size()) return false;
    ++at_;
    return true;
  }
  void skip_blanks() {
    while (peek() == ' ' || peek() == '\t') ++at_;
  }
  Number number();
  std::string word();

  std::optional<sys_days> date();
  std::optional<sys_days> date_of_month_name();
  std::optional<sys_days> date_of_numbers(Number first);
  std::optional<Duration> time(bool iso);
  bool fraction(Duration& time);
  bool meridiem(int& hour);

  std::string_view text_;
  std::size_t at_ = 0;
  bool iso_date_ = false;  // yyyy-mm-dd with all its digits: the only date that T may follow
};

// At most nine digits, so that the value fits; more leave digits behind, which no rule accepts.
Number Reader::number() {
  Number n;
  while (is_digit(peek()) && n.digits < 9) {
    n.value = n.value * 10 + (text_[at_++] - '0');
    ++n.digits;
  }
  return n;
}

std::string Reader::word() {
  std::string out;
  while (is_letter(peek())) out.push_back(lower(text_[at_++]));
  return out;
}

std::optional<sys_days> make_date(int y, int m, int d) {
  if (y < kFirstYear || y > kLastYear || m < 1 || d < 1) return std::nullopt;
  const year_month_day ymd{year(y), month(static_cast<unsigned>(m)), day(static_cast<unsigned>(d))};
  if (!ymd.ok()) return std::nullopt;
  return sys_days(ymd);
}

// The year of four digits, or of two by the cutoff.
std::optional<int> full_year(Number n) {
  if (n.digits == 4) return n.value;
  if (n.digits != 2) return std::nullopt;
  return n.value <= kTwoDigitYearEnd ? 2000 + n.value : 1900 + n.value;
}

std::optional<int> month_of(std::string_view name) {
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    if (name == kMonths[i] || name == kMonths[i].substr(0, 3)) return static_cast<int>(i) + 1;
  }
  return std::nullopt;
}

// 'Nov 26 2008', 'November 26, 2008'.
std::optional<sys_days> Reader::date_of_month_name() {
  const auto m = month_of(word());
  skip_blanks();
  const Number d = number();
  const bool separated = peek() == ' ' || peek() == ',';
  skip_blanks();
  take(',');
  skip_blanks();
  const auto y = full_year(number());
  if (!m || !y || !separated || d.digits == 0 || d.digits > 2) return std::nullopt;
  return make_date(*y, *m, d.value);
}

// '2008-11-26', '11/30/2013', '26 Nov 2008', '20081126', '081126'.
std::optional<sys_days> Reader::date_of_numbers(Number first) {
  if (first.digits == 8) {
    return make_date(first.value / 10000, first.value / 100 % 100, first.value % 100);
  }
  if (first.digits == 6) {
    const auto y = full_year({first.value / 10000, 2});
    return make_date(*y, first.value / 100 % 100, first.value % 100);
  }
  const char separator = peek();
  if (separator == ' ' || is_letter(separator)) {
    skip_blanks();
    const auto m = month_of(word());
    skip_blanks();
    take(',');
    skip_blanks();
    const auto y = full_year(number());
    if (!m || !y || first.digits > 2) return std::nullopt;
    return make_date(*y, *m, first.value);
  }
  if (separator != '-' && separator != '/' && separator != '.') return std::nullopt;
  take(separator);
  const Number second = number();
  if (second.digits == 0 || second.digits > 2 || !take(separator)) return std::nullopt;
  const Number third = number();
  if (first.digits == 4) {
    if (third.digits == 0 || third.digits > 2) return std::nullopt;
    iso_date_ = separator == '-' && second.digits == 2 && third.digits == 2;
    return make_date(first.value, second.value, third.value);
  }
  const auto y = full_year(third);
  if (!y || first.digits > 2) return std::nullopt;
  return make_date(*y, first.value, second.value);
}

std::optional<sys_days> Reader::date() {
  if (is_letter(peek())) return date_of_month_name();
  const Number first = number();
  if (first.digits == 0) return std::nullopt;
  return date_of_numbers(first);
}

// The digits after the point, cut to microseconds.
bool Reader::fraction(Duration& time) {
  const Number n = number();
  if (n.digits == 0 || n.digits > kFractionDigitsMax) return false;
  std::int64_t value = n.value;
  for (std::size_t i = n.digits; i < 6; ++i) value *= 10;
  if (n.digits == 7) value /= 10;
  time += Duration(value);
  return true;
}

// A following AM or PM changes the hour; false when it does not fit.
bool Reader::meridiem(int& hour) {
  const std::size_t before = at_;
  skip_blanks();
  const std::string suffix = word();
  if (suffix != "am" && suffix != "pm") {
    at_ = before;
    return true;
  }
  if (suffix == "am" && hour > 12) return false;
  if (suffix == "am" && hour == 12) hour = 0;
  if (suffix == "pm" && hour == 0) return false;
  if (suffix == "pm" && hour < 12) hour += 12;
  return true;
}

// 'hh:mm[:ss[.fraction]] [AM|PM]', and 'hh AM'; ISO 8601 has no AM.
std::optional<Duration> Reader::time(bool iso) {
  const Number h = number();
  if (h.digits == 0 || h.digits > 2 || h.value > 23) return std::nullopt;
  int hour = h.value;
  Duration rest{};
  bool has_minutes = false;
  if (take(':')) {
    const Number m = number();
    if (m.digits == 0 || m.digits > 2 || m.value > 59) return std::nullopt;
    rest += std::chrono::minutes(m.value);
    has_minutes = true;
    if (take(':')) {
      const Number s = number();
      if (s.digits == 0 || s.digits > 2 || s.value > 59) return std::nullopt;
      rest += std::chrono::seconds(s.value);
      if (take('.') && !fraction(rest)) return std::nullopt;
    }
  }
  const std::size_t before = at_;
  if ((!iso && !meridiem(hour)) || (!has_minutes && at_ == before)) return std::nullopt;
  return std::chrono::hours(hour) + rest;
}

std::optional<TimePoint> Reader::datetime() {
  skip_blanks();
  const auto on = date();
  if (!on) return std::nullopt;
  Duration at{};
  const bool iso = iso_date_ && take('T');
  const bool blank = !iso && (peek() == ' ' || peek() == '\t');
  if (!iso) skip_blanks();
  if (iso || (blank && at_ < text_.size())) {
    const auto time_of_day = time(iso);
    if (!time_of_day) return std::nullopt;
    at = *time_of_day;
    if (iso) take('Z');
  }
  skip_blanks();
  if (at_ != text_.size()) return std::nullopt;
  return TimePoint(*on) + at;
}

}  // namespace

TimePoint to_datetime(TimePoint t) {
  // The last tick of the calendar is 997: rounding must not leave it.
  t = std::clamp(t, kFirstMoment, kLastMoment - std::chrono::milliseconds(2));
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::int64_t ticks = ((t - day).count() * 3 + 5'000) / 10'000;
  return day + std::chrono::milliseconds((ticks * 10 + 1) / 3);
}

std::string to_datetime_text(TimePoint t) {
  const Fields f = fields_of(to_datetime(t));
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03}", f.year, f.month, f.day, f.hour,
                     f.minute, f.second, f.microsecond / 1000);
}

std::string to_iso_text(TimePoint t) {
  const Fields f = fields_of(t);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", f.year, f.month, f.day, f.hour,
                     f.minute, f.second, f.microsecond);
}

std::optional<TimePoint> parse_datetime(std::string_view text) {
  return Reader(text).datetime();
}

}  // namespace ssb::proto
