// Schemas, tables, columns, procedures and the other objects of a database.
#include <algorithm>
#include <array>
#include <charconv>

#include "broker/catalog/view_tables.h"

namespace ssb::broker::catalog {
namespace {

const std::string kObjectColumns =
    "name sysname, object_id int, principal_id int, schema_id int, parent_object_id int, "
    "type char(2), type_desc nvarchar(60), create_date datetime, modify_date datetime, "
    "is_ms_shipped bit, is_published bit, is_schema_published bit";

struct ObjectHeader {
  std::string_view name;
  std::int32_t id;
  std::int32_t owner;
  std::int32_t schema_id;
  std::string_view type;
  std::string_view type_text;
  std::int64_t created_us;
  std::int64_t modified_us;
};

store::Row object_row(const ObjectHeader& object) {
  return {text(object.name),
          number(object.id),
          number_or_null(object.owner),
          number(object.schema_id),
          number(0),
          padded(object.type, 2),
          text(object.type_text),
          date(object.created_us),
          date(object.modified_us),
          flag(object.id >= kFirstBuiltInObjectId),
          flag(false),
          flag(false)};
}

store::Row queue_object(const pb::Queue& row) {
  return object_row({row.name(), row.id(), row.owner(), row.schema_id(), "SQ", "SERVICE_QUEUE",
                     row.create_date_us(), row.modify_date_us()});
}

store::Row table_object(const pb::UserTable& row) {
  return object_row({row.name(), row.id(), 0, row.schema_id(), "U", "USER_TABLE",
                     row.create_date_us(), row.create_date_us()});
}

store::Row module_object(const pb::Module& row) {
  const bool is_view = row.type().starts_with('V');
  return object_row({row.name(), row.id(), 0, row.schema_id(), is_view ? "V" : "P",
                     is_view ? "VIEW" : "SQL_STORED_PROCEDURE", row.create_date_us(),
                     row.modify_date_us()});
}

void append(store::Row& row, const store::Row& more) {
  row.insert(row.end(), more.begin(), more.end());
}

store::Row table_row(const pb::UserTable& row) {
  store::Row out = table_object(row);
  append(out, {null_value(), null_value(), number(row.columns_size()), flag(false), flag(true),
               flag(false), flag(false), flag(false), flag(false), flag(false), number(0),
               flag(false), flag(false), number(0), text("TABLE")});
  return out;
}

struct TypeRow {
  std::string_view name;
  std::int64_t system_type;
  std::int64_t size;      // bytes; 0: as declared
  int bytes_a_character;  // of the declared length
  std::int64_t precision;
  std::int64_t scale;
};
constexpr std::array kSystemTypes{
    TypeRow{"bigint", 127, 8, 0, 19, 0},       TypeRow{"binary", 173, 0, 1, 0, 0},
    TypeRow{"bit", 104, 1, 0, 1, 0},           TypeRow{"char", 175, 0, 1, 0, 0},
    TypeRow{"date", 40, 3, 0, 10, 0},          TypeRow{"datetime", 61, 8, 0, 23, 3},
    TypeRow{"datetime2", 42, 8, 0, 27, 7},     TypeRow{"datetimeoffset", 43, 10, 0, 34, 7},
    TypeRow{"decimal", 106, 9, 0, 18, 0},      TypeRow{"float", 62, 8, 0, 53, 0},
    TypeRow{"image", 34, 16, 0, 0, 0},         TypeRow{"int", 56, 4, 0, 10, 0},
    TypeRow{"money", 60, 8, 0, 19, 4},         TypeRow{"nchar", 239, 0, 2, 0, 0},
    TypeRow{"ntext", 99, 16, 0, 0, 0},         TypeRow{"numeric", 108, 9, 0, 18, 0},
    TypeRow{"nvarchar", 231, 0, 2, 0, 0},      TypeRow{"real", 59, 4, 0, 24, 0},
    TypeRow{"smalldatetime", 58, 4, 0, 16, 0}, TypeRow{"smallint", 52, 2, 0, 5, 0},
    TypeRow{"smallmoney", 122, 4, 0, 10, 4},   TypeRow{"sql_variant", 98, 8016, 0, 0, 0},
    TypeRow{"sysname", 231, 256, 0, 0, 0},     TypeRow{"text", 35, 16, 0, 0, 0},
    TypeRow{"time", 41, 5, 0, 16, 7},          TypeRow{"timestamp", 189, 8, 0, 0, 0},
    TypeRow{"tinyint", 48, 1, 0, 3, 0},        TypeRow{"uniqueidentifier", 36, 16, 0, 0, 0},
    TypeRow{"varbinary", 165, 0, 1, 0, 0},     TypeRow{"varchar", 167, 0, 1, 0, 0},
    TypeRow{"xml", 241, -1, 0, 0, 0},
};
constexpr TypeRow kUnknownType{"", 0, 0, 0, 0, 0};
constexpr std::int64_t kSysnameType = 256;

const TypeRow& find_type(std::string_view name) {
  const auto* found = std::find_if(kSystemTypes.begin(), kSystemTypes.end(),
                                   [&](const TypeRow& one) { return names_equal(one.name, name); });
  return found == kSystemTypes.end() ? kUnknownType : *found;
}

// The numbers in parentheses of "decimal(10, 2)"; -1 for max.
std::vector<std::int64_t> declared_sizes(std::string_view type) {
  std::vector<std::int64_t> sizes;
  const std::size_t open = type.find('(');
  if (open == std::string_view::npos) return sizes;
  std::string_view rest = type.substr(open + 1);
  while (!rest.empty() && sizes.size() < 2) {
    const std::size_t start = rest.find_first_not_of(" ,");
    if (start == std::string_view::npos) break;
    rest.remove_prefix(start);
    std::int64_t size = -1;
    std::from_chars(rest.data(), rest.data() + rest.size(), size);
    sizes.push_back(size);
    const std::size_t comma = rest.find(',');
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma);
  }
  return sizes;
}

struct ColumnType {
  std::int64_t system_type = 0;
  std::int64_t user_type = 0;
  std::int64_t max_length = 0;
  std::int64_t precision = 0;
  std::int64_t scale = 0;
  bool is_text = false;
};

ColumnType column_type(std::string_view declared) {
  std::string_view name = declared.substr(0, declared.find('('));
  const TypeRow& type = find_type(name);
  const std::vector<std::int64_t> sizes = declared_sizes(declared);
  ColumnType result;
  result.system_type = type.system_type;
  result.user_type = type.name == "sysname" ? kSysnameType : type.system_type;
  result.max_length = type.size;
  result.precision = type.precision;
  result.scale = type.scale;
  if (type.bytes_a_character != 0) {
    const std::int64_t length = sizes.empty() ? 1 : sizes[0];
    result.max_length = length < 0 ? -1 : length * type.bytes_a_character;
  }
  if (type.name == "decimal" || type.name == "numeric") {
    if (!sizes.empty()) result.precision = sizes[0];
    if (sizes.size() > 1) result.scale = sizes[1];
  }
  constexpr std::array<std::int64_t, 6> kTextTypes{167, 175, 231, 239, 35, 99};
  result.is_text =
      std::find(kTextTypes.begin(), kTextTypes.end(), result.system_type) != kTextTypes.end();
  return result;
}

store::Row column_row(const pb::UserTable& table, int index) {
  const auto& column = table.columns(index);
  const ColumnType type = column_type(column.declared_type());
  store::Row out{number(table.id()),
                 text(column.name()),
                 number(index + 1),
                 number(type.system_type),
                 number(type.user_type),
                 number(type.max_length),
                 number(type.precision),
                 number(type.scale),
                 type.is_text ? text(kCollation) : null_value(),
                 flag(column.is_nullable()),
                 flag(type.is_text),
                 flag(false),
                 flag(column.is_identity())};
  out.insert(out.end(), 7, flag(false));  // is_computed ... is_xml_document
  append(out, {number(0), number(0), number(0), flag(false), flag(false)});
  return out;
}

std::vector<store::Row> column_rows(const Catalog& catalog) {
  std::vector<store::Row> rows;
  for (const auto& [id, table] : catalog.table<pb::UserTable>()) {
    for (int index = 0; index < table.columns_size(); ++index) {
      rows.push_back(column_row(table, index));
    }
  }
  return rows;
}

std::vector<store::Row> object_rows(const Catalog& catalog) {
  std::vector<store::Row> rows;
  for (const auto& [id, row] : catalog.table<pb::UserTable>()) rows.push_back(table_object(row));
  for (const auto& [id, row] : catalog.table<pb::Module>()) rows.push_back(module_object(row));
  for (const auto& [id, row] : catalog.table<pb::Queue>()) rows.push_back(queue_object(row));
  return rows;
}

std::vector<store::Row> procedure_rows(const Catalog& catalog) {
  std::vector<store::Row> rows;
  for (const auto& [id, row] : catalog.table<pb::Module>()) {
    if (row.type().starts_with('V')) continue;
    rows.push_back(module_object(row));
    append(rows.back(), {flag(false), flag(false), flag(false), flag(false)});
  }
  return rows;
}

store::Row module_row(const pb::Module& row) {
  return {number(row.id()),
          text(row.definition()),
          flag(true),
          flag(true),
          flag(false),
          flag(false),
          flag(false),
          flag(false),
          number_or_null(row.execute_as_principal())};
}

std::vector<store::Row> type_rows() {
  constexpr std::int64_t kSysSchema = 4;
  std::vector<store::Row> rows;
  for (const TypeRow& type : kSystemTypes) {
    const ColumnType as_column = column_type(
        type.bytes_a_character == 0 ? std::string(type.name) : std::string(type.name) + "(8000)");
    rows.push_back({text(type.name), number(as_column.system_type), number(as_column.user_type),
                    number(kSysSchema), null_value(),
                    number(type.bytes_a_character == 0 ? as_column.max_length : 8000),
                    number(as_column.precision), number(as_column.scale),
                    as_column.is_text ? text(kCollation) : null_value(), flag(true), flag(false),
                    flag(false), number(0), number(0), flag(false)});
  }
  return rows;
}

// Rows of the database in question, by `make`.
template <typename Make>
ViewRows rows_by(const Instance& instance, Make make) {
  return [&instance, make](store::DatabaseId database, std::int64_t) {
    return make(*instance.database(database));
  };
}

}  // namespace

