// XML functions: the methods of the xml type, FOR XML, and lists that json_each() turns into rows.
//
//   Shape   a node that nodes() gave travels as text: 0x01 before the markup of an element, 0x02 before the value of anything else.
#include <algorithm>
#include <charconv>
#include <functional>

#include <fmt/format.h>

#include "broker/tsql/convert.h"
#include "broker/tsql/for_xml.h"
#include "broker/tsql/function_lists.h"
#include "broker/tsql/functions.h"
#include "broker/tsql/xpath.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql {
namespace {

using proto::Error;
using proto::ErrorCode;
using store::StoreResult;
using store::Value;

constexpr char kElementMark = '\x01';
constexpr char kValueMark = '\x02';

// (xml, query, [variable, value]...): what the query finds, and the tree that it points into.
struct XmlMatches {
  std::unique_ptr<XmlNode> document;
  XmlSequence items;
};
proto::Result<XmlMatches> find(const Arguments& a) {
  const std::string text = text_of(a[0]);
  const bool is_node = text.starts_with(kElementMark) || text.starts_with(kValueMark);
  XmlMatches found;
  if (text.starts_with(kValueMark)) {
    found.document = std::make_unique<XmlNode>();
    found.document->kind = XmlNode::Kind::text;
    found.document->value = text.substr(1);
  } else {
    auto parsed = parse_xml(std::string_view(text).substr(is_node ? 1 : 0));
    if (!parsed) return parsed.error();
    found.document = *std::move(parsed);
  }
  const bool is_element = text.starts_with(kElementMark) && !found.document->children.empty();
  const XmlNode& context = is_element ? *found.document->children[0] : *found.document;
  const SqlVariable variable = [&a](const std::string& name) -> std::optional<std::string> {
    for (std::size_t i = 2; i + 1 < a.size(); i += 2) {
      if (text_of(a[i]) == name && !is_null(a[i + 1])) return text_of(a[i + 1]);
    }
    return std::nullopt;
  };
  auto items = evaluate_xpath(text_of(a[1]), context, variable);
  if (!items) return items.error();
  found.items = *std::move(items);
  return found;
}

StoreResult<Value> value(const Arguments& a) {
  if (is_null(a[0])) return Value();
  const auto found = find(a);
  if (!found) return to_store_error(found.error());
  if (found->items.empty()) return Value();
  if (found->items.size() > 1)
    return to_store_error(Error(ErrorCode::xquery_singleton, text_of(a[1])));
  return Value(to_text(found->items[0]));
}

StoreResult<Value> exist(const Arguments& a) {
  if (is_null(a[0])) return Value();
  const auto found = find(a);
  if (!found) return to_store_error(found.error());
  return Value(std::int64_t{!found->items.empty()});
}

StoreResult<Value> query(const Arguments& a) {
  if (is_null(a[0])) return Value();
  const auto found = find(a);
  if (!found) return to_store_error(found.error());
  std::string text;
  bool was_value = false;
  for (const XmlItem& item : found->items) {
    const auto* const* node = std::get_if<const XmlNode*>(&item);
    if (node == nullptr && was_value) text += ' ';
    text += node != nullptr ? to_text(**node) : escaped_text(to_text(item));
    was_value = node == nullptr;
  }
  return Value(std::move(text));
}

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

StoreResult<Value> nodes(const Arguments& a) {
  if (is_null(a[0])) return Value(std::string("[]"));
  const auto found = find(a);
  if (!found) return to_store_error(found.error());
  std::string list;
  for (const XmlItem& item : found->items) {
    const auto* const* node = std::get_if<const XmlNode*>(&item);
    const bool is_element = node != nullptr && ((*node)->kind == XmlNode::Kind::element ||
                                                (*node)->kind == XmlNode::Kind::document);
    const std::string text =
        is_element ? kElementMark + to_text(**node) : kValueMark + to_text(item);
    list += (list.empty() ? "" : ",") + json_text(text);
  }
  return Value("[" + list + "]");
}

StoreResult<Value> split(const Arguments& a) {
  if (is_null(a[0]) || is_null(a[1])) return Value(std::string("[]"));
  const std::string text = text_of(a[0]);
  const std::string separator = text_of(a[1]);
  std::string list;
  for (std::size_t at = 0; at <= text.size();) {
    std::size_t end = separator.empty() ? std::string::npos : text.find(separator, at);
    if (end == std::string::npos) end = text.size();
    list += (list.empty() ? "" : ",") + json_text(std::string_view(text).substr(at, end - at));
    at = end + std::max<std::size_t>(1, separator.size());
  }
  return Value("[" + list + "]");
}

// ---------------------------------------------------------------- FOR XML

std::string base64(const proto::Bytes& bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = static_cast<std::uint32_t>(bytes[i]) << 16;
    if (i + 1 < bytes.size()) group |= static_cast<std::uint32_t>(bytes[i + 1]) << 8;
    if (i + 2 < bytes.size()) group |= bytes[i + 2];
    out += kDigits[group >> 18];
    out += kDigits[group >> 12 & 63];
    out += i + 1 < bytes.size() ? kDigits[group >> 6 & 63] : '=';
    out += i + 2 < bytes.size() ? kDigits[group & 63] : '=';
  }
  return out;
}

// A value as XML writes it; markup stays markup.
std::string xml_text(const Value& value, const DataType& type, bool in_attribute) {
  if (const auto* bytes = std::get_if<proto::Bytes>(&value)) return base64(*bytes);
  std::string text = to_text(value, type).value_or(std::string());
  if (is_time(type)) {
    const auto iso = convert(value, type, type_of(SqlType::nvarchar, 40), 126);
    if (iso) text = std::get<std::string>(*iso);
  }
  if (type.type == SqlType::xml && !in_attribute) return text;
  return in_attribute ? escaped_attribute(text) : escaped_text(text);
}

