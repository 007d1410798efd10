#include "broker/store/coding.h"

#include <bit>
#include <utility>

namespace ssb::broker::store {
namespace {

enum Tag : std::uint8_t { kNull, kInteger, kReal, kText, kBytes };

std::uint64_t zigzag(std::int64_t value) {
  return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
}

struct ValueWriter {
  Writer& to;
  void operator()(std::monostate) const { to.number(kNull); }
  void operator()(std::int64_t value) const {
    to.number(kInteger);
    to.number(zigzag(value));
  }
  void operator()(double value) const {
    to.number(kReal);
    std::string bytes(8, '\0');
    const auto bits = std::bit_cast<std::uint64_t>(value);
    for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(bits >> (8 * i) & 0xFF);
    to.text(bytes);
  }
  void operator()(const std::string& text) const {
    to.number(kText);
    to.text(text);
  }
  void operator()(const proto::Bytes& bytes) const {
    to.number(kBytes);
    to.text(proto::as_text(bytes));
  }
};

}  // namespace

void Writer::number(std::uint64_t value) {
  while (value >= 0x80) {
    bytes_.push_back(static_cast<std::uint8_t>(value | 0x80));
    value >>= 7;
  }
  bytes_.push_back(static_cast<std::uint8_t>(value));
}

void Writer::text(std::string_view text) {
  number(text.size());
  bytes_.insert(bytes_.end(), text.begin(), text.end());
}

void Writer::value(const Value& value) {
  std::visit(ValueWriter{*this}, value);
}

void Writer::row(const Row& row) {
  number(row.size());
  for (const Value& each : row) value(each);
}

void Writer::statement(const Statement& statement) {
  const auto [position, is_new] = texts_.emplace(statement.sql, texts_.size());
  number(position->second);
  if (is_new) text(statement.sql);
  row(statement.parameters);
  number(zigzag(statement.rows_affected));
  number(statement.answers.size());
  for (const RecordedAnswer& answer : statement.answers) {
    text(answer.question);
    number(answer.rows.size());
    for (const Row& each : answer.rows) row(each);
  }
}

proto::Bytes Writer::take() {
  texts_.clear();
  return std::exchange(bytes_, {});
}

std::uint64_t Reader::number() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const proto::ByteView byte = take(1);
    if (byte.empty()) return 0;
    value |= std::uint64_t{byte[0] & 0x7FU} << shift;
    if (byte[0] < 0x80) return value;
  }
  is_bad_ = true;
  return 0;
}

std::size_t Reader::count() {
  const std::uint64_t value = number();
  if (value > rest_.size()) is_bad_ = true;
  return is_bad_ ? 0 : value;
}

proto::ByteView Reader::take(std::size_t size) {
  if (is_bad_ || size > rest_.size()) {
    is_bad_ = true;
    return {};
  }
  const proto::ByteView taken = rest_.first(size);
  rest_ = rest_.subspan(size);
  return taken;
}

std::string Reader::text() {
  return proto::to_string(take(count()));
}

Value Reader::value() {
  switch (number()) {
    case kNull: return std::monostate();
    case kInteger: return unzigzag(number());
    case kReal: {
      const proto::ByteView bytes = take(count());
      if (bytes.size() != 8) {
        is_bad_ = true;
        return std::monostate();
      }
      std::uint64_t bits = 0;
      for (std::size_t i = 0; i < 8; ++i) bits |= std::uint64_t{bytes[i]} << (8 * i);
      return std::bit_cast<double>(bits);
    }
    case kText: return text();
    case kBytes: return proto::to_bytes(take(count()));
    default: is_bad_ = true; return std::monostate();
  }
}

Row Reader::row() {
  Row row(count());
  for (Value& each : row) each = value();
  return row;
}

Statement Reader::statement() {
  Statement statement;
  const std::uint64_t known = number();
  if (known == texts_.size()) texts_.push_back(text());
  if (known >= texts_.size()) {
    is_bad_ = true;
    return statement;
  }
  statement.sql = texts_[known];
  statement.parameters = row();
  statement.rows_affected = unzigzag(number());
  statement.answers.resize(count());
  for (RecordedAnswer& answer : statement.answers) {
    answer.question = text();
    answer.rows.resize(count());
    for (Row& each : answer.rows) each = row();
  }
  return statement;
}

}  // namespace ssb::broker::store
