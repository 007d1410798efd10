#include "sim/scenario/script.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/scenario/splitter.h"

namespace ssb::sim::scenario {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Script parse(std::string_view text, const std::map<std::string, std::string>& files = {}) {
  ScriptOptions options;
  options.read_file = [files](const std::string& path) -> std::optional<std::string> {
    const auto found = files.find(path);
    return found == files.end() ? std::nullopt : std::optional(found->second);
  };
  return parse_script("dir/a.sql", text, options);
}

template <typename Action>
std::vector<Action> actions(const Script& script) {
  std::vector<Action> found;
  for (const Step& step : script.steps) {
    if (const auto* action = std::get_if<Action>(&step.action)) found.push_back(*action);
  }
  return found;
}

std::vector<std::string> error_lines(const Script& script) {
  std::vector<std::string> lines;
  for (const ScriptMessage& message : script.errors) lines.push_back(message.line());
  return lines;
}

template <typename What>
What expectation(std::string_view text) {
  const auto parsed = parse_directive("expect " + std::string(text));
  if (const auto* problem = std::get_if<DirectiveError>(&parsed)) {
    ADD_FAILURE() << text << ": " << problem->message;
    return {};
  }
  return std::get<What>(std::get<Expectation>(std::get<Directive>(parsed)).what);
}

TEST(ScriptTest, BatchesEndAtGoAndKeepThePlaceOfEachLine) {
  const Script script =
      parse("-- intro\n:connect HOST_A\nSELECT 1\n\nSELECT 2\ngo 3 -- again\nSELECT 4");

  const auto batches = actions<Batch>(script);
  ASSERT_EQ(batches.size(), 2U);
  EXPECT_EQ(batches[0].text, "-- intro\nSELECT 1\n\nSELECT 2\n");
  EXPECT_EQ(batches[0].repeat, 3);
  EXPECT_EQ(batches[0].place_of(4).text(), "dir/a.sql:5");
  EXPECT_EQ(batches[1].place_of(1).text(), "dir/a.sql:7");
  EXPECT_THAT(script.errors, IsEmpty());
}

TEST(ScriptTest, GoInsideCommentsAndStringsIsText) {
  const Script script =
      parse("SELECT 'a\nGO\nb', [x\nGO\n] /* c /* nested */\nGO\n*/ -- 'open\nGO\nSELECT 2\nGO\n");

  const auto batches = actions<Batch>(script);
  ASSERT_EQ(batches.size(), 2U);
  EXPECT_EQ(batches[1].text, "SELECT 2\n");
}

TEST(ScriptTest, GoWithSomethingElseIsAnError) {
  EXPECT_THAT(error_lines(parse("SELECT 1\nGO now\n")),
              ElementsAre(HasSubstr("dir/a.sql:2:1: GO takes a count")));
  EXPECT_THAT(parse("GOTO done\ndone:\nGO").errors, IsEmpty());
}

TEST(ScriptTest, WithoutConnectOneInstanceIsUsed) {
  const Script script = parse("SELECT 1\nGO\n");

  EXPECT_THAT(script.nodes, ElementsAre("SERVER"));
  EXPECT_EQ(actions<Connect>(script).size(), 1U);
}

TEST(ScriptTest, ConnectTakesLoginPasswordAndPort) {
  const auto connects =
      actions<Connect>(parse(":CONNECT tcp:HOST_A,1433 -l 5 -U app -P \"a b\"\n"));

  ASSERT_EQ(connects.size(), 1U);
  EXPECT_EQ(connects[0].node, "HOST_A");
  EXPECT_EQ(connects[0].login, "app");
  EXPECT_EQ(connects[0].password, "a b");
}

TEST(ScriptTest, UnsentBatchAtConnectRunsOnTheNewNodeWithAWarning) {
  const Script script = parse(":connect A\nSELECT 1\n:connect B\nGO\n");

  ASSERT_EQ(script.warnings.size(), 1U);
  EXPECT_THAT(script.warnings[0].line(),
              HasSubstr("dir/a.sql:3:1: the batch that began in line 2"));
  ASSERT_EQ(script.steps.size(), 3U);
  EXPECT_TRUE(std::holds_alternative<Batch>(script.steps[2].action));
}

TEST(ScriptTest, ConnectFlushesSendsTheBatchFirst) {
  const Script script = parse("--# connect flushes\n:connect A\nSELECT 1\n:connect B\nGO\n");

  EXPECT_THAT(script.warnings, IsEmpty());
  ASSERT_EQ(script.steps.size(), 3U);
  EXPECT_TRUE(std::holds_alternative<Batch>(script.steps[1].action));
}

TEST(ScriptTest, VariablesAreReplacedInStringsButNotInComments) {
  const Script script =
      parse(":setvar Name \"my db\"\nUSE [$(name)] -- $(other)\nSELECT '$(NAME)' /* $(x) */\nGO\n");

  EXPECT_THAT(script.errors, IsEmpty());
  EXPECT_EQ(actions<Batch>(script).at(0).text,
            "USE [my db] -- $(other)\nSELECT 'my db' /* $(x) */\n");
}

TEST(ScriptTest, VariablesAreReplacedInDirectives) {
  const Script script = parse(
      ":setvar file \"a.cer\"\n:connect A\n--# copy A '$(file)' to B\n--# note its 'name\nSELECT "
      "1\nGO\n"
      ":connect B\n--# note a $(gone)\n");

  EXPECT_THAT(error_lines(script),
              ElementsAre(HasSubstr("dir/a.sql:8:12: the variable $(gone) is not set")));
  EXPECT_EQ(actions<CopyFile>(script).at(0).from_name, "a.cer");
  EXPECT_EQ(actions<Batch>(script).at(0).text, "SELECT 1\n");
}

TEST(ScriptTest, UnknownVariableIsAnErrorWithItsColumn) {
  EXPECT_THAT(error_lines(parse("SELECT $(DBName)\nGO\n")),
              ElementsAre(HasSubstr("dir/a.sql:1:8: the variable $(DBName) is not set")));
}

TEST(ScriptTest, VariablesComeFromTheEnvironmentLast) {
  ScriptOptions options;
  options.variables = {{"a", "1"}};
  options.environment = [](const std::string& name) { return std::optional("env " + name); };

  const Script script = parse_script("a.sql", "SELECT $(A) $(B)\n", options);

  EXPECT_EQ(actions<Batch>(script).at(0).text, "SELECT 1 env B\n");
}

TEST(ScriptTest, IncludedFilesAreParsedInPlaceRelativeToTheirFile) {
  const Script script =
      parse("SELECT 1\n:r \"sub/b.sql\"\nGO\n",
            {{"dir/sub/b.sql", "SELECT 2\n:r c.sql\n"}, {"dir/sub/c.sql", "SELECT 3\n"}});

  const auto batches = actions<Batch>(script);
  ASSERT_EQ(batches.size(), 1U);
  EXPECT_EQ(batches[0].text, "SELECT 1\nSELECT 2\nSELECT 3\n");
  EXPECT_EQ(batches[0].place_of(3).text(), "dir/sub/c.sql:1");
}

TEST(ScriptTest, IncludeErrors) {
  EXPECT_THAT(error_lines(parse(":r gone.sql\n")),
              ElementsAre(HasSubstr("'dir/gone.sql' cannot be read")));
  EXPECT_THAT(error_lines(parse(":r a.sql\n", {{"dir/a.sql", ":r a.sql\n"}})),
              ElementsAre(HasSubstr("nested deeper than 16")));
  EXPECT_THAT(
      error_lines(parse(":r a.sql\n", {{"dir/a.sql", ":r b.sql\n"}, {"dir/b.sql", ":r a.sql\n"}})),
      ElementsAre(HasSubstr("nested deeper than 16")));
}

TEST(ScriptTest, OperatingSystemCommandsAreRefusedWithAHint) {
  EXPECT_THAT(error_lines(parse(":!!rm -r x\n")), ElementsAre(HasSubstr("is not taken here")));
  EXPECT_THAT(error_lines(parse("!!copy C:\\a.cer \\\\B\\c$\n")),
              ElementsAre(HasSubstr("--# copy HOST_A")));
}

TEST(ScriptTest, GoRepeatsAMillionTimesAtMost) {
  EXPECT_EQ(actions<Batch>(parse("SELECT 1\nGO 1000000\n")).at(0).repeat, 1000000);
  for (const char* count : {"1000001", "2147483647", "99999999999999999999", "-1"}) {
    EXPECT_THAT(error_lines(parse(fmt::format("SELECT 1\nGO {}\n", count))),
                ElementsAre(HasSubstr("GO takes a count from 0 to 1000000")))
        << count;
  }
}

TEST(ScriptTest, OtherSqlcmdDirectivesAreRefused) {
  EXPECT_THAT(error_lines(parse(":conect A\n")), ElementsAre(HasSubstr("did you mean :connect?")));
  EXPECT_THAT(error_lines(parse(":xml ON\n")), ElementsAre(HasSubstr(":xml is not taken here")));
  EXPECT_THAT(error_lines(parse(":on error stop\n")),
              ElementsAre(HasSubstr("'error exit' or 'error ignore'")));
  EXPECT_THAT(error_lines(parse(":connect A -X\n")), ElementsAre(HasSubstr("does not know '-X'")));
}

TEST(ScriptTest, ExitWithAQueryRunsTheBufferAndTheQuery) {
  const Script script = parse("SELECT 1\n:exit(SELECT 2)\n");

  const auto batches = actions<Batch>(script);
  ASSERT_EQ(batches.size(), 2U);
  EXPECT_EQ(batches[1].text, "SELECT 2\n");
  EXPECT_TRUE(std::holds_alternative<Exit>(script.steps.back().action));
}

TEST(ScriptTest, BareExitAndQuitLeaveTheBufferUnsent) {
  EXPECT_THAT(actions<Batch>(parse("SELECT 1\nexit\n")), IsEmpty());
  EXPECT_THAT(actions<Batch>(parse("SELECT 1\nQUIT\n")), IsEmpty());
  EXPECT_THAT(actions<Batch>(parse("SELECT 1\n:reset\nGO\n")), IsEmpty());
}

TEST(ScriptTest, CommentLinesOfOthersAreNoDirectives) {
  EXPECT_THAT(parse("--########\n--#### x ####\n--#region\nSELECT 1\nGO").errors, IsEmpty());
}

TEST(ScriptTest, UnknownDirectiveListsNearNames) {
  EXPECT_THAT(error_lines(parse("--# setle 5m\n")),
              ElementsAre("dir/a.sql:1:5: unknown directive 'setle'; did you mean settle?"));
  EXPECT_THAT(error_lines(parse("--# expect vale 1\n")),
              ElementsAre(HasSubstr("1:12: unknown expectation 'vale'; did you mean value?")));
}

TEST(ScriptTest, AllErrorsAreToldAtOnce) {
  EXPECT_EQ(
      parse("--# clock never\n--# instance A port=x\n--# net A -> B loss 120%\n").errors.size(),
      3U);
}

TEST(ScriptTest, DirectivesThatActDoNotStandInsideABatch) {
  EXPECT_THAT(error_lines(parse("SELECT 1\n--# settle\nGO\n")),
              ElementsAre(HasSubstr("1 has not been sent yet; write GO before this line")));
  EXPECT_THAT(
      parse("--# note before\nSELECT 1\n--# note inside\n--# expect error 50000\nGO\n").errors,
      IsEmpty());
  EXPECT_THAT(error_lines(parse("--# expect no event 160\n:connect A\n")),
              ElementsAre(HasSubstr("1:4: no instance is in use here")));
  EXPECT_THAT(error_lines(parse("SELECT 1 --# expect rows 1\nGO\n")),
              ElementsAre(HasSubstr("1:10: a --# directive stands on a line of its own")));
}

TEST(ScriptTest, ExpectedErrorWithoutABatchIsAnError) {
  EXPECT_THAT(error_lines(parse("SELECT 1\nGO\n--# expect error 15581\n")),
              ElementsAre(HasSubstr("3:4: no batch follows")));
}

TEST(ScriptTest, ANameThatNobodyConnectsToIsATypingError) {
  EXPECT_THAT(error_lines(parse(":connect HOST_A\n--# expect no event 160 on HOST_AA\n")),
              ElementsAre("dir/a.sql:2:28: this script has no instance 'HOST_AA': neither :connect "
                          "nor --# instance names it; did you mean HOST_A?"));
  EXPECT_EQ(parse(":connect A\n--# copy A 'x' to TYPO\n--# skew TYPO 3h\n--# net A -> TYPO loss "
                  "1%\n--# expect wire ciphertext 'x' between A and TYPO\n--# crash TYPO\n")
                .errors.size(),
            5U);
  EXPECT_THAT(
      parse("--# instance C at=/x\n:connect A\n--# skew b 3h\n--# restart c\n--# copy A 'x' "
            "to B\n:connect B\n--# attack storm as peer EVIL to B\n")
          .errors,
      IsEmpty());
}

TEST(ScriptTest, AnInstanceHasTheNameOfAServer) {
  for (const char* name : {"../evil", "..", "/etc", "a/b", ".a", "a..b", "a\\b\\c", "a b"})
    EXPECT_THAT(error_lines(parse(":connect \"" + std::string(name) + "\"\n")),
                ElementsAre(HasSubstr("is no name of an instance")))
        << name;
  for (const char* name : {"HOST_A", "host-b.example.com", "HOST\\SQL2", "127.0.0.2", "Köln"})
    EXPECT_THAT(parse(":connect " + std::string(name) + "\n").errors, IsEmpty()) << name;
}

TEST(ScriptTest, ALoginThatIsToFailStandsBeforeItsConnect) {
  EXPECT_THAT(parse("--# expect error 18456\n:connect A -U joe -P wrong\n").errors, IsEmpty());
  EXPECT_THAT(error_lines(parse("--# expect error 208\n:connect A -U joe -P wrong\n")),
              ElementsAre(HasSubstr("1:4: no batch follows")));
  EXPECT_THAT(error_lines(parse("--# expect error 18456\n:connect A\n")),
              ElementsAre(HasSubstr("1:4: no batch follows")));
}

TEST(ScriptTest, APasswordThatStandsAtItsOptionIsTakenAndNeverShown) {
  const auto connects = actions<Connect>(parse(":connect A -Ujoe -PTop_secret\n"));

  ASSERT_EQ(connects.size(), 1U);
  EXPECT_EQ(connects[0].login, "joe");
  EXPECT_EQ(connects[0].password, "Top_secret");
  for (const std::string& line : error_lines(parse(":connect A -QTop_secret\n")))
    EXPECT_EQ(line.find("Top_secret"), std::string::npos);
}

TEST(ScriptTest, StoryLinesAreCollected) {
  const Script script = parse(
      "--# scenario Full security\n--# claim D09, D10 D11\n--# corpus F04\n--# seed 7\n--# modes "
      "sim\n");

  EXPECT_EQ(script.title, "Full security");
  EXPECT_THAT(script.claims, ElementsAre("D09", "D10", "D11"));
  EXPECT_THAT(script.corpus, ElementsAre("F04"));
  EXPECT_EQ(script.seed, 7U);
  EXPECT_TRUE(script.modes.sim);
  EXPECT_FALSE(script.modes.tcp);
  EXPECT_EQ(parse("").title, "a");
}

TEST(ScriptTest, AClaimIsOneOfTheDocuments) {
  EXPECT_THAT(error_lines(parse("--# claim D09, Z99\n")),
              ElementsAre(HasSubstr("1:16: there is no claim 'Z99'")));
  EXPECT_EQ(parse("--# claim D22\n--# claim d09\n--# claim D9\n--# claim D00\n").errors.size(), 4U);
  EXPECT_THAT(parse("--# claim M14 R20 D21 T11 K20\n--# corpus F99\n").errors, IsEmpty());
}

TEST(ScriptTest, ClockAndInstancesStandBeforeTheFirstConnect) {
  EXPECT_THAT(parse("--# clock 2008-12-01\n--# instance A port=4022 at=/x\n:connect A\n").errors,
              IsEmpty());
  EXPECT_THAT(parse("--# instance A host=sql01 host=10.0.0.1\n--# instance B host=sql02\n").errors,
              IsEmpty());
  EXPECT_THAT(error_lines(parse("--# instance A host=sql01\n--# instance B host=SQL01\n")),
              ElementsAre(HasSubstr("host=SQL01 leads to A already")));
  EXPECT_THAT(error_lines(parse(":connect A\n--# clock 2008-12-01\n--# instance A\n")),
              ElementsAre(HasSubstr("--# until"), HasSubstr("before the first")));
}

TEST(ScriptTest, Utf16AndByteOrderMarksAreRead) {
  const Script marked = parse("\xEF\xBB\xBFSELECT 1\nGO\n");
  std::string wide = "\xFF\xFE";
  for (const char c : std::string("SELECT 2\r\nGO\r\n")) wide += {c, '\0'};

  EXPECT_EQ(actions<Batch>(marked).at(0).text, "SELECT 1\n");
  EXPECT_EQ(actions<Batch>(parse(wide)).at(0).text, "SELECT 2\n");
  EXPECT_EQ(actions<Batch>(parse(":r b.sql\n", {{"dir/b.sql", wide}})).at(0).text, "SELECT 2\n");
  std::string other_end = "\xFE\xFF";
  for (const char c : std::string("SELECT 3\n")) other_end += {'\0', c};
  EXPECT_EQ(actions<Batch>(parse(other_end)).at(0).text, "SELECT 3\n");
}

TEST(ScriptTest, Utf16WithoutItsMarkIsNamed) {
  std::string little, big;
  for (const char c : std::string("SELECT 2\r\n")) {
    little += {c, '\0'};
    big += {'\0', c};
  }

  EXPECT_THAT(error_lines(parse(little)), ElementsAre(HasSubstr("1:1: the file is in UTF-16LE")));
  EXPECT_THAT(error_lines(parse(big)), ElementsAre(HasSubstr("1:1: the file is in UTF-16BE")));
  EXPECT_THAT(error_lines(parse(std::string("SELECT 1\0\n", 10))),
              ElementsAre(HasSubstr("a zero byte")));
}

TEST(DirectiveTest, Durations) {
  EXPECT_EQ(parse_duration("30d"), hours(720));
  EXPECT_EQ(parse_duration("1h30m"), minutes(90));
  EXPECT_EQ(parse_duration("+3h"), hours(3));
  EXPECT_EQ(parse_duration("-1.5s"), -milliseconds(1500));
  EXPECT_EQ(parse_duration("20ms"), milliseconds(20));
  for (const char* bad : {"", "30", "x", "5y", "1e9s", "99999999d", "-"})
    EXPECT_FALSE(parse_duration(bad)) << bad;
  EXPECT_EQ(duration_text(hours(27)), "1 d 3 h");
  EXPECT_EQ(duration_text(seconds(64)), "1 min 4 s");
  EXPECT_EQ(duration_text(milliseconds(1500)), "1.5 s");
}

TEST(DirectiveTest, ExpectationForms) {
  EXPECT_EQ(expectation<ExpectError>("error 15581 level 16 state 3").state, 3);
  EXPECT_EQ(expectation<ExpectRows>("rows 2").count, 2);
  EXPECT_EQ(expectation<ExpectValue>("value 'it''s'").value.text, "it's");
  EXPECT_TRUE(expectation<ExpectValue>("value like 'a%'").value.is_like);
  EXPECT_THAT(expectation<ExpectColumns>("columns a, [b c],d").names, ElementsAre("a", "b c", "d"));
  EXPECT_EQ(expectation<ExpectStatus>("status 9727 for MyService").service, "MyService");
  EXPECT_EQ(expectation<ExpectStatus>("status empty").kind, ExpectStatus::Kind::empty);
  EXPECT_EQ(expectation<ExpectEvent>("event 159 subclass 2 error 28034 state 84 on HOST_B").state,
            84);
  EXPECT_TRUE(expectation<ExpectEvent>("no event 160").is_absent);
  EXPECT_EQ(expectation<ExpectEvent>("errorlog 28054 state 1").event, 22);
  EXPECT_EQ(expectation<ExpectQueueError>("queue error -8494 in dbo.[My queue]").queue, "My queue");
  EXPECT_EQ(expectation<ExpectDelivered>("delivered 3 to [q]").queue, "q");
  EXPECT_EQ(expectation<ExpectState>("state CO for @h").variable, "@h");
  EXPECT_FALSE(expectation<ExpectAttacker>("attacker knows not 'secret'").knows);
  EXPECT_EQ(expectation<ExpectAttacker>("attacker knows secret").text, "secret");
  EXPECT_EQ(expectation<ExpectWire>("wire plaintext 'secret' between A and B").other, "B");
  EXPECT_EQ(expectation<ExpectPrint>("print 'hello'").text.text, "hello");
  EXPECT_EQ(expectation<ExpectWarning>("warning 15214").number, 15214);
}

TEST(DirectiveTest, WhereAndHowLongStandBeforeOrAfter) {
  for (const char* text : {"expect within 30s delivered 1 to q on HOST_B.Db",
                           "expect on HOST_B.[Db] delivered 1 to q within 30s"}) {
    const auto parsed = parse_directive(text);
    const auto& found = std::get<Expectation>(std::get<Directive>(parsed));
    EXPECT_EQ(found.node, "HOST_B");
    EXPECT_EQ(found.database, "Db");
    EXPECT_EQ(found.within, seconds(30));
  }
}

TEST(DirectiveTest, BrokenLinesSayWhereAndWhy) {
  const auto column_of = [](std::string_view text) {
    const auto parsed = parse_directive(text);
    const auto* error = std::get_if<DirectiveError>(&parsed);
    return error == nullptr ? 0 : error->column;
  };
  EXPECT_EQ(column_of("expect"), 7);
  EXPECT_EQ(column_of("expect error x"), 14);
  EXPECT_EQ(column_of("expect error 1 within 5s"), 25);
  EXPECT_EQ(column_of("expect state CO for h"), 21);
  EXPECT_EQ(column_of("expect value 'open"), 14);
  EXPECT_EQ(column_of("settle 5m extra"), 11);
  EXPECT_EQ(column_of("net A B loss 5%"), 7);
  EXPECT_EQ(column_of("net A -> B loss 5% only ping"), 25);
  EXPECT_EQ(column_of("link A -> B bandwidth 5"), 23);
  EXPECT_EQ(column_of("attack repay at wire A|B"), 8);
  EXPECT_EQ(column_of("attack replay at home B"), 18);
  EXPECT_EQ(column_of("attack replay at wire B"), 24);
  EXPECT_EQ(column_of("attack drop at wire A|B"), 13);
  EXPECT_EQ(column_of("attack drop at hop A|B tims 3"), 24);
  EXPECT_EQ(column_of("attack drop at hop A|B kind acks"), 29);
  EXPECT_EQ(column_of("attack drop at hop A|B times 3 times 4"), 32);
  EXPECT_EQ(column_of("attack replay at wire A|B kind ack"), 27);
  EXPECT_EQ(column_of("attack storm as peer EVIL"), 26);
  EXPECT_EQ(column_of("attack storm as peer EVIL to B times 5"), 0);
  EXPECT_EQ(column_of("expect no event 77777"), 17);
  EXPECT_EQ(column_of("expect event 161 error 1"), 0);
  EXPECT_EQ(column_of("expect no event 160 error 7"), 28);
  EXPECT_EQ(column_of("expect no errorlog 7"), 21);
  EXPECT_EQ(column_of("expect no errorlog 50001"), 0);
  EXPECT_EQ(column_of("advance -5s"), 12);
  EXPECT_EQ(column_of("disk A broken"), 8);
  EXPECT_EQ(column_of("modes udp"), 7);
  EXPECT_EQ(column_of("expect wire ciphertext ''"), 24);
}

TEST(DirectiveTest, FaultsOfTheSimulatorParse) {
  const auto net = std::get<NetFault>(
      std::get<Directive>(parse_directive("net A -> B loss 10% delay 20ms only conversation @h")));
  EXPECT_DOUBLE_EQ(*net.loss, 0.1);
  EXPECT_EQ(net.only_for_conversation, "@h");
  const auto link =
      std::get<LinkFault>(std::get<Directive>(parse_directive("link A -> B bandwidth 1MB/s cut")));
  EXPECT_EQ(link.bytes_per_second, 1'000'000);
  EXPECT_TRUE(link.cut);
  EXPECT_EQ(std::get<Partition>(std::get<Directive>(parse_directive("partition A|B"))).other, "B");
  const auto attack =
      std::get<Attack>(std::get<Directive>(parse_directive("attack replay at wire A|B")));
  EXPECT_EQ(attack.name, "replay");
  EXPECT_EQ(attack.node, "A");
  EXPECT_EQ(attack.other, "B");
  const auto held = std::get<Attack>(
      std::get<Directive>(parse_directive("attack hold at hop A|B for 2s from A")));
  EXPECT_EQ(seat_text(held), "hold at hop A|B from A for 2000000");
  EXPECT_THAT(std::get<DirectiveError>(parse_directive("attack repay at hop A|B")).message,
              HasSubstr("did you mean replay"));
}

TEST(DirectiveTest, AnEntryOfTheCatalogueSaysHowItEnds) {
  const auto safe = std::get<Catalogue>(std::get<Directive>(parse_directive("catalogue A01")));
  EXPECT_EQ(safe.id, "A01");
  EXPECT_FALSE(safe.is_weak);
  EXPECT_TRUE(
      std::get<Catalogue>(std::get<Directive>(parse_directive("catalogue C17 weak"))).is_weak);
  EXPECT_EQ(std::get<DirectiveError>(parse_directive("catalogue T01")).column, 11);
  EXPECT_EQ(std::get<DirectiveError>(parse_directive("catalogue A01 strong")).column, 15);
  const auto attack =
      std::get<Attack>(std::get<Directive>(parse_directive("attack by configuration")));
  EXPECT_EQ(attack.seat, Attack::Seat::configuration);
  EXPECT_EQ(seat_text(attack), "by configuration");
  EXPECT_FALSE(needs_simulation({.place = {}, .action = attack}));
}

TEST(BatchReaderTest, GivesBatchesLineByLineAndTheRestAtTheEnd) {
  BatchReader reader;
  EXPECT_FALSE(reader.add_line("SELECT '"));
  EXPECT_FALSE(reader.add_line("GO"));
  EXPECT_FALSE(reader.add_line("'"));
  const auto batch = reader.add_line("go 2");
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->text, "SELECT '\nGO\n'\n");
  EXPECT_EQ(batch->repeat, 2);
  EXPECT_FALSE(reader.add_line("-- nothing"));
  EXPECT_FALSE(reader.add_line("GO"));
  EXPECT_FALSE(reader.add_line("SELECT 3"));
  EXPECT_EQ(reader.finish()->text, "SELECT 3\n");
}

// What stands behind ]] is still the name, whatever it looks like.
TEST(BatchReaderTest, ADoubledBracketStaysInItsName) {
  BatchReader reader;
  EXPECT_FALSE(reader.add_line("CREATE DATABASE [a]]b'; c--];"));
  const auto first = reader.add_line("GO");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->text, "CREATE DATABASE [a]]b'; c--];\n");
  EXPECT_FALSE(reader.add_line("CREATE QUEUE [q]]"));
  EXPECT_FALSE(reader.add_line("GO"));
  EXPECT_FALSE(reader.add_line("]"));
  EXPECT_TRUE(reader.add_line("GO"));
}

}  // namespace
}  // namespace ssb::sim::scenario
