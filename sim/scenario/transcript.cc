#include "sim/scenario/transcript.h"

#include <map>
#include <regex>
#include <sstream>

#include <fmt/format.h>

#include "sim/scenario/value_text.h"

namespace ssb::sim::scenario {
namespace {

class Labels {
 public:
  // The text with labels in place of what a run made up.
  [[nodiscard]] std::string replaced(const std::string& text) {
    static const std::regex made_up(
        R"(([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}))"    // GUID
        R"(|(0[xX][0-9A-Fa-f]{16,}|(?:[0-9a-f]{2} ){7,}[0-9a-f]{2}))"  // key, serial number
        R"(|(S-1-9-\d+(?:-\d+)+))"                                     // SID of a user
        R"(|(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?Z?))");        // moment
    std::string out;
    auto from = text.cbegin();
    for (std::sregex_iterator found(text.begin(), text.end(), made_up), end; found != end;
         ++found) {
      out.append(from, text.cbegin() + found->position());
      if ((*found)[1].matched) out += label("guid", found->str());
      if ((*found)[2].matched) out += label("bytes", found->str());
      if ((*found)[3].matched) out += label("sid", found->str());
      if ((*found)[4].matched) out += "<time>";
      from = text.cbegin() + found->position() + found->length();
    }
    out.append(from, text.cend());
    return out;
  }

 private:
  std::string label(const char* kind, const std::string& value) {
    auto& known = labels_[kind];
    const auto number = known.try_emplace(value, known.size() + 1).first->second;
    return fmt::format("<{} {}>", kind, number);
  }
  std::map<std::string, std::map<std::string, std::size_t>> labels_;
};

void append_output(const broker::tsql::Output& output, Labels& labels, std::string& out) {
  for (const auto& item : output) {
    if (const auto* rows = std::get_if<broker::tsql::RowSet>(&item)) {
      for (const auto& row : rows->rows) {
        std::string line = "row";
        for (const auto& value : row) line += " | " + value_text(value);
        out += labels.replaced(line) + "\n";
      }
      out += fmt::format("{} rows\n", rows->rows.size());
    } else if (const auto* count = std::get_if<broker::tsql::RowCount>(&item)) {
      out += fmt::format("{} affected\n", count->rows);
    } else if (const auto* message = std::get_if<broker::tsql::ServerMessage>(&item)) {
      out += labels.replaced(message_text(*message));
    }
  }
}

std::string in_session(const Entry& entry) {
  return entry.session.empty() ? "" : " in session " + entry.session;
}

}  // namespace

std::string transcript(const Report& report) {
  Labels labels;
  std::string out;
  for (const Entry& entry : report.entries) {
    switch (entry.kind) {
      case Entry::Kind::note:
      case Entry::Kind::attack:          // what it did shows in the rest
      case Entry::Kind::warning: break;  // of the script's form
      case Entry::Kind::connected:
        out += fmt::format("connected {}{}\n", entry.node, in_session(entry));
        break;
      case Entry::Kind::output:
        if (!entry.session.empty()) out += fmt::format("batch{}\n", in_session(entry));
        if (!entry.text.empty()) out += entry.text + "\n";
        append_output(entry.output, labels, out);
        break;
      case Entry::Kind::met: out += labels.replaced("met " + entry.text) + "\n"; break;
      case Entry::Kind::failed: out += labels.replaced("failed " + entry.text) + "\n"; break;
    }
  }
  return out;
}

std::optional<std::string> transcript_difference(const std::string& one_name,
                                                 const std::string& one,
                                                 const std::string& other_name,
                                                 const std::string& other) {
  std::istringstream left(one);
  std::istringstream right(other);
  std::string a;
  std::string b;
  for (int line = 1;; ++line) {
    const bool has_a = static_cast<bool>(std::getline(left, a));
    const bool has_b = static_cast<bool>(std::getline(right, b));
    if (!has_a && !has_b) return std::nullopt;
    if (has_a && has_b && a == b) continue;
    return fmt::format("line {} of the transcripts:\n  {}: {}\n  {}: {}", line, one_name,
                       has_a ? a : "(ends)", other_name, has_b ? b : "(ends)");
  }
}

}  // namespace ssb::sim::scenario
