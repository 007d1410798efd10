#include "sim/scenario/directive.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "sim/scenario/directive_attack.h"
#include "sim/scenario/directive_expect.h"
#include "sim/scenario/directive_fault.h"
#include "sim/scenario/near.h"
#include "sim/scenario/words.h"

namespace ssb::sim::scenario {
namespace {

std::vector<std::string> id_list(Words& words, std::string_view what) {
  std::vector<std::string> ids = {words.take(what).text};
  while (!words.at_end()) {
    words.accept(",");
    ids.push_back(words.take(what).text);
  }
  return ids;
}

// The five documents of claims.md: the letter of each, and how many claims it makes.
struct ClaimRange {
  char letter;
  int last;
};
constexpr std::array kClaims = {ClaimRange{'M', 14}, ClaimRange{'R', 20}, ClaimRange{'D', 21},
                                ClaimRange{'T', 11}, ClaimRange{'K', 20}};

bool is_claim(std::string_view id) {
  if (id.size() != 3) return false;
  int number = 0;
  const auto [end, error] = std::from_chars(id.data() + 1, id.data() + 3, number);
  if (error != std::errc() || end != id.data() + 3) return false;
  return std::any_of(kClaims.begin(), kClaims.end(), [&](const ClaimRange& range) {
    return range.letter == id.front() && number >= 1 && number <= range.last;
  });
}

Directive title(Words& words) {
  return Title{words.rest("a title")};
}
Directive claims(Words& words) {
  Words look = words;
  Claims claims{id_list(words, "a claim like D09")};
  for (const std::string& id : claims.ids) {
    look.accept(",");
    const Word word = look.take("a claim");
    if (!is_claim(id))
      Words::fail_at(word, fmt::format("there is no claim '{}'; there are M01 to M14, R01 to R20, "
                                       "D01 to D21, T01 to T11 and K01 to K20",
                                       id));
  }
  return claims;
}
Directive corpus(Words& words) {
  return Corpus{id_list(words, "a failure like F04")};
}
// catalogue A01 [weak]
Directive catalogue(Words& words) {
  const Word id = words.take("an entry like A01");
  const bool is_id = id.text.size() == 3 && id.text[0] >= 'A' && id.text[0] <= 'S' &&
                     id.text.find_first_not_of("0123456789", 1) == std::string::npos;
  if (!is_id) Words::fail_at(id, fmt::format("'{}' is not an entry like A01", id.text));
  return Catalogue{.id = id.text, .is_weak = words.accept("weak")};
}
Directive note(Words& words) {
  return Note{words.rest("the text of the note")};
}
Directive seed(Words& words) {
  return Seed{static_cast<std::uint64_t>(words.take_count("the seed"))};
}

Directive modes(Words& words) {
  Modes modes;
  do {
    if (words.accept("sim")) {
      modes.sim = true;
    } else if (words.accept("tcp")) {
      modes.tcp = true;
    } else {
      words.fail("a mode is 'sim' or 'tcp'");
    }
    words.accept(",");
  } while (!words.at_end());
  return modes;
}

Directive connect_flushes(Words& words) {
  words.expect("flushes");
  return ConnectFlushes{};
}

std::string take_session_name(Words& words) {
  const Word word = words.take("the name of a session");
  const bool is_name = word.text.size() <= kSessionNameMax &&
                       std::all_of(word.text.begin(), word.text.end(), [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                (c >= '0' && c <= '9') || c == '_';
                       });
  if (!is_name || word.text.empty())
    Words::fail_at(word, fmt::format("'{}' is no name of a session: up to {} letters, digits and _",
                                     word.text, kSessionNameMax));
  if (equal_ignoring_case(word.text, "closed"))
    Words::fail_at(word, "which session is closed? write --# session NAME closed");
  return word.text;
}
// session [NAME [closed]]
Directive session(Words& words) {
  UseSession use;
  if (words.at_end()) return use;
  use.session = take_session_name(words);
  use.closes = words.accept("closed");
  return use;
}
// await [NAME]
Directive await(Words& words) {
  return Await{words.at_end() ? std::string() : take_session_name(words)};
}

// instance HOST_A [port=4022] [tds=1433] [at=/dir] [host=sql01.corp.example]
Directive instance(Words& words) {
  InstanceOptions options{.node = words.take("the name of the instance").text,
                          .port = {},
                          .tds_port = {},
                          .folder = {},
                          .hosts = {}};
  while (!words.at_end()) {
    const Word word = words.take("an option");
    const std::size_t equals = word.text.find('=');
    const std::string_view name = std::string_view(word.text).substr(0, equals);
    const std::string_view value =
        equals == std::string::npos ? "" : std::string_view(word.text).substr(equals + 1);
    if (name == "at" && !value.empty()) {
      options.folder = value;
      continue;
    }
    if (name == "host" && !value.empty()) {
      options.hosts.emplace_back(value);
      continue;
    }
    if (name != "port" && name != "tds")
      Words::fail_at(word, "the options are port=N, tds=N, at=FOLDER and host=NAME");
    int port = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), port);
    if (error != std::errc() || end != value.data() + value.size() || port < 1 || port > 65535) {
      Words::fail_at(word, "a port is a number from 1 to 65535");
    }
    (name == "port" ? options.port : options.tds_port) = port;
  }
  return options;
}

