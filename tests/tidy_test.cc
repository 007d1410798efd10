// The rules of the source tree: which folder may include what, calls that are banned, sizes.
//
//   Source  the table of layers in the style guide, section 1. Add a row here when a folder may include something new, and say why.
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <map>
#include <regex>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

namespace fs = std::filesystem;
using testing::IsEmpty;

constexpr std::size_t kFileLinesMax = 900;
constexpr std::size_t kFunctionLinesMax =
    100;  // braces and blank lines included; clang-tidy counts 70 of code

struct Source {
  std::string path;  // from the root of the project
  std::vector<std::string> lines;
  std::vector<std::string> code;  // of each line
};

// The line without strings and its // comment: what the compiler sees as code, near enough.
std::string code_of(const std::string& line) {
  std::string out;
  bool in_string = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (in_string) {
      if (line[i] == '\\') {
        ++i;
      } else if (line[i] == '"') {
        in_string = false;
      }
      continue;
    }
    if (line[i] == '"' && (i == 0 || line[i - 1] != '\'')) {
      in_string = true;
      continue;
    }
    if (line[i] == '/' && i + 1 < line.size() && line[i + 1] == '/') break;
    out.push_back(line[i]);
  }
  return out;
}

std::vector<Source> read_sources() {
  const fs::path root = SSB_SOURCE_DIR;
  std::vector<Source> sources;
  for (const char* folder : {"proto", "broker", "transport", "sim", "tests", "bench"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const auto extension = entry.path().extension();
      if (extension != ".h" && extension != ".cc") continue;
      Source& source = sources.emplace_back();
      source.path = fs::relative(entry.path(), root).generic_string();
      std::ifstream in(entry.path());
      for (std::string line; std::getline(in, line);) {
        source.code.push_back(code_of(line));
        source.lines.push_back(line);
      }
    }
  }
  std::sort(sources.begin(), sources.end(),
            [](const Source& a, const Source& b) { return a.path < b.path; });
  return sources;
}

const std::vector<Source>& sources() {
  static const std::vector<Source> all = read_sources();
  return all;
}

// ---- layers ----

// The outside libraries that we tell apart; an include of none of these is the standard library, or POSIX.
std::string library_of(const std::string& header) {
  static const std::vector<std::pair<std::string, std::string>> prefixes = {
      {"boost/asio", "Asio"},
      {"boost/beast", "Beast"},
      {"boost/json", "Boost.JSON"},
      {"boost/url", "Boost.URL"},
      {"boost/", "Boost"},
      {"openssl/", "OpenSSL"},
      {"intel-ipsec-mb", "libipsec-mb"},
      {"sqlite3.h", "SQLite"},
      {"google/protobuf", "protobuf"},
      {"CLI/", "CLI11"},
      {"spdlog/", "spdlog"},
      {"fmt/", "fmt"},
      {"gtest/", "GoogleTest"},
      {"gmock/", "GoogleTest"},
      {"benchmark/", "benchmark"},
  };
  for (const auto& [prefix, library] : prefixes) {
    if (header.starts_with(prefix)) return library;
  }
  return "";
}

struct Layer {
  std::string folder;                  // the longest that fits decides
  std::vector<std::string> ours;       // folders of ours, its own included
  std::vector<std::string> libraries;  // beside the standard library and fmt
};