void add_object_views(const Instance& instance, const AddView& add) {
  add("sys.objects", kObjectColumns, rows_by(instance, object_rows));
  add("sys.tables",
      kObjectColumns +
          ", lob_data_space_id int, filestream_data_space_id int, max_column_id_used int, "
          "lock_on_bulk_load bit, uses_ansi_nulls bit, is_replicated bit, "
          "has_replication_filter bit, is_merge_published bit, is_sync_tran_subscribed bit, "
          "has_unchecked_assembly_data bit, text_in_row_limit int, "
          "large_value_types_out_of_row bit, is_tracked_by_cdc bit, lock_escalation tinyint, "
          "lock_escalation_desc nvarchar(60)",
      rows_by(instance, [](const Catalog& catalog) {
        std::vector<store::Row> rows;
        for (const auto& [id, row] : catalog.table<pb::UserTable>()) {
          rows.push_back(table_row(row));
        }
        return rows;
      }));
  add("sys.columns",
      "object_id int, name sysname, column_id int, system_type_id tinyint, user_type_id int, "
      "max_length smallint, precision tinyint, scale tinyint, collation_name sysname, "
      "is_nullable bit, is_ansi_padded bit, is_rowguidcol bit, is_identity bit, "
      "is_computed bit, is_filestream bit, is_replicated bit, is_non_sql_subscribed bit, "
      "is_merge_published bit, is_dts_replicated bit, is_xml_document bit, "
      "xml_collection_id int, default_object_id int, rule_object_id int, is_sparse bit, "
      "is_column_set bit",
      rows_by(instance, column_rows));
  add("sys.types",
      "name sysname, system_type_id tinyint, user_type_id int, schema_id int, principal_id int, "
      "max_length smallint, precision tinyint, scale tinyint, collation_name sysname, "
      "is_nullable bit, is_user_defined bit, is_assembly_type bit, default_object_id int, "
      "rule_object_id int, is_table_type bit",
      [](store::DatabaseId, std::int64_t) { return type_rows(); });
  add("sys.procedures",
      kObjectColumns +
          ", is_auto_executed bit, is_execution_replicated bit, is_repl_serializable_only bit, "
          "skips_repl_constraints bit",
      rows_by(instance, procedure_rows));
  add("sys.schemas", "name sysname, schema_id int, principal_id int",
      rows_by(instance, [](const Catalog& catalog) {
        std::vector<store::Row> rows;
        for (const auto& [id, row] : catalog.table<pb::Schema>()) {
          rows.push_back({text(row.name()), number(id), number(row.owner())});
        }
        return rows;
      }));
  add("sys.sql_modules",
      "object_id int, definition nvarchar(max), uses_ansi_nulls bit, uses_quoted_identifier bit, "
      "is_schema_bound bit, uses_database_collation bit, is_recompiled bit, "
      "null_on_null_input bit, execute_as_principal_id int",
      rows_by(instance, [](const Catalog& catalog) {
        std::vector<store::Row> rows;
        for (const auto& [id, row] : catalog.table<pb::Module>()) rows.push_back(module_row(row));
        return rows;
      }));
}

}  // namespace ssb::broker::catalog
