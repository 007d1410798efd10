#include "proto/time.h"

#include <gtest/gtest.h>

namespace ssb::proto {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year;

constexpr TimePoint day(int y, unsigned m, unsigned d) {
  return sys_days(year(y) / static_cast<int>(m) / static_cast<int>(d));
}

struct Case {
  const char* text;
  TimePoint expected;
};

TEST(TimeTest, DatesAreReadInEveryForm) {
  const Case cases[] = {
      {"2008-11-26", day(2008, 11, 26)},
      {"2008-1-5", day(2008, 1, 5)},
      {"2008/11/26", day(2008, 11, 26)},
      {"2008.11.26", day(2008, 11, 26)},
      {"20081126", day(2008, 11, 26)},
      {"081126", day(2008, 11, 26)},
      {"11/30/2013", day(2013, 11, 30)},
      {"1/2/2013", day(2013, 1, 2)},
      {"11-30-2013", day(2013, 11, 30)},
      {"11.30.2013", day(2013, 11, 30)},
      {"11/30/13", day(2013, 11, 30)},
      {"1/1/49", day(2049, 1, 1)},
      {"1/1/50", day(1950, 1, 1)},
      {"Nov 26 2008", day(2008, 11, 26)},
      {"nov 26 2008", day(2008, 11, 26)},
      {"Nov 26, 2008", day(2008, 11, 26)},
      {"November 26, 2008", day(2008, 11, 26)},
      {"NOVEMBER 26,2008", day(2008, 11, 26)},
      {"May 1 2008", day(2008, 5, 1)},
      {"26 Nov 2008", day(2008, 11, 26)},
      {"26 November, 2008", day(2008, 11, 26)},
      {"26Nov2008", day(2008, 11, 26)},
      {"  2008-11-26  ", day(2008, 11, 26)},
      {"1753-01-01", day(1753, 1, 1)},
      {"9999-12-31", day(9999, 12, 31)},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(parse_datetime(text), expected) << text;
}

TEST(TimeTest, ATimeMayFollowEveryDate) {
  const TimePoint date = day(2008, 11, 26);
  for (const std::string on : {"2008-11-26", "20081126", "11/26/2008", "Nov 26 2008",
                               "November 26, 2008", "26 Nov 2008"}) {
    const auto at = [&on](const char* time) { return parse_datetime(on + " " + time); };
    EXPECT_EQ(at("13:45"), date + hours(13) + minutes(45)) << on;
    EXPECT_EQ(at("13:45:59"), date + hours(13) + minutes(45) + seconds(59)) << on;
    EXPECT_EQ(at("13:45:59.123"), date + hours(13) + minutes(45) + microseconds(59'123'000)) << on;
    EXPECT_EQ(at("1:45 PM"), date + hours(13) + minutes(45)) << on;
    EXPECT_EQ(at("1:45PM"), date + hours(13) + minutes(45)) << on;
    EXPECT_EQ(at("1:45:30.5 am"), date + hours(1) + minutes(45) + microseconds(30'500'000)) << on;
    EXPECT_EQ(at("00:00"), date) << on;
    EXPECT_EQ(at("23:59:59.999"), date + hours(24) - microseconds(1000)) << on;
  }
}

TEST(TimeTest, NoonAndMidnightFollowTheTwelveHourClock) {
  const TimePoint date = day(2008, 11, 26);

  EXPECT_EQ(parse_datetime("2008-11-26 12:00 AM"), date);
  EXPECT_EQ(parse_datetime("2008-11-26 12:30 AM"), date + minutes(30));
  EXPECT_EQ(parse_datetime("2008-11-26 12:00 PM"), date + hours(12));
  EXPECT_EQ(parse_datetime("2008-11-26 11 PM"), date + hours(23));
  EXPECT_EQ(parse_datetime("2008-11-26 13:00 PM"), date + hours(13));
}

TEST(TimeTest, FractionsOfOneToSevenDigitsAreCutToMicroseconds) {
  const TimePoint second = day(2008, 11, 26) + hours(9);
  const auto at = [](const char* digits) {
    return parse_datetime(std::string("2008-11-26 09:00:00.") + digits);
  };

  EXPECT_EQ(at("1"), second + microseconds(100'000));
  EXPECT_EQ(at("12"), second + microseconds(120'000));
  EXPECT_EQ(at("003"), second + microseconds(3'000));
  EXPECT_EQ(at("123456"), second + microseconds(123'456));
  EXPECT_EQ(at("1234569"), second + microseconds(123'456));
  EXPECT_FALSE(at("12345678"));
  EXPECT_FALSE(at(""));
}

TEST(TimeTest, Iso8601IsReadWithAndWithoutZ) {
  const TimePoint expected = day(2008, 11, 26) + hours(9) + microseconds(123'456);

  EXPECT_EQ(parse_datetime("2008-11-26T09:00:00.123456Z"), expected);
  EXPECT_EQ(parse_datetime("2008-11-26T09:00:00.123456"), expected);
  EXPECT_EQ(parse_datetime("2008-11-26T09:00:00Z"), day(2008, 11, 26) + hours(9));
}

TEST(TimeTest, LeapDaysExistInLeapYearsOnly) {
  EXPECT_EQ(parse_datetime("2008-02-29"), day(2008, 2, 29));
  EXPECT_EQ(parse_datetime("2000-02-29"), day(2000, 2, 29));
  EXPECT_FALSE(parse_datetime("2009-02-29"));
  EXPECT_FALSE(parse_datetime("1900-02-29"));
  EXPECT_FALSE(parse_datetime("2100-02-29"));
  EXPECT_FALSE(parse_datetime("2008-02-30"));
}

TEST(TimeTest, OtherTextsAreRefused) {
  for (const char* text : {"",
                           " ",
                           "13/45/2013",
                           "13/1/2013",
                           "0/1/2013",
                           "1/0/2013",
                           "11/31/2013",
                           "11/30/213",
                           "11/30/02013",
                           "11/30",
                           "2013",
                           "2008-11",
                           "2008-11-",
                           "2008-11/26",
                           "2008-11-026",
                           "2008-11-26x",
                           "2008-11-26 x",
                           "200811261",
                           "2008112",
                           "1752-12-31",
                           "10000-01-01",
                           "0000-01-01",
                           "-2008-11-26",
                           "Nov 2008",
                           "Nov 26",
                           "Novem 26 2008",
                           "Foo 26 2008",
                           "November",
                           "Nov 26-2008",
                           "Nov26 2008x",
                           "26 Nov",
                           "13:45",
                           "2008-11-26 24:00",
                           "2008-11-26 23:60",
                           "2008-11-26 23:59:60",
                           "2008-11-26 13",
                           "2008-11-26 1:",
                           "2008-11-26 1:2:",
                           "2008-11-26 123:45",
                           "2008-11-26 0:30 PM",
                           "2008-11-26 13:00 AM",
                           "2008-11-26 1:45 XM",
                           "2008-11-26 1:45 P",
                           "2008-11-26 +1:45",
                           "2008-11-26T",
                           "2008-11-26TZ",
                           "2008-11-26T1:45 PM",
                           "2008-1-5T09:00:00",
                           "2008/11/26T09:00:00",
                           "2008-11-26 09:00Z",
                           "2008-11-26T09:00:00+01:00",
                           "2008-11-26T09:00:00ZZ",
                           "99999999999999999999",
                           "today"}) {
    EXPECT_FALSE(parse_datetime(text)) << text;
  }
  EXPECT_FALSE(parse_datetime(std::string_view("2008-11-26\0", 11)));
}

TEST(TimeTest, TextsHaveAllTheirDigits) {
  const TimePoint t = day(2008, 1, 2) + hours(3) + minutes(4) + microseconds(5'006'007);

  EXPECT_EQ(to_datetime_text(t), "2008-01-02 03:04:05.007");
  EXPECT_EQ(to_iso_text(t), "2008-01-02T03:04:05.006007Z");
  EXPECT_EQ(to_datetime_text(TimePoint()), "1970-01-01 00:00:00.000");
  EXPECT_EQ(to_iso_text(TimePoint() - microseconds(1)), "1969-12-31T23:59:59.999999Z");
}

TEST(TimeTest, NeverPrintsAsTheLastMomentOfTheCalendar) {
  EXPECT_EQ(to_datetime_text(kNever), "9999-12-31 23:59:59.997");
  EXPECT_EQ(to_iso_text(kNever), "9999-12-31T23:59:59.999999Z");
  EXPECT_EQ(to_iso_text(TimePoint::min()), "0001-01-01T00:00:00.000000Z");
}

TEST(TimeTest, WhatIsPrintedIsReadBack) {
  const TimePoint last = day(9999, 12, 31) + hours(24) - microseconds(1);
  // A step that is a multiple of nothing, through all years that datetime has.
  const Duration step = hours(24 * 97) + microseconds(12'345'678'901);
  for (TimePoint t = day(1753, 1, 1); t <= last; t += step) {
    ASSERT_EQ(parse_datetime(to_iso_text(t)), t) << to_iso_text(t);
    ASSERT_EQ(parse_datetime(to_datetime_text(t)), to_datetime(t));
  }
  EXPECT_EQ(parse_datetime(to_iso_text(last)), last);
}

TEST(TimeTest, DatetimeHoldsThreeHundredthsOfASecond) {
  const TimePoint t = day(2008, 11, 26);
  const auto rounded = [&](int milliseconds) {
    return (to_datetime(t + std::chrono::milliseconds(milliseconds)) - t).count() / 1000;
  };

  // The table of the documentation of datetime: .990 to .999 and on.
  const int expected[] = {990, 990, 993, 993, 993, 997, 997, 997, 997, 1000};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(rounded(990 + i), expected[i]) << i;
  EXPECT_EQ(to_datetime(to_datetime(t + microseconds(345'678))),
            to_datetime(t + microseconds(345'678)));
}

TEST(TimeTest, UnixMicrosecondsReturn) {
  const TimePoint t = day(2008, 11, 26) + microseconds(7);

  EXPECT_EQ(from_unix_us(to_unix_us(t)), t);
  EXPECT_EQ(to_unix_us(TimePoint()), 0);
}

}  // namespace
}  // namespace ssb::proto