const std::vector<Layer>& layers() {
  static const std::vector<Layer> all = {
      {"proto/", {"proto/"}, {"Boost", "protobuf"}},
      {"broker/", {"proto/", "broker/"}, {"Boost", "protobuf"}},
      {"broker/crypto/", {"proto/", "broker/crypto/"}, {"Boost", "OpenSSL", "libipsec-mb"}},
      {"broker/store/", {"proto/", "broker/store/"}, {"Boost", "SQLite"}},
      // SQLite's result codes alone, to tell the errors of a statement apart; the ban on its calls is below.
      {"broker/tsql/", {"proto/", "broker/"}, {"Boost", "protobuf", "SQLite"}},
      {"transport/wire/", {"proto/", "broker/", "transport/wire/"}, {"Boost", "protobuf"}},
      {"transport/net/",
       {"proto/", "broker/", "transport/"},
       {"Boost", "Asio", "Beast", "OpenSSL"}},
      {"sim/", {"proto/", "broker/", "transport/wire/", "sim/"}, {"Boost"}},
      {"sim/random.cc", {"proto/", "sim/"}, {"Boost", "OpenSSL"}},
      // A second implementation: nothing of the engine's codec and cryptography, and no generated class, may come in.
      {"sim/attackers/",
       {"proto/bytes.h", "proto/dialog_message.h", "proto/time.h", "sim/attackers/"},
       {"OpenSSL"}},
      // The oracle shares no code with the engine that it judges.
      {"sim/workload/", {"proto/", "sim/random.h", "sim/workload/"}, {"Boost"}},
      {"sim/storage.cc", {"proto/", "broker/", "sim/"}, {"Boost", "SQLite"}},
      {"sim/scenario/tcp.cc",
       {"proto/", "broker/", "transport/", "sim/"},
       {"Boost", "Asio"}},  // the one loop that drives all hosts
      // Captures are files and searches: no sockets.
      {"sim/scenario/simulated.cc",
       {"proto/", "broker/", "transport/wire/", "transport/net/capture.h", "sim/"},
       {"Boost"}},
      // It drives two hosts in real time, and its two sides speak JSON. Its ceiling is OpenSSL's, not that of the engine's own cipher.
      {"sim/load/",
       {"proto/", "broker/", "transport/net/", "sim/"},
       {"Boost", "Asio", "Boost.JSON"}},
      {"sim/load/ceiling.cc", {"sim/load/"}, {"OpenSSL"}},
      {"sim/load/environment.cc", {"proto/", "sim/load/"}, {"Boost.JSON", "OpenSSL"}},
      // It wires the program together.
      {"sim/cli/",
       {"proto/", "broker/", "transport/", "sim/"},
       {"Boost", "Asio", "Boost.JSON", "CLI11", "spdlog", "OpenSSL"}},
  };
  return all;
}

const Layer* layer_of(const std::string& path) {
  const Layer* found = nullptr;
  for (const Layer& layer : layers()) {
    if (path.starts_with(layer.folder) &&
        (found == nullptr || layer.folder.size() > found->folder.size()))
      found = &layer;
  }
  return found;
}

bool starts_with_any(const std::string& text, const std::vector<std::string>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const std::string& prefix) { return text.starts_with(prefix); });
}

TEST(TidyTest, FoldersIncludeOnlyWhatTheirLayerMay) {
  const std::regex include(R"re(^\s*#\s*include\s*([<"])([^>"]+)[>"])re");
  std::vector<std::string> offences;
  for (const Source& source : sources()) {
    const Layer* layer = layer_of(source.path);
    if (layer == nullptr) continue;  // tests and benchmarks
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      std::smatch match;
      if (source.lines[i].find("include") == std::string::npos ||
          !std::regex_search(source.lines[i], match, include))
        continue;
      const std::string header = match[2];
      const std::string library = library_of(header);
      const bool is_ours = match[1] == "\"";
      const bool is_known_library = library.empty() || library == "fmt" ||
                                    std::find(layer->libraries.begin(), layer->libraries.end(),
                                              library) != layer->libraries.end();
      // Generated headers of the build stand without a folder.
      const bool may =
          is_ours ? (header.find('/') == std::string::npos || starts_with_any(header, layer->ours))
                  : is_known_library;
      if (!may) offences.push_back(fmt::format("{}:{} includes {}", source.path, i + 1, header));
    }
  }
  EXPECT_THAT(offences, IsEmpty());
}

// ---- banned calls ----

struct Ban {
  std::vector<std::string>
      words;  // a line with none of them need not be matched: regular expressions are slow
  const char* pattern;
  const char* why;
  std::vector<std::string> folders;   // where it holds
  std::vector<std::string> excepted;  // files below them where it does not
};

