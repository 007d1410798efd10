#include "sim/fingerprint.h"

#include <algorithm>

#include <fmt/format.h>

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

// FNV-1a: differences are bugs, not attacks.
std::uint64_t mixed(std::uint64_t hash, proto::ByteView bytes) {
  for (const std::uint8_t byte : bytes) {
    hash ^= byte;
    hash *= 0x100000001B3ULL;
  }
  return hash;
}

std::string printable(proto::ByteView bytes) {
  const auto shown = bytes.first(std::min(bytes.size(), kStartMax));
  const bool is_text = std::all_of(shown.begin(), shown.end(),
                                   [](std::uint8_t c) { return c >= 0x20 || c == 0x0A; });
  if (is_text) return {reinterpret_cast<const char*>(shown.data()), shown.size()};
  return fmt::format("{} bytes, {}", bytes.size(),
                     proto::to_hex(shown.first(std::min<std::size_t>(shown.size(), 24))));
}

}  // namespace

void Fingerprint::add(Layer layer, proto::TimePoint at, std::string_view node,
                      std::string_view text) {
  add(layer, at, node, proto::as_bytes(text));
}

void Fingerprint::add(Layer layer, proto::TimePoint at, std::string_view node,
                      proto::ByteView bytes) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  const auto time = static_cast<std::uint64_t>(proto::to_unix_us(at));
  for (unsigned i = 0; i < 8; ++i) {
    const auto byte = static_cast<std::uint8_t>(time >> (8 * i));
    hash = mixed(hash, {&byte, 1});
  }
  hash = mixed(mixed(hash, proto::as_bytes(node)), bytes);
  const auto index = static_cast<std::size_t>(layer);
  hashes_[index] = (hashes_[index] ^ hash) * 0x9E3779B97F4A7C15ULL + 1;
  ++counts_[index];
  if (entries_.size() < kEntriesMax)
    entries_.push_back({layer, at, std::string(node), hash, printable(bytes)});
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
  const auto told = [](const Entry& entry) {
    return fmt::format("{} {} {}: {}", proto::to_iso_text(entry.at), entry.node,
                       layer_name(entry.layer), entry.start);
  };
  const std::size_t both = std::min(one.entries_.size(), other.entries_.size());
  for (std::size_t i = 0; i < both; ++i) {
    const Entry& a = one.entries_[i];
    const Entry& b = other.entries_[i];
    if (a.hash != b.hash || a.layer != b.layer) {
      return fmt::format("entry {}\n  one run:    {}\n  the other:  {}", i, told(a), told(b));
    }
  }
  if (one.entries_.size() != other.entries_.size()) {
    const bool is_longer = one.entries_.size() > both;
    return fmt::format("one run ends after entry {}, the other goes on with\n  {}", both,
                       told(is_longer ? one.entries_[both] : other.entries_[both]));
  }
  if (one.hashes_ != other.hashes_)
    return fmt::format("beyond entry {}:\n  one run:    {}\n  the other:  {}", both, one.text(),
                       other.text());
  return std::nullopt;
}

}  // namespace ssb::sim
