// The format of a snapshot: its sections, each the rows of one catalog view, and their columns. The query that takes a snapshot, what
// writes one from an ssbsim instance, what checks one and docs/import.md all follow this table.
//
//   Shape   {"format": "ssbsim snapshot", "version": 1, "server": "SQL01", "taken_at": "2024-05-01T10:00:00", "product_version": "...",
//            <server sections>, "databases": [{<columns of sys.databases>, <database sections>}]}
//           A section is an array of objects, a row each; a column that is NULL may be left out.
//   Units   binary: hexadecimal digits without 0x; serial_number: with blanks between the bytes. date: ISO 8601, UTC for certificates and as the server has it else.
//   Source  reference tsql-tds.md 2.1-2.3 for the views; the format is our own.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace ssb::sim::snapshot {

inline constexpr std::string_view kFormat = "ssbsim snapshot";
inline constexpr int kVersion = 1;

enum class ColumnType { text, number, flag, binary, guid, date, serial_number };
[[nodiscard]] std::string_view type_text(ColumnType type);

// What may stand in a column beside its type.
struct Domain {
  std::span<const std::string_view> words{};  // a text: one of these; empty: any
  std::int64_t least =
      0;  // a number: from `least` to `most`; a text: so many characters in UTF-16; binary: so many bytes
  std::int64_t most = 0;  // 0: of a number what int takes; else any length from `least` on
};
struct Column {
  std::string_view name;
  ColumnType type;
  bool may_be_null = false;
  Domain domain{};
};
struct Section {
  std::string_view name;   // in the file
  std::string_view view;   // "certificates" of sys.certificates
  std::string_view where;  // of the query; "" = all rows
  std::span<const Column> columns;
};

// "databases": of the object of each database, beside its sections.
[[nodiscard]] const Section& database_head();
[[nodiscard]] std::span<const Section> server_sections();
[[nodiscard]] std::span<const Section> database_sections();

}  // namespace ssb::sim::snapshot
