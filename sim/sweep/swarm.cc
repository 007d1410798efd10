#include "sim/sweep/swarm.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "sim/scenario/near.h"
#include "sim/scenario/script_text.h"
#include "sim/sweep/outline.h"

namespace ssb::sim::sweep {
namespace {

using proto::Duration;
using scenario::Batch;
using scenario::Connect;
using scenario::Expectation;
using scenario::Script;
using scenario::Step;
using scenario::to_lower;

constexpr std::uint64_t kCalmEvery = 16;  // seeds without faults
constexpr std::uint64_t kFaultsOfKindMax = 3;
constexpr double kKindIsOn = 0.5;
constexpr double kIsExtreme = 0.2;
constexpr double kIsInExposure = 0.6;
constexpr std::uint64_t kDialogWeight = 10;  // of a phase in which dialogs are used, against 1
constexpr double kExposureMinUs = 50e3;
constexpr double kExposureMaxUs = 150e6;
// Longer than the longest interval between two retries, with what they need to come through.
constexpr std::string_view kRetriesDone = "advance 2m";
constexpr std::string_view kSettled = "settle 5m";
constexpr std::string_view kHealed = "heal all";

// Batches, and what follows them that lets time pass: steps [begin, end), end itself being that step or the script's end.
struct Phase {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool has_dialogs = false;
};

bool is_kept(const std::vector<bool>& kept, std::size_t step) {
  return kept.empty() || kept[step];
}

std::vector<Phase> phases_of(const Script& script) {
  std::vector<Phase> phases;
  std::size_t i = 0;
  while (i < script.steps.size()) {
    Phase phase{.begin = i, .end = i};
    for (; phase.end < script.steps.size(); ++phase.end) {
      const Step& step = script.steps[phase.end];
      if (passes_time(step) || std::holds_alternative<scenario::Exit>(step.action)) break;
      if (const auto* batch = std::get_if<Batch>(&step.action))
        phase.has_dialogs =
            phase.has_dialogs || has_word(batch->text, {"SEND", "CONVERSATION", "RECEIVE"});
    }
    if (phase.end > phase.begin) phases.push_back(phase);
    i = phase.end + 1;
  }
  return phases;
}

bool is_node(const Here& here, const std::string& node) {
  return scenario::equal_ignoring_case(here.session.node, node);
}

// Whether the instance may be ended there, as the kind does it.
bool may_end(const FaultKind& kind, const std::string& node, const Here& here, bool is_exposed) {
  if (kind.ends == FaultKind::Ends::nothing) return true;
  if (!is_node(here, node)) return true;
  return here.is_clean && !here.is_waiting && (is_exposed || kind.ends == FaultKind::Ends::at_once);
}

std::string text_of(Duration duration) {
  return fmt::format("{}ms", std::max<std::int64_t>(1, duration.count() / 1000));
}

// ---- drawing ----

class Planner {
 public:
  Planner(const Script& script, std::uint64_t seed)
      : script_(script),
        random_(Random(seed).split("swarm")),
        outline_(outline_of(script, {})),
        phases_(phases_of(script)) {}

  Plan plan() {
    Plan plan;
    plan.is_gentle = outline_.has_own_faults || outline_.depends_on_time;
    // What an attacker sees first, and so what he can do, is a matter of time: his scripts run with other seeds alone.
    if (outline_.has_attackers || outline_.leaves_no_room) return plan;
    if (phases_.empty() || random_.below(kCalmEvery) == 0) return plan;
    for (std::size_t i = 0; i < phases_.size(); ++i) {
      Random draws = random_.split(fmt::format("exposure {}", i));
      exposures_.emplace_back(
          std::llround(kExposureMinUs * std::pow(kExposureMaxUs / kExposureMinUs, draws.unit())));
    }
    for (const FaultKind& kind : fault_kinds()) {
      Random draws = random_.split(kind.name);
      if (!draws.chance(kKindIsOn)) continue;
      if (plan.is_gentle && kind.effect != FaultKind::Effect::lateness) continue;
      if (outline_.depends_on_date && kind.effect == FaultKind::Effect::clock) continue;
      if (kind.is_of_secured && !outline_.is_secured) continue;
      if (outline_.sets_hops && kind.name.starts_with("hop.")) continue;
      if (outline_.sets_links && kind.name.starts_with("link.")) continue;
      const bool is_extreme = draws.chance(kIsExtreme);
      for (std::uint64_t n = 1 + draws.below(kFaultsOfKindMax); n > 0; --n)
        add(kind, draws, is_extreme, plan);
    }
    std::stable_sort(plan.faults.begin(), plan.faults.end(), [](const auto& a, const auto& b) {
      return std::tuple(a.step, a.moment.has_value(), a.moment) <
             std::tuple(b.step, b.moment.has_value(), b.moment);
    });
    return plan;
  }

