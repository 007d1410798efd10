#include "broker/tsql/xpath.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "proto/error_code.h"

namespace ssb::broker::tsql {
namespace {

using proto::Error;
using proto::ErrorCode;

constexpr int kDepthMax = 100;  // of parentheses and predicates

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.' || static_cast<unsigned char>(c) >= 0x80;
}

bool is_true(const XmlSequence& items) {
  if (items.empty()) return false;
  if (std::holds_alternative<const XmlNode*>(items[0])) return true;
  if (const auto* truth = std::get_if<bool>(&items[0])) return *truth;
  if (const auto* number = std::get_if<double>(&items[0]))
    return *number != 0 && !std::isnan(*number);
  return !std::get<std::string>(items[0]).empty();
}

std::optional<double> to_number(const XmlItem& item) {
  if (const auto* number = std::get_if<double>(&item)) return *number;
  if (const auto* truth = std::get_if<bool>(&item)) return *truth ? 1 : 0;
  const std::string text = to_text(item);
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  while (*end != '\0' && is_xml_space(*end)) ++end;
  return text.empty() || *end != '\0' ? std::nullopt : std::optional(number);
}

// Any pair of items fits (general comparison).
bool compares(const XmlSequence& left, const XmlSequence& right, std::string_view op) {
  const auto holds = [op](auto a, auto b) {
    if (op == "=") return a == b;
    if (op == "!=") return a != b;
    if (op == "<") return a < b;
    if (op == "<=") return a <= b;
    if (op == ">") return a > b;
    return a >= b;
  };
  for (const XmlItem& a : left) {
    for (const XmlItem& b : right) {
      const bool as_numbers =
          std::holds_alternative<double>(a) || std::holds_alternative<double>(b);
      const auto x = to_number(a);
      const auto y = to_number(b);
      if (as_numbers ? x && y && holds(*x, *y) : holds(to_text(a), to_text(b))) return true;
    }
  }
  return false;
}

// Evaluates while it parses: queries are short, and predicates are run again for each node from their own place in the text.
class Evaluator {
 public:
  Evaluator(std::string_view text, const XmlNode& context, const SqlVariable& variable)
      : text_(text), variable_(variable), focus_{&context, 1, 1} {}

  XmlSequence run() {
    prolog();
    XmlSequence result = expression();
    skip_spaces();
    if (at_ < text_.size()) fail();
    return result;
  }

 private:
  struct Focus {
    const XmlNode* node;
    std::size_t position;
    std::size_t size;
  };

  [[noreturn]] void fail() const {
    throw Error(ErrorCode::bad_xquery, std::string(text_.substr(std::min(at_, text_.size()), 20)));
  }
  void skip_spaces() {
    while (at_ < text_.size() && is_xml_space(text_[at_])) ++at_;
  }
  bool accept(std::string_view symbol) {
    skip_spaces();
    if (!text_.substr(at_).starts_with(symbol)) return false;
    at_ += symbol.size();
    return true;
  }
  void expect(std::string_view symbol) {
    if (!accept(symbol)) fail();
  }
  // A whole word, not the beginning of another one.
  bool accept_word(std::string_view word) {
    skip_spaces();
    if (!text_.substr(at_).starts_with(word)) return false;
    const std::size_t end = at_ + word.size();
    if (end < text_.size() && (is_word(text_[end]) || text_[end] == ':' || text_[end] == '('))
      return false;
    at_ = end;
    return true;
  }
  std::string word() {
    skip_spaces();
    const std::size_t start = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    if (at_ == start) fail();
    return std::string(text_.substr(start, at_ - start));
  }
  std::string literal() {
    skip_spaces();
    if (at_ >= text_.size() || (text_[at_] != '"' && text_[at_] != '\'')) fail();
    const char quote = text_[at_++];
    std::string value;
    while (true) {
      if (at_ >= text_.size()) fail();
      if (text_[at_] == quote) {
        ++at_;
        if (at_ >= text_.size() || text_[at_] != quote) return value;
      }
      value += text_[at_++];
    }
  }

  void prolog() {
    while (accept_word("declare")) {
      if (accept_word("default")) {
        if (!accept_word("element")) fail();
        if (!accept_word("namespace")) fail();
        default_name_space_ = literal();
      } else {
        if (!accept_word("namespace")) fail();
        const std::string prefix = word();
        expect("=");
        name_spaces_[prefix] = literal();
      }
      expect(";");
    }
  }

