// The part of XQuery that scripts use on xml values: paths with predicates, namespaces of the prolog, a few functions.
//
//   Shape   [declare namespace p = "u"; | declare default element namespace "u";]... expression
//           expression  or, and, = != < <= > >= (eq ne lt le gt ge), paths, literals, functions, ( )
//           path        [/ | //] step { (/ | //) step }, step = name, p:name, *, *:name, @name, ., .., text(), node(), with [predicate]s
//           functions   count string data number not position last local-name namespace-uri concat contains sum min max empty exists
//                       string-length true false sql:variable
//   Errors  2205 for what does not parse, 2389 where a single value is needed, not_supported for the rest of XQuery (FLWOR, constructors).
//   Source  XPath 2.0 and T-SQL reference, section 1.9.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "broker/store/store.h"
#include "broker/xml/xml.h"

namespace ssb::broker::tsql {

// Never a Null: it is there for the reason that its comment gives.
using xml::escaped_attribute;
using xml::escaped_text;
using xml::is_xml_space;
using xml::kXmlDepthMax;
using xml::parse_xml;
using xml::string_value;
using xml::XmlNode;
using XmlItem = std::variant<const XmlNode*, std::string, double, bool, store::Null>;
using XmlSequence = std::vector<XmlItem>;
// sql:variable("@x"): the variable's text; nullopt: there is none.
using SqlVariable = std::function<std::optional<std::string>(const std::string& name)>;

// `context` is the document, or the node that nodes() gave.
[[nodiscard]] proto::Result<XmlSequence> evaluate_xpath(std::string_view query,
                                                        const XmlNode& context,
                                                        const SqlVariable& variable);
[[nodiscard]] std::string to_text(const XmlItem& item);  // its value, not its markup

}  // namespace ssb::broker::tsql
