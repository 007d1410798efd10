#include "sim/judges/no_plaintext.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>

#include <fmt/format.h>

namespace ssb::sim::judges {

using proto::EventClass;
using proto::TraceRecord;

namespace {

constexpr std::size_t kHeadBytes = 8;
// What the broker's own errors start with, also in dialogs without security.
constexpr const char* kErrorStart =
    "<?xml version=\"1.0\"?><Error "
    "xmlns=\"http://schemas.microsoft.com/SQL/ServiceBroker/Error\"><Code>";
// Directions of links whose last bytes are kept.
constexpr std::size_t kTailsMax = 4096;
// A window in the other encoding is twice as long.
constexpr std::size_t kTailBytes = 2 * NoPlaintext::kWindowBytes - 1;

std::uint64_t head_of(const char* bytes) {
  std::uint64_t head = 0;
  std::memcpy(&head, bytes, kHeadBytes);
  return head;
}

std::size_t hash_of(std::uint64_t head) {
  return static_cast<std::size_t>((head * 0x9E3779B97F4A7C15ULL) >> 48U);
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0 && c < 0x7F; });
}

// ASCII in UTF-16, little-endian.
std::optional<std::string> widened(std::string_view text) {
  if (!is_ascii(text)) return std::nullopt;
  std::string out;
  for (const char c : text) {
    out.push_back(c);
    out.push_back('\0');
  }
  return out;
}

std::optional<std::string> narrowed(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    if (text[i + 1] != '\0') return std::nullopt;
    out.push_back(text[i]);
  }
  return is_ascii(out) ? std::optional(out) : std::nullopt;
}

}  // namespace

// ---- what to look for ----

void NoPlaintext::traced(Host host, const TraceRecord& record) {
  if (is_conversation(record, kBeginDialog) || is_conversation(record, kDialogCreated))
    made(host, record);
  const bool is_first_part = record.event == EventClass::message_sent &&
                             detail_of(record, "fragment") == "0" &&
                             !detail_of(record, "message_type").empty();
  const bool is_secured = record.find("session_key") != nullptr;
  // A clear body is one for good; a repeated secret is known, or forgotten.
  if (!is_first_part || (is_secured && record.find("retry") != nullptr)) return;
  const Direction direction{record.conversation_id, is_of_initiator(record)};
  const auto place = places_.find(direction);
  if (place == places_.end() || place->second.host != host) return;
  const std::uint64_t seen = bodies_seen_[direction]++;
  if (is_secured && seen >= kEveryBody && seen % kSampleOf != 0) return;
  const auto body = inside().waiting_body(place->second, number_of(record, "sequence"));
  if (!body || body->size() < kNeedleBytesMin) return;
  if (is_secured)
    add_secret(record, *body);
  else
    add_clear(*body);
}

void NoPlaintext::made(Host host, const TraceRecord& record) {
  if (places_.size() < 2 * kConversationsMax)
    places_[{record.conversation_id, is_of_initiator(record)}] = place_of(host, record);
}

void NoPlaintext::add_clear(const proto::Bytes& body) {
  std::string text = proto::to_string(body);
  if (text.size() > kClearBytesMax / 4) text.resize(kClearBytesMax / 4);
  if (std::find(clear_.begin(), clear_.end(), text) != clear_.end()) return;
  clear_bytes_ += text.size();
  clear_.push_back(std::move(text));
  while (clear_bytes_ > kClearBytesMax || clear_.size() > kBodiesMax) {
    clear_bytes_ -= clear_.front().size();
    clear_.pop_front();
  }
}

void NoPlaintext::add_secret(const TraceRecord& record, const proto::Bytes& body) {
  ++bodies_;
  const std::string_view text = proto::as_text(body);
  std::set<std::size_t> offsets{0};
  if (text.size() > kWindowBytes) {
    offsets.insert((text.size() / 2) & ~std::size_t{1});  // of whole UTF-16 units
    offsets.insert(text.size() - kWindowBytes);
  }
  for (const std::size_t offset : offsets) {
    const std::string_view window = text.substr(offset, kWindowBytes);
    add_needle(record, window);
    if (const auto wide = widened(window)) add_needle(record, *wide);
    if (const auto narrow = narrowed(window)) add_needle(record, *narrow);
  }
  while (!order_.empty() && order_.front().first + kBodiesMax < bodies_) forget_oldest();
}