  XmlSequence expression() {
    if (++depth_ > kDepthMax)
      throw Error(ErrorCode::not_supported, "XQuery nested deeper than 100 levels");
    XmlSequence left = conjunction();
    while (accept_word("or")) {
      const XmlSequence right = conjunction();
      left = {is_true(left) || is_true(right)};
    }
    --depth_;
    return left;
  }
  XmlSequence conjunction() {
    XmlSequence left = comparison();
    while (accept_word("and")) {
      const XmlSequence right = comparison();
      left = {is_true(left) && is_true(right)};
    }
    return left;
  }
  XmlSequence comparison() {
    XmlSequence left = primary();
    constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kWords = {
        {{"eq", "="}, {"ne", "!="}, {"lt", "<"}, {"le", "<="}, {"gt", ">"}, {"ge", ">="}}};
    for (const std::string_view op : {"!=", "<=", ">=", "=", "<", ">"}) {
      if (accept(op)) return {compares(left, primary(), op)};
    }
    for (const auto& [name, op] : kWords) {
      if (accept_word(name)) return {compares(left, primary(), op)};
    }
    return left;
  }

  XmlSequence primary() {
    skip_spaces();
    if (at_ >= text_.size()) fail();
    const char c = text_[at_];
    if (c == '"' || c == '\'') return {literal()};
    if (c >= '0' && c <= '9') return {std::strtod(word().c_str(), nullptr)};
    if (c == '(') {
      ++at_;
      if (accept(")")) return {};
      XmlSequence inside = expression();
      while (accept(",")) {
        for (XmlItem& item : expression()) inside.push_back(std::move(item));
      }
      expect(")");
      inside = predicates(std::move(inside));
      return steps_after(std::move(inside));
    }
    if (c == '<') throw Error(ErrorCode::not_supported, "XQuery constructors");
    if (c == '$') throw Error(ErrorCode::not_supported, "XQuery variables");
    for (const std::string_view keyword :
         {"for", "let", "if", "some", "every", "insert", "delete", "replace"}) {
      const std::size_t before = at_;
      if (accept_word(keyword))
        throw Error(ErrorCode::not_supported, fmt::format("XQuery {}", keyword));
      at_ = before;
    }
    if (auto called = function()) return steps_after(predicates(*std::move(called)));
    return path();
  }

  // ---- paths ----

  XmlSequence path() {
    XmlSequence nodes{focus_.node};
    if (accept("//")) {
      nodes = descendants(root());
      return steps(std::move(nodes));
    }
    if (accept("/")) {
      nodes = {root()};
      skip_spaces();
      if (at_ >= text_.size() ||
          !(is_word(text_[at_]) || text_[at_] == '*' || text_[at_] == '@' || text_[at_] == '.'))
        return nodes;
    }
    return steps(std::move(nodes));
  }
  const XmlNode* root() const {
    const XmlNode* node = focus_.node;
    while (node->parent != nullptr) node = node->parent;
    return node;
  }
  static XmlSequence descendants(const XmlNode* from) {
    XmlSequence ordered;
    const std::function<void(const XmlNode*)> visit = [&](const XmlNode* node) {
      ordered.emplace_back(node);
      for (const auto& child : node->children) visit(child.get());
    };
    visit(from);
    return ordered;
  }
  XmlSequence steps(XmlSequence nodes) {
    nodes = step(nodes);
    return steps_after(std::move(nodes));
  }
  XmlSequence steps_after(XmlSequence nodes) {
    while (true) {
      if (accept("//")) {
        XmlSequence all;
        for (const XmlItem& item : nodes) {
          const auto* const* node = std::get_if<const XmlNode*>(&item);
          if (node == nullptr) fail();
          for (XmlItem& below : descendants(*node)) all.push_back(std::move(below));
        }
        nodes = step(all);
      } else if (accept("/")) {
        nodes = step(nodes);
      } else {
        return nodes;
      }
    }
  }

  struct Test {
    enum class Kind { name, text, node, self, parent, attribute, comment };
    Kind kind = Kind::name;
    std::string name = "*";
    std::optional<std::string> name_space;  // nullopt: any
  };

  void name_test(Test& test) {
    if (accept("*")) {
      test.name = "*";
      if (at_ < text_.size() && text_[at_] == ':') {
        ++at_;
        test.name = word();
      }
      return;
    }
    test.name = word();
    if (at_ < text_.size() && text_[at_] == ':' && !text_.substr(at_).starts_with("::")) {
      ++at_;
      const auto known = name_spaces_.find(test.name);
      if (known == name_spaces_.end()) throw Error(ErrorCode::bad_xquery, test.name + ":");
      test.name_space = known->second;
      if (accept("*")) {
        test.name = "*";
      } else {
        test.name = word();
      }
      return;
    }
    test.name_space = test.kind == Test::Kind::attribute ? std::string() : default_name_space_;
  }

