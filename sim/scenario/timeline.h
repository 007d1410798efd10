// The narrated timeline of a run: what happened when and where, with both sides in one column, at most 100 columns wide.
//
//   Source  ux.md 3.1 and 3.2; our own words.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/scenario/report.h"
#include "sim/scenario/wrapped.h"

namespace ssb::sim::scenario {

inline constexpr std::size_t kTimelineWidth = kTextWidth;

enum class EventChoice { none, some, all };

struct TimelineOptions {
  EventChoice events = EventChoice::some;
  bool shows_results = false;                  // result sets, prints and warnings of the batches
  std::size_t results_width = kTimelineWidth;  // of their lines; 0: never cut
  std::string build;                           // "7c1e2aa"
  std::string repeat;                          // the command that repeats the run
  std::string why = {};                        // lines, after the failures
  double real_ms = 0;
};

class Timeline {
 public:
  Timeline(const Report& report, TimelineOptions options);
  // Head, story, judgement, the line that repeats it.
  [[nodiscard]] std::string text() const;

 private:
  struct Row {  // before it is laid out
    std::string time;
    std::string node;
    std::string event;
    std::string detail;
    std::vector<std::string> tree;  // lines below it
    proto::TimePoint at{};
    std::vector<int> again = {};  // event classes of refusals that were told in full before
    [[nodiscard]] bool is_same(const Row& other) const {
      return node == other.node && event == other.event && detail == other.detail &&
             tree == other.tree;
    }
  };
  void head(std::string& out) const;
  void story(std::string& out) const;
  void entry(std::string& out, const Entry& entry) const;
  void failure(std::string& out, const Failure& failure) const;
  void judgement(std::string& out) const;
  [[nodiscard]] std::size_t event_column() const;
  void lay_out(std::string& out, const Row& row, int times) const;

  [[nodiscard]] bool is_shown(const proto::TraceRecord& record) const;
  [[nodiscard]] Row row_of(const NodeRecord& record) const;
  [[nodiscard]] Row row_of_sent(const NodeRecord& record) const;
  [[nodiscard]] Row row_of_decision(const NodeRecord& record) const;
  // A refusal that an earlier row tells in full, as it comes at each retry: one line without the tree.
  [[nodiscard]] Row shortened_refusal(const proto::TraceRecord& record, Row row) const;
  [[nodiscard]] std::string time_text(proto::TimePoint at) const;
  // "s1 new", "s1": short names for key ids, in the order of their first use.
  [[nodiscard]] std::string key_alias(const std::string& id) const;

  const Report& report_;
  TimelineOptions options_;
  std::size_t node_width_ = 4;
  mutable std::map<std::string, int> keys_;
  mutable std::map<std::string, proto::TimePoint> refusals_;  // when each was told last
};

}  // namespace ssb::sim::scenario
