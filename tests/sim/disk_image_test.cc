#include "sim/disk_image.h"

#include <algorithm>
#include <random>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace ssb::sim {
namespace {

constexpr int kSeeds = 200;

Draw seeded(std::uint64_t seed) {
  return [generator = std::mt19937_64(seed)]() mutable { return generator(); };
}

std::string text_of(const FileImage& file) {
  proto::Bytes bytes(file.size());
  EXPECT_EQ(file.read(0, bytes), bytes.size());
  return proto::to_string(bytes);
}

void write(FileImage& file, std::uint64_t offset, std::string_view text) {
  file.write(offset, proto::as_bytes(text));
}

// What `changes` may leave of a file that held "durable" after a loss of power.
template <typename Changes>
std::set<std::string> outcomes(bool tears, Changes changes) {
  std::set<std::string> texts;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    FileImage file;
    write(file, 0, "durable");
    file.sync();
    changes(file);
    file.lose_power(seeded(seed), tears);
    texts.insert(text_of(file));
  }
  return texts;
}

TEST(FileImageTest, ASyncedWriteSurvivesAlways) {
  const auto texts = outcomes(true, [](FileImage& file) {
    write(file, 3, "ation");
    file.sync();
  });

  EXPECT_EQ(texts, std::set<std::string>{"duration"});
}

TEST(FileImageTest, WritesThatWereNotSyncedSurviveInAnyCombination) {
  const auto texts = outcomes(false, [](FileImage& file) {
    write(file, 0, "D");
    write(file, 7, "!");
  });

  const std::set<std::string> all = {"durable", "Durable", "durable!", "Durable!"};
  EXPECT_EQ(texts, all);
}

TEST(FileImageTest, AWriteSurvivesSectorBySector) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    FileImage file;
    write(file, 0, std::string(3 * kSectorBytes, 'a'));
    file.sync();
    write(file, kSectorBytes - 1, std::string(kSectorBytes + 2, 'b'));
    file.lose_power(seeded(seed), false);
    const std::string text = text_of(file);
    seen.insert({text[kSectorBytes - 1], text[kSectorBytes], text[2 * kSectorBytes]});
    EXPECT_EQ(text[kSectorBytes - 2], 'a');
    EXPECT_EQ(text[2 * kSectorBytes + 1], 'a');
    EXPECT_EQ(text.substr(kSectorBytes, kSectorBytes),
              std::string(kSectorBytes, text[kSectorBytes]));
  }

  EXPECT_EQ(seen.size(), 8U);
}

TEST(FileImageTest, OnlyADiskThatTearsCutsTheLastWriteWithinASector) {
  const auto changes = [](FileImage& file) { write(file, 0, "DURABLE"); };

  const std::set<std::string> whole = {"durable", "DURABLE"};
  EXPECT_EQ(outcomes(false, changes), whole);
  EXPECT_TRUE(outcomes(true, changes).contains("DURable"));
}

TEST(FileImageTest, WhatALaterWriteReplacedMaySurviveWithoutIt) {
  const auto texts = outcomes(false, [](FileImage& file) {
    write(file, 0, "first..");
    write(file, 2, "SECOND");
    file.resize(4);
  });

  EXPECT_TRUE(texts.contains("durable"));
  EXPECT_TRUE(texts.contains("first.."));
  EXPECT_TRUE(texts.contains("fiSECOND"));
  EXPECT_TRUE(texts.contains("fiSE"));
  EXPECT_TRUE(texts.contains("duSECOND"));  // the second write without the first
}

