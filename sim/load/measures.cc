#include "sim/load/measures.h"

#include <algorithm>
#include <stdexcept>

#include <boost/json.hpp>

namespace ssb::sim::load {
namespace {

namespace json = boost::json;

// Each member once, for adding, writing and reading.
template <typename M, typename Numbers, typename Histograms>
void visit(M& measures, Numbers numbers, Histograms histograms) {
  numbers("messages", measures.messages);
  numbers("transactions", measures.transactions);
  numbers("dialogs", measures.dialogs);
  numbers("flushes", measures.flushes);
  numbers("cpu_ns", measures.cpu);
  numbers("generator_cpu_ns", measures.generator_cpu);
  numbers("peak_kb", measures.peak_kb);
  numbers("resident_kb", measures.resident_kb);
  numbers("swapped_kb", measures.swapped_kb);
  visit_costs(measures.costs, numbers);
  histograms("lag", measures.lag);
  histograms("to_ack", measures.to_ack);
  histograms("to_receive", measures.to_receive);
  histograms("round_trip", measures.round_trip);
}

}  // namespace

void Measures::add(const Measures& other) {
  messages += other.messages;
  transactions += other.transactions;
  dialogs += other.dialogs;
  flushes += other.flushes;
  std::vector<std::uint64_t> more;
  visit_costs(other.costs, [&](const char*, std::uint64_t value) { more.push_back(value); });
  auto next = more.begin();
  visit_costs(costs, [&](const char*, std::uint64_t& value) { value += *next++; });
  cpu += other.cpu;
  generator_cpu += other.generator_cpu;
  peak_kb = std::max(peak_kb, other.peak_kb);
  resident_kb = std::max(resident_kb, other.resident_kb);
  swapped_kb = std::max(swapped_kb, other.swapped_kb);
  lag.add(other.lag);
  to_ack.add(other.to_ack);
  to_receive.add(other.to_receive);
  round_trip.add(other.round_trip);
}

json::object to_json(const Histogram& histogram) {
  json::array buckets;
  for (const auto& [bucket, count] : histogram.buckets()) {
    buckets.push_back(bucket);
    buckets.push_back(count);
  }
  return {{"max", histogram.max()}, {"buckets", std::move(buckets)}};
}

Histogram histogram_of(const json::value& value) {
  Histogram out;
  try {
    const json::array& buckets = value.at("buckets").as_array();
    for (std::size_t i = 0; i + 1 < buckets.size(); i += 2) {
      if (!out.add_bucket(buckets[i].to_number<std::size_t>(),
                          buckets[i + 1].to_number<std::uint64_t>()))
        throw std::runtime_error("a histogram has a bucket that there is not");
    }
    out.set_max(value.at("max").to_number<std::uint64_t>());
  } catch (const std::logic_error&) {  // not there
    throw std::runtime_error("this is no histogram");
  } catch (const boost::system::system_error&) {
    throw std::runtime_error("this is no histogram");
  }
  return out;
}

json::object to_json(const Measures& measures) {
  json::object out;
  visit(
      measures, [&](const char* name, const auto& number) { out[name] = number; },
      [&](const char* name, const Histogram& histogram) {
        if (histogram.count() > 0) out[name] = to_json(histogram);
      });
  return out;
}

Measures measures_of(const json::object& object) {
  Measures out;
  visit(
      out,
      [&](const char* name, auto& number) {
        const auto* found = object.if_contains(name);
        if (found == nullptr || !found->is_number())
          throw std::runtime_error(std::string("there is no number '") + name + "'");
        number = found->to_number<std::decay_t<decltype(number)>>();
      },
      [&](const char* name, Histogram& histogram) {
        if (const auto* found = object.if_contains(name)) histogram = histogram_of(*found);
      });
  return out;
}

}  // namespace ssb::sim::load
