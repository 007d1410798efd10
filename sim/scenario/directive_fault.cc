#include "sim/scenario/directive_fault.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "sim/node_clock.h"
#include "sim/scenario/near.h"

namespace ssb::sim::scenario {
namespace {

constexpr std::string_view kInstance = "the name of the instance";

// One of these words, in lower case.
template <std::size_t Count>
std::string take_one_of(Words& words, const std::array<std::string_view, Count>& allowed,
                        std::string_view what) {
  const Word word = words.take(what);
  std::string text = to_lower(word.text);
  if (std::find(allowed.begin(), allowed.end(), text) == allowed.end())
    Words::fail_at(word, fmt::format("{} is one of {}", what, fmt::join(allowed, ", ")));
  return text;
}

// None of those: what an instance does with itself passes no link.
std::string take_another(Words& words, const std::vector<std::string>& others,
                         std::string_view what) {
  const Word word = words.take(what);
  for (const std::string& other : others) {
    if (equal_ignoring_case(other, word.text))
      Words::fail_at(word, fmt::format("{} is named already: {} is another one", word.text, what));
  }
  return word.text;
}

// The n-th from now: 1 is the next.
std::int64_t take_nth(Words& words, std::string_view what) {
  if (words.at_end()) words.fail(fmt::format("{} is missing; 1 is the next", what));
  const Word word = words.peek();
  const std::int64_t n = words.take_count(what);
  if (n == 0) Words::fail_at(word, fmt::format("{} is 1 or more; 1 is the next", what));
  return n;
}

proto::Duration take_positive_duration(Words& words, std::string_view what) {
  if (words.at_end()) words.fail(fmt::format("{} is missing", what));
  const Word word = words.peek();
  const proto::Duration duration = words.take_duration(what);
  if (duration <= proto::Duration::zero())
    Words::fail_at(word, fmt::format("{} is longer than 0", what));
  return duration;
}

std::int64_t take_bandwidth(Words& words) {
  const Word word = words.take("the bandwidth");
  std::int64_t number = 0;
  const char* const end = word.text.data() + word.text.size();
  const auto [at, error] = std::from_chars(word.text.data(), end, number);
  const std::string unit = to_lower(std::string_view(at, static_cast<std::size_t>(end - at)));
  const std::int64_t factor = unit == "b/s"    ? 1
                              : unit == "kb/s" ? 1000
                              : unit == "mb/s" ? 1'000'000
                                               : 0;
  if (error != std::errc() || factor == 0 || number < 0 ||
      number > std::numeric_limits<std::int64_t>::max() / factor) {
    Words::fail_at(word, "a bandwidth is a number with B/s, kB/s or MB/s, like 1MB/s");
  }
  return number * factor;
}

// only ack | begin | sequenced | error | end | type [Order] | conversation @h
void take_filter(Words& words, NetFault& fault) {
  if (words.accept("conversation")) {
    fault.only_for_conversation = words.take("a variable like @h").text;
  } else if (words.accept("type")) {
    fault.only_for_type = words.take("the name of a message type").text;
  } else {
    const Word kind = words.take("ack, begin, sequenced, error, end, type or conversation");
    fault.only = to_lower(kind.text);
    constexpr std::array<std::string_view, 5> kKinds = {"ack", "begin", "sequenced", "error",
                                                        "end"};
    if (std::find(kKinds.begin(), kKinds.end(), fault.only) == kKinds.end()) {
      Words::fail_at(kind,
                     "the filters are: only ack, begin, sequenced, error, end, type [Name], "
                     "conversation @h");
    }
  }
}

}  // namespace

// drift HOST_B +50ppm
Directive parse_drift(Words& words) {
  Drift drift{.node = words.take(kInstance).text, .ppm = 0};
  const Word word = words.take("the drift");
  std::string_view text = word.text;
  if (text.starts_with('+')) text.remove_prefix(1);
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, drift.ppm);
  const std::string unit = to_lower(std::string_view(at, static_cast<std::size_t>(end - at)));
  if (error != std::errc() || unit != "ppm" || drift.ppm < kDriftPpmMin ||
      drift.ppm > kDriftPpmMax) {
    Words::fail_at(word, fmt::format("a drift is {}ppm (it stands still) to {}ppm, like +50ppm",
                                     kDriftPpmMin, kDriftPpmMax));
  }
  return drift;
}

