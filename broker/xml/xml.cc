#include "broker/xml/xml.h"

#include <algorithm>
#include <map>

#include "proto/error_code.h"

namespace ssb::broker::xml {
namespace {

using proto::Error;
using proto::ErrorCode;

constexpr std::string_view kXmlns = "xmlns";

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         (static_cast<unsigned char>(c) >= 0x80);
}
bool is_name_character(char c) {
  return is_name_start(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

void append_utf8(std::string& text, std::uint32_t code) {
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xC0 | code >> 6);
    text += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    text += static_cast<char>(0xE0 | code >> 12);
    text += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    text += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    text += static_cast<char>(0xF0 | code >> 18);
    text += static_cast<char>(0x80 | (code >> 12 & 0x3F));
    text += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    text += static_cast<char>(0x80 | (code & 0x3F));
  }
}

// Unwinds with an Error: the grammar is recursive, and every rule can fail.
class XmlParser {
 public:
  explicit XmlParser(std::string_view text) : text_(text) {}

  std::unique_ptr<XmlNode> document() {
    auto root = std::make_unique<XmlNode>();
    root->kind = XmlNode::Kind::document;
    if (text_.starts_with("<?xml") && text_.size() > 5 && is_xml_space(text_[5])) skip_past("?>");
    content(*root, 0);
    if (at_ < text_.size()) throw Error(ErrorCode::xml_illegal_character, place());
    return root;
  }

 private:
  [[nodiscard]] std::string place() const { return std::to_string(at_ + 1); }
  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  [[nodiscard]] bool sees(std::string_view word) const {
    return text_.substr(at_).starts_with(word);
  }
  [[nodiscard]] char next() {
    if (at_end()) throw Error(ErrorCode::xml_unexpected_end, place());
    return text_[at_++];
  }
  void skip_spaces() {
    while (!at_end() && is_xml_space(text_[at_])) ++at_;
  }
  void skip_past(std::string_view word) { std::ignore = until(word); }
  std::string_view until(std::string_view word) {
    const std::size_t end = text_.find(word, at_);
    if (end == std::string_view::npos) {
      at_ = text_.size();
      throw Error(ErrorCode::xml_unexpected_end, place());
    }
    const std::string_view inside = text_.substr(at_, end - at_);
    at_ = end + word.size();
    return inside;
  }
  void expect(char c) {
    if (next() != c) throw Error(ErrorCode::xml_illegal_character, place());
  }

  std::string name() {
    if (at_end()) throw Error(ErrorCode::xml_unexpected_end, place());
    if (!is_name_start(text_[at_])) throw Error(ErrorCode::xml_illegal_character, place());
    const std::size_t start = at_;
    while (!at_end() && is_name_character(text_[at_])) ++at_;
    return std::string(text_.substr(start, at_ - start));
  }
  void qualified_name(XmlNode& node) {
    node.name = name();
    if (!sees(":")) return;
    ++at_;
    node.prefix = std::move(node.name);
    node.name = name();
  }

  void reference(std::string& out) {
    const std::string_view inside = until(";");
    if (inside == "lt") {
      out += '<';
    } else if (inside == "gt") {
      out += '>';
    } else if (inside == "amp") {
      out += '&';
    } else if (inside == "quot") {
      out += '"';
    } else if (inside == "apos") {
      out += '\'';
    } else if (inside.size() > 1 && inside[0] == '#' && inside.size() < 10) {
      const bool is_hex = inside[1] == 'x';
      const std::string digits(inside.substr(is_hex ? 2 : 1));
      const auto code =
          static_cast<std::uint32_t>(std::strtoul(digits.c_str(), nullptr, is_hex ? 16 : 10));
      if (code == 0 || code > 0x10FFFF) throw Error(ErrorCode::xml_illegal_character, place());
      append_utf8(out, code);
    } else {
      throw Error(ErrorCode::xml_illegal_character, place());
    }
  }

  void attribute(XmlNode& element) {
    auto node = std::make_unique<XmlNode>();
    node->kind = XmlNode::Kind::attribute;
    node->parent = &element;
    qualified_name(*node);
    skip_spaces();
    expect('=');
    skip_spaces();
    const char quote = next();
    if (quote != '"' && quote != '\'') throw Error(ErrorCode::xml_illegal_character, place());
    for (char c = next(); c != quote; c = next()) {
      if (c == '<') throw Error(ErrorCode::xml_illegal_character, place());
      if (c == '&') {
        reference(node->value);
      } else {
        node->value += is_xml_space(c) ? ' ' : c;
      }
    }
    for (const auto& other : element.attributes) {
      if (other->prefix == node->prefix && other->name == node->name)
        throw Error(ErrorCode::xml_illegal_name, node->name);
    }
    element.attributes.push_back(std::move(node));
  }