// Elements of PATH that are open, so that columns with a common path share them.
class RowWriter {
 public:
  void attribute(const std::string& name, const std::string& value) {
    pending_ += " " + name + "=\"" + value + "\"";
  }
  void open(const std::string& name) {
    close_start();
    start_ = name;
    open_.push_back(name);
  }
  void close() {
    if (!start_.empty()) {
      out_ += "<" + start_ + pending_ + "/>";
      start_.clear();
      pending_.clear();
    } else {
      out_ += "</" + open_.back() + ">";
    }
    open_.pop_back();
  }
  void text(const std::string& value) {
    close_start();
    out_ += value;
  }
  // Leaves and enters elements until exactly these are open, below the row's own.
  void go_to(const std::vector<std::string>& path, std::size_t base) {
    std::size_t common = 0;
    while (common < path.size() && base + common < open_.size() &&
           open_[base + common] == path[common])
      ++common;
    while (open_.size() > base + common) close();
    for (std::size_t i = common; i < path.size(); ++i) open(path[i]);
  }
  [[nodiscard]] std::size_t depth() const { return open_.size(); }
  [[nodiscard]] bool has_text() const { return start_.empty(); }
  std::string take() {
    while (!open_.empty()) close();
    return std::move(out_);
  }

 private:
  void close_start() {
    if (start_.empty()) return;
    out_ += "<" + start_ + pending_ + ">";
    start_.clear();
    pending_.clear();
  }
  std::string out_;
  std::string start_;    // the element whose start tag is not written yet
  std::string pending_;  // its attributes
  std::vector<std::string> open_;
};

void write_path_column(RowWriter& row, const std::string& name, const DataType& type,
                       const Value& value, std::size_t base) {
  std::vector<std::string> path;
  std::size_t at = 0;
  for (std::size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', at)) {
    path.push_back(name.substr(at, slash - at));
    at = slash + 1;
  }
  const std::string last = name.substr(at);
  if (last.starts_with('@')) {
    row.go_to(path, base);
    row.attribute(last.substr(1), xml_text(value, type, true));
    return;
  }
  const bool is_inline =
      last.empty() || last == "*" || last == "text()" || last == "node()" || last == "data()";
  if (!is_inline) path.push_back(last);
  row.go_to(path, base);
  row.text(xml_text(value, type, false));
  if (!is_inline) row.close();
}

// (specification, value, ...)
StoreResult<Value> for_xml_row(const Arguments& a) {
  const auto specification = ForXmlRow::parse(text_of(a[0]));
  RowWriter row;
  if (!specification.element.empty()) row.open(specification.element);
  const std::size_t base = row.depth();
  for (std::size_t i = 0; i < specification.columns.size(); ++i) {
    const auto& [name, type] = specification.columns[i];
    const Value& cell = a[i + 1];
    if (is_null(cell)) continue;
    if (specification.is_path) {
      write_path_column(row, name, type, cell, base);
    } else if (specification.has_elements || type.type == SqlType::xml) {
      row.open(name);
      row.text(xml_text(cell, type, false));
      row.close();
    } else {
      row.attribute(name, xml_text(cell, type, true));
    }
  }
  return Value(row.take());
}

// (rows, name of the root or NULL)
StoreResult<Value> for_xml_root(const Arguments& a) {
  if (is_null(a[0]) || is_null(a[1])) return a[0];
  const std::string name = text_of(a[1]);
  return Value("<" + name + ">" + text_of(a[0]) + "</" + name + ">");
}

constexpr char kColumnSeparator = '\x1E';
constexpr char kPartSeparator = '\x1F';

}  // namespace

std::string ForXmlRow::text() const {
  std::string text =
      fmt::format("{}{}{}", is_path ? "P" : (has_elements ? "E" : "A"), element, kColumnSeparator);
  for (const auto& [name, type] : columns)
    text += fmt::format("{}{}{}{}", name, kPartSeparator, pack(type), kColumnSeparator);
  return text;
}

ForXmlRow ForXmlRow::parse(std::string_view text) {
  ForXmlRow row;
  row.is_path = text.starts_with('P');
  row.has_elements = text.starts_with('E');
  std::size_t end = text.find(kColumnSeparator);
  row.element = std::string(text.substr(1, end - 1));
  for (text.remove_prefix(end + 1); !text.empty(); text.remove_prefix(end + 1)) {
    end = text.find(kColumnSeparator);
    const std::size_t part = text.find(kPartSeparator);
    std::int64_t packed = 0;
    std::from_chars(text.data() + part + 1, text.data() + end, packed);
    row.columns.emplace_back(std::string(text.substr(0, part)), unpack(packed));
  }
  return row;
}

void register_xml_functions(store::Store& store) {
  const auto add = [&store](const char* name, int count, store::ScalarFunction function) {
    store.register_function(name, count, std::move(function), store::FunctionKind::pure);
  };
  add("ssb_xml_value", -1, value);
  add("ssb_xml_exist", -1, exist);
  add("ssb_xml_query", -1, query);
  add("ssb_xml_nodes", -1, nodes);
  add("ssb_split", 2, split);
  add("ssb_for_xml_row", -1, for_xml_row);
  add("ssb_for_xml_root", 2, for_xml_root);
}

}  // namespace ssb::broker::tsql