 private:
  const Phase& draw_phase(Random& draws) {
    std::uint64_t total = 0;
    const auto weight = [](const Phase& phase) { return phase.has_dialogs ? kDialogWeight : 1; };
    for (const Phase& phase : phases_) total += weight(phase);
    std::uint64_t at = draws.below(total);
    for (const Phase& phase : phases_) {
      if (at < weight(phase)) return phase;
      at -= weight(phase);
    }
    return phases_.back();
  }

  void add(const FaultKind& kind, Random& draws, bool is_extreme, Plan& plan) {
    const Phase& phase = draw_phase(draws);
    const bool is_exposed = !plan.is_gentle && draws.chance(kIsInExposure);
    PlannedFault fault{.kind = &kind, .directive = {}, .node = {}};
    fault.step = is_exposed ? phase.end : phase.begin + draws.below(phase.end - phase.begin);
    const Duration exposure = exposures_[static_cast<std::size_t>(&phase - phases_.data())];
    const auto some_of = [&](Duration whole) {
      return Duration(std::llround(static_cast<double>(whole.count()) * draws.unit()));
    };
    const Duration moment = some_of(exposure);
    const Duration lasts = some_of(exposure);
    if (is_exposed) fault.moment = moment;
    if (is_exposed && kind.ends != FaultKind::Ends::nothing) fault.lasts = lasts;
    const Here& here = outline_.steps[fault.step];
    if (here.is_waiting && !is_exposed) return;
    std::vector<std::string> nodes;
    for (const std::string& node : script_.nodes) {
      if (here.started.count(to_lower(node)) != 0) nodes.push_back(node);
    }
    const bool is_pair = kind.reach == FaultKind::Reach::pair;
    if (nodes.size() < (is_pair ? 2U : 1U)) return;
    FaultSeat seat{.random = draws,
                   .from = {},
                   .to = {},
                   .is_extreme = is_extreme,
                   .is_gentle = plan.is_gentle,
                   .message_types = outline_.message_types};
    const std::uint64_t first = draws.below(nodes.size());
    seat.from = nodes[first];
    if (is_pair) seat.to = nodes[(first + 1 + draws.below(nodes.size() - 1)) % nodes.size()];
    if (!is_pair) fault.node = seat.from;
    if (!may_end(kind, fault.node, here, is_exposed)) return;
    fault.directive = kind.directive(seat);
    if (!plan.is_gentle) plan.exposures[phase.end] = exposure;
    plan.faults.push_back(std::move(fault));
  }

  const Script& script_;
  Random random_;
  Outline outline_;
  std::vector<Phase> phases_;
  std::vector<Duration> exposures_;  // of each phase
};

// ---- putting in ----

class Insertion {
 public:
  Insertion(const Script& script, const Plan& plan, const std::vector<bool>& kept)
      : base_(script), plan_(plan), kept_(kept), outline_(outline_of(script, kept)) {
    out_.script = script;
    out_.script.steps.clear();
  }

  Swarmed run() {
    const std::size_t count = base_.steps.size();
    std::size_t i = 0;
    for (; i < count && !std::holds_alternative<scenario::Exit>(base_.steps[i].action); ++i) {
      place_ = base_.steps[i].place;
      if (!is_kept(kept_, i)) continue;
      take(i);
    }
    end_phase(i);
    end_script();
    for (; i < count; ++i) {
      if (is_kept(kept_, i)) out_.script.steps.push_back(base_.steps[i]);
    }
    return std::move(out_);
  }

