// Scenarios run in the simulator, and what the doctor says of the instances that they leave behind.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "broker/crypto/rsa.h"
#include "sim/doctor/doctor.h"
#include "sim/scenario/report.h"
#include "sim/scenario/runner.h"
#include "sim/scenario/simulated.h"

namespace ssb::sim::doctor {

inline std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// RSA keys, several of them and each made once: whose certificate it is shows in the keys, too.
inline broker::crypto::RsaPrivateKey next_key(std::size_t& drawn) {
  constexpr std::size_t kKeys = 6;
  static std::vector<broker::crypto::RsaPrivateKey> made;
  if (made.empty()) {
    for (std::size_t i = 0; i < kKeys; ++i)
      made.push_back(broker::crypto::RsaPrivateKey::generate(2048));
  }
  return *broker::crypto::RsaPrivateKey::from_pkcs8(made[drawn++ % kKeys].to_pkcs8().view());
}

struct Examined {
  scenario::Report report;
  std::vector<Finding> findings;

  // "SB-R001 HOST_B.Receiver", what is NOT OK, errors and warnings, in alphabetical order.
  [[nodiscard]] std::vector<std::string> bad(bool with_info = false) const {
    std::vector<std::string> out;
    for (const Finding& finding : findings) {
      const bool counts = with_info || finding.severity != Severity::info;
      if (finding.verdict == Verdict::not_ok && counts)
        out.push_back(std::string(check_of(finding.check).id) + " " + finding.place());
    }
    std::sort(out.begin(), out.end());
    return out;
  }
  [[nodiscard]] const Finding* find(CheckId check, Verdict verdict) const {
    const auto found = std::find_if(findings.begin(), findings.end(), [&](const Finding& finding) {
      return finding.check == check && finding.verdict == verdict;
    });
    return found == findings.end() ? nullptr : &*found;
  }
  [[nodiscard]] std::string story() const {
    std::string out;
    for (const Finding& finding : findings) {
      if (finding.verdict == Verdict::ok) continue;
      out += std::string(check_of(finding.check).id) + " " +
             std::string(verdict_name(finding.verdict)) + " " + finding.place() + ": " +
             finding.text + "\n";
    }
    for (const scenario::ScriptMessage& problem : report.problems) out += problem.line() + "\n";
    for (const scenario::Failure& failure : report.failures)
      out += failure.place.text() + ": " + failure.what + ": " + failure.seen + "\n";
    return out;
  }
};

// `file` is where the text would stand: what it includes is found from there.
inline Examined examine_script(const std::string& file, const std::string& text,
                               const Question& question = {}) {
  scenario::ScriptOptions options;
  options.read_file = [](const std::string& path) -> std::optional<std::string> {
    if (!std::filesystem::is_regular_file(path)) return std::nullopt;
    return text_of(path);
  };
  const scenario::Script script = scenario::parse_script(file, text, options);
  std::size_t drawn = 0;
  const auto simulation =
      scenario::make_simulation({.seed = 1,
                                 .keys = [&drawn](int) { return next_key(drawn); },
                                 .is_judged = false,
                                 .wants_all_faults = false});
  Examined out;
  out.report = scenario::Runner(script, *simulation).run();
  Instances set;
  for (const auto& seen : simulation->instances())
    set.all.push_back({.name = seen.name,
                       .instance = seen.instance,
                       .now = seen.now,
                       .why_not = "it does not run"});
  set.resolve = [&simulation](std::size_t from, const std::string& host) {
    return simulation->leads_to(from, host);
  };
  out.findings = examine(set, question);
  return out;
}

inline const std::string kScenarios = SSB_SOURCE_DIR "/scenarios/";

inline Examined examine_text(const std::string& text, const Question& question = {}) {
  return examine_script(kScenarios + "failures/a.sql", text, question);
}

}  // namespace ssb::sim::doctor
