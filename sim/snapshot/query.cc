#include "sim/snapshot/query.h"

#include <fmt/format.h>

namespace ssb::sim::snapshot {
namespace {

std::string unicode_literal(std::string_view text) {
  std::string out = "N'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

std::string column_text(const Column& column) {
  switch (column.type) {
    case ColumnType::binary:
      return fmt::format("CONVERT(varchar(200), {0}, 2) AS {0}", column.name);
    case ColumnType::date: return fmt::format("CONVERT(varchar(30), {0}, 126) AS {0}", column.name);
    case ColumnType::guid: return fmt::format("CONVERT(varchar(36), {0}) AS {0}", column.name);
    case ColumnType::serial_number:
    case ColumnType::text: return fmt::format("RTRIM({0}) AS {0}", column.name);
    case ColumnType::number:
    case ColumnType::flag: break;
  }
  return std::string(column.name);
}

std::string columns_text(const Section& section) {
  std::string out;
  for (const Column& column : section.columns)
    out += (out.empty() ? "" : ", ") + column_text(column);
  return out;
}

std::string append(const Section& section, const std::string& database) {
  return fmt::format(
      "SET @json += N',\"{}\":' + ISNULL(({} FOR JSON PATH, INCLUDE_NULL_VALUES), N'[]');\n",
      section.name, section_select(section, database));
}

}  // namespace

std::string section_select(const Section& section, const std::string& database) {
  return fmt::format("SELECT {} FROM {}sys.{}{}", columns_text(section),
                     database.empty() ? "" : database + ".", section.view,
                     section.where.empty() ? "" : fmt::format(" WHERE {}", section.where));
}

std::string snapshot_query(const std::vector<std::string>& databases) {
  std::string out = fmt::format(
      R"(-- ssbsim snapshot-query: Service Broker metadata of one server as one JSON value, format version {}.
-- Reads catalog views only, changes nothing, reads no key, no password and no message.
-- Needs SQL Server 2016 or later, VIEW ANY DEFINITION, and a login that may use the databases.
-- sqlcmd -S SERVER -E -y 0 -f 65001 -i snapshot.sql -o SERVER.json
SET NOCOUNT ON;
SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
DECLARE @json nvarchar(max), @one nvarchar(max), @name sysname, @sql nvarchar(max);
SET @json = N'{{"format":"{}","version":{},"server":"' + STRING_ESCAPE(CONVERT(nvarchar(128), @@SERVERNAME), 'json')
  + N'","product_version":"' + CONVERT(nvarchar(128), SERVERPROPERTY('ProductVersion'))
  + N'","taken_at":"' + CONVERT(nvarchar(30), GETUTCDATE(), 126) + N'"';
)",
      kVersion, kFormat, kVersion);
  for (const Section& section : server_sections()) out += append(section, "master");
  out += "SET @json += N',\"databases\":[';\n";
  std::string each = fmt::format(
      "SET @json = (SELECT {} FROM sys.databases WHERE name = @name FOR JSON PATH, "
      "WITHOUT_ARRAY_WRAPPER, INCLUDE_NULL_VALUES);\n"
      "SET @json = LEFT(@json, LEN(@json) - 1);\n",
      columns_text(database_head()));
  for (const Section& section : database_sections()) each += append(section, "{db}");
  out += "DECLARE @template nvarchar(max) = " + unicode_literal(each) + ";\n";
  std::string chosen;
  for (const std::string& name : databases)
    chosen += (chosen.empty() ? "" : ", ") + unicode_literal(name);
  out +=
      "DECLARE chosen CURSOR LOCAL FAST_FORWARD FOR SELECT name FROM sys.databases\n"
      "  WHERE state = 0 AND name NOT IN (N'tempdb', N'model') AND HAS_DBACCESS(name) = 1\n";
  if (!chosen.empty())
    out += fmt::format("  AND (name IN (N'master', N'msdb') OR name IN ({}))\n", chosen);
  out +=
      R"(  ORDER BY database_id;
DECLARE @separator nvarchar(1) = N'';
OPEN chosen;
FETCH NEXT FROM chosen INTO @name;
WHILE @@FETCH_STATUS = 0
BEGIN
  SET @sql = REPLACE(@template, N'{db}', QUOTENAME(@name));
  EXEC sp_executesql @sql, N'@name sysname, @json nvarchar(max) OUTPUT', @name = @name, @json = @one OUTPUT;
  SET @json += @separator + @one + N'}';
  SET @separator = N',';
  FETCH NEXT FROM chosen INTO @name;
END;
CLOSE chosen;
DEALLOCATE chosen;
SET @json += N']}';
SELECT @json AS [snapshot];
GO
)";
  return out;
}

}  // namespace ssb::sim::snapshot