 private:
  void take(std::size_t i) {
    const Step& step = base_.steps[i];
    if (passes_time(step)) {
      end_phase(i);
    } else {
      for (const PlannedFault& fault : plan_.faults) {
        if (fault.step == i && !fault.moment) set(fault, i);
      }
    }
    if (const auto* connect = std::get_if<Connect>(&step.action)) {
      restart_before(connect->node);
      ended_.erase(to_lower(connect->node));
    }
    if (const auto* why = why_left_out(i)) {
      out_.left_out.push_back(fmt::format("{}: {} ({})", step.place.text(), step.text, why));
      put("settle");  // as it would have done
      return;
    }
    out_.script.steps.push_back(step);
  }

  void put(std::string_view directive) {
    out_.script.steps.push_back(scenario::directive_step(directive, place_));
  }

  void set(const PlannedFault& fault, std::size_t i) {
    if (!may_end(*fault.kind, fault.node, outline_.steps[i], fault.moment.has_value())) return;
    // One that is down, or may go down at any moment, is not ended again before it has been started.
    const bool may_be_down = down_.count(to_lower(fault.node)) != 0;
    if (fault.kind->ends != FaultKind::Ends::nothing && may_be_down) return;
    put(fault.directive);
    if (plan_.is_gentle) return;
    is_active_ = true;
    has_faults_ = true;
    const auto cure = [&](std::string_view form) {
      return fmt::format(fmt::runtime(form), fault.node);
    };
    if (!fault.kind->cure_network.empty()) network_cures_.insert(cure(fault.kind->cure_network));
    if (!fault.kind->cure_disk.empty()) disk_cures_.insert(cure(fault.kind->cure_disk));
    if (fault.kind->name == "disk.slow") slow_.insert(to_lower(fault.node));
    if (fault.kind->cure_node.empty()) return;
    ended_.insert(to_lower(fault.node));
    // What is on the disk when an instance goes down in the middle of a commit is told of by nobody.
    if (fault.kind->ends == FaultKind::Ends::in_commit) may_not_have_told_ = true;
    std::vector<std::string>& cures = down_[to_lower(fault.node)];
    if (!fault.kind->cure_disk.empty()) cures.push_back(cure(fault.kind->cure_disk));
    cures.push_back(cure(fault.kind->cure_node));
    // The instance in use is needed at once, where batches follow.
    if (!fault.moment && is_node(outline_.steps[i], fault.node)) {
      restart_before(fault.node);
      connect_again(i);
      ended_.erase(to_lower(fault.node));
    }
  }

  void restart_before(const std::string& node) {
    const auto found = down_.find(to_lower(node));
    if (found == down_.end()) return;
    if (slow_.count(to_lower(node)) != 0) may_not_have_told_ = true;
    for (const std::string& cure : found->second) put(cure);
    down_.erase(found);
  }

  // As the session was, which had nothing that a new one has not.
  void connect_again(std::size_t i) {
    const Here& here = outline_.steps[i];
    out_.script.steps.push_back({.place = place_, .action = here.session});
    if (here.database.empty() || here.database == "master") return;
    std::string name;
    for (const char c : here.database) name += c == ']' ? std::string("]]") : std::string(1, c);
    out_.script.steps.push_back(
        {.place = place_,
         .action =
             Batch{.text = fmt::format("USE [{}];\n", name), .repeat = 1, .lines = {place_}}});
  }