  Test test() {
    Test test;
    if (accept("..")) {
      test.kind = Test::Kind::parent;
    } else if (accept("@")) {
      test.kind = Test::Kind::attribute;
      name_test(test);
    } else if (accept("text()")) {
      test.kind = Test::Kind::text;
    } else if (accept("node()")) {
      test.kind = Test::Kind::node;
    } else if (accept("comment()")) {
      test.kind = Test::Kind::comment;
    } else if (text_.substr(at_).starts_with(".") &&
               !(at_ + 1 < text_.size() && is_word(text_[at_ + 1]))) {
      ++at_;
      test.kind = Test::Kind::self;
    } else {
      name_test(test);
    }
    return test;
  }

  static bool fits(const Test& test, const XmlNode& node) {
    return (test.name == "*" || test.name == node.name) &&
           (!test.name_space || *test.name_space == node.name_space);
  }

  static void select(const Test& test, const XmlNode* node, XmlSequence& out) {
    switch (test.kind) {
      case Test::Kind::self: out.emplace_back(node); return;
      case Test::Kind::parent:
        if (node->parent != nullptr) out.emplace_back(static_cast<const XmlNode*>(node->parent));
        return;
      case Test::Kind::attribute:
        for (const auto& attribute : node->attributes) {
          const bool declares = attribute->prefix == "xmlns" ||
                                (attribute->prefix.empty() && attribute->name == "xmlns");
          if (!declares && fits(test, *attribute)) out.emplace_back(attribute.get());
        }
        return;
      case Test::Kind::name:
      case Test::Kind::text:
      case Test::Kind::node:
      case Test::Kind::comment: break;
    }
    for (const auto& child : node->children) {
      const bool takes =
          (test.kind == Test::Kind::node) ||
          (test.kind == Test::Kind::text && child->kind == XmlNode::Kind::text) ||
          (test.kind == Test::Kind::comment && child->kind == XmlNode::Kind::comment) ||
          (test.kind == Test::Kind::name && child->kind == XmlNode::Kind::element &&
           fits(test, *child));
      if (takes) out.emplace_back(child.get());
    }
  }

  // Predicates of a step count within each parent.
  XmlSequence step(const XmlSequence& from) {
    skip_spaces();
    const Test test = this->test();
    const std::size_t predicates_at = at_;
    XmlSequence result;
    std::set<const XmlNode*> seen;
    const std::size_t end = end_of_predicates();
    for (const XmlItem& item : from) {
      const auto* const* node = std::get_if<const XmlNode*>(&item);
      if (node == nullptr) fail();
      XmlSequence found;
      select(test, *node, found);
      at_ = predicates_at;
      for (XmlItem& kept : predicates(std::move(found))) {
        if (seen.insert(std::get<const XmlNode*>(kept)).second) result.push_back(std::move(kept));
      }
    }
    at_ = end;
    return result;
  }

  // Behind the predicates from here on, unread; the place in the text stays.
  std::size_t end_of_predicates() {
    const std::size_t start = at_;
    std::size_t end = start;
    while (accept("[")) {
      --at_;
      end = end_of_one();
    }
    at_ = start;
    return end;
  }

  XmlSequence predicates(XmlSequence items) {
    while (accept("[")) {
      const std::size_t start = at_;
      XmlSequence kept;
      const Focus outer = focus_;
      std::size_t end = start;
      for (std::size_t i = 0; i < items.size(); ++i) {
        const auto* const* node = std::get_if<const XmlNode*>(&items[i]);
        focus_ = {node != nullptr ? *node : outer.node, i + 1, items.size()};
        at_ = start;
        const XmlSequence answer = expression();
        end = at_;
        const auto* number = answer.size() == 1 ? std::get_if<double>(&answer[0]) : nullptr;
        if (number != nullptr ? *number == static_cast<double>(i + 1) : is_true(answer))
          kept.push_back(items[i]);
      }
      focus_ = outer;
      if (items.empty()) {
        at_ = start - 1;
        end = end_of_one();
      }
      at_ = end;
      if (!items.empty()) expect("]");
      items = std::move(kept);
    }
    return items;
  }
  // Behind one [predicate], unread.
  std::size_t end_of_one() {
    int open = 0;
    do {
      if (at_ >= text_.size()) fail();
      const char c = text_[at_];
      if (c == '"' || c == '\'') {
        std::ignore = literal();
        continue;
      }
      open += c == '[' ? 1 : (c == ']' ? -1 : 0);
      ++at_;
    } while (open > 0);
    return at_;
  }

