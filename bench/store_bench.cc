// What a durable commit costs: small writes, gathered by one flush.
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>

#include <benchmark/benchmark.h>

#include "broker/store/store.h"

namespace {

using ssb::broker::store::DatabaseId;
using ssb::broker::store::Store;
using ssb::broker::store::StoreOptions;
using ssb::broker::store::Transaction;
using ssb::proto::Bytes;

constexpr std::string_view kInsert = "INSERT INTO message VALUES (?1, ?2)";

// A store in a folder of its own below the working folder, so that the disk measured is the caller's choice.
class Setup {
 public:
  Setup(int databases, bool flushed) : store_(make_folder(), options(flushed)) {
    for (DatabaseId id = 1; id <= databases; ++id) {
      store_.open_database(id);
      store_.write(id, "CREATE TABLE message(id INTEGER PRIMARY KEY, body BLOB)", {});
    }
    store_.flush();
  }
  Setup(const Setup&) = delete;
  Setup& operator=(const Setup&) = delete;
  ~Setup() { std::filesystem::remove_all(folder_); }
  Store& store() { return store_; }

 private:
  static StoreOptions options(bool flushed) {
    StoreOptions options;
    options.flushed = flushed;
    return options;
  }
  std::filesystem::path make_folder() {
    std::string name = "store_bench_XXXXXX";
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder for the benchmark");
    return folder_ = name;
  }
  std::filesystem::path folder_;
  Store store_;
};

// `writes` of 200 bytes into each database, then one flush.
void store_write_and_flush(benchmark::State& state) {
  const std::int64_t writes = state.range(0);
  const auto databases = static_cast<int>(state.range(1));
  Setup setup(databases, state.range(2) != 0);
  std::int64_t next = 0;
  for (auto _ : state) {
    for (std::int64_t i = 0; i < writes; ++i, ++next) {
      for (DatabaseId id = 1; id <= databases; ++id) {
        setup.store().write(id, kInsert, {next, Bytes(200, 7)});
      }
    }
    setup.store().flush();
  }
  state.SetItemsProcessed(state.iterations() * writes * databases);
}
BENCHMARK(store_write_and_flush)
    ->ArgNames({"writes", "databases", "flushed"})
    ->ArgsProduct({{1, 100}, {1, 2}, {0, 1}})
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

// One transaction of `statements`; interleaved, a query of accepted rows follows each of them, so that the next one runs all again.
void store_transaction_turns(benchmark::State& state) {
  const std::int64_t statements = state.range(0);
  const bool is_interleaved = state.range(1) != 0;
  Setup setup(1, false);
  std::int64_t next = 0;
  for (auto _ : state) {
    Transaction transaction;
    for (std::int64_t i = 0; i < statements; ++i, ++next) {
      const auto result = setup.store().execute(transaction, 1, kInsert, {next, Bytes(200, 7)});
      if (!result) throw std::runtime_error(result.error().message);
      if (is_interleaved) {
        benchmark::DoNotOptimize(setup.store().query(1, "SELECT 1", {}));
      }
    }
    if (!setup.store().accept(std::move(transaction))) throw std::runtime_error("accept");
    setup.store().flush();
  }
  state.SetItemsProcessed(state.iterations() * statements);
}
BENCHMARK(store_transaction_turns)
    ->ArgNames({"statements", "interleaved"})
    ->ArgsProduct({{1, 10, 100}, {0, 1}})
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
