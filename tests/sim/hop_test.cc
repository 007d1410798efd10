// A forwarder's faults: which messages a filter lets be hit, and what a changed one looks like.
#include "sim/hop.h"

#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ssb::sim {
namespace {

using proto::envelope::DialogHeader;
using Kind = HopFaults::Kind;

broker::MessageArrived message(DialogHeader::Kind kind, const std::string& type = "",
                               bool is_end = false, bool is_error = false) {
  DialogHeader header;
  header.set_kind(kind);
  header.set_message_type(type);
  header.set_is_end_dialog(is_end);
  header.set_is_error(is_error);
  broker::MessageArrived arrived;
  const std::string bytes = header.SerializeAsString();
  arrived.message.header.assign(bytes.begin(), bytes.end());
  arrived.message.body = proto::Bytes(100, 7);
  return arrived;
}

class HopTest : public testing::Test {
 protected:
  [[nodiscard]] bool take(const broker::MessageArrived& arrived) {
    return hop_.take(arrived,
                     [this](broker::MessageArrived late) { passed_.push_back(std::move(late)); });
  }
  void run() {
    while (scheduler_.run_next(proto::kNever)) {
    }
  }

  Scheduler scheduler_{proto::TimePoint()};
  std::map<std::string, int> probes_;
  std::vector<broker::MessageArrived> passed_;
  Hop hop_{scheduler_, Random(1), [this](const char* name) { ++probes_[name]; }};
};

TEST_F(HopTest, AFilterHitsItsKindAlone) {
  const auto begin = message(DialogHeader::BEGIN, "Order");
  const auto order = message(DialogHeader::SEQUENCED, "Order");
  const auto receipt = message(DialogHeader::SEQUENCED, "Receipt");
  const auto ack = message(DialogHeader::ACK);
  const auto broken = message(DialogHeader::ERROR);
  const auto end = message(DialogHeader::SEQUENCED, "", true);
  const auto end_with_error = message(DialogHeader::SEQUENCED, "", false, true);
  hop_.faults.loss = 1;
  const auto hit = [&](std::optional<Kind> kind, const std::string& type) {
    hop_.faults.only = kind;
    hop_.faults.only_type = type;
    std::string out;
    for (const auto& [name, one] :
         {std::pair('b', &begin), std::pair('o', &order), std::pair('r', &receipt),
          std::pair('a', &ack), std::pair('x', &broken), std::pair('e', &end),
          std::pair('f', &end_with_error)}) {
      if (take(*one)) out += name;
    }
    return out;
  };

  EXPECT_EQ(hit({}, ""), "boraxef");
  EXPECT_EQ(hit(Kind::begin, ""), "b");
  EXPECT_EQ(hit(Kind::sequenced, ""), "oref");
  EXPECT_EQ(hit(Kind::ack, ""), "a");
  EXPECT_EQ(hit(Kind::error, ""), "xf");
  EXPECT_EQ(hit(Kind::end, ""), "e");
  EXPECT_EQ(hit({}, "Order"), "bo");
  EXPECT_EQ(hit(Kind::sequenced, "Order"), "o");
  EXPECT_EQ(hit({}, "order"), "");
}

TEST_F(HopTest, ACorruptedMessageDiffersInOneByteOfItsHeaderOrBody) {
  const auto original = message(DialogHeader::SEQUENCED, "Order");
  hop_.faults.corrupt = 1;
  constexpr int kMessages = 200;

  for (int i = 0; i < kMessages; ++i) EXPECT_TRUE(take(original));
  run();

  ASSERT_EQ(passed_.size(), static_cast<std::size_t>(kMessages));
  EXPECT_EQ(probes_["hop.corrupted"], kMessages);
  int headers = 0;
  for (const auto& changed : passed_) {
    const auto differences = [](const proto::Bytes& a, const proto::Bytes& b) {
      EXPECT_EQ(a.size(), b.size());
      int count = 0;
      for (std::size_t i = 0; i < a.size(); ++i) count += a[i] != b[i] ? 1 : 0;
      return count;
    };
    const int in_header = differences(changed.message.header, original.message.header);
    EXPECT_EQ(in_header + differences(changed.message.body, original.message.body), 1);
    headers += in_header;
  }
  EXPECT_GT(headers, kMessages / 4);
  EXPECT_LT(headers, kMessages * 3 / 4);
}

}  // namespace
}  // namespace ssb::sim
