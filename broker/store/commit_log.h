// The instance's own file: the commit records of batches that wrote to several databases.
//
//   Shape   ssb_instance(last_commit_id), one row | ssb_commit(commit_id, database_id, part,
//   statements): the batch's statements
//           of one database in parts of about kPartBytes, coded as coding.h draws them.
//   Errors  StoreFailure.
//   Source  our own: redo by statement. The argument is in docs/store.md.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "broker/store/connection.h"

namespace ssb::broker::store {

inline constexpr std::size_t kPartBytes = std::size_t{16} << 20;

class CommitLog {
 public:
  CommitLog(Shared& shared, const std::string& file, bool flushed);

  struct Part {
    std::int64_t commit = 0;
    std::vector<Statement> statements;
  };
  // What a database has still to apply, oldest first.
  [[nodiscard]] std::vector<Part> parts_after(DatabaseId id, std::int64_t applied);
  [[nodiscard]] std::int64_t last_commit() const { return last_commit_; }

  // Adds one database to the record that the next commit makes durable.
  void add(DatabaseId id, const std::vector<Statement>& statements);
  // Its commit id.
  std::int64_t commit();

  // The database has durably applied every record, or is gone: its parts may be forgotten, which
  // the next record's commit or forget_complete does.
  void set_complete(DatabaseId id) { complete_.insert(id); }
  void forget_complete();

  [[nodiscard]] bool is_checkpoint_due() const { return connection_.is_checkpoint_due(); }
  void checkpoint(bool truncated) { connection_.checkpoint(truncated); }

 private:
  void begin();
  void write_part(DatabaseId id, int part, const std::vector<std::uint8_t>& bytes);

  Shared& shared_;
  Connection connection_;
  std::int64_t last_commit_ = 0;
  std::set<DatabaseId> complete_;
};

}  // namespace ssb::broker::store
