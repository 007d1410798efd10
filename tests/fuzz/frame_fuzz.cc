// Frames come from whoever connects: any bytes, split in any way.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "proto/check.h"
#include "proto/frame.h"

namespace {

using namespace ssb::proto;

struct Outcome {
  std::vector<Bytes> frames;  // encoded again
  std::int32_t error = 0;
};

Outcome decode(ByteView stream, std::size_t chunk_bytes) {
  FrameDecoder decoder(kFrameBytesMax);
  Outcome outcome;
  while (!stream.empty()) {
    const ByteView chunk = stream.first(std::min(chunk_bytes, stream.size()));
    stream = stream.subspan(chunk.size());
    decoder.append(chunk);
    for (;;) {
      const auto next = decoder.next();
      if (!next) {
        outcome.error = next.error().number();
        SSB_CHECK(decoder.buffered_bytes() == 0);
        return outcome;
      }
      if (!*next) break;
      outcome.frames.push_back(encode_frame((*next)->header, (*next)->payload));
      if ((*next)->header.has_data()) {
        const auto messages = split_boxcar(**next, "peer");
        if (messages) {
          Boxcar boxcar;
          for (const DialogMessage& message : *messages) boxcar.add(message);
          const ByteView again = boxcar.take((*next)->header.data().consumed_bytes());
          SSB_CHECK(std::ranges::equal(again, outcome.frames.back()));
        }
      }
    }
  }
  return outcome;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView stream(data + 1, size - 1);
  const Outcome whole = decode(stream, size);
  const Outcome split = decode(stream, data[0] % 61U + 1U);

  SSB_CHECK(whole.frames == split.frames && whole.error == split.error);
  // What was taken is, byte for byte, what a writer makes.
  std::size_t at = 0;
  for (const Bytes& frame : whole.frames) {
    SSB_CHECK(at + frame.size() <= stream.size());
    SSB_CHECK(
        std::equal(frame.begin(), frame.end(), stream.begin() + static_cast<std::ptrdiff_t>(at)));
    at += frame.size();
  }
  return 0;
}