TEST(BlocksTest, WhatWasNeverWrittenIsZeroAlsoWhereTheFileWasLongerBefore) {
  constexpr std::size_t kLong = 50'000;  // over several blocks
  Blocks blocks;
  blocks.resize(kLong);
  blocks.write(0, proto::Bytes(kLong, 7));
  blocks.resize(20'000);
  blocks.resize(kLong);

  proto::Bytes expected(kLong, 0);
  std::fill_n(expected.begin(), 20'000, std::uint8_t{7});
  EXPECT_EQ(blocks.copy(0, kLong), expected);
}

TEST(BlocksTest, APieceIsWrittenAndReadAcrossBlocks) {
  constexpr std::size_t kLong = 40'000;
  Blocks blocks;
  blocks.resize(kLong + 10'002);
  proto::Bytes piece(kLong);
  for (std::size_t i = 0; i < piece.size(); ++i)
    piece[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
  blocks.write(10'001, piece);

  EXPECT_EQ(blocks.copy(10'001, kLong), piece);
  EXPECT_EQ(blocks.copy(10'000, 3), (proto::Bytes{0, piece[0], piece[1]}));
  EXPECT_EQ(blocks.at(10'001 + 20'000), piece[20'000]);
}

TEST(FileImageTest, AResizingIsUndoneWithTheBytesThatItCut) {
  const auto texts = outcomes(false, [](FileImage& file) {
    file.resize(2);
    write(file, 4, "x");
    file.resize(3);
  });

  EXPECT_TRUE(texts.contains("durable"));
  EXPECT_TRUE(texts.contains("du"));
  EXPECT_TRUE(texts.contains(std::string("du\0", 3)));
  EXPECT_TRUE(texts.contains("dur"));  // the last resizing alone
  EXPECT_TRUE(texts.contains("duraxle"));
}

TEST(FileImageTest, RotFlipsTheDurableByteAndNotWhatWasWrittenOverIt) {
  FileImage file;
  write(file, 0, "abc");
  file.sync();
  write(file, 1, "XY");

  EXPECT_TRUE(file.rot(0, 1));
  EXPECT_TRUE(file.rot(2, 1));
  EXPECT_FALSE(file.rot(3, 1));
  EXPECT_EQ(text_of(file), "`XY");
  file.lose_power([] { return std::uint64_t{0}; }, false);
  EXPECT_EQ(text_of(file), "`bb");
}

TEST(FileImageTest, ADiskCachesSoManyBytesAndWritesTheOldestBackByItself) {
  FileImage file;
  write(file, 0, "first");
  const std::string block(1 << 20, 'x');
  for (std::uint64_t i = 0; i < 20; ++i) write(file, 5 + i * block.size(), block);

  file.lose_power([] { return std::uint64_t{0}; }, false);

  EXPECT_EQ(text_of(file).substr(0, 5), "first");
  EXPECT_GE(file.size(), 12 * block.size());
  EXPECT_LT(file.size(), 20 * block.size());
}

// ---------------------------------------------------------------- names

// The names that may be there after a loss of power, each set as one text.
template <typename Changes>
std::set<std::string> name_outcomes(Changes changes) {
  std::set<std::string> all;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    DiskImage disk;
    disk.make_folder("/node");
    disk.sync_folder("/");
    changes(disk);
    disk.lose_power(seeded(seed), false);
    std::string text;
    for (const std::string& name : disk.files()) text += name + " ";
    all.insert(text);
  }
  return all;
}

TEST(DiskImageTest, ANameIsDurableOnceItsFolderHasBeenSynced) {
  const auto create = [](DiskImage& disk) { disk.create("/node/5.ssb")->sync(); };

  const std::set<std::string> either = {"", "/node/5.ssb "};
  EXPECT_EQ(name_outcomes(create), either);
  EXPECT_EQ(name_outcomes([&](DiskImage& disk) {
              create(disk);
              disk.sync_folder("/node");
            }),
            std::set<std::string>{"/node/5.ssb "});
}

TEST(DiskImageTest, ARemovedFileMayComeBackWithItsContents) {
  int back = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    DiskImage disk;
    const auto file = disk.create("/a");
    file->write(0, proto::as_bytes("x"));
    file->sync();
    disk.sync_folder("/");
    disk.remove("/a");
    EXPECT_EQ(disk.find("/a"), nullptr);
    disk.lose_power(seeded(seed), false);
    if (!disk.exists("/a")) continue;
    ++back;
    EXPECT_EQ(text_of(*disk.find("/a")), "x");
  }

  EXPECT_GT(back, 0);
  EXPECT_LT(back, 20);
}

TEST(DiskImageTest, AFolderThatIsLostTakesItsFilesAlong) {
  const auto texts = name_outcomes([](DiskImage& disk) {
    disk.make_folder("/node/deep");
    disk.create("/node/deep/file");
    disk.sync_folder("/node/deep");
  });

  const std::set<std::string> either = {"", "/node/deep/file "};
  EXPECT_EQ(texts, either);
}

TEST(DiskImageTest, TheFingerprintKnowsWhatIsSeenAndWhatIsDurable) {
  DiskImage disk;
  const auto file = disk.create("/a");
  file->write(0, proto::as_bytes("x"));
  const auto pending = disk.fingerprint();
  file->sync();
  const auto synced = disk.fingerprint();
  disk.sync_folder("/");
  const auto named = disk.fingerprint();
  file->resize(0);
  file->write(0, proto::as_bytes("x"));

  EXPECT_NE(pending, synced);
  EXPECT_NE(synced, named);
  EXPECT_NE(named, disk.fingerprint());
  file->sync();
  EXPECT_EQ(named, disk.fingerprint());
}

}  // namespace
}  // namespace ssb::sim