const std::vector<Ban>& bans() {
  // Real time, randomness, the environment and threads come in through the hosts alone, so that the engine runs alike everywhere.
  static const std::vector<std::string> core = {"proto/", "broker/", "transport/wire/", "sim/"};
  static const std::vector<std::string> hosts = {"sim/scenario/tcp.cc", "sim/cli/", "sim/load/"};
  static const std::vector<Ban> all = {
      {{"rand"},
       R"(\b(rand|srand|random|drand48)\s*\()",
       "randomness is OpenSSL's (broker/crypto/random.h)",
       {"proto/", "broker/", "transport/", "sim/"},
       {}},
      {{"random_device", "mt19937"},
       R"(\brandom_device\b|\bmt19937)",
       "randomness is OpenSSL's (broker/crypto/random.h)",
       {"proto/", "broker/", "transport/"},
       {}},
      {{"time"},
       R"((^|[^\w.>:])time\s*\(\s*(nullptr|NULL|0|&\w+)\s*\)|\b(gettimeofday|clock_gettime|localtime|gmtime|localtime_r|gmtime_r)\s*\()",
       "time is handed in",
       core,
       hosts},
      {{"_clock"},
       R"(\b(system_clock|steady_clock|high_resolution_clock)\s*::\s*now\b)",
       "time is handed in",
       core,
       hosts},
      {{"env"},
       R"(\b(getenv|setenv|secure_getenv)\s*\()",
       "the environment is read at the program's start",
       {"proto/", "broker/", "transport/", "sim/"},
       {"sim/cli/"}},
      {{"std::"},
       R"(\bstd::(thread|jthread|mutex|shared_mutex|condition_variable|async)\b)",
       "the core has no threads",
       core,
       // The schedule of a load is kept while its node is busy, and two nodes may share a process.
       {"sim/load/"}},
      {{"sqlite3_"},
       R"(\bsqlite3_\w+\s*\()",
       "SQLite is broker/store's",
       {"proto/", "broker/", "transport/", "sim/"},
       {"broker/store/", "sim/storage.cc"}},
      {{"sleep"},
       R"(\b(sleep|usleep|nanosleep)\s*\(|\bsleep_(for|until)\b)",
       "nothing sleeps",
       {"proto/", "broker/", "transport/", "sim/", "tests/"},
       {}},
      {{"str", "printf", "gets", "tmpnam"},
       R"(\b(strcpy|strcat|sprintf|gets|strtok|tmpnam)\s*\()",
       "has a bounded cousin",
       {"proto/", "broker/", "transport/", "sim/"},
       {}},
      {{"system", "popen"},
       R"((^|[^\w.>:])(system|popen)\s*\()",
       "no shell",
       {"proto/", "broker/", "transport/", "sim/"},
       {}},
  };
  return all;
}

TEST(TidyTest, BannedCallsAreNotMade) {
  std::vector<std::string> offences;
  for (const Ban& ban : bans()) {
    const std::regex pattern(ban.pattern);
    for (const Source& source : sources()) {
      if (!starts_with_any(source.path, ban.folders) || starts_with_any(source.path, ban.excepted))
        continue;
      for (std::size_t i = 0; i < source.lines.size(); ++i) {
        const std::string& code = source.code[i];
        const bool may_match = std::any_of(
            ban.words.begin(), ban.words.end(),
            [&](const std::string& word) { return code.find(word) != std::string::npos; });
        if (may_match && std::regex_search(code, pattern)) {
          offences.push_back(
              fmt::format("{}:{}: {} ({})", source.path, i + 1, source.lines[i], ban.why));
        }
      }
    }
  }
  EXPECT_THAT(offences, IsEmpty());
}

TEST(TidyTest, CodeOfLeavesOutStringsAndComments) {
  EXPECT_EQ(code_of(R"~(f("rand()", 0);  // time())~"), "f(, 0);  ");
  EXPECT_EQ(code_of(R"~(g("a\"b rand()") + 1)~"), "g() + 1");
}

// ---- secrets are compared in constant time ----

// Where tags, keys and passwords are compared: proto::equal_in_constant_time() alone does that.
const std::vector<std::string>& secret_folders() {
  static const std::vector<std::string> all = {
      "broker/catalog/", "broker/conversation/", "broker/crypto/",      "broker/dialog/",
      "broker/keys/",    "proto/secret.",        "sim/scenario/login.", "transport/wire/"};
  return all;
}
// Whole ranges, none of them secret: two encodings of one certificate, and of one header; what headers, and the names of stored
// messages, have in common.
bool compares_public_ranges(const Source& source, const std::string& code) {
  const std::pair<std::string_view, std::string_view> all[] = {
      {"broker/crypto/x509.cc", "std::equal(whole.begin()"},
      {"broker/dialog/header.cc", "std::ranges::equal(serialize(message)"},
      {"broker/dialog/later_header.cc", "std::ranges::equal(bytes.first(beginning.size())"},
      {"broker/conversation/message_log.cc", "std::ranges::equal(message_class, last_class_)"}};
  return std::any_of(std::begin(all), std::end(all), [&](const auto& one) {
    return source.path == one.first && code.find(one.second) != std::string::npos;
  });
}

// An operand as it stands beside a comparison: a name with what it is reached by, calls without arguments included.
constexpr const char* kOperand = R"((?:[\w]+(?:\(\))?(?:\.|->|::|\[\w*\]))*[\w]+(?:\(\))?)";

