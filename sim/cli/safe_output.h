// A stream that sends no control character on: titles, values and error texts come from scripts and peers, and a terminal obeys them.
//
//   Shape   each control character but the end of a line and the tab, and each one that turns the direction of writing, becomes
//           \u001b and the like, which is what JSON writes for it within a string: text and JSON lines pass the same way.
//   Errors  those of the stream below become its own.
#pragma once

#include <ostream>
#include <streambuf>
#include <string>
#include <string_view>

namespace ssb::sim::cli {

class SafeBuffer : public std::streambuf {
 public:
  explicit SafeBuffer(std::ostream& below) : below_(below) {}
  SafeBuffer(const SafeBuffer&) = delete;
  SafeBuffer& operator=(const SafeBuffer&) = delete;
  ~SafeBuffer() override = default;

 protected:
  int_type overflow(int_type c) override;
  std::streamsize xsputn(const char* text, std::streamsize size) override;
  int sync() override;

 private:
  void take(char c);

  std::ostream& below_;
  std::string held_;  // the begin of a character that may be one of those
  std::string out_;   // what one call has to send on
};

class SafeOutput : public std::ostream {
 public:
  explicit SafeOutput(std::ostream& below) : std::ostream(nullptr), buffer_(below) {
    rdbuf(&buffer_);
  }
  SafeOutput(const SafeOutput&) = delete;
  SafeOutput& operator=(const SafeOutput&) = delete;
  ~SafeOutput() override = default;

 private:
  SafeBuffer buffer_;
};

}  // namespace ssb::sim::cli
