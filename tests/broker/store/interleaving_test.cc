// Random interleavings of transactions, checked against a model that is a map.
#include <array>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "broker/store/store.h"
#include "tests/broker/store/store_fixture.h"

namespace ssb::broker::store {
namespace {

constexpr std::array<DatabaseId, 2> kDatabases = {5, 6};
using Rows =
    std::map<std::pair<DatabaseId, std::int64_t>, std::int64_t>;  // (database, key) -> value

// Each transaction has keys of its own: what SQL Server's row locks would give.
struct Client {
  std::int64_t first_key;
  Transaction transaction{};
  Rows staged{};  // accepted rows and its own
  std::vector<std::pair<Transaction::Savepoint, Rows>> savepoints{};
};

class Interleaving {
 public:
  explicit Interleaving(std::uint64_t seed) : random_(seed), store_(folder_.path(), unflushed()) {
    for (const DatabaseId id : kDatabases) {
      store_.open_database(id);
      store_.write(id, "CREATE TABLE t(k INTEGER PRIMARY KEY, v INTEGER)", {});
    }
    for (std::int64_t i = 0; i < 3; ++i) clients_.push_back({i * 10});
  }

  void step() {
    Client& client = clients_.at(pick(clients_.size()));
    switch (pick(8)) {
      case 0: return accept(client);
      case 1: return roll_back(client);
      case 2: return save(client);
      case 3: return roll_back_to_savepoint(client);
      case 4: store_.flush(); return;
      case 5: return check_accepted();
      default: return write(client);
    }
  }
  void check_all() {
    check_accepted();
    for (Client& client : clients_) check(client);
  }

 private:
  static StoreOptions unflushed() {
    StoreOptions options;
    options.flushed = false;
    return options;
  }
  std::size_t pick(std::size_t count) { return random_() % count; }
  DatabaseId any_database() { return kDatabases.at(pick(kDatabases.size())); }

  void write(Client& client) {
    const DatabaseId id = any_database();
    const std::int64_t key = client.first_key + static_cast<std::int64_t>(pick(10));
    const auto value = static_cast<std::int64_t>(pick(1000));
    const bool is_there = client.staged.contains({id, key});
    // Without OR REPLACE a key that is there makes it fail, which must change nothing.
    const auto result =
        store_.execute(client.transaction, id, "INSERT INTO t VALUES (?1, ?2)", {key, value});
    ASSERT_EQ(result.has_value(), !is_there);
    if (!is_there) client.staged[{id, key}] = value;
    if (is_there && pick(2) == 0) {
      const auto updated = store_.execute(client.transaction, id,
                                          "UPDATE t SET v = v + ?2 WHERE k = ?1", {key, value});
      ASSERT_TRUE(updated);
      ASSERT_EQ(updated->rows_affected, 1);
      client.staged[{id, key}] += value;
    }
    check(client);
  }
  void accept(Client& client) {
    ASSERT_TRUE(store_.accept(std::move(client.transaction)));
    accepted_ = client.staged;
    restart(client);
    // Others see it at once: their keys are disjoint, so their own rows stay.
    for (Client& other : clients_) {
      Rows staged = accepted_;
      for (const auto& [place, value] : other.staged) {
        const std::int64_t distance = place.second - other.first_key;
        if (distance >= 0 && distance < 10) staged[place] = value;
      }
      other.staged = std::move(staged);
      other.savepoints.clear();
    }
  }
  void roll_back(Client& client) {
    client.staged = accepted_;
    restart(client);
  }
  static void restart(Client& client) {
    client.transaction = Transaction();
    client.savepoints.clear();
  }
  static void save(Client& client) {
    client.savepoints.emplace_back(client.transaction.savepoint(), client.staged);
  }
  void roll_back_to_savepoint(Client& client) {
    if (client.savepoints.empty()) return;
    client.savepoints.resize(pick(client.savepoints.size()) + 1);
    store_.roll_back_to(client.transaction, client.savepoints.back().first);
    client.staged = client.savepoints.back().second;
    check(client);
  }

  static std::string expected(const Rows& rows, DatabaseId id) {
    std::string text;
    for (const auto& [place, value] : rows) {
      if (place.first != id) continue;
      if (!text.empty()) text += ';';
      text += std::to_string(place.second) + "," + std::to_string(value);
    }
    return text;
  }
  void check_accepted() const {
    for (const DatabaseId id : kDatabases) {
      ASSERT_EQ(accepted(store_, id, "SELECT k, v FROM t ORDER BY k"), expected(accepted_, id));
    }
  }
  void check(Client& client) {
    for (const DatabaseId id : kDatabases) {
      ASSERT_EQ(seen_by(store_, client.transaction, id, "SELECT k, v FROM t ORDER BY k"),
                expected(client.staged, id));
    }
  }

  std::mt19937_64 random_;
  const TemporaryFolder folder_;
  Store store_;
  std::vector<Client> clients_;
  Rows accepted_;
};

TEST(StoreInterleavingTest, EachTransactionSeesWhatWasAcceptedAndItsOwnWritesOnly) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Interleaving interleaving(seed);
    for (int i = 0; i < 200; ++i) {
      interleaving.step();
      if (HasFatalFailure()) return;
    }
    interleaving.check_all();
  }
}

}  // namespace
}  // namespace ssb::broker::store
