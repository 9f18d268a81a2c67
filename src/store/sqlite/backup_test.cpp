#include "store/sqlite/backup.hpp"

#include <atomic>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/testing/eventually.hpp"
#include "store/sqlite/sqlite_engine.hpp"
#include "store/testing/engines.hpp"

namespace lapwing::store {
namespace {

using lapwing::testing::eventually;
using testing::failed_with;
using testing::succeeded;

class BackupTest : public ::testing::Test {
 protected:
  std::unique_ptr<Engine> open(const std::string& dir) {
    auto engine = open_sqlite_engine({dir}, clock_, null_logger());
    EXPECT_TRUE(succeeded(engine));
    return engine ? std::move(*engine) : nullptr;
  }
  testing::TempDir dir_;
  SystemClock clock_;
  const std::string data_ = dir_.path() + "/data";
  const std::string copy_ = dir_.path() + "/copy";
  const std::string back_ = dir_.path() + "/back";
};

TEST_F(BackupTest, CopiesAStoreInUseConsistently) {
  const auto engine = open(data_);
  ASSERT_TRUE(engine->bulk_log().append("s", "0", std::vector<LogInput>{{1, "line"}}));
  const auto blob = engine->blobs().put(as_bytes("blob"));
  std::atomic<int> written = 0;
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    while (!stop) {
      EXPECT_TRUE(engine->store().transact([&](Txn& txn) -> Status {
        LAPWING_CHECK(txn.put("pair", "a", std::to_string(written)));
        LAPWING_CHECK(txn.put("pair", "b", std::to_string(written)));
        return {};
      }));
      ++written;
    }
  });
  EXPECT_TRUE(eventually([&] { return written >= 20; }));
  const auto copied = back_up(data_, copy_, clock_);
  stop = true;
  writer.join();
  ASSERT_TRUE(succeeded(copied));
  EXPECT_EQ(copied->blobs, 1u);
  EXPECT_EQ(copied->blob_bytes, 4u);
  ASSERT_TRUE(succeeded(restore(copy_, back_, clock_)));
  const auto restored = open(back_);
  const auto a = *restored->store().get("pair", "a");
  const auto b = *restored->store().get("pair", "b");
  ASSERT_TRUE(a.has_value());
  EXPECT_EQ(a->value, b->value);
  EXPECT_GE(std::stoi(a->value), 19);
  EXPECT_EQ(restored->bulk_log().read({"s", "0"})->records.at(0).data, "line");
  EXPECT_EQ(*restored->blobs().read_all(blob->id), "blob");
}

TEST_F(BackupTest, TakesAllSpacesAlong) {
  const auto engine = open(data_);
  Space& space = **engine->space("messages");
  std::atomic<int> sent = 0;
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    while (!stop) {
      EXPECT_TRUE(engine->store().put("sent", "q", std::to_string(sent + 1)));
      EXPECT_TRUE(space.queue().enqueue({"q", std::to_string(sent)}));
      ++sent;
    }
  });
  EXPECT_TRUE(eventually([&] { return sent >= 20; }));
  const auto copied = back_up(data_, copy_, clock_);
  stop = true;
  writer.join();
  ASSERT_TRUE(succeeded(copied));
  ASSERT_TRUE(succeeded(restore(copy_, back_, clock_)));
  const auto restored = open(back_);
  Space& again = **restored->space("messages");
  const auto stats = again.queue().stats("q");
  ASSERT_TRUE(succeeded(stats));
  EXPECT_GE(stats->visible, 20u);
  const auto messages = again.queue().claim({.queues = {"q"}, .max = kMaxClaim});
  EXPECT_EQ(messages->messages.size(), std::min<std::uint64_t>(stats->visible, kMaxClaim));
  EXPECT_GE(std::stoi((*restored->store().get("sent", "q"))->value), 20);
}

// Whatever crosses from one file to another, in whichever direction.
TEST_F(BackupTest, AllFilesAreOfOneMoment) {
  const auto engine = open(data_);
  Space& first = **engine->space("aaa");
  Space& last = **engine->space("zzz");
  const std::vector<Store*> round = {&engine->store(), &last.store(), &first.store()};
  std::atomic<int> written = 0;
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int n = 1; !stop; ++n) {
      for (Store* store : round) EXPECT_TRUE(store->put("count", "n", std::to_string(n)));
      written = n;
    }
  });
  for (int i = 0; i < 5; ++i) {
    const int before = written;
    EXPECT_TRUE(eventually([&] { return written >= before + 5; }));
    const std::string copy = copy_ + std::to_string(i);
    ASSERT_TRUE(succeeded(back_up(data_, copy, clock_)));
    const auto copied = open(copy);
    std::vector<int> seen;
    for (Store* store :
         {&copied->store(), &(*copied->space("zzz"))->store(), &(*copied->space("aaa"))->store()}) {
      seen.push_back(std::stoi((*store->get("count", "n"))->value));
    }
    EXPECT_GE(seen[0], seen[1]);
    EXPECT_GE(seen[1], seen[2]);
    EXPECT_LE(seen[0], seen[2] + 1);
  }
  stop = true;
  writer.join();
}

TEST_F(BackupTest, RefusesWhatWouldOverwriteOrIsNotThere) {
  open(data_);
  EXPECT_TRUE(failed_with(back_up(copy_, back_, clock_), ErrorKind::kNotFound));
  ASSERT_TRUE(succeeded(back_up(data_, copy_, clock_)));
  EXPECT_TRUE(failed_with(back_up(data_, copy_, clock_), ErrorKind::kConflict));
  EXPECT_TRUE(failed_with(restore(copy_, data_, clock_), ErrorKind::kConflict));
}

TEST_F(BackupTest, FindsDamage) {
  const auto blob = open(data_)->blobs().put(as_bytes("blob"));
  const std::string hex = blob->id.hex();
  std::ofstream(data_ + "/blobs/" + hex.substr(0, 2) + "/" + hex.substr(2)) << "blub";
  EXPECT_TRUE(failed_with(back_up(data_, copy_, clock_), ErrorKind::kInternal));
  std::ofstream(data_ + "/state.db") << std::string(10'000, 'x');
  EXPECT_TRUE(failed_with(back_up(data_, back_, clock_), ErrorKind::kInternal));
}

}  // namespace
}  // namespace lapwing::store
