#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/transport/net/hosts.h"

namespace ssb::net {
namespace {

class SandboxFilesTest : public testing::Test {
 protected:
  test::TemporaryFolder outside;
  std::filesystem::path folder = outside.path() / "files";
  SandboxFiles files{folder};
};

TEST_F(SandboxFilesTest, WhatWasCreatedIsReadUnderEverySpelling) {
  const proto::Bytes contents{1, 2, 3};

  ASSERT_TRUE(files.create("C:\\certs\\HOST_A.cer", contents));

  EXPECT_EQ(*files.read("C:\\certs\\HOST_A.cer"), contents);
  EXPECT_EQ(*files.read("/certs/HOST_A.cer"), contents);
  EXPECT_EQ(*files.read("d:/certs/./HOST_A.cer"), contents);
  EXPECT_EQ(*files.read("certs\\HOST_A.cer"), contents);
  EXPECT_EQ(files.path_of("C:\\certs\\HOST_A.cer"), folder / "certs" / "HOST_A.cer");
}

TEST_F(SandboxFilesTest, CaseDoesNotTellNamesApart) {
  ASSERT_TRUE(files.create("C:\\Certs\\HOST_A.cer", proto::Bytes{1}));

  EXPECT_EQ(*files.read("c:\\certs\\host_a.CER"), proto::Bytes{1});
  EXPECT_FALSE(files.create("C:\\CERTS\\host_a.cer", proto::Bytes{2}));
  ASSERT_TRUE(files.create("c:\\certs\\b.cer", proto::Bytes{3}));
  EXPECT_TRUE(std::filesystem::exists(folder / "Certs" / "b.cer"));
  EXPECT_FALSE(files.read("C:\\certs\\c.cer"));
}

TEST_F(SandboxFilesTest, OfNamesThatDifferInCaseTheExactOneComesFirst) {
  ASSERT_TRUE(files.create("other", proto::Bytes{1}));
  std::ofstream(folder / "NAME") << "N";
  std::ofstream(folder / "name") << "n";

  EXPECT_EQ(*files.read("name"), proto::Bytes{'n'});
  EXPECT_EQ(*files.read("NAME"), proto::Bytes{'N'});
  EXPECT_EQ(*files.read("Name"), proto::Bytes{'N'});
}

TEST_F(SandboxFilesTest, AnExistingFileIsNotOverwritten) {
  ASSERT_TRUE(files.create("x", proto::Bytes{1}));

  EXPECT_FALSE(files.create("x", proto::Bytes{2}));
  EXPECT_EQ(*files.read("x"), proto::Bytes{1});
}

TEST_F(SandboxFilesTest, NoNameLeadsOutOfTheFolder) {
  ASSERT_TRUE(files.create("inside", proto::Bytes{1}));
  std::ofstream(outside.path() / "secret") << "x";
  for (const std::string name :
       {"../secret", "..\\secret", "C:\\..\\secret", "a/../../secret", "\\\\?\\C:\\secret",
        "C:stream:x", "", "/", "C:\\", ".", "CON|x", "a\nb"}) {
    EXPECT_FALSE(files.read(name)) << name;
    EXPECT_FALSE(files.create(name, proto::Bytes{1})) << name;
    EXPECT_TRUE(files.path_of(name).empty()) << name;
  }
  EXPECT_FALSE(files.read(std::string("ins\0ide", 7)));
  EXPECT_FALSE(files.create(std::string(256, 'x'), proto::Bytes{1}));
  // UNC and absolute names become names inside.
  EXPECT_EQ(files.path_of("\\\\server\\share\\x"), folder / "server" / "share" / "x");
  EXPECT_EQ(files.path_of("/etc/passwd"), folder / "etc" / "passwd");
}

TEST_F(SandboxFilesTest, LinksInTheFolderAreNotFollowed) {
  ASSERT_TRUE(files.create("inside", proto::Bytes{1}));
  std::ofstream(outside.path() / "secret") << "x";
  std::filesystem::create_symlink(outside.path() / "secret", folder / "link");
  std::filesystem::create_directory_symlink(outside.path(), folder / "way_out");
  std::filesystem::create_symlink(outside.path() / "new", folder / "dangling");

  EXPECT_FALSE(files.read("link"));
  EXPECT_FALSE(files.read("way_out/secret"));
  EXPECT_FALSE(files.create("way_out/new", proto::Bytes{1}));
  EXPECT_FALSE(files.create("dangling", proto::Bytes{1}));
  EXPECT_FALSE(std::filesystem::exists(outside.path() / "new"));
}

TEST_F(SandboxFilesTest, FoldersPipesAndHugeFilesAreRefused) {
  ASSERT_TRUE(files.create("sub/x", proto::Bytes{1}));
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  std::ofstream(folder / "huge") << std::string(1024 * 1024 + 1, 'x');

  EXPECT_FALSE(files.read("sub"));
  EXPECT_FALSE(files.read("pipe"));
  EXPECT_FALSE(files.read("huge"));
  EXPECT_FALSE(files.create("too_big", proto::Bytes(1024 * 1024 + 1)));
  EXPECT_FALSE(files.read("none"));
}

}  // namespace
}  // namespace ssb::net
