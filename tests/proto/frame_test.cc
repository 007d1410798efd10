#include "proto/frame.h"

#include <numeric>

#include <gtest/gtest.h>

namespace ssb::proto {
namespace {

adjacent::AdjacentHeader keep_alive(std::uint64_t number) {
  adjacent::AdjacentHeader header;
  header.mutable_keep_alive()->set_number(number);
  return header;
}

DialogMessage message(std::size_t header_bytes, std::size_t body_bytes, std::uint32_t hops = 16) {
  DialogMessage made{Bytes(header_bytes), Bytes(body_bytes), hops, 12345};
  std::iota(made.header.begin(), made.header.end(), std::uint8_t{1});
  std::iota(made.body.begin(), made.body.end(), std::uint8_t{7});
  return made;
}

// With the decoder that its payload is in.
struct Decoded : Frame {
  std::shared_ptr<FrameDecoder> decoder;
};

Decoded decode_one(ByteView bytes, std::size_t limit = kFrameBytesMax) {
  Decoded out;
  out.decoder = std::make_shared<FrameDecoder>(limit);
  out.decoder->append(bytes);
  auto next = out.decoder->next();
  EXPECT_TRUE(next && *next);
  if (next && *next) static_cast<Frame&>(out) = std::move(**next);
  return out;
}

// The frame's bytes, its 4 byte length replaced.
Bytes with_length(Bytes frame, std::uint32_t length) {
  for (std::size_t i = 0; i < 4; ++i) frame[i] = static_cast<std::uint8_t>(length >> (24 - 8 * i));
  return frame;
}

TEST(FrameTest, AFrameHasTheDocumentedShape) {
  const Bytes frame = encode_frame(keep_alive(5));

  EXPECT_EQ(to_hex(frame),
            "000000060004"
            "2A021005");
}

TEST(FrameTest, ThreeFramesComeOutTheSameHoweverTheStreamIsSplit) {
  Bytes stream;
  for (const std::uint64_t number : {1U, 300U, 70000U}) {
    const Bytes frame = encode_frame(keep_alive(number));
    stream.insert(stream.end(), frame.begin(), frame.end());
  }

  for (std::size_t first = 0; first <= stream.size(); ++first) {
    for (std::size_t second = first; second <= stream.size(); ++second) {
      FrameDecoder decoder(kHandshakeFrameBytesMax);
      std::vector<std::uint64_t> numbers;
      const ByteView all = stream;
      for (const ByteView part :
           {all.first(first), all.subspan(first, second - first), all.subspan(second)}) {
        decoder.append(part);
        while (true) {
          auto next = decoder.next();
          ASSERT_TRUE(next);
          if (!*next) break;
          numbers.push_back((*next)->header.keep_alive().number());
        }
      }
      ASSERT_EQ(numbers, (std::vector<std::uint64_t>{1, 300, 70000})) << first << " " << second;
    }
  }
}

TEST(FrameTest, AFrameCutShortAtAnyByteIsWaitedFor) {
  const Bytes frame = encode_frame(keep_alive(5));

  for (std::size_t size = 0; size < frame.size(); ++size) {
    FrameDecoder decoder(kFrameBytesMax);
    decoder.append(ByteView(frame).first(size));
    const auto next = decoder.next();
    ASSERT_TRUE(next) << size;
    EXPECT_FALSE(*next) << size;
  }
}

TEST(FrameTest, LengthsOutOfRangeFailWith8407BeforeTheFrameIsThere) {
  for (const std::uint32_t length : {0U, 1U, 2U, 1025U, 0x7FFFFFFFU, 0x80000000U, 0xFFFFFFFFU}) {
    FrameDecoder decoder(kHandshakeFrameBytesMax);

    decoder.append(ByteView(with_length(Bytes(4), length)));
    const auto next = decoder.next();

    ASSERT_FALSE(next) << length;
    EXPECT_EQ(next.error().number(), 8407) << length;
    EXPECT_EQ(decoder.buffered_bytes(), 0U);
  }
}

TEST(FrameTest, ADeadDecoderRepeatsItsErrorAndTakesNothing) {
  FrameDecoder decoder(kHandshakeFrameBytesMax);
  decoder.append(as_bytes("GET / HTTP/1.1\r\n\r\n"));
  const auto first = decoder.next();

  decoder.append(encode_frame(keep_alive(1)));
  const auto second = decoder.next();

  ASSERT_FALSE(first);
  ASSERT_FALSE(second);
  EXPECT_EQ(first.error(), second.error());
  EXPECT_EQ(decoder.buffered_bytes(), 0U);
}

TEST(FrameTest, HeaderLengthsThatDoNotFitFailWith8407) {
  for (const char* hex : {"00000004"
                          "0000"
                          "0000",
                          "00000004"
                          "0003"
                          "0000",
                          "00000004"
                          "FFFF"
                          "0000"}) {
    FrameDecoder decoder(kFrameBytesMax);
    decoder.append(*from_hex(hex));
    const auto next = decoder.next();
    ASSERT_FALSE(next) << hex;
    EXPECT_EQ(next.error().number(), 8407);
  }
}

TEST(FrameTest, OnlyDataHasAPayload) {
  const Bytes extra{1, 2, 3};
  FrameDecoder decoder(kFrameBytesMax);

  decoder.append(encode_frame(keep_alive(1), extra));
  const auto next = decoder.next();

  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().number(), 8407);
}

TEST(FrameTest, HeadersThatNoWriterMakesAreRefused) {
  const char* good = "2A021005";
  ASSERT_TRUE(parse_adjacent_header(*from_hex(good)));
  for (const char* hex : {
           "",                  // empty
           "2A0210",            // cut short
           "2A0210052A021005",  // a field twice
           "2A04100510"
           "05",            // an inner field twice
           "2A03108500",    // a varint longer than it need be
           "2A0408001005",  // a default value written out
           "2A0410050801",  // out of order
           "2A04100518"
           "01",  // an unknown inner field
           "2A021005"
           "A00601",        // an unknown outer field
           "1A021005",      // the other kind: fields of another message
           "3A0432024142",  // Close whose parameter has the wrong inner length
       }) {
    EXPECT_FALSE(parse_adjacent_header(*from_hex(hex))) << hex;
  }
}

TEST(FrameTest, WhatFollowsTheFramesIsLeftForAnotherProtocol) {
  FrameDecoder decoder(kFrameBytesMax);
  decoder.append(encode_frame(keep_alive(1)));
  decoder.append(Bytes{0x16, 0x03, 0x01});
  const auto next = decoder.next();
  ASSERT_TRUE(next && *next);

  EXPECT_EQ(decoder.take_rest(), (Bytes{0x16, 0x03, 0x01}));
  EXPECT_EQ(decoder.buffered_bytes(), 0U);
}

TEST(BoxcarTest, MessagesComeBackInOrderWithTheirHopsAndTime) {
  Boxcar boxcar;
  for (std::uint32_t i = 0; i < 5; ++i) boxcar.add(message(10 + i, std::size_t{100} * i, i));

  const Decoded frame = decode_one(boxcar.take(77));
  const auto messages = split_boxcar(frame, "peer");

  EXPECT_TRUE(boxcar.is_empty());
  EXPECT_EQ(frame.header.data().consumed_bytes(), 77U);
  ASSERT_TRUE(messages);
  ASSERT_EQ(messages->size(), 5U);
  for (std::uint32_t i = 0; i < 5; ++i) {
    EXPECT_EQ((*messages)[i].header, message(10 + i, 0).header);
    EXPECT_EQ((*messages)[i].body, message(1, std::size_t{100} * i).body);
    EXPECT_EQ((*messages)[i].hops_remaining, i);
    EXPECT_EQ((*messages)[i].time_spent_us, 12345U);
  }
}

TEST(BoxcarTest, TakesTheLargestMessageAndStopsAtItsLimits) {
  const DialogMessage largest = message(kHeaderBytesMax, kSealedBodyBytesMax);
  Boxcar boxcar;
  int large = 0;
  for (; boxcar.has_room_for(largest); ++large) boxcar.add(largest);
  EXPECT_EQ(large, 3);
  EXPECT_LE(boxcar.take(UINT64_MAX).size(), kFrameBytesMax);

  const DialogMessage small = message(1, 0);
  std::size_t count = 0;
  for (; boxcar.has_room_for(small); ++count) boxcar.add(small);
  EXPECT_EQ(count, kMessagesPerFrameMax);
  EXPECT_EQ(split_boxcar(decode_one(boxcar.take(0)), "peer")->size(), kMessagesPerFrameMax);
}

TEST(BoxcarTest, PayloadsThatDoNotSplitFailWith28007) {
  Boxcar boxcar;
  boxcar.add(message(10, 20));
  boxcar.add(message(11, 21));
  const Decoded good = decode_one(boxcar.take(0));
  ASSERT_TRUE(split_boxcar(good, "peer"));

  for (std::size_t size = 0; size < good.payload.size(); ++size) {  // cut at every byte
    Frame cut = good;
    cut.payload = cut.payload.first(size);
    const auto split = split_boxcar(cut, "peer");
    ASSERT_FALSE(split) << size;
    EXPECT_EQ(split.error().number(), 28007);
  }
  Bytes payload = to_bytes(good.payload);
  payload.push_back(0);
  Frame longer = good;
  longer.payload = payload;
  EXPECT_FALSE(split_boxcar(longer, "peer"));
  Frame fewer = good;
  fewer.header.mutable_data()->mutable_messages()->RemoveLast();
  EXPECT_FALSE(split_boxcar(fewer, "peer"));
  Frame more = good;
  more.header.mutable_data()->add_messages();
  EXPECT_FALSE(split_boxcar(more, "peer"));
  Frame none;
  none.header.mutable_data();
  EXPECT_FALSE(split_boxcar(none, "peer"));
  Frame hops = good;
  hops.header.mutable_data()->mutable_messages(0)->set_hops_remaining(kHopsMax + 1);
  EXPECT_FALSE(split_boxcar(hops, "peer"));
  payload = to_bytes(good.payload);
  payload[0] = 0xFF;
  Frame huge = good;
  huge.payload = payload;
  EXPECT_FALSE(split_boxcar(huge, "peer"));
}

}  // namespace
}  // namespace ssb::proto