  // What happens at a moment of an exposure: a fault, or an instance that is started again.
  void expose(std::size_t i, Duration exposure) {
    std::multimap<Duration, std::pair<const PlannedFault*, bool>> moments;  // true: its end
    for (const PlannedFault& fault : plan_.faults) {
      if (fault.step != i || !fault.moment) continue;
      moments.insert({*fault.moment, {&fault, false}});
      if (fault.lasts.count() > 0 && *fault.moment + fault.lasts < exposure)
        moments.insert({*fault.moment + fault.lasts, {&fault, true}});
    }
    Duration now{0};
    for (const auto& [moment, what] : moments) {
      if (moment > now) put("advance " + text_of(moment - now));
      now = std::max(now, moment);
      if (what.second) {
        restart_before(what.first->node);
      } else {
        set(*what.first, i);
      }
    }
    if (exposure > now) put("advance " + text_of(exposure - now));
  }

  void end_phase(std::size_t i) {
    const auto exposure = plan_.exposures.find(i);
    const bool is_exposed = exposure != plan_.exposures.end() && i != exposed_;
    if (is_exposed) expose(i, exposure->second);
    exposed_ = i;
    if (!std::exchange(is_active_, false)) return;
    for (const std::string& cure : std::exchange(network_cures_, {})) put(cure);
    for (const std::string& cure : std::exchange(disk_cures_, {})) put(cure);
    while (!down_.empty()) restart_before(std::string(down_.begin()->first));
    if (std::exchange(ended_, {}).count(to_lower(outline_.steps[i].session.node)) != 0)
      connect_again(i);
    put(kRetriesDone);
  }

  // All that is still wrong is put right, so that what cannot be lost must arrive; the judges ask whether it goes on.
  void end_script() { put(outline_.has_attackers ? kSettled : kHealed); }

  [[nodiscard]] const char* why_left_out(std::size_t i) const {
    const auto* expectation = std::get_if<Expectation>(&base_.steps[i].action);
    if (expectation == nullptr) return nullptr;
    const auto* event = std::get_if<scenario::ExpectEvent>(&expectation->what);
    const bool is_late = plan_.is_gentle && !plan_.faults.empty();
    if (event != nullptr && event->is_absent && (has_faults_ || is_late))
      return "faults have events of their own, and what is late has them elsewhere";
    if (!has_faults_) return nullptr;
    const bool looks_at_result = std::holds_alternative<scenario::ExpectRows>(expectation->what) ||
                                 std::holds_alternative<scenario::ExpectValue>(expectation->what) ||
                                 std::holds_alternative<scenario::ExpectColumns>(expectation->what);
    if (looks_at_result && last_query_shows_memory(i)) return "its view shows what is under way";
    if (std::holds_alternative<scenario::ExpectDelivered>(expectation->what) && may_not_have_told_)
      return "an instance that ends in a commit may not tell of it";
    return nullptr;
  }

  // Connections, and why an acknowledgement waits, are in memory: a restart forgets them.
  [[nodiscard]] bool last_query_shows_memory(std::size_t i) const {
    while (i-- > 0) {
      const auto* batch = std::get_if<Batch>(&base_.steps[i].action);
      if (batch == nullptr) continue;
      const std::string text = to_lower(batch->text);
      return text.find("dm_") != std::string::npos ||
             text.find("get_transmission_status") != std::string::npos;
    }
    return false;
  }

  const Script& base_;
  const Plan& plan_;
  const std::vector<bool>& kept_;
  Outline outline_;
  Swarmed out_;
  scenario::Place place_;
  std::size_t exposed_ = static_cast<std::size_t>(-1);
  bool is_active_ = false;   // something is to be cured
  bool has_faults_ = false;  // something was not right at some time
  std::set<std::string> network_cures_, disk_cures_;
  std::map<std::string, std::vector<std::string>> down_;  // or about to go: what starts it again
  std::set<std::string> ended_;                           // in this phase
  std::set<std::string> slow_;
  bool may_not_have_told_ = false;
};

}  // namespace

std::set<std::string> Plan::kinds() const {
  std::set<std::string> names;
  for (const PlannedFault& fault : faults) names.insert(std::string(fault.kind->name));
  return names;
}

Plan plan_faults(const Script& script, std::uint64_t seed) {
  return Planner(script, seed).plan();
}

Swarmed with_faults(const Script& script, const Plan& plan, const std::vector<bool>& steps) {
  return Insertion(script, plan, steps).run();
}

}  // namespace ssb::sim::sweep