  // The namespace of a prefix where the node stands.
  static std::optional<std::string> name_space_of(const XmlNode* node, std::string_view prefix) {
    if (prefix == "xml") return std::string("http://www.w3.org/XML/1998/namespace");
    for (; node != nullptr; node = node->parent) {
      for (const auto& attribute : node->attributes) {
        const bool declares = prefix.empty()
                                  ? attribute->prefix.empty() && attribute->name == kXmlns
                                  : attribute->prefix == kXmlns && attribute->name == prefix;
        if (declares) return attribute->value;
      }
    }
    return prefix.empty() ? std::optional<std::string>("") : std::nullopt;
  }

  void resolve(XmlNode& element) {
    const auto of = [&](const XmlNode& node) {
      auto found = name_space_of(&element, node.prefix);
      if (!found) throw Error(ErrorCode::xml_illegal_name, node.prefix + ":" + node.name);
      return *found;
    };
    element.name_space = of(element);
    for (const auto& attribute : element.attributes) {
      if (!attribute->prefix.empty() && attribute->prefix != kXmlns)
        attribute->name_space = of(*attribute);
    }
  }

  void element(XmlNode& parent, int depth) {
    if (depth >= kXmlDepthMax)
      throw Error(ErrorCode::not_supported, "XML nested deeper than 128 levels");
    auto node = std::make_unique<XmlNode>();
    node->parent = &parent;
    XmlNode& self = *node;
    qualified_name(self);
    while (true) {
      const bool has_space = !at_end() && is_xml_space(text_[at_]);
      skip_spaces();
      if (at_end()) throw Error(ErrorCode::xml_unexpected_end, place());
      if (sees(">") || sees("/")) break;
      if (!has_space) throw Error(ErrorCode::xml_space_expected, place());
      attribute(self);
    }
    resolve(self);
    parent.children.push_back(std::move(node));
    if (next() == '/') {
      expect('>');
      return;
    }
    content(self, depth + 1);
    if (at_end()) throw Error(ErrorCode::xml_unexpected_end, place());
    at_ += 2;  // content() ends at "</"
    XmlNode end;
    qualified_name(end);
    if (end.prefix != self.prefix || end.name != self.name)
      throw Error(ErrorCode::xml_end_tag_mismatch, self.name, end.name);
    skip_spaces();
    expect('>');
  }

  static void add_text(XmlNode& parent, std::string& text, bool is_significant) {
    const bool is_blank = std::all_of(text.begin(), text.end(), is_xml_space);
    if (!text.empty() && (!is_blank || is_significant)) {
      auto node = std::make_unique<XmlNode>();
      node->kind = XmlNode::Kind::text;
      node->value = text;
      node->parent = &parent;
      parent.children.push_back(std::move(node));
    }
    text.clear();
  }

  void add_other(XmlNode& parent, XmlNode::Kind kind, std::string_view inside) {
    auto node = std::make_unique<XmlNode>();
    node->kind = kind;
    node->parent = &parent;
    node->value = std::string(inside);
    if (kind == XmlNode::Kind::instruction) {
      const std::size_t end = std::min(inside.find(' '), inside.size());
      node->name = std::string(inside.substr(0, end));
      node->value = std::string(inside.substr(std::min(end + 1, inside.size())));
    }
    parent.children.push_back(std::move(node));
  }

