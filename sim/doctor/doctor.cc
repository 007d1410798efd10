#include "sim/doctor/doctor.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "broker/catalog/permissions.h"
#include "sim/doctor/examination.h"

namespace ssb::sim::doctor {
namespace {

// The worst verdict of one question stays.
int rank(Verdict verdict) {
  switch (verdict) {
    case Verdict::not_ok: return 0;
    case Verdict::not_tested: return 1;
    case Verdict::ok: return 2;
  }
  return 2;
}

bool is_about_the_same(const Finding& a, const Finding& b) {
  return std::tie(a.check, a.instance, a.database, a.object) ==
         std::tie(b.check, b.instance, b.database, b.object);
}

void examine_pair(Examination& ex, const Pair& pair) {
  examine_pair_of_brokers(ex, pair);
  examine_routes(ex, pair);
  examine_target(ex, pair);
  if (!pair.is_local) examine_endpoints_of_pair(ex, pair);
  examine_security(ex, pair);
}

}  // namespace

std::string_view verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::not_ok: return "NOT OK";
    case Verdict::ok: return "OK";
    case Verdict::not_tested: return "COULD NOT TEST";
  }
  return "";
}

std::string Finding::place() const {
  return database.empty() ? instance : instance + "." + database;
}

std::vector<Finding> examine(const Instances& instances, const Question& question) {
  Examination ex(instances, question);
  for (std::size_t i = 0; i < instances.all.size(); ++i) {
    if (instances.all[i].instance != nullptr) examine_instance(ex, i);
  }
  examine_question(ex);
  for (const Pair& pair : find_pairs(instances, question)) examine_pair(ex, pair);
  return ex.take();
}

// ---- what has been found ----

std::string Examination::database_name(const Place& place) const {
  return place.database == kNoDatabase ? "" : instance(place).info(place.database).name();
}

std::string Examination::text(const Place& place) const {
  return place.database == kNoDatabase ? name(place) : name(place) + "." + database_name(place);
}

Cure Examination::cure_at(const Place& place) const {
  Cure cure;
  cure.on(name(place), place.database == kNoDatabase ? "master" : database_name(place));
  return cure;
}

void Examination::add(CheckId check, Verdict verdict, const Place& place, Bad bad) {
  Finding finding{.check = check,
                  .severity = check_of(check).severity,
                  .verdict = verdict,
                  .instance = name(place),
                  .database = subject(place).instance == nullptr ? "" : database_name(place),
                  .object = std::move(bad.object),
                  .text = std::move(bad.text),
                  .fails = std::move(bad.fails),
                  .cure = bad.cure.lines()};
  const auto known = std::ranges::find_if(
      findings_, [&](const Finding& other) { return is_about_the_same(other, finding); });
  if (known == findings_.end()) {
    findings_.push_back(std::move(finding));
  } else if (rank(verdict) < rank(known->verdict)) {
    *known = std::move(finding);
  }
}

void Examination::not_ok(CheckId check, const Place& place, Bad bad) {
  add(check, Verdict::not_ok, place, std::move(bad));
}

void Examination::ok(CheckId check, const Place& place, std::string object, std::string text) {
  add(check, Verdict::ok, place,
      {.object = std::move(object), .text = std::move(text), .fails = {}});
}

void Examination::not_tested(CheckId check, const Place& place, std::string object,
                             std::string text) {
  add(check, Verdict::not_tested, place,
      {.object = std::move(object), .text = std::move(text), .fails = {}});
}

bool Examination::is_bad(CheckId check, const Place& place) const {
  return std::ranges::any_of(findings_, [&](const Finding& finding) {
    return finding.check == check && finding.verdict == Verdict::not_ok &&
           finding.instance == name(place) && finding.database == database_name(place);
  });
}

std::size_t Examination::bad_count() const {
  return static_cast<std::size_t>(std::ranges::count_if(findings_, [](const Finding& finding) {
    return finding.verdict == Verdict::not_ok && finding.severity == Severity::error;
  }));
}

std::vector<Finding> Examination::take() {
  std::ranges::stable_sort(findings_, [](const Finding& a, const Finding& b) {
    const auto key = [](const Finding& finding) {
      const bool is_bad = finding.verdict == Verdict::not_ok;
      return std::pair(rank(finding.verdict), is_bad ? static_cast<int>(finding.severity) : 0);
    };
    return key(a) < key(b);
  });
  return std::move(findings_);
}

// ---- texts ----

std::string user_text(const catalog::Catalog& database, std::int32_t id) {
  if (id == catalog::kPublic) return "public";
  return fmt::format("user '{}' (id {})", catalog::principal_name(database, id), id);
}

std::string certificate_text(const dialog::CertificateCandidate& candidate) {
  return fmt::format("certificate '{}' (id {})", candidate.name, candidate.id);
}

std::string span_text(proto::Duration span) {
  using namespace std::chrono;
  const auto minutes_left = duration_cast<minutes>(span).count();
  constexpr std::int64_t kHour = 60;
  constexpr std::int64_t kDay = 24 * kHour;
  if (minutes_left >= kDay)
    return fmt::format("{} d {} h", minutes_left / kDay, minutes_left % kDay / kHour);
  if (minutes_left >= kHour)
    return fmt::format("{} h {} m", minutes_left / kHour, minutes_left % kHour);
  return fmt::format("{} m", minutes_left);
}

std::string service_text(const std::string& service) {
  return "service '" + service + "'";
}

proto::BrokerId broker_of(const catalog::Instance& instance, DatabaseId database) {
  return proto::BrokerId::from_bytes(proto::as_bytes(instance.info(database).broker_id()))
      .value_or(proto::BrokerId{});
}

std::string failure_text(const proto::Error& error, std::string_view where) {
  return fmt::format("{}: {}", error.number(), where);
}

}  // namespace ssb::sim::doctor