// copy HOST_A 'C:\a.cer' to HOST_B ['D:\x.cer']
Directive copy(Words& words) {
  CopyFile copy;
  copy.from_node = words.take("the instance to copy from").text;
  copy.from_name = words.take("the file name").text;
  words.expect("to");
  copy.to_node = words.take("the instance to copy to").text;
  if (!words.at_end()) copy.to_name = words.take("the file name").text;
  return copy;
}

proto::TimePoint take_time(Words& words) {
  if (words.at_end()) words.fail("a time like 2008-11-26 or 2008-11-26T09:00Z is missing");
  const Word first = words.peek();
  std::string text = words.rest("a time");
  if (first.is_quoted) text = first.text;
  const auto time = proto::parse_datetime(text);
  if (!time)
    Words::fail_at(first,
                   fmt::format("'{}' is not a time like 2008-11-26 or 2008-11-26T09:00Z", text));
  return *time;
}

Directive clock(Words& words) {
  return SetClock{take_time(words)};
}
Directive until(Words& words) {
  return AdvanceUntil{take_time(words)};
}

Directive advance(Words& words) {
  const Advance advance{words.take_duration("the time to advance by")};
  if (advance.by < proto::Duration::zero())
    words.fail("time only goes forward; use --# skew for a clock that is behind");
  return advance;
}

Directive skew(Words& words) {
  Skew skew{.node = words.take("the name of the instance").text, .by = {}};
  skew.by = words.take_duration("the skew");
  return skew;
}

Directive settle(Words& words) {
  return Settle{words.at_end() ? kSettleAtMost : words.take_duration("the longest time to settle")};
}

Directive mark(Words&) {
  return Mark{};
}
// heal [all]
Directive heal(Words& words) {
  return Heal{.all = words.accept("all")};
}
Directive repeatable(Words&) {
  return Repeatable{};
}
Directive restart(Words& words) {
  return Restart{words.take("the name of the instance").text};
}

Directive attack(Words& words) {
  return parse_attack(words);
}

Directive expectation(Words& words) {
  return parse_expectation(words);
}

struct DirectiveForm {
  std::string_view keyword;
  Directive (*parse)(Words& words);
};
constexpr std::array kDirectives = {
    DirectiveForm{"scenario", title},
    DirectiveForm{"claim", claims},
    DirectiveForm{"corpus", corpus},
    DirectiveForm{"catalogue", catalogue},
    DirectiveForm{"note", note},
    DirectiveForm{"seed", seed},
    DirectiveForm{"modes", modes},
    DirectiveForm{"connect", connect_flushes},
    DirectiveForm{"session", session},
    DirectiveForm{"await", await},
    DirectiveForm{"instance", instance},
    DirectiveForm{"copy", copy},
    DirectiveForm{"clock", clock},
    DirectiveForm{"advance", advance},
    DirectiveForm{"until", until},
    DirectiveForm{"skew", skew},
    DirectiveForm{"drift", parse_drift},
    DirectiveForm{"jump", parse_jump},
    DirectiveForm{"settle", settle},
    DirectiveForm{"mark", mark},
    DirectiveForm{"restart", restart},
    DirectiveForm{"repeatable", repeatable},
    DirectiveForm{"crash", parse_crash},
    DirectiveForm{"net", parse_net},
    DirectiveForm{"link", parse_link},
    DirectiveForm{"partition", parse_partition},
    DirectiveForm{"swizzle", parse_swizzle},
    DirectiveForm{"heal", heal},
    DirectiveForm{"disk", parse_disk},
    DirectiveForm{"key", parse_key},
    DirectiveForm{"owner", parse_owner},
    DirectiveForm{"random", parse_random},
    DirectiveForm{"attack", attack},
    DirectiveForm{"expect", expectation},
};

