#include "sim/load/progress.h"

namespace ssb::sim::load {
namespace {

using broker::store::Value;
using proto::Result;

constexpr const char* kMessages = "messages";
constexpr const char* kDialogs = "dialogs";
constexpr const char* kSet =
    "INSERT INTO \"dbo.LoadProgress\"(dialog, next) VALUES(?1, ?2) ON CONFLICT(dialog) DO UPDATE "
    "SET "
    "next = excluded.next";
constexpr const char* kAdd =
    "INSERT INTO \"dbo.LoadProgress\"(dialog, next) VALUES(?1, ?2) ON CONFLICT(dialog) DO UPDATE "
    "SET "
    "next = next + excluded.next";
constexpr const char* kDelete = "DELETE FROM \"dbo.LoadProgress\" WHERE dialog = ?1";

}  // namespace

Result<Progress> read_progress(broker::Client& client, broker::store::DatabaseId database) {
  const auto found =
      client.execute(database, "SELECT dialog, next FROM \"dbo.LoadProgress\" ORDER BY dialog", {});
  if (!found) return found.error();
  Progress out;
  for (const auto& row : found->rows) {
    const auto& dialog = std::get<std::string>(row.at(0));
    const auto next = static_cast<std::uint64_t>(std::get<std::int64_t>(row.at(1)));
    if (dialog == kMessages) {
      out.messages = next;
    } else if (dialog == kDialogs) {
      out.dialogs = next;
    } else if (const auto handle = proto::Guid::parse(dialog)) {
      out.next.emplace_back(proto::ConversationHandle{*handle}, next);
    }
  }
  return out;
}

Result<void> write_progress(broker::Client& client, broker::store::DatabaseId database,
                            const ProgressStep& step) {
  const auto write = [&](const char* sql, std::vector<Value> parameters) -> Result<void> {
    const auto written = client.execute(database, sql, std::move(parameters));
    if (!written) return written.error();
    return {};
  };
  const auto number = [](std::uint64_t value) { return Value(static_cast<std::int64_t>(value)); };
  auto of_dialog = step.is_ended ? write(kDelete, {step.dialog.text()})
                                 : write(kSet, {step.dialog.text(), number(step.next)});
  if (!of_dialog) return of_dialog;
  if (step.dialogs > 0) {
    if (auto counted = write(kAdd, {std::string(kDialogs), number(step.dialogs)}); !counted)
      return counted;
  }
  if (step.messages == 0) return {};
  return write(kAdd, {std::string(kMessages), number(step.messages)});
}

}  // namespace ssb::sim::load
