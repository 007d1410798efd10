#include "broker/store/commit_log.h"

#include <fmt/format.h>

#include "broker/store/coding.h"

namespace ssb::broker::store {

CommitLog::CommitLog(Shared& shared, const std::string& file, bool flushed)
    : shared_(shared), connection_(shared, 0, "instance file", file, flushed) {
  connection_.control("BEGIN IMMEDIATE");
  connection_.control(
      "CREATE TABLE IF NOT EXISTS ssb_instance(id INTEGER PRIMARY KEY CHECK (id = 1),"
      " last_commit_id INTEGER NOT NULL)");
  connection_.control(
      "CREATE TABLE IF NOT EXISTS ssb_commit(commit_id INTEGER NOT NULL,"
      " database_id INTEGER NOT NULL, part INTEGER NOT NULL, statements BLOB NOT NULL,"
      " PRIMARY KEY (database_id, commit_id, part)) WITHOUT ROWID");
  connection_.control("INSERT OR IGNORE INTO ssb_instance VALUES (1, 0)");
  connection_.control("COMMIT");
  last_commit_ = connection_.control_number("SELECT last_commit_id FROM ssb_instance");
}

std::vector<CommitLog::Part> CommitLog::parts_after(DatabaseId id, std::int64_t applied) {
  const ResultSet found = connection_.control(
      "SELECT commit_id, statements FROM ssb_commit"
      " WHERE database_id = ?1 AND commit_id > ?2 ORDER BY commit_id, part",
      {std::int64_t{id}, applied});
  std::vector<Part> parts;
  for (const Row& row : found.rows) {
    Part& part = parts.emplace_back();
    const auto* commit = std::get_if<std::int64_t>(&row.at(0));
    const auto* statements = std::get_if<proto::Bytes>(&row.at(1));
    if (commit != nullptr) part.commit = *commit;
    if (commit != nullptr && statements != nullptr) {
      Reader reader(*statements);
      while (!reader.is_bad() && !reader.is_at_end()) part.statements.push_back(reader.statement());
      if (!reader.is_bad()) continue;
    }
    shared_.failure =
        fmt::format("instance file: commit record {} of database {} is damaged", part.commit, id);
    throw StoreFailure(shared_.failure);
  }
  return parts;
}

void CommitLog::begin() {
  if (!connection_.is_in_transaction()) connection_.control("BEGIN IMMEDIATE");
}

void CommitLog::add(DatabaseId id, const std::vector<Statement>& statements) {
  begin();
  int part = 0;
  Writer writer;
  for (const Statement& statement : statements) {
    writer.statement(statement);
    if (writer.size() >= kPartBytes) write_part(id, part++, writer.take());
  }
  if (writer.size() > 0) write_part(id, part, writer.take());
}

void CommitLog::write_part(DatabaseId id, int part, const std::vector<std::uint8_t>& bytes) {
  connection_.control("INSERT INTO ssb_commit VALUES (?1, ?2, ?3, ?4)",
                      {last_commit_ + 1, std::int64_t{id}, std::int64_t{part}, bytes});
}

std::int64_t CommitLog::commit() {
  for (const DatabaseId id : complete_) {
    connection_.control("DELETE FROM ssb_commit WHERE database_id = ?1 AND commit_id <= ?2",
                        {std::int64_t{id}, last_commit_});
  }
  complete_.clear();
  connection_.control("UPDATE ssb_instance SET last_commit_id = ?1", {last_commit_ + 1});
  connection_.control("COMMIT");
  return ++last_commit_;
}

void CommitLog::forget_complete() {
  if (complete_.empty()) return;
  begin();
  for (const DatabaseId id : complete_) {
    connection_.control("DELETE FROM ssb_commit WHERE database_id = ?1", {std::int64_t{id}});
  }
  complete_.clear();
  connection_.control("COMMIT");
}

}  // namespace ssb::broker::store
