#include "sim/fingerprint.h"

#include <algorithm>

#include <fmt/format.h>

#include "proto/fast_hash.h"

namespace ssb::sim {
namespace {

constexpr std::size_t kStartMax = 160;

const char* layer_name(Fingerprint::Layer layer) {
  switch (layer) {
    case Fingerprint::Layer::statements: return "statements";
    case Fingerprint::Layer::wire: return "wire";
    case Fingerprint::Layer::events: return "events";
    case Fingerprint::Layer::storage: return "storage";
    case Fingerprint::Layer::draws: return "draws";
  }
  return "";
}

constexpr std::uint64_t kFactor = 0x9E3779B97F4A7C15ULL;  // odd: no step loses a difference

void add_printable(std::string& out, proto::ByteView bytes) {
  const auto shown = bytes.first(std::min(bytes.size(), kStartMax));
  const bool is_text = std::all_of(shown.begin(), shown.end(),
                                   [](std::uint8_t c) { return c >= 0x20 || c == 0x0A; });
  if (is_text) {
    out.append(reinterpret_cast<const char*>(shown.data()), shown.size());
    return;
  }
  out.append(std::to_string(bytes.size())).append(" bytes, ");
  out.append(proto::to_hex(shown.first(std::min<std::size_t>(shown.size(), 24))));
}

}  // namespace

void Fingerprint::add(Layer layer, proto::TimePoint at, std::string_view node,
                      std::string_view text) {
  add(layer, at, node, proto::as_bytes(text));
}

void Fingerprint::add(Layer layer, proto::TimePoint at, std::string_view node,
                      proto::ByteView bytes) {
  const std::uint64_t who =
      proto::fast_hash_64(proto::as_bytes(node), static_cast<std::uint64_t>(proto::to_unix_us(at)));
  const std::uint64_t hash = proto::fast_hash_64(bytes, who);
  const auto index = static_cast<std::size_t>(layer);
  hashes_[index] = (hashes_[index] ^ hash) * kFactor + 1;
  ++counts_[index];
  if (entries_.size() == kEntriesMax) return;
  std::string& starts = room_for_a_start();
  const std::size_t start = starts.size();
  add_printable(starts, bytes);
  entries_.push_back({layer, at, number_of(node), static_cast<std::uint32_t>(starts_.size() - 1),
                      static_cast<std::uint32_t>(start),
                      static_cast<std::uint32_t>(starts.size() - start), hash});
}

std::string& Fingerprint::room_for_a_start() {
  if (starts_.empty() || starts_.back().size() + kStartMax > kBlockBytes)
    starts_.emplace_back().reserve(kBlockBytes);
  return starts_.back();
}

std::uint32_t Fingerprint::number_of(std::string_view node) {
  const auto found = std::find(names_.begin(), names_.end(), node);
  const auto number = static_cast<std::uint32_t>(found - names_.begin());
  if (found == names_.end()) names_.emplace_back(node);
  return number;
}

std::string Fingerprint::told(const Entry& entry) const {
  return fmt::format(
      "{} {} {}: {}", proto::to_iso_text(entry.at), names_[entry.node], layer_name(entry.layer),
      std::string_view(starts_[entry.block]).substr(entry.start_at, entry.start_bytes));
}

std::string Fingerprint::text() const {
  std::string out;
  for (std::size_t i = 0; i < kLayers; ++i) {
    if (counts_[i] == 0) continue;
    out += fmt::format("{}{} {:016x} ({})", out.empty() ? "" : "  ",
                       layer_name(static_cast<Layer>(i)), hashes_[i], counts_[i]);
  }
  return out;
}

std::optional<std::string> Fingerprint::first_difference(const Fingerprint& one,
                                                         const Fingerprint& other) {
  const std::size_t both = std::min(one.entries_.size(), other.entries_.size());
  for (std::size_t i = 0; i < both; ++i) {
    const Entry& a = one.entries_[i];
    const Entry& b = other.entries_[i];
    if (a.hash != b.hash || a.layer != b.layer) {
      return fmt::format("entry {}\n  one run:    {}\n  the other:  {}", i, one.told(a),
                         other.told(b));
    }
  }
  if (one.entries_.size() != other.entries_.size()) {
    const bool is_longer = one.entries_.size() > both;
    return fmt::format("one run ends after entry {}, the other goes on with\n  {}", both,
                       is_longer ? one.told(one.entries_[both]) : other.told(other.entries_[both]));
  }
  if (one.hashes_ != other.hashes_)
    return fmt::format("beyond entry {}:\n  one run:    {}\n  the other:  {}", both, one.text(),
                       other.text());
  return std::nullopt;
}

}  // namespace ssb::sim
