#include "broker/store/collation.h"

#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/broker/store/store_fixture.h"

namespace ssb::broker::store {
namespace {

TEST(StoreCollationTest, TextsCompareAsTSqlDoes) {
  struct Case {
    std::string_view left;
    char relation;
    std::string_view right;
  };
  const std::vector<Case> cases = {
      {"", '=', ""},
      {"", '=', "   "},
      {"abc", '=', "ABC"},
      {"abc", '=', "abc  "},
      {"abc", '<', "abd"},
      {" abc", '<', "abc"},
      {"abc", '<', "abcd"},
      {"abc", '<', "abc d"},
      {"abc\t", '>', "abc"},
      {"a_", '<', "AB"},  // the folded code points decide: '_' (5F) stands before 'b' (62)
      {"ÄÖÜ", '=', "äöü"},
      {"a", '<', "ä"},
      {"ß", '>', "ss"},
      {"×", '<', "÷"},
      {"Ÿ", '=', "ÿ"},
      {"ŁÓDŹ", '=', "łódź"},
      {"İ", '>', "i"},
      {"ΑΒΓΣ", '=', "αβγς"},
      {"ΆΈΉΊΌΎΏ", '=', "άέήίόύώ"},
      {"МОСКВА", '=', "москва"},
      {"ЁЂЏ", '=', "ёђџ"},
      {"ҐӀӜ", '=', "ґӏӝ"},
      {"µ", '=', "μ"},
      {"日本", '=', "日本"},
      {"日本", '<', "本日"},
      {"😀", '<', "😁"},
      {"\xFF", '>', "\U0010FFFF"},
      {"\xC3", '=', "\xC3 "},
      {"\xC3", '<', "\xC4"},
      {"\xC0\x80", '>', "a"},
      {"\xED\xA0\x80", '>', "a"},
      {std::string_view("a\0b", 3), '>', "a"},
  };
  for (const Case& each : cases) {
    const int forward = compare_tsql(each.left, each.right);
    const int backward = compare_tsql(each.right, each.left);
    const char relation = forward < 0 ? '<' : forward > 0 ? '>' : '=';
    EXPECT_EQ(relation, each.relation) << each.left << " and " << each.right;
    EXPECT_EQ(forward<0, backward> 0) << each.left << " and " << each.right;
    EXPECT_EQ(forward == 0, backward == 0) << each.left << " and " << each.right;
  }
}

TEST(StoreCollationTest, FoldingTwiceChangesNothingMoreAndCoversItsRanges) {
  int folded = 0;
  for (char32_t c = 0; c < 0x600; ++c) {
    const char32_t once = fold_code_point(c);
    EXPECT_EQ(fold_code_point(once), once) << static_cast<std::uint32_t>(c);
    folded += once == c ? 0 : 1;
  }
  // CaseFolding.txt of Unicode 14 has so many lines of status C and S for the header's ranges.
  EXPECT_EQ(folded, 334);
}

TEST(StoreCollationTest, ColumnsWithTheCollationAreUniqueAndOrderedWithoutRegardToCase) {
  Store store("", in_memory());
  store.open_database(5);
  store.write(5, "CREATE TABLE t(name TEXT COLLATE tsql UNIQUE)", {});
  for (const char* name : {"b", "Ä", "A"}) {
    store.write(5, "INSERT INTO t VALUES (?1)", {std::string(name)});
  }

  Transaction one;
  EXPECT_EQ(seen_by(store, one, 5, "INSERT INTO t VALUES ('B  ')"),
            "error: UNIQUE constraint failed: t.name");
  EXPECT_EQ(accepted(store, 5, "SELECT name FROM t WHERE name = 'ä '"), "Ä");
  EXPECT_EQ(accepted(store, 5, "SELECT name FROM t ORDER BY name"), "A;b;Ä");
}

}  // namespace
}  // namespace ssb::broker::store
