// How fast batches are read: a conversation loop as applications write it, and a long list of values.
#include <string>

#include <benchmark/benchmark.h>

#include "broker/tsql/parser.h"

namespace {

using ssb::broker::tsql::parse_batch;

constexpr const char* kConversation = R"(
DECLARE @h uniqueidentifier, @type nvarchar(256), @body varbinary(max)
WHILE (1 = 1)
BEGIN
  BEGIN TRANSACTION
  WAITFOR (RECEIVE TOP (1) @h = conversation_handle, @type = message_type_name, @body = message_body
           FROM dbo.TargetQueue), TIMEOUT 1000
  IF @@ROWCOUNT = 0 BEGIN ROLLBACK; BREAK END
  IF @type = N'//example.com/Request'
    SEND ON CONVERSATION @h MESSAGE TYPE [//example.com/Reply] (@body)
  ELSE IF @type = N'http://schemas.microsoft.com/SQL/ServiceBroker/EndDialog'
    END CONVERSATION @h
  COMMIT TRANSACTION
END
)";

void parse_conversation(benchmark::State& state) {
  const std::string text(kConversation);
  for (auto _ : state) benchmark::DoNotOptimize(parse_batch(text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(parse_conversation);

void parse_send(benchmark::State& state) {  // what a client sends most often
  const std::string text =
      "DECLARE @h uniqueidentifier = '0d5cb4cb-11f0-4bb2-9f1f-5d3a3f9b7a10'; "
      "SEND ON CONVERSATION @h MESSAGE TYPE [//example.com/Request] (N'<order id=\"1\"/>')";
  for (auto _ : state) benchmark::DoNotOptimize(parse_batch(text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(parse_send);

void parse_values(benchmark::State& state) {
  std::string text = "INSERT INTO t (a, b, c) VALUES (0, 'x', NULL)";
  for (std::int64_t row = 1; row < state.range(0); ++row)
    text += ",\n(" + std::to_string(row) + ", N'text', 1.5 * 2)";
  for (auto _ : state) benchmark::DoNotOptimize(parse_batch(text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(parse_values)->ArgName("rows")->Arg(1000);

}  // namespace

BENCHMARK_MAIN();