void NoPlaintext::add_needle(const TraceRecord& record, std::string_view window) {
  const std::set<char> distinct(window.begin(), window.end());
  if (window.size() < kNeedleBytesMin || distinct.size() < kDistinctMin) return;
  for (const char* name : {"from_service", "to_service", "message_type"}) {
    if (detail_of(record, name).find(window) != std::string::npos) return;
  }
  const std::uint64_t head = head_of(window.data());
  needles_.emplace(head, Needle{std::string(window),
                                {record.conversation_id, is_of_initiator(record)},
                                number_of(record, "sequence"),
                                bodies_});
  filter_.set(hash_of(head));
  order_.emplace_back(bodies_, head);
}

void NoPlaintext::forget_oldest() {
  const auto [number, head] = order_.front();
  order_.pop_front();
  const auto [first, last] = needles_.equal_range(head);
  for (auto each = first; each != last; ++each) {
    if (each->second.number != number) continue;
    needles_.erase(each);
    break;
  }
  // Bits are shared, so the filter is made anew once in a while.
  if (number % kBodiesMax != 0 || (!order_.empty() && order_.front().first == number)) return;
  filter_.reset();
  for (const auto& [kept, needle] : needles_) filter_.set(hash_of(kept));
}

// ---- looking ----

bool NoPlaintext::is_public(const std::string& needle) const {
  const auto narrow = narrowed(needle);
  const auto wide = widened(needle);
  const std::string start = kErrorStart;
  if (start.find(needle) != std::string::npos ||
      (narrow && start.find(*narrow) != std::string::npos))
    return true;
  return std::any_of(clear_.begin(), clear_.end(), [&](const std::string& text) {
    return text.find(needle) != std::string::npos ||
           (narrow && text.find(*narrow) != std::string::npos) ||
           (wide && text.find(*wide) != std::string::npos);
  });
}

const NoPlaintext::Needle* NoPlaintext::search(std::string_view text) const {
  if (needles_.empty()) return nullptr;
  for (std::size_t i = 0; i + kHeadBytes <= text.size(); ++i) {
    const std::uint64_t head = head_of(text.data() + i);
    if (!filter_.test(hash_of(head))) continue;
    const auto [first, last] = needles_.equal_range(head);
    for (auto each = first; each != last; ++each) {
      const Needle& needle = each->second;
      if (text.substr(i, needle.bytes.size()) == needle.bytes && !is_public(needle.bytes))
        return &needle;
    }
  }
  return nullptr;
}

void NoPlaintext::sent_bytes(Host host, const std::string& local, const std::string& remote,
                             proto::ByteView bytes) {
  if (needles_.empty()) return;
  if (tails_.size() > kTailsMax) tails_.clear();
  std::string& tail = tails_[{local, remote}];
  const std::string_view text = proto::as_text(bytes);
  std::string border = tail + std::string(text.substr(0, kTailBytes));
  const Needle* found = search(border);
  if (found == nullptr) found = search(text);
  if (found != nullptr) report(host, *found, fmt::format("in bytes from {} to {}", local, remote));
  border = tail + std::string(text.substr(text.size() - std::min(text.size(), kTailBytes)));
  tail = border.substr(border.size() - std::min(border.size(), kTailBytes));
}

void NoPlaintext::came_to_hop(Host host, const broker::MessageArrived& arrived) {
  for (const proto::Bytes* part : {&arrived.message.header, &arrived.message.body}) {
    if (const Needle* found = search(proto::as_text(*part))) {
      report(host, *found,
             fmt::format("in a dialog message from {}, between the adjacent layers",
                         arrived.from_address));
    }
  }
}

void NoPlaintext::report(Host host, const Needle& needle, const std::string& where) {
  find(host, fmt::format("{}: the body of message {} is readable {}", text_of(needle.direction),
                         needle.sequence, where));
}

}  // namespace ssb::sim::judges