  // ---- functions ----

  std::optional<XmlSequence> function() {
    const std::size_t before = at_;
    if (!is_word(text_[at_])) return std::nullopt;
    std::string name = word();
    if (at_ < text_.size() && text_[at_] == ':') {
      ++at_;
      if (at_ < text_.size() && is_word(text_[at_])) name += ":" + word();
    }
    skip_spaces();
    if (at_ >= text_.size() || text_[at_] != '(' || name == "text" || name == "node" ||
        name == "comment") {
      at_ = before;
      return std::nullopt;
    }
    ++at_;
    std::vector<XmlSequence> arguments;
    if (!accept(")")) {
      do arguments.push_back(expression());
      while (accept(","));
      expect(")");
    }
    if (name.starts_with("fn:")) name.erase(0, 3);
    return call(name, arguments);
  }

  static std::string text_at(const std::vector<XmlSequence>& arguments, std::size_t i) {
    return i < arguments.size() && !arguments[i].empty() ? to_text(arguments[i][0]) : std::string();
  }
  const XmlNode* node_of(const std::vector<XmlSequence>& arguments) const {
    if (arguments.empty()) return focus_.node;
    const auto* const* node =
        arguments[0].empty() ? nullptr : std::get_if<const XmlNode*>(&arguments[0][0]);
    return node == nullptr ? nullptr : *node;
  }

  XmlSequence call(const std::string& name, const std::vector<XmlSequence>& arguments) {
    const XmlSequence first = arguments.empty() ? XmlSequence{} : arguments[0];
    if (name == "count") return {static_cast<double>(first.size())};
    if (name == "not") return {!is_true(first)};
    if (name == "true") return {true};
    if (name == "false") return {false};
    if (name == "empty") return {first.empty()};
    if (name == "exists") return {!first.empty()};
    if (name == "position") return {static_cast<double>(focus_.position)};
    if (name == "last") return {static_cast<double>(focus_.size)};
    if (name == "string" || name == "data") {
      if (arguments.empty()) return {string_value(*focus_.node)};
      XmlSequence values;
      for (const XmlItem& item : first) values.emplace_back(to_text(item));
      return values;
    }
    if (name == "number") {
      const auto number = first.empty() ? std::nullopt : to_number(first[0]);
      return number ? XmlSequence{*number} : XmlSequence{};
    }
    if (name == "local-name" || name == "namespace-uri") {
      const XmlNode* node = node_of(arguments);
      if (node == nullptr) return {std::string()};
      return {name == "local-name" ? node->name : node->name_space};
    }
    if (name == "concat") {
      std::string text;
      for (std::size_t i = 0; i < arguments.size(); ++i) text += text_at(arguments, i);
      return {text};
    }
    if (name == "contains")
      return {text_at(arguments, 0).find(text_at(arguments, 1)) != std::string::npos};
    if (name == "string-length") return {static_cast<double>(text_at(arguments, 0).size())};
    if (name == "sum" || name == "min" || name == "max") return total(name, first);
    if (name == "sql:variable") {
      const auto value = variable_(text_at(arguments, 0));
      return value ? XmlSequence{*value} : XmlSequence{};
    }
    throw Error(ErrorCode::not_supported, "the XQuery function " + name);
  }

  static XmlSequence total(const std::string& name, const XmlSequence& items) {
    std::optional<double> result;
    for (const XmlItem& item : items) {
      const auto number = to_number(item);
      if (!number) continue;
      if (!result) {
        result = *number;
      } else if (name == "sum") {
        *result += *number;
      } else {
        *result = name == "min" ? std::min(*result, *number) : std::max(*result, *number);
      }
    }
    if (!result && name == "sum") return {0.0};
    return result ? XmlSequence{*result} : XmlSequence{};
  }

  std::string_view text_;
  const SqlVariable& variable_;
  Focus focus_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::map<std::string, std::string> name_spaces_;
  std::string default_name_space_;
};

}  // namespace

std::string to_text(const XmlItem& item) {
  if (const auto* const* node = std::get_if<const XmlNode*>(&item)) return string_value(**node);
  if (const auto* truth = std::get_if<bool>(&item)) return *truth ? "true" : "false";
  if (const auto* number = std::get_if<double>(&item)) return fmt::format("{}", *number);
  return std::get<std::string>(item);
}

proto::Result<XmlSequence> evaluate_xpath(std::string_view query, const XmlNode& context,
                                          const SqlVariable& variable) {
  try {
    return Evaluator(query, context, variable).run();
  } catch (const Error& error) {
    return error;
  }
}

}  // namespace ssb::broker::tsql
