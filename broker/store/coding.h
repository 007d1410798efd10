// Compact bytes of statements, for commit records and for the questions of recorded answers.
//
//   Shape   numbers are LEB128 (signed ones zigzag); text and bytes follow their length; a value is
//   a tag byte (0 null,
//           1 integer, 2 real as 8 bytes little-endian, 3 text, 4 bytes) and its content. A
//           statement is
//             text | parameters | rows affected | answers
//           where text is the number of an earlier statement of the same part with the same text,
//           or the next unused number and the text itself; parameters and rows are counted; an
//           answer is its question and its rows.
//   Errors  the reader goes bad once, on anything short or malformed, and is asked once, at the
//   end. Source  our own.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "broker/store/store.h"
#include "proto/bytes.h"

namespace ssb::broker::store {

class Writer {
 public:
  void number(std::uint64_t value);
  void text(std::string_view text);
  void value(const Value& value);
  void row(const Row& row);
  void statement(const Statement& statement);
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  // What was written; the writer starts anew.
  [[nodiscard]] proto::Bytes take();

 private:
  proto::Bytes bytes_;
  std::map<std::string, std::uint64_t, std::less<>> texts_;
};

class Reader {
 public:
  explicit Reader(proto::ByteView bytes) : rest_(bytes) {}
  [[nodiscard]] bool is_bad() const { return is_bad_; }
  [[nodiscard]] bool is_at_end() const { return rest_.empty(); }
  [[nodiscard]] Statement statement();

 private:
  [[nodiscard]] std::uint64_t number();
  // A count of things of at least one byte each, so that no damaged count allocates much.
  [[nodiscard]] std::size_t count();
  [[nodiscard]] proto::ByteView take(std::size_t size);
  [[nodiscard]] std::string text();
  [[nodiscard]] Value value();
  [[nodiscard]] Row row();

  proto::ByteView rest_;
  bool is_bad_ = false;
  std::vector<std::string> texts_;
};

}  // namespace ssb::broker::store