// jump HOST_B -2h
Directive parse_jump(Words& words) {
  Jump jump{.node = words.take(kInstance).text, .by = {}};
  jump.by = words.take_duration("the jump");
  return jump;
}

// crash HOST_B [after write|sync|step|allocation 17] [back after 1s]
Directive parse_crash(Words& words) {
  Crash crash;
  crash.node = words.take(kInstance).text;
  if (words.accept("after")) {
    constexpr std::array<std::pair<std::string_view, Crash::Counted>, 4> kCounted = {{
        {"write", Crash::Counted::write},
        {"sync", Crash::Counted::sync},
        {"step", Crash::Counted::step},
        {"allocation", Crash::Counted::allocation},
    }};
    const auto* const found =
        std::find_if(kCounted.begin(), kCounted.end(),
                     [&](const auto& counted) { return words.accept(counted.first); });
    if (found == kCounted.end())
      words.fail("a crash comes after a write, sync, step or allocation");
    crash.counted = found->second;
    crash.after = words.take_count(fmt::format("the number of the {}", found->first));
  }
  if (words.accept("back")) {
    words.expect("after");
    crash.returns_after = words.take_duration("the time until it is back");
  }
  return crash;
}

// net HOST_A -> HOST_B loss 10% duplicate 5% reorder 5% corrupt 5% delay 20ms only ack
Directive parse_net(Words& words) {
  NetFault fault;
  fault.from = words.take("the sending instance").text;
  words.expect("->");
  fault.to = take_another(words, {fault.from}, "the receiving instance");
  if (words.at_end())
    words.fail("say what happens: loss, duplicate, reorder, corrupt (with a percentage) or delay");
  while (!words.at_end()) {
    if (words.accept("loss")) {
      fault.loss = words.take_percent("loss");
    } else if (words.accept("duplicate")) {
      fault.duplicate = words.take_percent("duplicate");
    } else if (words.accept("reorder")) {
      fault.reorder = words.take_percent("reorder");
    } else if (words.accept("corrupt")) {
      fault.corrupt = words.take_percent("corrupt");
    } else if (words.accept("delay")) {
      fault.delay = words.take_duration("delay");
    } else if (words.accept("only")) {
      take_filter(words, fault);
    } else {
      words.fail(
          "a network fault is loss, duplicate, reorder, corrupt, delay, with 'only ...' as filter");
    }
  }
  return fault;
}

// link HOST_A -> HOST_B delay 20ms jitter 5ms bandwidth 1MB/s stall 5s clog 5s cut corrupt connect refused
Directive parse_link(Words& words) {
  constexpr std::string_view kFaults =
      "delay, jitter, bandwidth, stall, clog, cut, corrupt or connect";
  LinkFault fault;
  fault.from = words.take("the sending instance").text;
  words.expect("->");
  fault.to = take_another(words, {fault.from}, "the receiving instance");
  if (words.at_end()) words.fail(fmt::format("say what happens: {}", kFaults));
  while (!words.at_end()) {
    if (words.accept("delay")) {
      fault.delay = words.take_duration("delay");
    } else if (words.accept("jitter")) {
      fault.jitter = words.take_duration("jitter");
    } else if (words.accept("stall")) {
      fault.stall = words.take_duration("stall");
    } else if (words.accept("clog")) {
      fault.clog = words.take_duration("clog");
    } else if (words.accept("bandwidth")) {
      fault.bytes_per_second = take_bandwidth(words);
    } else if (words.accept("cut")) {
      fault.cut = true;
    } else if (words.accept("corrupt")) {
      fault.corrupt = true;
    } else if (words.accept("connect")) {
      fault.connect =
          take_one_of<3>(words, {"refused", "lost", "ok"}, "what becomes of a new connection");
    } else {
      words.fail(fmt::format("a link fault is {}", kFaults));
    }
  }
  return fault;
}