const DirectiveForm* find_form(const Words& words) {
  for (const DirectiveForm& form : kDirectives) {
    if (words.sees(form.keyword)) return &form;
  }
  return nullptr;
}

std::string unknown_directive(std::string_view name) {
  std::array<std::string_view, kDirectives.size()> names;
  for (std::size_t i = 0; i < kDirectives.size(); ++i) names[i] = kDirectives[i].keyword;
  const auto near = near_names(name, names);
  if (!near.empty())
    return fmt::format("unknown directive '{}'; did you mean {}?", name, fmt::join(near, " or "));
  return fmt::format("unknown directive '{}'; there are {}", name, fmt::join(names, ", "));
}

}  // namespace

bool Expectation::is_about_next_batch() const {
  return std::holds_alternative<ExpectError>(what) || std::holds_alternative<ExpectWarning>(what) ||
         std::holds_alternative<ExpectPrint>(what) || std::holds_alternative<ExpectWaits>(what);
}

std::variant<Directive, DirectiveError> parse_directive(std::string_view text) {
  try {
    Words words(text);
    if (words.at_end()) words.fail("a directive is missing after --#");
    const DirectiveForm* form = find_form(words);
    if (form == nullptr) words.fail(unknown_directive(words.peek().text));
    words.take("a directive");
    Directive directive = form->parse(words);
    words.expect_end();
    return directive;
  } catch (const WordError& error) {
    return DirectiveError{.column = error.column, .message = error.message};
  }
}

bool starts_like_directive(std::string_view text) {
  const std::size_t from = text.find_first_not_of(" \t");
  if (from == std::string_view::npos) return false;
  const std::string_view word = text.substr(from, text.find_first_of(" \t", from) - from);
  for (const DirectiveForm& form : kDirectives) {
    if (equal_ignoring_case(form.keyword, word)) return true;
  }
  return false;
}

std::optional<proto::Duration> parse_duration(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  double total_us = 0;
  while (!text.empty()) {
    double number = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc() || !(number >= 0)) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const std::string_view unit = text.substr(0, text.find_first_of("0123456789."));
    text.remove_prefix(unit.size());
    constexpr double kSecond = 1e6;
    const double factor = unit == "us"   ? 1
                          : unit == "ms" ? 1e3
                          : unit == "s"  ? kSecond
                          : unit == "m"  ? 60 * kSecond
                          : unit == "h"  ? 3600 * kSecond
                          : unit == "d"  ? 86400 * kSecond
                          : unit == "w"  ? 7 * 86400 * kSecond
                                         : 0;
    if (factor == 0) return std::nullopt;
    total_us += number * factor;
  }
  constexpr double kLongest =
      1e6 * 86400 * 365 * 100;  // a century; far inside the range of TimePoint
  if (total_us > kLongest) return std::nullopt;
  const auto duration = proto::Duration(std::int64_t{std::llround(total_us)});
  return is_negative ? -duration : duration;
}

std::string duration_text(proto::Duration duration) {
  const std::int64_t us = duration.count();
  if (us < 0) return "-" + duration_text(-duration);
  if (us < 1000) return fmt::format("{} us", us);
  if (us < 1'000'000) return fmt::format("{} ms", us / 1000);
  const std::int64_t seconds = us / 1'000'000;
  if (seconds < 60) return fmt::format("{:.3g} s", static_cast<double>(us) / 1e6);
  const std::int64_t d = seconds / 86400;
  const std::int64_t h = seconds / 3600 % 24;
  const std::int64_t m = seconds / 60 % 60;
  const std::int64_t s = seconds % 60;
  std::string out;
  if (d != 0) out += fmt::format(" {} d", d);
  if (h != 0) out += fmt::format(" {} h", h);
  if (m != 0) out += fmt::format(" {} min", m);
  if (s != 0) out += fmt::format(" {} s", s);
  return out.substr(1);
}

}  // namespace ssb::sim::scenario
