// What only the SQLite engine has: files, their lock, formats and damage.
#include "store/sqlite/sqlite_engine.hpp"

#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "base/testing/eventually.hpp"
#include "store/data_dir.hpp"
#include "store/sqlite/backup.hpp"
#include "store/sqlite/sqlite_internal.hpp"
#include "store/testing/engines.hpp"

namespace lapwing::store::sqlite {
namespace {

using lapwing::testing::eventually;
using testing::failed_with;
using testing::succeeded;
using testing::TempDir;

class SqliteEngineTest : public ::testing::Test {
 protected:
  Result<std::unique_ptr<Engine>> open() {
    return open_sqlite_engine({dir_.path() + "/data"}, clock_, null_logger());
  }
  std::string file(const char* name) const { return dir_.path() + "/data/" + name; }
  // Runs one statement on state.db while nobody has it open.
  void alter(const char* sql) {
    const auto db = Database::open(file("state.db"), Database::Mode::kReadWrite);
    ASSERT_TRUE(succeeded(db));
    ASSERT_TRUE(succeeded((*db)->exec(sql)));
  }

  TempDir dir_;
  SystemClock clock_;
};

TEST_F(SqliteEngineTest, MakesItsDirectoryPrivate) {
  ASSERT_TRUE(succeeded(open()));
  struct stat found{};
  ASSERT_EQ(::stat((dir_.path() + "/data").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0700u);
}

TEST_F(SqliteEngineTest, ASecondUserOfTheDirectoryIsRefused) {
  auto first = open();
  ASSERT_TRUE(succeeded(first));
  const auto second = open();
  ASSERT_TRUE(failed_with(second, ErrorKind::kConflict));
  EXPECT_NE(second.error().message().find("in use by another Lapwing"), std::string::npos);
  EXPECT_NE(second.error().message().find(std::to_string(::getpid())), std::string::npos);
  first->reset();
  EXPECT_TRUE(succeeded(open()));
}

TEST_F(SqliteEngineTest, ANewerFormatIsRefusedAndLeftAlone) {
  ASSERT_TRUE(succeeded(open()));
  alter("PRAGMA user_version=99");
  const auto newer = open();
  ASSERT_TRUE(failed_with(newer, ErrorKind::kUnsupported));
  EXPECT_NE(newer.error().message().find("has format 99"), std::string::npos);
  alter(("PRAGMA user_version=" + std::to_string(state_migrations().size())).c_str());
  EXPECT_TRUE(succeeded(open()));
}

TEST_F(SqliteEngineTest, EveryEarlierFormatIsMigrated) {
  const auto all = state_migrations();
  for (std::size_t known = 0; known < all.size(); ++known) {
    const TempDir dir;
    const std::vector<const char*> some(all.begin(), all.begin() + static_cast<long>(known));
    {
      const auto old =
          open_and_migrate({.path = dir.path() + "/state.db", .migrations = some}, null_logger());
      ASSERT_TRUE(succeeded(old));
    }
    const auto engine = open_sqlite_engine({dir.path()}, clock_, null_logger());
    ASSERT_TRUE(succeeded(engine)) << "from format " << known;
    EXPECT_TRUE(succeeded((*engine)->store().put("fn", "a", "1")));
    EXPECT_TRUE(succeeded((*engine)->log().append("s", "0", std::vector<LogInput>{{1, "x"}})));
  }
}

// What a directory holds that was made before messages had places and blobs were counted.
TEST_F(SqliteEngineTest, AnEarlierDirectoryKeepsItsMessagesAndItsBlobs) {
  const auto all = state_migrations();
  ASSERT_TRUE(succeeded(make_dirs(dir_.path() + "/data")));
  {
    const auto old = open_and_migrate(
        {.path = file("state.db"), .migrations = {all.begin(), all.begin() + 2}}, null_logger());
    ASSERT_TRUE(succeeded(old));
    ASSERT_TRUE(succeeded(open_and_migrate(
        {.path = file("bulk_log.db"), .migrations = bulk_log_migrations()}, null_logger())));
    ASSERT_TRUE(succeeded(make_dirs(dir_.path() + "/data/blobs")));
    ASSERT_TRUE(succeeded(
        (*old)->exec("INSERT INTO record (kind, key, value, revision) VALUES (CAST('fn' AS BLOB), "
                     "CAST('a' AS BLOB), CAST('1' AS BLOB), 1);"
                     "INSERT INTO message VALUES (7, CAST('q' AS BLOB), x'', 1, 1, 0, 0, 0),"
                     "(8, CAST('q' AS BLOB), CAST('g' AS BLOB), 1, 1000000, 0, 0, 0),"
                     "(9, CAST('q' AS BLOB), CAST('g' AS BLOB), 1, 1000000, 0, 0, 0),"
                     "(10, CAST('q' AS BLOB), x'', 2, 1, 1, 3, 1),"
                     "(11, CAST('q' AS BLOB), x'', 9000000000000000000, 1, 0, 0, 0);"
                     "INSERT INTO payload VALUES (7, CAST('a' AS BLOB)), (8, CAST('b' AS BLOB)), "
                     "(9, CAST('c' AS BLOB)), (10, CAST('d' AS BLOB)), (11, CAST('e' AS BLOB))")));
  }
  // A backup of it restores, and is as good.
  const std::string copy = dir_.path() + "/copy";
  ASSERT_TRUE(succeeded(back_up(dir_.path() + "/data", copy, clock_)));
  ASSERT_TRUE(succeeded(restore(copy, dir_.path() + "/restored", clock_)));
  {
    const auto restored = open_sqlite_engine({dir_.path() + "/restored"}, clock_, null_logger());
    ASSERT_TRUE(succeeded(restored));
    EXPECT_EQ((*restored)->queue().stats("q")->visible, 4u);
    EXPECT_EQ((*(*restored)->store().get("fn", "a"))->value, "1");
  }
  auto engine = open();
  ASSERT_TRUE(succeeded(engine));
  Queue& queue = (*engine)->queue();
  EXPECT_EQ(queue.stats("q")->visible, 4u);
  EXPECT_EQ(queue.stats("q")->delayed, 1u);
  const auto claimed = queue.claim(std::vector<std::string>{"q"}, 10, std::chrono::minutes(1));
  ASSERT_TRUE(succeeded(claimed));
  std::string payloads;
  for (const Claimed& message : *claimed) payloads += message.payload;
  EXPECT_EQ(payloads, "abcd");
  EXPECT_EQ(claimed->back().attempt, 4u);
  EXPECT_GT(queue.enqueue({"q", "new"})->id, 11u);

  const BlobId blob = (*engine)->blobs().put(as_bytes("a function's code"))->id;
  Store& store = (*engine)->store();
  EXPECT_EQ(*store.undeclared_owners(), std::vector<std::string>{"lambda"});
  EXPECT_EQ((*engine)->collect_blobs(Duration(-1))->removed, 0u);
  engine->reset();
  engine = open();
  EXPECT_EQ((*engine)->collect_blobs(Duration(-1))->removed, 0u);
  ASSERT_TRUE(succeeded((*engine)->store().put("fn", "a", "1", {.blobs = {blob}})));
  ASSERT_TRUE(succeeded((*engine)->store().declare_blobs("lambda")));
  EXPECT_EQ((*engine)->collect_blobs(Duration(-1))->removed, 0u);
  ASSERT_TRUE(succeeded((*engine)->store().erase("fn", "a")));
  EXPECT_EQ((*engine)->collect_blobs(Duration(-1))->removed, 1u);
}

TEST_F(SqliteEngineTest, APurgedQueueGivesItsRowsBack) {
  auto engine = open();
  ASSERT_TRUE((*engine)->store().transact([](Txn& txn) -> Status {
    for (int i = 0; i < 3000; ++i) {
      LAPWING_CHECK(txn.enqueue({.queue = "q",
                                 .payload = std::string(i % 100 == 0 ? 5000 : 10, 'x'),
                                 .group = i % 3 == 0 ? "" : "g",
                                 .grouping = i % 3 == 1 ? Grouping::kFair : Grouping::kOrdered}));
    }
    return {};
  }));
  EXPECT_EQ(*(*engine)->queue().purge("q"), 3000u);
  const auto db = Database::open(file("state.db"), Database::Mode::kReadOnly);
  ASSERT_TRUE(succeeded(db));
  ASSERT_TRUE(eventually([&] { return *(*db)->number("SELECT count(*) FROM queue") == 0; }));
  for (const char* sql :
       {"SELECT count(*) FROM msg", "SELECT count(*) FROM payload", "SELECT count(*) FROM lane"}) {
    EXPECT_EQ(*(*db)->number(sql), 0) << sql;
  }
}

TEST_F(SqliteEngineTest, SomebodyElsesFileIsRefused) {
  ASSERT_TRUE(succeeded(open()));
  alter("PRAGMA application_id=7");
  const auto foreign = open();
  ASSERT_TRUE(failed_with(foreign, ErrorKind::kUnsupported));
  EXPECT_NE(foreign.error().message().find("not made by Lapwing"), std::string::npos);
}

TEST_F(SqliteEngineTest, AFileThatIsNoDatabaseIsSaidToBeDamaged) {
  ASSERT_TRUE(succeeded(open()));
  std::ofstream(file("state.db")) << std::string(8192, 'x');
  const auto damaged = open();
  ASSERT_TRUE(failed_with(damaged, ErrorKind::kInternal));
  EXPECT_NE(damaged.error().message().find("state.db is damaged"), std::string::npos);
}

TEST_F(SqliteEngineTest, ADamagedPageIsSaidWhenItIsRead) {
  {
    const auto engine = open();
    ASSERT_TRUE(succeeded((*engine)->store().transact([](Txn& txn) -> Status {
      for (int i = 0; i < 500; ++i) {
        LAPWING_CHECK(txn.put("fn", std::to_string(i), std::string(1000, 'v')));
      }
      return {};
    })));
  }
  struct stat found{};
  ASSERT_EQ(::stat(file("state.db").c_str(), &found), 0);
  {
    std::fstream db(file("state.db"), std::ios::in | std::ios::out | std::ios::binary);
    // All but the pages that hold the schema and the counters.
    constexpr std::int64_t kFrom = 40 * 4096;
    db.seekp(kFrom);
    db << std::string(static_cast<std::size_t>(found.st_size - kFrom), '\xa5');
  }
  const auto engine = open();
  ASSERT_TRUE(succeeded(engine));
  const Status read =
      for_each_record((*engine)->store(), {.kind = "fn"}, [](Record&) -> Status { return {}; });
  ASSERT_TRUE(failed_with(read, ErrorKind::kInternal));
  EXPECT_NE(read.error().message().find("is damaged"), std::string::npos);
}

TEST_F(SqliteEngineTest, ADirectoryThatCannotBeMadeIsNamed) {
  const auto engine = open_sqlite_engine({"/proc/lapwing"}, clock_, null_logger());
  ASSERT_TRUE(failed_with(engine, ErrorKind::kUnavailable));
  EXPECT_NE(engine.error().message().find("/proc/lapwing cannot be used"), std::string::npos);
  EXPECT_TRUE(failed_with(open_sqlite_engine({""}, clock_, null_logger()), ErrorKind::kInvalid));
}

// No file may grow beyond `bytes` while this lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : old_handler_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit low{bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &low);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    ::signal(SIGXFSZ, old_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit old_{};
  sighandler_t old_handler_;
};

TEST_F(SqliteEngineTest, WhenFilesCannotGrowWritesFailAndReadsGoOn) {
  auto engine = open();
  ASSERT_TRUE(succeeded(engine));
  Store& store = (*engine)->store();
  const std::string value(100'000, 'v');
  std::size_t kept = 0;
  {
    const FileSizeLimit limit(2 * kMiB);
    Result<Revision> put = Revision{0};
    while ((put = store.put("fn", std::to_string(kept), value))) ASSERT_LT(++kept, 100u);
    EXPECT_TRUE(put.error().kind() == ErrorKind::kUnavailable ||
                put.error().kind() == ErrorKind::kUnknown)
        << put.error().to_log();
    EXPECT_EQ((*store.get("fn", "0"))->value, value);
    const auto blob = (*engine)->blobs().put(as_bytes(std::string(3 * kMiB, 'b')));
    ASSERT_TRUE(failed_with(blob, ErrorKind::kUnavailable));
    EXPECT_NE(blob.error().message().find("disk is full"), std::string::npos);
  }
  EXPECT_GT(kept, 5u);
  EXPECT_TRUE(succeeded(store.put("fn", "later", value)));
  engine->reset();
  engine = open();
  ASSERT_TRUE(succeeded(engine));
  for (std::size_t i = 0; i < kept; ++i) {
    EXPECT_TRUE((*(*engine)->store().get("fn", std::to_string(i))).has_value());
  }
  EXPECT_TRUE((*(*engine)->store().get("fn", "later")).has_value());
}

class Rung final : public Listener {
 public:
  void on_signal() noexcept override { ++times; }
  std::atomic<int> times{0};
};

// More than one transaction takes: what cannot be written then is due again, all of it.
TEST_F(SqliteEngineTest, WhatIsDueOnAFullDiskIsNotForgotten) {
  ManualClock clock;
  auto engine = open_sqlite_engine({dir_.path() + "/data"}, clock, null_logger());
  ASSERT_TRUE(succeeded(engine));
  const std::size_t count = 250;
  std::vector<Rung> rung(count);
  std::vector<Subscription> subscriptions;
  ASSERT_TRUE(succeeded((*engine)->store().transact([&](Txn& txn) -> Status {
    for (std::size_t i = 0; i < count; ++i) {
      LAPWING_CHECK(txn.enqueue(
          {.queue = "q" + std::to_string(i), .payload = "m", .delay = std::chrono::seconds(1)}));
    }
    return {};
  })));
  for (std::size_t i = 0; i < count; ++i) {
    subscriptions.push_back((*engine)->queue().subscribe("q" + std::to_string(i), rung[i]));
  }
  clock.advance(std::chrono::seconds(1));
  {
    const FileSizeLimit limit(1);
    EXPECT_FALSE((*engine)->due().run_due());
  }
  EXPECT_LE(**(*engine)->due().next_due(), clock.mono());
  EXPECT_TRUE(succeeded((*engine)->due().run_due()));
  EXPECT_EQ(*(*engine)->due().next_due(), std::nullopt);
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_GE(rung[i].times, 1) << i;
    EXPECT_EQ((*engine)->queue().stats("q" + std::to_string(i))->visible, 1u);
  }
}

TEST_F(SqliteEngineTest, ManyWritersShareCommitsAndFailAlone) {
  auto engine = open();
  Store& store = (*engine)->store();
  std::atomic<int> refused = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 40; ++i) {
        const std::string key = std::to_string(t) + "/" + std::to_string(i);
        const auto done = store.transact([&](Txn& txn) -> Status {
          LAPWING_CHECK(txn.put("fn", key, "1"));
          if (i % 4 == 3) return fail(make_error(ErrorKind::kDenied, "no"));
          return {};
        });
        if (!done) ++refused;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(refused, 80);
  std::size_t count = 0;
  EXPECT_TRUE(for_each_record(store, {.kind = "fn"}, [&](Record&) -> Status {
    ++count;
    return {};
  }));
  EXPECT_EQ(count, 240u);
  EXPECT_EQ(*(*engine)->changes().last(), 240u);
}

TEST_F(SqliteEngineTest, DroppedShardsGiveTheirSpaceBack) {
  auto engine = open();
  Log& log = (*engine)->bulk_log();
  ASSERT_TRUE(log.append("s", "0", std::vector<LogInput>(10'000, {1, std::string(100, 'x')})));
  ASSERT_TRUE(log.drop_stream("s"));
  const auto db = Database::open(file("bulk_log.db"), Database::Mode::kReadOnly);
  ASSERT_TRUE(succeeded(db));
  ASSERT_TRUE(eventually([&] { return *(*db)->number("SELECT count(*) FROM shard") == 0; }));
  EXPECT_EQ(*(*db)->number("SELECT count(*) FROM log_record"), 0);
}

class ShrinkingFile : public SqliteEngineTest {
 protected:
  std::int64_t bytes(const char* name) const {
    struct stat found{};
    EXPECT_EQ(::stat(file(name).c_str(), &found), 0);
    return found.st_size;
  }
  // 40 MB in a stream.
  static void fill(Log& log, const char* stream) {
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(
          log.append(stream, "0", std::vector<LogInput>(64, {i, std::string(62'500, 'x')})));
    }
  }
  void wait_until_small(const char* name = "bulk_log.db") const {
    ASSERT_TRUE(eventually([&] { return bytes(name) <= 6'000'000; })) << bytes(name);
  }
};

TEST_F(ShrinkingFile, ADroppedStreamsSpaceGoesBackToTheFileSystem) {
  auto engine = open();
  Log& log = (*engine)->bulk_log();
  ASSERT_TRUE(log.append("kept", "0", std::vector<LogInput>{{1, "first"}}));
  fill(log, "s");
  ASSERT_TRUE(log.append("kept", "0", std::vector<LogInput>{{2, "last"}}));
  EXPECT_GT(*log.used_bytes(), 38'000'000u);
  ASSERT_TRUE(log.drop_stream("s"));
  wait_until_small();
  EXPECT_LT(*log.used_bytes(), 6'000'000u);
  EXPECT_EQ(log.read({"kept", "0"})->records.size(), 2u);
}

TEST_F(ShrinkingFile, SoDoesWhatWasTrimmed) {
  auto engine = open();
  Log& log = (*engine)->bulk_log();
  fill(log, "s");
  ASSERT_TRUE(log.trim_before_time("s", "0", 100));
  wait_until_small();
}

// Messages deleted one by one, each in its own commit, leave pages that nobody purged.
TEST_F(ShrinkingFile, SoDoesThatOfDeletedMessages) {
  auto engine = open();
  Space* const space = *(*engine)->space("messages");
  const std::vector<std::string> queue{"q"};
  ASSERT_TRUE(succeeded(space->store().transact([](Txn& txn) -> Status {
    for (int i = 0; i < 40; ++i) {
      LAPWING_CHECK(txn.enqueue({.queue = "q", .payload = std::string(500'000, 'x')}));
    }
    return {};
  })));
  ASSERT_GT(*space->used_bytes(), 19'000'000u);
  const auto claimed = space->queue().claim(queue, 40, std::chrono::minutes(1));
  ASSERT_TRUE(succeeded(claimed));
  ASSERT_EQ(claimed->size(), 40u);
  for (const Claimed& each : *claimed) {
    ASSERT_TRUE(succeeded(space->queue().complete(each.receipt)));
  }
  EXPECT_LT(*space->used_bytes(), 1'000'000u);
  wait_until_small("spaces/messages.db");
}

TEST_F(ShrinkingFile, AnOlderFileIsRewritten) {
  {
    const auto engine = open();
    ASSERT_TRUE(succeeded(
        (*engine)->bulk_log().append("s", "0", std::vector<LogInput>{{1, "from before"}})));
  }
  {
    const auto db = Database::open(file("bulk_log.db"), Database::Mode::kReadWrite);
    ASSERT_TRUE(succeeded((*db)->exec("PRAGMA auto_vacuum=0; VACUUM")));
    ASSERT_EQ(*(*db)->number("PRAGMA auto_vacuum"), 0);
  }
  const auto engine = open();
  EXPECT_EQ((*engine)->bulk_log().read({"s", "0"})->records.front().data, "from before");
  const auto db = Database::open(file("bulk_log.db"), Database::Mode::kReadOnly);
  EXPECT_EQ(*(*db)->number("PRAGMA auto_vacuum"), kIncrementalVacuum);
}

TEST_F(SqliteEngineTest, WhatACrashLeftOfABlobIsRemoved) {
  ASSERT_TRUE(succeeded(open()));
  std::ofstream(file("blobs/tmp/7")) << "half";
  ASSERT_TRUE(succeeded(open()));
  EXPECT_NE(::access(file("blobs/tmp/7").c_str(), F_OK), 0);
}

}  // namespace
}  // namespace lapwing::store::sqlite