  // Up to "</" or the end.
  void content(XmlNode& parent, int depth) {
    std::string text;
    bool is_significant = false;  // CDATA and character references are kept, blank or not
    while (!at_end() && !sees("</")) {
      if (sees("<![CDATA[")) {
        at_ += 9;
        text += until("]]>");
        is_significant = true;
      } else if (text_[at_] == '&') {
        ++at_;
        reference(text);
        is_significant = true;
      } else if (text_[at_] != '<') {
        const auto c = static_cast<unsigned char>(text_[at_]);
        if (c < 0x20 && !is_xml_space(text_[at_]))
          throw Error(ErrorCode::xml_illegal_character, place());
        text += text_[at_++];
      } else {
        add_text(parent, text, std::exchange(is_significant, false));
        ++at_;
        if (sees("!--")) {
          at_ += 3;
          add_other(parent, XmlNode::Kind::comment, until("-->"));
        } else if (sees("?")) {
          ++at_;
          add_other(parent, XmlNode::Kind::instruction, until("?>"));
        } else {
          element(parent, depth);
        }
      }
    }
    add_text(parent, text, is_significant);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string qualified(const XmlNode& node) {
  return node.prefix.empty() ? node.name : node.prefix + ":" + node.name;
}

void write(const XmlNode& node, const std::map<std::string, std::string>& added, std::string& out) {
  switch (node.kind) {
    case XmlNode::Kind::document:
      for (const auto& child : node.children) write(*child, {}, out);
      return;
    case XmlNode::Kind::text: out += escaped_text(node.value); return;
    case XmlNode::Kind::attribute: out += node.value; return;
    case XmlNode::Kind::comment: out += "<!--" + node.value + "-->"; return;
    case XmlNode::Kind::instruction: out += "<?" + node.name + " " + node.value + "?>"; return;
    case XmlNode::Kind::element: break;
  }
  out += "<" + qualified(node);
  for (const auto& [prefix, uri] : added) {
    out += prefix.empty() ? " xmlns=\"" : " xmlns:" + prefix + "=\"";
    out += escaped_attribute(uri) + "\"";
  }
  for (const auto& attribute : node.attributes) {
    out += " " + qualified(*attribute) + "=\"" + escaped_attribute(attribute->value) + "\"";
  }
  if (node.children.empty()) {
    out += "/>";
    return;
  }
  out += ">";
  for (const auto& child : node.children) write(*child, {}, out);
  out += "</" + qualified(node) + ">";
}

std::string escaped(std::string_view text, bool in_attribute) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += in_attribute ? "&quot;" : "\""; break;
      case '\r': out += "&#x0D;"; break;
      case '\n': out += in_attribute ? "&#x0A;" : "\n"; break;
      case '\t': out += in_attribute ? "&#x09;" : "\t"; break;
      default: out += c;
    }
  }
  return out;
}

}  // namespace

proto::Result<std::unique_ptr<XmlNode>> parse_xml(std::string_view text) {
  try {
    return XmlParser(text).document();
  } catch (const Error& error) {
    return error;
  }
}

std::string text_of_bytes(proto::ByteView bytes) {
  const bool marked = bytes.size() >= 2 && bytes[0] == 0xFF && bytes[1] == 0xFE;
  if (marked) return proto::from_utf16le(bytes.subspan(2));
  const bool wide = bytes.size() >= 2 && bytes[1] == 0;
  if (wide) return proto::from_utf16le(bytes);
  const bool utf8_mark =
      bytes.size() >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF;
  return proto::to_string(bytes.subspan(utf8_mark ? 3 : 0));
}

std::optional<Error> why_not_well_formed(proto::ByteView body) {
  const auto document = parse_xml(text_of_bytes(body));
  if (!document) return document.error();
  if ((*document)->children.empty()) return Error(ErrorCode::xml_unexpected_end, "1");
  return std::nullopt;
}

std::string to_text(const XmlNode& node) {
  std::map<std::string, std::string> added;
  // What is declared further out, the innermost first; what the node declares itself is not repeated.
  std::map<std::string, bool> own;
  for (const auto& attribute : node.attributes) {
    if (attribute->prefix == kXmlns) own[attribute->name] = true;
    if (attribute->prefix.empty() && attribute->name == kXmlns) own[""] = true;
  }
  for (const XmlNode* outer = node.parent; outer != nullptr; outer = outer->parent) {
    for (const auto& attribute : outer->attributes) {
      const bool is_default = attribute->prefix.empty() && attribute->name == kXmlns;
      if (!is_default && attribute->prefix != kXmlns) continue;
      const std::string prefix = is_default ? "" : attribute->name;
      if (!own.contains(prefix)) added.emplace(prefix, attribute->value);
    }
  }
  std::string out;
  write(node, added, out);
  return out;
}

std::string string_value(const XmlNode& node) {
  if (node.kind != XmlNode::Kind::element && node.kind != XmlNode::Kind::document)
    return node.value;
  std::string out;
  for (const auto& child : node.children) {
    if (child->kind == XmlNode::Kind::element || child->kind == XmlNode::Kind::text)
      out += string_value(*child);
  }
  return out;
}

std::string escaped_text(std::string_view text) {
  return escaped(text, false);
}
std::string escaped_attribute(std::string_view text) {
  return escaped(text, true);
}

}  // namespace ssb::broker::xml
