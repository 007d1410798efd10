// ALTER DATABASE that needs a database alone: who waits, who is refused, who is ended.
#include <gmock/gmock.h>

#include "tests/broker/tsql/session_fixture.h"

namespace ssb::broker::tests {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class ExclusiveDatabaseTest : public testing::Test {
 protected:
  ExclusiveDatabaseTest() {
    EXPECT_EQ(run("CREATE DATABASE d"), "");
    EXPECT_EQ(run("USE d CREATE TABLE t (i int)", 52), "database d\n");
  }
  std::string run(const std::string& text, int id = 51) {
    return output_text(fixture_.run(text, id));
  }
  std::string resume(int id = 51) { return output_text(fixture_.resume(id)); }
  tsql::Session& session(int id = 51) { return fixture_.session(id); }

  SessionFixture fixture_;
};

TEST_F(ExclusiveDatabaseTest, ItWaitsUntilTheOthersUseAnotherDatabase) {
  for (const char* option : {"DISABLE_BROKER", "ENABLE_BROKER", "NEW_BROKER",
                             "ERROR_BROKER_CONVERSATIONS", "SINGLE_USER", "MULTI_USER"}) {
    SCOPED_TRACE(option);
    const bool is_free = option == std::string_view("MULTI_USER");
    run("USE d", 52);
    const std::string said = run(fmt::format("ALTER DATABASE d SET {} PRINT 'done'", option));
    EXPECT_EQ(session().is_waiting(), !is_free) << said;
    EXPECT_EQ(session().deadline(), proto::kNever);
    EXPECT_EQ(resume(), "");  // nothing has changed

    run("USE master", 52);

    EXPECT_THAT(said + resume(), HasSubstr("done\n"));
  }
}

TEST_F(ExclusiveDatabaseTest, OptionsOfTheCatalogNeedNobodyToLeave) {
  EXPECT_EQ(run("ALTER DATABASE d SET TRUSTWORTHY ON, HONOR_BROKER_PRIORITY ON PRINT 'done'"),
            "done\n");
}

TEST_F(ExclusiveDatabaseTest, TheOwnSessionAndThoseThatHaveEndedDoNotCount) {
  EXPECT_EQ(run("USE d", 53), "database d\n");
  session(53).close(kNow);

  EXPECT_EQ(run("ALTER DATABASE CURRENT SET NEW_BROKER PRINT 'done'", 52), "done\n");
}

TEST_F(ExclusiveDatabaseTest, ATransactionElsewhereThatHasChangedItCounts) {
  run("USE master BEGIN TRAN INSERT d.dbo.t VALUES (1)", 52);

  EXPECT_THAT(run("ALTER DATABASE d SET NEW_BROKER WITH NO_WAIT"), StartsWith("Msg 5070,"));
}

TEST_F(ExclusiveDatabaseTest, NoWaitIs5070AndTellsWhoUsesIt) {
  run("USE d", 53);

  const std::string said =
      run("BEGIN TRY ALTER DATABASE d SET ENABLE_BROKER WITH NO_WAIT END TRY "
          "BEGIN CATCH PRINT ERROR_NUMBER() END CATCH");

  EXPECT_THAT(said, StartsWith("Msg 5070, Level 16, State 2, Line 1: The state of database 'd' "
                               "cannot change while others use it: session(s) 52, 53."));
  EXPECT_THAT(said, HasSubstr("\n5069\n"));
}

TEST_F(ExclusiveDatabaseTest, LockTimeoutIs5061AndThen5069) {
  const std::string now = run("SET LOCK_TIMEOUT 0 ALTER DATABASE d SET ENABLE_BROKER");
  EXPECT_THAT(now, StartsWith("Msg 5061, Level 16, State 1, Line 1: The lock that ALTER DATABASE "
                              "needs on database 'd'"));
  EXPECT_THAT(now, HasSubstr("\nMsg 5069, "));

  EXPECT_EQ(run("SET LOCK_TIMEOUT 3000 ALTER DATABASE d SET ENABLE_BROKER"), "");
  EXPECT_EQ(session().deadline(), kNow + 3s);
  fixture_.now += 3s;
  EXPECT_THAT(resume(), StartsWith("Msg 5061, "));
}

TEST_F(ExclusiveDatabaseTest, RollbackImmediateEndsTheOthersAndTheirTransactions) {
  run("BEGIN TRAN INSERT t VALUES (1)", 52);
  run("USE d WAITFOR DELAY '01:00:00' PRINT 'never'", 53);

  EXPECT_EQ(run("ALTER DATABASE d SET DISABLE_BROKER WITH ROLLBACK IMMEDIATE "
                "SELECT COUNT(*) AS n FROM d.dbo.t"),
            "Msg 5060, Level 10, State 1, Line 1: 2 other session(s) of database 'd' were ended, "
            "and their open transactions rolled back.\nn int\n0\n(1 row)\n");

  // One hears it in its batch that waits, one in its next.
  EXPECT_FALSE(session(53).is_waiting());
  EXPECT_THAT(resume(53), StartsWith("Msg 596, Level 21, State 1, Line 1: Session 53 was ended"));
  EXPECT_TRUE(session(53).is_closed());
  EXPECT_FALSE(session(52).is_closed());
  EXPECT_THAT(run("SELECT 1", 52), StartsWith("Msg 596, Level 21"));
  EXPECT_TRUE(session(52).is_closed());
  EXPECT_FALSE(session(52).is_running());
  EXPECT_EQ(run("DROP DATABASE d PRINT 'gone'"), "gone\n");
}

TEST_F(ExclusiveDatabaseTest, TheOneThatEndsOthersMayUseItAndNeedNotWaitForTheirLocks) {
  run("USE d", 53);
  run("BEGIN TRAN INSERT t VALUES (1)", 52);

  EXPECT_THAT(run("ALTER DATABASE CURRENT SET NEW_BROKER WITH ROLLBACK IMMEDIATE PRINT 'done'", 53),
              HasSubstr("done\n"));
}

TEST_F(ExclusiveDatabaseTest, RollbackAfterGivesTheOthersTheirTime) {
  run("BEGIN TRAN INSERT t VALUES (1)", 52);

  EXPECT_EQ(run("ALTER DATABASE d SET NEW_BROKER WITH ROLLBACK AFTER 10 SECONDS PRINT 'done'"), "");
  EXPECT_EQ(session().deadline(), kNow + 10s);
  fixture_.now += 9s;
  EXPECT_EQ(resume(), "");
  EXPECT_EQ(session(52).transaction_count(), 1);
  fixture_.now += 1s;

  EXPECT_THAT(resume(), HasSubstr("1 other session(s) of database 'd' were ended"));
  EXPECT_EQ(session(52).transaction_count(), 0);
}

TEST_F(ExclusiveDatabaseTest, RollbackAfterEndsNobodyWhoLeavesInTime) {
  run("ALTER DATABASE d SET NEW_BROKER WITH ROLLBACK AFTER 10 SECONDS PRINT 'done'");
  fixture_.now += 2s;
  run("USE master", 52);

  EXPECT_EQ(resume(), "done\n");
  EXPECT_EQ(run("PRINT 'here'", 52), "here\n");
}

TEST_F(ExclusiveDatabaseTest, InSingleUserModeTheSecondOneIs924) {
  run("ALTER DATABASE d SET SINGLE_USER WITH ROLLBACK IMMEDIATE");
  EXPECT_EQ(run("USE d", 53), "database d\n");

  EXPECT_THAT(run("USE d"), StartsWith("Msg 924, Level 14, State 1, Line 1: Database 'd' is in "
                                       "single-user mode, and session 53 uses it."));
  EXPECT_EQ(run("USE d PRINT 'again'", 53), "database d\nagain\n");
  run("USE master", 53);
  EXPECT_EQ(run("USE d"), "database d\n");
}

}  // namespace
}  // namespace ssb::broker::tests
