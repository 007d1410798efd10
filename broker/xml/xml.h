// The xml type: reading well-formed text into a tree, and writing the tree as SQL Server does.
//
//   Shape   a fragment: any number of elements and texts at the top. Blank texts between elements are dropped, as the type does without
//           xml:space. No document types, no external entities.
//   Units   at most kXmlDepthMax levels.
//   Errors  9400 ends too early, 9436 end tag of another name, 9420 illegal character, 9410 and 9455 malformed tag.
//   Source  XML 1.0 (fifth edition) and Namespaces in XML; T-SQL reference, section 1.9.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/bytes.h"
#include "proto/error.h"

namespace ssb::broker::xml {

inline constexpr int kXmlDepthMax = 128;

[[nodiscard]] constexpr bool is_xml_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct XmlNode {
  enum class Kind { document, element, attribute, text, comment, instruction };
  Kind kind = Kind::element;
  std::string prefix;
  std::string name;        // local; of an instruction its target
  std::string name_space;  // URI; "" = none
  std::string value;       // of an attribute, text, comment or instruction
  std::vector<std::unique_ptr<XmlNode>> attributes;  // namespace declarations included
  std::vector<std::unique_ptr<XmlNode>> children;
  XmlNode* parent = nullptr;
};

[[nodiscard]] proto::Result<std::unique_ptr<XmlNode>> parse_xml(std::string_view text);
// Bytes as the type takes them: UTF-16 with a mark or a zero as the second byte, else UTF-8.
[[nodiscard]] std::string text_of_bytes(proto::ByteView bytes);
// Why a body is no XML; nullopt: it is well-formed. An empty body is none.
[[nodiscard]] std::optional<proto::Error> why_not_well_formed(proto::ByteView body);
// The text of a node with its descendants; declarations of namespaces that it takes from outside are added.
[[nodiscard]] std::string to_text(const XmlNode& node);
// All texts inside, joined: the node's value as a string.
[[nodiscard]] std::string string_value(const XmlNode& node);

[[nodiscard]] std::string escaped_text(std::string_view text);
[[nodiscard]] std::string escaped_attribute(std::string_view text);

}  // namespace ssb::broker::xml