// Whether the last word of the operand says that it holds secret bytes. A length, an id, a kind or a constant of a secret is none.
bool is_secret_operand(std::string operand) {
  static const std::regex passed_on(R"((\.|->)(view|data|bytes|value|get)\(\)$)");
  operand = std::regex_replace(operand, passed_on, "");
  static const std::regex name(
      R"((^|[\W_])(mac|tag|mic|hmac|digest_mac|secret|key|kek|password|passphrase|password_hash)_?(\(\))?$)");
  static const std::regex harmless(
      R"((^|\W)peer_key(\(\))?$)");  // whom a connection is with: an instance and a kind
  return std::regex_search(operand, name) && !std::regex_search(operand, harmless);
}

// What a comparison with one of these asks is no byte of a secret.
bool is_no_bytes(const std::string& operand) {
  static const std::regex plain(
      R"(^(nullptr|true|false|\d\w*|k[A-Z]\w*|(?:\w+::)+\w+|(?:.*(?:\.|->))?end\(\))$)");
  return std::regex_match(operand, plain);
}

// Why this code may take longer the more of a secret is right; empty when it does not. `next` is the line below.
std::string leaky_comparison(const std::string& code, const std::string& next) {
  static const std::regex call(
      R"(\b(memcmp|bcmp|strn?cmp|strcasecmp|std::equal|ranges::equal|std::mismatch|std::lexicographical_compare)\s*\()");
  static const std::regex whole(std::string("(?:(") + kOperand + R"()|[)\]"])\s*[=!]=\s*(&?)\*?()" +
                                kOperand + ")?");
  std::smatch match;
  if (std::regex_search(code, match, call)) return match[1];
  std::string text = code;
  if (text.ends_with("==") || text.ends_with("!="))
    text += " " + next.substr(std::min(next.find_first_not_of(' '), next.size()));
  for (std::sregex_iterator at(text.begin(), text.end(), whole), end; at != end; ++at) {
    const std::string a = (*at)[1];
    const std::string b = (*at)[3];
    if (!(*at)[2].str().empty()) continue;  // an address
    if (is_no_bytes(a) || is_no_bytes(b)) continue;
    if (is_secret_operand(a) || is_secret_operand(b)) return at->str();
  }
  return "";
}

TEST(TidyTest, SecretsAreComparedInConstantTime) {
  std::vector<std::string> offences;
  int uses = 0;
  for (const Source& source : sources()) {
    if (!starts_with_any(source.path, secret_folders())) continue;
    for (std::size_t i = 0; i < source.code.size(); ++i) {
      const std::string& code = source.code[i];
      if (code.find("equal_in_constant_time(") != std::string::npos) ++uses;
      if (code.find("==") == std::string::npos && code.find("!=") == std::string::npos &&
          code.find("cmp") == std::string::npos && code.find("equal") == std::string::npos &&
          code.find("mismatch") == std::string::npos && code.find("compare") == std::string::npos)
        continue;
      if (compares_public_ranges(source, code)) continue;
      const std::string next = i + 1 < source.code.size() ? source.code[i + 1] : "";
      const std::string why = leaky_comparison(code, next);
      if (!why.empty())
        offences.push_back(
            fmt::format("{}:{}: {}: use proto::equal_in_constant_time()", source.path, i + 1, why));
    }
  }
  EXPECT_THAT(offences, IsEmpty());
  EXPECT_GE(uses, 5);  // the folders are the right ones
}

TEST(TidyTest, AComparisonThatStopsEarlyIsSeen) {
  for (const char* planted :
       {"if (std::memcmp(expected.data(), mac.data(), 32) == 0) {", "return memcmp(a, b, n) == 0;",
        "if (!std::equal(tag.begin(), tag.end(), other.begin()))",
        "return std::ranges::equal(a, b);",
        "if (CRYPTO == x && header.confirm().mac() == expected) {",
        "if (expected != proto::as_text(part) || first_.dialog_mac() != expected)",
        "if (expected == first_.dialog_mac()) {", "return session_key->view() == other;",
        "if (contents->key == instance.service_master_key()) {", "if (tag_ != computed) return;",
        "if (proto::as_bytes(text) == kek) {", "ok = login->password_hash() == hash;",
        "if (given_password == *password) {"}) {
    EXPECT_NE(leaky_comparison(planted, ""), "") << planted;
  }
  EXPECT_NE(leaky_comparison("  return expected ==", "         header.mac();"), "");
  for (const char* harmless :
       {"if (!proto::equal_in_constant_time(expected, header.mac())) {", "if (key == nullptr) {",
        "if (mac.size() != kMacBytes) {", "if (key->size() != kSessionKeyBytes) return {};",
        "if (tag == kTagRsa || tag == kTagDss) return blob;", "if (found != keys.end()) {",
        "if (open.decryption.kind != KeyProtectorKind::password) {", "return id == other.key_id();",
        "opened->key != &*endpoint.outbound;", "SSB_CHECK(key_bytes == 16 || key_bytes == 32);",
        "if (certificate.private_key_protection() == ) {",
        "return a.peer_key() == b.peer_key();"}) {
    EXPECT_EQ(leaky_comparison(harmless, ""), "") << harmless;
  }
}

