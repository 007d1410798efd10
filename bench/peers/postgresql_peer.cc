// A queue in a PostgreSQL table over TLS: INSERT by one client, DELETE ... RETURNING by another, a flush for every commit at both.
//
//   Shape, units and what is checked: peer.h. A commit holds --per-commit messages at either client, in one round trip (libpq's pipeline). The consumer
//   goes on behind the last number it took, so that it does not walk over dead rows; with nothing there it asks again after 50 us.
//   The server must have fsync and synchronous_commit on, which is asked.
//   Source  PostgreSQL 15, libpq.

#include <memory>

#include <libpq-fe.h>

#include "bench/peers/peer.h"

namespace {

using namespace ssb::bench;

struct Options : PeerOptions {
  std::uint64_t per_commit = 100;
  std::string connection;
};

using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;

class Connection {
 public:
  explicit Connection(const std::string& text) : connection_(PQconnectdb(text.c_str())) {
    if (PQstatus(connection_) != CONNECTION_OK)
      throw std::runtime_error(PQerrorMessage(connection_));
    if (PQsslInUse(connection_) == 0) throw std::runtime_error("the connection has no TLS");
    run("SET client_min_messages = warning");
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { PQfinish(connection_); }

  [[nodiscard]] PGconn* get() { return connection_; }
  Result run(const char* sql) { return check(PQexec(connection_, sql)); }
  void prepare(const char* name, const char* sql, int parameters) {
    check(PQprepare(connection_, name, sql, parameters, nullptr));
  }
  Result check(PGresult* result) {
    const ExecStatusType status = PQresultStatus(result);
    Result owned(result, PQclear);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_PIPELINE_SYNC)
      throw std::runtime_error(PQerrorMessage(connection_));
    return owned;
  }

 private:
  PGconn* connection_;
};

void produce(Producing& producing, const Options& options) {
  Connection connection(options.connection);
  connection.prepare("put", "INSERT INTO queue VALUES ($1::bigint, $2::bytea)", 2);
  require(PQenterPipelineMode(connection.get()) == 1, "the pipeline");
  while (const std::uint64_t count = producing.may_send(options.per_commit)) {
    // Up to the synchronisation it is one transaction.
    for (std::uint64_t i = 0; i < count; ++i) {
      std::array<std::uint8_t, 8> number{};
      put_big_endian(number, producing.next_number());
      const Bytes& body = producing.next_body();
      const std::array<const char*, 2> values{reinterpret_cast<const char*>(number.data()),
                                              reinterpret_cast<const char*>(body.data())};
      const std::array<int, 2> lengths{8, static_cast<int>(body.size())};
      const std::array<int, 2> binary{1, 1};
      require(PQsendQueryPrepared(connection.get(), "put", 2, values.data(), lengths.data(),
                                  binary.data(), 1) == 1,
              "sending");
    }
    require(PQpipelineSync(connection.get()) == 1, "the commit");
    for (bool is_committed = false; !is_committed;) {
      PGresult* result = PQgetResult(connection.get());
      if (result == nullptr) continue;  // between two statements
      is_committed = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
      connection.check(result);
    }
  }
}

void consume(Consuming& consuming, const Options& options) {
  Connection connection(options.connection);
  connection.prepare("take",
                     "WITH next AS (SELECT id FROM queue WHERE id >= $1::bigint ORDER BY id LIMIT "
                     "$2::bigint FOR UPDATE SKIP LOCKED),"
                     " taken AS (DELETE FROM queue USING next WHERE queue.id = next.id RETURNING "
                     "queue.id, queue.body)"
                     " SELECT body FROM taken ORDER BY id",
                     2);
  std::array<std::uint8_t, 8> limit{};
  put_big_endian(limit, options.per_commit);
  while (!consuming.has_all()) {
    std::array<std::uint8_t, 8> from{};
    put_big_endian(from, consuming.next_number());
    const std::array<const char*, 2> values{reinterpret_cast<const char*>(from.data()),
                                            reinterpret_cast<const char*>(limit.data())};
    const std::array<int, 2> lengths{8, 8};
    const std::array<int, 2> binary{1, 1};
    const Result rows = connection.check(PQexecPrepared(connection.get(), "take", 2, values.data(),
                                                        lengths.data(), binary.data(), 1));
    const int count = PQntuples(rows.get());
    for (int row = 0; row < count; ++row)
      consuming.take({reinterpret_cast<const std::uint8_t*>(PQgetvalue(rows.get(), row, 0)),
                      static_cast<std::size_t>(PQgetlength(rows.get(), row, 0))});
    consuming.done();
    if (count == 0) pause_shortly();
  }
}

void make_queue(const Options& options) {
  Connection connection(options.connection);
  for (const char* setting : {"fsync", "synchronous_commit"}) {
    const Result value = connection.run(fmt::format("SHOW {}", setting).c_str());
    if (std::string_view(PQgetvalue(value.get(), 0, 0)) != "on")
      throw std::runtime_error(std::string(setting) + " is off: not durable");
  }
  connection.run("DROP TABLE IF EXISTS queue");
  connection.run("CREATE TABLE queue (id bigint PRIMARY KEY, body bytea NOT NULL)");
  connection.run(
      "ALTER TABLE queue ALTER COLUMN body SET STORAGE EXTERNAL");  // compressing is not the queue's work
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app(
      "A queue in a PostgreSQL table. Example: postgresql_peer --connection 'host=127.0.0.1 "
      "port=5433 user=u dbname=d sslmode=require'");
  add_peer_options(app, options);
  app.add_option("--per-commit", options.per_commit, "messages of a commit, at both clients")
      ->capture_default_str()
      ->check(CLI::Range(1, 4096));
  app.add_option("--connection", options.connection, "as libpq takes it; TLS is required")
      ->required();
  CLI11_PARSE(app, argc, argv);
  return run_main("postgresql_peer", [&] {
    make_queue(options);
    return run_peer(JsonLine("postgresql_peer")
                        .text("security", "TLS")
                        .text("durable", "fsync for every commit")
                        .count("per_commit", options.per_commit),
                    options,
                    {[&](Producing& producing, Shared&) { produce(producing, options); },
                     [&](Consuming& consuming, Shared&) { consume(consuming, options); }});
  });
}
