// XML inside queries: FOR XML, the methods of the xml type, nodes().
#include <fmt/format.h>

#include "broker/tsql/translator_body.h"

namespace ssb::broker::tsql {

using proto::Error;
using proto::ErrorCode;

SqlExpression Translator::Body::xml_method(const Expression& at, const XmlMethod& /*method*/,
                                           Scope* /*scope*/) {
  fail(at, Error(ErrorCode::not_supported, "methods of the xml type"));
}

std::string Translator::Body::nodes_table(const TableSource& source, const XmlNodesTable& /*nodes*/,
                                          Scope& /*scope*/) {
  fail(source.position, Error(ErrorCode::not_supported, "nodes() of the xml type"));
}

SqlQuery Translator::Body::for_xml(const Query& query, Scope* /*outer*/) {
  const auto* select = std::get_if<Select>(&query.terms[0].node);
  fail(select != nullptr ? select->position : SourcePosition(),
       Error(ErrorCode::not_supported, "FOR XML"));
}

}  // namespace ssb::broker::tsql