// partition HOST_A | HOST_B; partition HOST_A -> HOST_B
Directive parse_partition(Words& words) {
  Partition partition{.one = words.take("the first instance").text, .other = {}};
  partition.is_one_way = words.accept("->");
  if (!partition.is_one_way && !words.accept("|"))
    words.fail("'|' is expected here, or '->' for one direction");
  partition.other = take_another(words, {partition.one}, "the second instance");
  return partition;
}

// swizzle HOST_A | HOST_B [| HOST_C ...] for 30s
Directive parse_swizzle(Words& words) {
  Swizzle swizzle;
  swizzle.nodes.push_back(words.take("the first instance").text);
  while (words.accept("|"))
    swizzle.nodes.push_back(take_another(words, swizzle.nodes, "another instance"));
  if (swizzle.nodes.size() < 2) words.fail("'|' and a second instance are expected here");
  words.expect("for");
  swizzle.within = take_positive_duration(words, "the time that it takes");
  return swizzle;
}

// disk HOST_B full|slow|torn|ok | lying [50%] | unreadable ['/store/5.ssb'] | fails read|write|sync|step N | misdirects N
//   | rot ['/store/5.ssb' OFFSET]
Directive parse_disk(Words& words) {
  DiskFault fault;
  fault.node = words.take(kInstance).text;
  fault.mode = take_one_of<9>(
      words, {"full", "slow", "torn", "lying", "unreadable", "fails", "misdirects", "rot", "ok"},
      "the state of a disk");
  if (fault.mode == "lying" && !words.at_end()) fault.share = words.take_percent("lying");
  if (fault.mode == "unreadable" && !words.at_end()) fault.file = words.take("the file").text;
  if (fault.mode == "fails") {
    fault.counted = take_one_of<4>(words, {"read", "write", "sync", "step"}, "what fails");
    fault.n = take_nth(words, "its number from now on");
  }
  if (fault.mode == "misdirects") fault.n = take_nth(words, "the number of the write from now on");
  if (fault.mode == "rot" && !words.at_end()) {
    fault.file = words.take("the file").text;
    fault.offset = words.take_count("the offset of the byte");
  }
  return fault;
}

// key HOST_B machine lost|found | HOST_B.Db damage certificate NAME | HOST_B.Db damage master
Directive parse_key(Words& words) {
  KeyFault fault;
  const Word place = words.take("the name of the instance, or HOST.database");
  const std::size_t dot = place.text.find('.');
  fault.node = place.text.substr(0, dot);
  if (dot != std::string::npos) fault.database = place.text.substr(dot + 1);
  if (words.accept("machine")) {
    const std::string what = take_one_of<2>(words, {"lost", "found"}, "the machine key");
    fault.verb = what == "lost" ? KeyFault::Verb::machine_lost : KeyFault::Verb::machine_found;
    if (!fault.database.empty()) Words::fail_at(place, "the machine key is the instance's");
    return fault;
  }
  words.expect("damage");
  if (fault.database.empty()) Words::fail_at(place, "say whose: HOST.database");
  if (words.accept("master")) {
    fault.verb = KeyFault::Verb::damage_master;
  } else {
    words.expect("certificate");
    fault.verb = KeyFault::Verb::damage_certificate;
    fault.name = words.take("the name of the certificate").text;
  }
  return fault;
}

// owner HOST_B.Db lost
Directive parse_owner(Words& words) {
  const Word place = words.take("HOST.database");
  const std::size_t dot = place.text.find('.');
  if (dot == std::string::npos) Words::fail_at(place, "say whose: HOST.database");
  words.expect("lost");
  return OwnerLost{.node = place.text.substr(0, dot), .database = place.text.substr(dot + 1)};
}

// random HOST_B constant|repeats [2]|fails|ok
Directive parse_random(Words& words) {
  RandomFault fault;
  fault.node = words.take(kInstance).text;
  fault.mode =
      take_one_of<4>(words, {"constant", "repeats", "fails", "ok"}, "the state of a random source");
  if (fault.mode == "repeats" && !words.at_end())
    fault.period = take_nth(words, "the number of draws that come again");
  return fault;
}

}  // namespace ssb::sim::scenario
