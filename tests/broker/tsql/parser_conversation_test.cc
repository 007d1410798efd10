#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/broker/tsql/parse_helpers.h"

namespace ssb::broker::tsql {
namespace {

using testing::ElementsAre;

const ParseOptions kConversationVariables{.variables = {"@h", "@g", "@t", "@b", "@x"},
                                          .quoted_identifier = true};

TEST(ParserConversationTest, ReadsBeginDialogWithEveryClause) {
  const Batch batch = parsed(
      "BEGIN DIALOG CONVERSATION @h FROM SERVICE [//a.com/I] TO SERVICE N'//a.com/T', 'CURRENT "
      "DATABASE' "
      "ON CONTRACT [//a.com/C] WITH RELATED_CONVERSATION = @x, LIFETIME = 60 * @b ENCRYPTION = OFF",
      kConversationVariables);

  const auto& dialog = node_of<BeginDialog>(batch);
  EXPECT_EQ(dialog.handle, "@h");
  EXPECT_EQ(show(dialog.from_service), "N'//a.com/I'");
  EXPECT_EQ(show(dialog.to_service), "N'//a.com/T'");
  EXPECT_EQ(show(*dialog.broker_instance), "'CURRENT DATABASE'");
  EXPECT_EQ(show(*dialog.contract), "N'//a.com/C'");
  EXPECT_EQ(show(*dialog.related_conversation), "@x");
  EXPECT_FALSE(dialog.related_conversation_group);
  EXPECT_EQ(show(*dialog.lifetime_s), "(60 * @b)");
  EXPECT_EQ(dialog.encryption, false);
}

TEST(ParserConversationTest, TakesVariablesForTheNamesOfADialog) {
  const Batch batch = parsed(
      "begin dialog @h from service @x to service @t, @b on contract @g with "
      "related_conversation_group = @g "
      "BEGIN DIALOG @h FROM SERVICE i TO SERVICE 't'",
      kConversationVariables);

  EXPECT_EQ(show(node_of<BeginDialog>(batch).from_service), "@x");
  EXPECT_EQ(show(*node_of<BeginDialog>(batch).contract), "@g");
  EXPECT_FALSE(node_of<BeginDialog>(batch).encryption);
  EXPECT_FALSE(node_of<BeginDialog>(batch, 1).contract);
  EXPECT_EQ(error_of("DECLARE @h int BEGIN DIALOG @h FROM SERVICE a TO SERVICE b"), 102);
  EXPECT_EQ(
      error_of("DECLARE @h int BEGIN DIALOG @h FROM SERVICE a TO SERVICE 'b' ON CONTRACT DEFAULT"),
      156);
}

TEST(ParserConversationTest, ReadsSend) {
  const Batch batch = parsed(
      "SEND ON CONVERSATION @h SEND ON CONVERSATION @h MESSAGE TYPE [//m] (N'x') SEND ON "
      "CONVERSATION (@h, @g) (@b) "
      "SEND ON CONVERSATION @h MESSAGE TYPE @t; SEND ON CONVERSATION @h ('a' + 'b')",
      kConversationVariables);

  ASSERT_EQ(batch.statements.size(), 5U);
  EXPECT_FALSE(node_of<Send>(batch, 0).body);
  EXPECT_EQ(show(*node_of<Send>(batch, 1).message_type), "N'//m'");
  EXPECT_EQ(show(*node_of<Send>(batch, 1).body), "N'x'");
  EXPECT_EQ(show(node_of<Send>(batch, 2).handles), "@h, @g");
  EXPECT_EQ(show(*node_of<Send>(batch, 3).message_type), "@t");
  EXPECT_EQ(show(*node_of<Send>(batch, 4).body), "('a' + 'b')");
}

TEST(ParserConversationTest, ReadsReceive) {
  const Batch batch = parsed(
      "RECEIVE * FROM q RECEIVE TOP (@x) @h = conversation_handle, @b = CAST(message_body AS xml) "
      "FROM dbo.[q]; "
      "RECEIVE TOP(1) message_type_name AS n, b = message_body FROM q INTO @t WHERE "
      "conversation_handle = @h "
      "RECEIVE a FROM q WHERE conversation_group_id = @g",
      kConversationVariables);

  EXPECT_EQ(show(node_of<Receive>(batch, 0).items.at(0).value), "*");
  EXPECT_EQ(show(*node_of<Receive>(batch, 1).top), "@x");
  EXPECT_EQ(node_of<Receive>(batch, 1).items.at(1).variable, "@b");
  EXPECT_EQ(to_text(node_of<Receive>(batch, 1).queue), "dbo.q");
  EXPECT_EQ(node_of<Receive>(batch, 2).items.at(0).alias, "n");
  EXPECT_EQ(node_of<Receive>(batch, 2).items.at(1).alias, "b");
  EXPECT_EQ(node_of<Receive>(batch, 2).into, "@t");
  EXPECT_EQ(node_of<Receive>(batch, 2).filter, ReceiveFilter::conversation_handle);
  EXPECT_EQ(node_of<Receive>(batch, 3).filter, ReceiveFilter::conversation_group_id);
  EXPECT_EQ(show(*node_of<Receive>(batch, 3).filter_value), "@g");
}

TEST(ParserConversationTest, RefusesAnyOtherFilterOfReceive) {
  EXPECT_EQ(error_of("RECEIVE * FROM q WHERE message_type_name = 'x'"), 102);
  EXPECT_EQ(error_of("RECEIVE * FROM q WHERE conversation_handle > 'x'"), 102);
  EXPECT_EQ(error_of("RECEIVE * FROM q ORDER BY 1"), 156);
}

TEST(ParserConversationTest, ReadsWaitFor) {
  const Batch batch = parsed(
      "WAITFOR (RECEIVE * FROM q), TIMEOUT 1000 WAITFOR (GET CONVERSATION GROUP @g FROM q), "
      "TIMEOUT @x "
      "WAITFOR (RECEIVE TOP (1) * FROM q) WAITFOR DELAY '00:00:01' WAITFOR TIME @t WAITFOR(RECEIVE "
      "* FROM q),TIMEOUT -1",
      kConversationVariables);

  EXPECT_EQ(show(*node_of<WaitFor>(batch, 0).timeout_ms), "1000");
  EXPECT_EQ(std::get<GetConversationGroup>(node_of<WaitFor>(batch, 1).what).group, "@g");
  EXPECT_FALSE(node_of<WaitFor>(batch, 2).timeout_ms);
  EXPECT_EQ(show(std::get<WaitForDelay>(node_of<WaitFor>(batch, 3).what).delay), "'00:00:01'");
  EXPECT_EQ(show(std::get<WaitForTime>(node_of<WaitFor>(batch, 4).what).time), "@t");
  EXPECT_EQ(show(*node_of<WaitFor>(batch, 5).timeout_ms), "(-1)");
  EXPECT_EQ(error_of("WAITFOR (SELECT 1)"), 156);
}

TEST(ParserConversationTest, ReadsTheOtherStatements) {
  const Batch batch = parsed(
      "END CONVERSATION @h END CONVERSATION @h WITH ERROR = 50 DESCRIPTION = N'x' END CONVERSATION "
      "@h WITH CLEANUP; "
      "GET CONVERSATION GROUP @g FROM dbo.q MOVE CONVERSATION @h TO @g BEGIN CONVERSATION TIMER "
      "(@h) TIMEOUT = 60",
      kConversationVariables);

  EXPECT_FALSE(node_of<EndConversation>(batch, 0).error);
  EXPECT_EQ(show(node_of<EndConversation>(batch, 1).error->code), "50");
  EXPECT_EQ(show(node_of<EndConversation>(batch, 1).error->description), "N'x'");
  EXPECT_TRUE(node_of<EndConversation>(batch, 2).cleanup);
  EXPECT_EQ(to_text(node_of<GetConversationGroup>(batch, 3).queue), "dbo.q");
  EXPECT_EQ(show(node_of<MoveConversation>(batch, 4).group), "@g");
  EXPECT_EQ(show(node_of<BeginConversationTimer>(batch, 5).timeout_s), "60");
}

TEST(ParserConversationTest, ReadsMessageTypesAndContracts) {
  const Batch batch = parsed(
      "CREATE MESSAGE TYPE [//m] AUTHORIZATION dbo VALIDATION = VALID_XML WITH SCHEMA COLLECTION "
      "dbo.c "
      "create message type m validation = none CREATE MESSAGE TYPE n ALTER MESSAGE TYPE m "
      "VALIDATION = EMPTY "
      "CREATE CONTRACT c AUTHORIZATION u ([//m] SENT BY INITIATOR, m SENT BY TARGET, [DEFAULT] "
      "SENT BY ANY)");

  EXPECT_EQ(node_of<CreateMessageType>(batch, 0).validation, MessageValidation::valid_xml);
  EXPECT_EQ(to_text(node_of<CreateMessageType>(batch, 0).schema_collection), "dbo.c");
  EXPECT_EQ(node_of<CreateMessageType>(batch, 0).authorization, "dbo");
  EXPECT_FALSE(node_of<CreateMessageType>(batch, 2).validation);
  EXPECT_EQ(node_of<AlterMessageType>(batch, 3).validation, MessageValidation::empty);
  const auto& messages = node_of<CreateContract>(batch, 4).messages;
  ASSERT_EQ(messages.size(), 3U);
  EXPECT_EQ(messages[2].message_type, "DEFAULT");
  EXPECT_EQ(messages[2].sent_by, SentBy::any);
}

TEST(ParserConversationTest, ReadsQueuesWithAndWithoutCommas) {
  const Batch batch = parsed(
      "CREATE QUEUE db.dbo.q WITH STATUS = OFF RETENTION = ON, ACTIVATION (PROCEDURE_NAME = dbo.p "
      "MAX_QUEUE_READERS = 5,"
      " EXECUTE AS OWNER), POISON_MESSAGE_HANDLING (STATUS = OFF) ON [DEFAULT] CREATE QUEUE r "
      "ALTER QUEUE q WITH STATUS = ON ALTER QUEUE q WITH ACTIVATION (DROP) ALTER QUEUE q WITH "
      "ACTIVATION (STATUS = OFF, "
      "EXECUTE AS 'u') ALTER QUEUE q REBUILD WITH (MAXDOP = 2)");

  const auto& queue = node_of<CreateQueue>(batch);
  EXPECT_EQ(to_text(queue.name), "db.dbo.q");
  EXPECT_EQ(queue.options.status, false);
  EXPECT_EQ(queue.options.retention, true);
  EXPECT_EQ(to_text(*queue.options.activation->procedure), "dbo.p");
  EXPECT_EQ(queue.options.activation->max_queue_readers, 5);
  EXPECT_EQ(queue.options.activation->execute_as->kind, ExecuteAsKind::owner);
  EXPECT_EQ(queue.options.poison_message_handling, false);
  EXPECT_EQ(queue.filegroup, "DEFAULT");
  EXPECT_FALSE(node_of<CreateQueue>(batch, 1).options.status);
  EXPECT_TRUE(node_of<AlterQueue>(batch, 3).options.activation->drop);
  EXPECT_EQ(node_of<AlterQueue>(batch, 4).options.activation->execute_as->name, "u");
  EXPECT_EQ(node_of<AlterQueue>(batch, 5).maintenance, "REBUILD");
}

TEST(ParserConversationTest, ReadsServicesAndRoutes) {
  const Batch batch = parsed(
      "CREATE SERVICE [//s] AUTHORIZATION u ON QUEUE dbo.q (c, [DEFAULT]) CREATE SERVICE s ON "
      "QUEUE q "
      "ALTER SERVICE s ON QUEUE r (ADD CONTRACT a, DROP CONTRACT b) "
      "CREATE ROUTE r AUTHORIZATION u WITH SERVICE_NAME = '//s' BROKER_INSTANCE = N'guid', "
      "LIFETIME = 9999999999, "
      "ADDRESS = 'TCP://h:4022', MIRROR_ADDRESS = 'TCP://i:4022' ALTER ROUTE r WITH ADDRESS = "
      "'LOCAL'");

  EXPECT_THAT(node_of<CreateService>(batch, 0).contracts, ElementsAre("c", "DEFAULT"));
  EXPECT_TRUE(node_of<CreateService>(batch, 1).contracts.empty());
  EXPECT_EQ(to_text(*node_of<AlterService>(batch, 2).queue), "r");
  EXPECT_FALSE(node_of<AlterService>(batch, 2).contracts.at(1).add);
  const RouteOptions& route = node_of<CreateRoute>(batch, 3).options;
  EXPECT_EQ(route.service_name, "//s");
  EXPECT_EQ(route.broker_instance, "guid");
  EXPECT_EQ(route.lifetime_s, 9999999999);
  EXPECT_EQ(route.mirror_address, "TCP://i:4022");
  EXPECT_EQ(node_of<AlterRoute>(batch, 4).options.address, "LOCAL");
  EXPECT_EQ(error_of("ALTER SERVICE s"), 102);
}

TEST(ParserConversationTest, ReadsBindingsPrioritiesAndNotifications) {
  const Batch batch = parsed(
      "CREATE REMOTE SERVICE BINDING b AUTHORIZATION dbo TO SERVICE '//s' WITH USER = [u] "
      "ANONYMOUS = ON "
      "ALTER REMOTE SERVICE BINDING b WITH ANONYMOUS = OFF, USER = v CREATE BROKER PRIORITY p FOR "
      "CONVERSATION "
      "SET (CONTRACT_NAME = ANY, LOCAL_SERVICE_NAME = s REMOTE_SERVICE_NAME = N'r', PRIORITY_LEVEL "
      "= 10) "
      "ALTER BROKER PRIORITY p FOR CONVERSATION SET (PRIORITY_LEVEL = DEFAULT) "
      "CREATE EVENT NOTIFICATION n ON SERVER WITH FAN_IN FOR audit_login, BROKER_QUEUE_DISABLED TO "
      "SERVICE 's', "
      "'current database' CREATE XML SCHEMA COLLECTION dbo.c AS N'<x/>'");

  const auto& binding = node_of<CreateRemoteServiceBinding>(batch);
  EXPECT_EQ(binding.to_service, "//s");
  EXPECT_EQ(binding.user, "u");
  EXPECT_EQ(binding.anonymous, true);
  EXPECT_EQ(node_of<AlterRemoteServiceBinding>(batch, 1).user, "v");
  const BrokerPriorityOptions& priority = node_of<CreateBrokerPriority>(batch, 2).options;
  EXPECT_TRUE(priority.contract_name->any);
  EXPECT_EQ(priority.remote_service_name->name, "r");
  EXPECT_EQ(priority.priority_level, 10);
  EXPECT_EQ(node_of<AlterBrokerPriority>(batch, 3).options.priority_level, 5);
  const auto& notification = node_of<CreateEventNotification>(batch, 4);
  EXPECT_EQ(notification.scope, ObjectKind::server);
  EXPECT_TRUE(notification.fan_in);
  EXPECT_THAT(notification.events, ElementsAre("AUDIT_LOGIN", "BROKER_QUEUE_DISABLED"));
  EXPECT_EQ(show(node_of<CreateXmlSchemaCollection>(batch, 5).schema), "N'<x/>'");
}

}  // namespace
}  // namespace ssb::broker::tsql
