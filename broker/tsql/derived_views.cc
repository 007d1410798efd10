#include "broker/tsql/derived_views.h"

#include <algorithm>
#include <array>
#include <utility>

namespace ssb::broker::tsql {
namespace {

constexpr auto kViews = std::to_array<std::pair<std::string_view, const char*>>({
    {"sys.sysdatabases",
     "CREATE VIEW v AS SELECT name, CAST(database_id AS smallint) AS dbid, owner_sid AS sid, "
     "CAST(0 AS smallint) AS mode, 0 AS status, "
     "create_date AS crdate, compatibility_level AS cmptlevel FROM sys.databases"},
    {"sys.sysobjects",
     "CREATE VIEW v AS SELECT name, object_id AS id, type AS xtype, CAST(schema_id AS smallint) AS "
     "uid, parent_object_id AS parent_obj, "
     "create_date AS crdate, type FROM sys.objects"},
    {"sys.sysusers",
     "CREATE VIEW v AS SELECT CAST(principal_id AS smallint) AS uid, name, sid, create_date AS "
     "createdate, modify_date AS updatedate, "
     "CASE WHEN type IN ('S','U') THEN 1 ELSE 0 END AS islogin, CASE WHEN type = 'U' THEN 1 ELSE 0 "
     "END AS isntuser, "
     "CASE WHEN type = 'S' THEN 1 ELSE 0 END AS issqluser, CASE WHEN type = 'R' THEN 1 ELSE 0 END "
     "AS issqlrole "
     "FROM sys.database_principals"},
    {"sys.syslogins",
     "CREATE VIEW v AS SELECT sid, create_date AS createdate, modify_date AS updatedate, name, "
     "default_database_name AS dbname, "
     "default_language_name AS language, name AS loginname FROM sys.server_principals WHERE type "
     "<> 'R'"},
    {"sys.sysprocesses",
     "CREATE VIEW v AS SELECT session_id AS spid, database_id AS dbid, login_time, status, "
     "host_name AS hostname, "
     "program_name, login_name AS loginame FROM sys.dm_exec_sessions"},
    {"sys.views", "CREATE VIEW v AS SELECT * FROM sys.objects WHERE type = 'V'"},
    {"sys.all_objects", "CREATE VIEW v AS SELECT * FROM sys.objects"},
    {"information_schema.tables",
     "CREATE VIEW v AS SELECT DB_NAME() AS TABLE_CATALOG, SCHEMA_NAME(schema_id) AS TABLE_SCHEMA, "
     "name AS TABLE_NAME, "
     "CASE WHEN type = 'V' THEN 'VIEW' ELSE 'BASE TABLE' END AS TABLE_TYPE FROM sys.objects WHERE "
     "type IN ('U', 'V')"},
    {"information_schema.columns",
     "CREATE VIEW v AS SELECT DB_NAME() AS TABLE_CATALOG, SCHEMA_NAME(t.schema_id) AS "
     "TABLE_SCHEMA, t.name AS TABLE_NAME, "
     "c.name AS COLUMN_NAME, c.column_id AS ORDINAL_POSITION, CASE WHEN c.is_nullable = 1 THEN "
     "'YES' ELSE 'NO' END AS IS_NULLABLE, "
     "TYPE_NAME(c.user_type_id) AS DATA_TYPE, c.max_length AS CHARACTER_MAXIMUM_LENGTH "
     "FROM sys.columns c JOIN sys.tables t ON t.object_id = c.object_id"},
    {"information_schema.schemata",
     "CREATE VIEW v AS SELECT DB_NAME() AS CATALOG_NAME, name AS SCHEMA_NAME, "
     "USER_NAME(principal_id) AS SCHEMA_OWNER FROM sys.schemas"},
    {"information_schema.routines",
     "CREATE VIEW v AS SELECT DB_NAME() AS ROUTINE_CATALOG, SCHEMA_NAME(schema_id) AS "
     "ROUTINE_SCHEMA, name AS ROUTINE_NAME, "
     "'PROCEDURE' AS ROUTINE_TYPE FROM sys.procedures"},
    // Never a row: no database encryption, no witness, no notification, no query that waits for one.
    {"sys.dm_database_encryption_keys",
     "CREATE VIEW v AS SELECT CAST(0 AS int) AS database_id, CAST(0 AS int) AS encryption_state, "
     "CAST('' AS datetime) AS create_date, "
     "CAST('' AS datetime) AS regenerate_date, CAST('' AS datetime) AS modify_date, CAST('' AS "
     "datetime) AS set_date, "
     "CAST('' AS datetime) AS opened_date, CAST(N'' AS nvarchar(32)) AS key_algorithm, CAST(0 AS "
     "int) AS key_length, "
     "CAST(0x AS varbinary(20)) AS encryptor_thumbprint, CAST(N'' AS nvarchar(32)) AS "
     "encryptor_type, "
     "CAST(0 AS real) AS percent_complete, CAST(N'' AS nvarchar(32)) AS encryption_state_desc, "
     "CAST(0 AS int) AS encryption_scan_state, CAST(N'' AS nvarchar(32)) AS "
     "encryption_scan_state_desc, "
     "CAST('' AS datetime) AS encryption_scan_modify_date WHERE 1 = 0"},
    {"sys.database_mirroring_witnesses",
     "CREATE VIEW v AS SELECT CAST(N'' AS sysname) AS database_name, CAST(N'' AS sysname) AS "
     "principal_server_name, "
     "CAST(N'' AS sysname) AS mirror_server_name, CAST(0 AS tinyint) AS safety_level, CAST(N'' AS "
     "nvarchar(60)) AS safety_level_desc "
     "WHERE 1 = 0"},
    {"sys.server_event_notifications",
     "CREATE VIEW v AS SELECT CAST(N'' AS sysname) AS name, CAST(0 AS int) AS object_id, CAST(0 AS "
     "tinyint) AS parent_class, "
     "CAST(N'' AS nvarchar(60)) AS parent_class_desc, CAST(0 AS int) AS parent_id, CAST('' AS "
     "datetime) AS create_date, "
     "CAST('' AS datetime) AS modify_date, CAST(N'' AS nvarchar(256)) AS service_name, CAST(N'' AS "
     "nvarchar(128)) AS broker_instance, "
     "CAST(0x AS varbinary(85)) AS creator_sid, CAST(0 AS int) AS principal_id WHERE 1 = 0"},
});

}  // namespace

const char* derived_view(std::string_view name) {
  const auto* found = std::find_if(kViews.begin(), kViews.end(),
                                   [name](const auto& view) { return view.first == name; });
  return found == kViews.end() ? nullptr : found->second;
}

}  // namespace ssb::broker::tsql
