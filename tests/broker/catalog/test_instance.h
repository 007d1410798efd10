// An instance for tests: files in memory, RSA keys from a small pool, a store in a folder of its own
// or in memory.
#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "broker/catalog/instance.h"

namespace ssb::broker::tests {

using namespace std::chrono_literals;

inline const proto::TimePoint kNow = *proto::parse_datetime("2008-11-26 09:00:00");

class MemoryFiles : public catalog::Files {
 public:
  boost::system::result<proto::Bytes, std::string> read(std::string_view name) override {
    const auto found = contents.find(std::string(name));
    if (found == contents.end()) return std::string("no such file");
    return found->second;
  }
  boost::system::result<void, std::string> create(std::string_view name,
                                                  proto::ByteView bytes) override {
    if (!contents.emplace(std::string(name), proto::to_bytes(bytes)).second) {
      return std::string("it exists already");
    }
    return {};
  }

  std::map<std::string, proto::Bytes> contents;
};

// 1024 bits whatever is asked for: cheap, and these tests do not depend on the size.
inline const crypto::RsaPrivateKey& pooled_key(std::size_t index) {
  static const std::vector<crypto::RsaPrivateKey> pool{crypto::RsaPrivateKey::generate(1024),
                                                       crypto::RsaPrivateKey::generate(1024)};
  return pool[index % pool.size()];
}

inline crypto::RsaKeySource pooled_keys() {
  auto next = std::make_shared<std::size_t>(0);
  return [next](int) { return pooled_key((*next)++); };
}

class TestInstance {
 public:
  // Empty folder: in memory.
  explicit TestInstance(const std::filesystem::path& folder = {}, proto::TimePoint now = kNow,
                        std::string_view machine_key = "the machine key")
      : store(folder,
              store::StoreOptions{.in_memory = folder.empty(), .flushed = false, .on_step = {}}),
        instance("HOST_A", store, files, pooled_keys(), proto::Secret(proto::as_bytes(machine_key)),
                 now) {
    instance.set_password_iterations(10);
  }

  // Runs `work(transaction)` and commits; its result is returned.
  template <typename Work>
  auto run(Work work) {
    catalog::Transaction transaction = instance.begin();
    auto result = work(transaction);
    if (result.has_value()) {
      EXPECT_TRUE(instance.commit(std::move(transaction)).has_value());
    } else {
      instance.roll_back(std::move(transaction));
    }
    return result;
  }
  template <typename Object>
  void put(catalog::Catalog& database, const Object& object) {
    catalog::Transaction transaction = instance.begin();
    database.put(transaction, object.id(), object);
    EXPECT_TRUE(instance.commit(std::move(transaction)).has_value());
  }
  store::DatabaseId make_database(std::string_view name) {
    return instance.create_database(name, kNow).value();
  }

  MemoryFiles files;
  store::Store store;
  catalog::Instance instance;
};

// A folder that is gone when the test ends.
class TemporaryFolder {
 public:
  TemporaryFolder()
      : path_(std::filesystem::path(testing::TempDir()) /
              ("ssb_" +
               std::to_string(std::chrono::steady_clock::now().time_since_epoch().count()))) {
    std::filesystem::create_directories(path_);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  // Every byte of every file in it.
  [[nodiscard]] std::string bytes() const {
    std::string all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path_)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      all.append(std::istreambuf_iterator<char>(file), {});
    }
    return all;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace ssb::broker::tests