TEST(TidyTest, HeadersAreGuardedAndSayWhatTheyAreFor) {
  std::vector<std::string> offences;
  for (const Source& source : sources()) {
    if (!source.path.ends_with(".h")) continue;
    const bool has_guard =
        std::any_of(source.lines.begin(), source.lines.end(),
                    [](const std::string& line) { return line == "#pragma once"; });
    const bool has_purpose = !source.lines.empty() && source.lines.front().starts_with("// ");
    if (!has_guard || !has_purpose) offences.push_back(source.path);
  }
  EXPECT_THAT(offences, IsEmpty());
}

// ---- sizes ----

struct Function {
  std::string name;
  std::size_t lines = 0;
};

// As the formatter writes them: a definition begins at column 0 with `(` in it and ends with a lone }.
std::vector<Function> functions_of(const Source& source) {
  std::vector<Function> functions;
  const std::regex start(R"(^[A-Za-z_][^;={]*\(.*)");
  for (std::size_t i = 0; i < source.lines.size(); ++i) {
    const std::string& line = source.lines[i];
    if (line.empty() || std::isalpha(static_cast<unsigned char>(line.front())) == 0) continue;
    if (!std::regex_match(line, start) || source.lines[i].ends_with(';')) continue;
    std::size_t end = i;
    while (end < source.lines.size() && source.lines[end] != "}" && source.lines[end] != "};")
      ++end;
    if (end == source.lines.size()) break;
    functions.push_back(
        {fmt::format("{}:{} {}", source.path, i + 1, source.lines[i]), end - i + 1});
    i = end;
  }
  return functions;
}

// ---- scenarios ----

// Whether a line of the script, or of a file that it includes, begins so.
bool has_line(const fs::path& script, const std::string& begin) {
  std::ifstream in(script);
  EXPECT_TRUE(in) << script;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(begin)) return true;
    if (line.starts_with(":r ") && has_line(script.parent_path() / line.substr(3), begin))
      return true;
  }
  return false;
}

TEST(TidyTest, ScenariosHaveATitleAndExpectSomething) {
  std::vector<std::string> offences;
  int scenarios = 0;
  for (const auto& entry :
       fs::recursive_directory_iterator(fs::path(SSB_SOURCE_DIR) / "scenarios")) {
    if (entry.path().extension() != ".sql") continue;
    ++scenarios;
    if (!has_line(entry.path(), "--# scenario "))
      offences.push_back(entry.path().filename().string() + ": no --# scenario");
    if (!has_line(entry.path(), "--# expect "))
      offences.push_back(entry.path().filename().string() + ": no --# expect");
  }
  EXPECT_GT(scenarios, 100);
  EXPECT_THAT(offences, IsEmpty());
}

TEST(TidyTest, FilesAndFunctionsStayReadable) {
  const Source* longest_file = nullptr;
  Function longest;
  std::vector<std::string> offences;
  for (const Source& source : sources()) {
    if (source.path.starts_with("tests/") || source.path.starts_with("bench/")) continue;
    if (longest_file == nullptr || source.lines.size() > longest_file->lines.size())
      longest_file = &source;
    if (source.lines.size() > kFileLinesMax)
      offences.push_back(fmt::format("{} has {} lines", source.path, source.lines.size()));
    for (Function& function : functions_of(source)) {
      if (function.lines > kFunctionLinesMax)
        offences.push_back(fmt::format("{} has {} lines", function.name, function.lines));
      if (function.lines > longest.lines) longest = std::move(function);
    }
  }
  ASSERT_NE(longest_file, nullptr);
  std::cout << fmt::format("longest file      {} lines  {}\nlongest function  {} lines  {}\n",
                           longest_file->lines.size(), longest_file->path, longest.lines,
                           longest.name);
  EXPECT_THAT(offences, IsEmpty());
}

}  // namespace
