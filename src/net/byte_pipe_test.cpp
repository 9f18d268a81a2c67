#include "net/byte_pipe.hpp"

#include <atomic>
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "base/testing/eventually.hpp"
#include "net/limits.hpp"
#include "net/loop_group.hpp"
#include "net/sync.hpp"
#include "net/task_group.hpp"
#include "net/testing/run.hpp"

namespace lapwing::net {
namespace {

using lapwing::testing::eventually;
using std::chrono_literals::operator""ms;
using testing::TestLoop;
using Pieces = std::vector<std::string>;

constexpr std::size_t kSmall = 3 * (1 + kPieceCostBytes);  // three pieces of one byte

// Writes `count` pieces of one byte, counting those that went in.
Task<void> write_many(Loop& loop, BytePipeWriter& writer, int count, int& written, bool& refused) {
  for (int i = 0; i < count; ++i) {
    const bool taken = co_await writer.write(loop, "x");
    if (!taken) {
      refused = true;
      co_return;
    }
    ++written;
  }
}

TEST(BytePipe, KeepsOrderAndBoundsOfPiecesUntilTheEnd) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    BytePipe pipe = byte_pipe(l, 1024);
    EXPECT_TRUE(co_await pipe.writer.write(l, "one"));
    EXPECT_TRUE(co_await pipe.writer.write(l, ""));
    EXPECT_TRUE(co_await pipe.writer.write(l, "two"));
    pipe.writer.close();
    EXPECT_EQ(co_await pipe.reader.read(), (Pieces{"one", "two"}));
    EXPECT_TRUE((co_await pipe.reader.read()).empty());
    EXPECT_TRUE((co_await pipe.reader.read()).empty());
    EXPECT_FALSE(co_await pipe.writer.write(l, "late"));
  };
  loop.run(main(loop.get()));
}

TEST(BytePipe, TheWriterWaitsWhileItIsFull) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    BytePipe pipe = byte_pipe(l, kSmall);
    int written = 0;
    bool refused = false;
    TaskGroup group(l);
    group.spawn(write_many(l, pipe.writer, 5, written, refused));
    co_await l.yield();
    co_await l.yield();
    EXPECT_EQ(written, 3);
    EXPECT_EQ((co_await pipe.reader.read()).size(), 3u);
    EXPECT_EQ((co_await pipe.reader.read()).size(), 2u);
    co_await group.join();
    EXPECT_EQ(written, 5);
  };
  loop.run(main(loop.get()));
}

TEST(BytePipe, APieceBeyondTheCapacityPassesAlone) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    BytePipe pipe = byte_pipe(l, 10);
    const std::string large(1000, 'l');
    EXPECT_TRUE(co_await pipe.writer.write(l, large));
    int written = 0;
    bool refused = false;
    TaskGroup group(l);
    group.spawn(write_many(l, pipe.writer, 1, written, refused));
    co_await l.yield();
    EXPECT_EQ(written, 0);
    EXPECT_EQ(co_await pipe.reader.read(), Pieces{large});
    co_await group.join();
    EXPECT_EQ(written, 1);
  };
  loop.run(main(loop.get()));
}

TEST(BytePipe, AWaitingWriterGivesUpWhenTheReaderGoesOrThePipeIsClosed) {
  for (const bool reader_goes : {true, false}) {
    TestLoop loop;
    auto main = [](Loop& l, bool by_reader) -> Task<void> {
      BytePipe pipe = byte_pipe(l, kSmall);
      int written = 0;
      bool refused = false;
      TaskGroup group(l);
      group.spawn(write_many(l, pipe.writer, 5, written, refused));
      co_await l.yield();
      co_await l.yield();
      EXPECT_FALSE(pipe.writer.reader_gone());
      if (by_reader) {
        pipe.reader = BytePipeReader();
      } else {
        pipe.writer.close();
      }
      co_await group.join();
      EXPECT_TRUE(refused);
      EXPECT_EQ(pipe.writer.reader_gone(), by_reader);
      if (!by_reader) EXPECT_EQ((co_await pipe.reader.read()).size(), 3u);
    };
    loop.run(main(loop.get(), reader_goes));
  }
}

TEST(BytePipe, AWriterThatGoesEndsAWaitingRead) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    BytePipe pipe = byte_pipe(l, 100);
    bool ended = false;
    auto reads = [](BytePipeReader& reader, bool& done) -> Task<void> {
      const Pieces pieces = co_await reader.read();
      done = pieces.empty();
    };
    TaskGroup group(l);
    group.spawn(reads(pipe.reader, ended));
    co_await l.yield();
    EXPECT_FALSE(ended);
    pipe.writer = BytePipeWriter();
    co_await group.join();
    EXPECT_TRUE(ended);
  };
  loop.run(main(loop.get()));
}

TEST(BytePipe, WaitsMayBeDestroyed) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    BytePipe pipe = byte_pipe(l, kSmall);
    int written = 0;
    bool refused = false;
    {
      TaskGroup group(l);
      group.spawn(write_many(l, pipe.writer, 5, written, refused));
      co_await l.yield();
      co_await l.yield();
    }
    EXPECT_EQ((co_await pipe.reader.read()).size(), 3u);
    {
      auto reads = [](BytePipeReader& reader) -> Task<void> { co_await reader.read(); };
      TaskGroup group(l);
      group.spawn(reads(pipe.reader));
      co_await l.yield();
    }
    EXPECT_TRUE(co_await pipe.writer.write(l, "x"));
    EXPECT_EQ(co_await pipe.reader.read(), Pieces{"x"});
  };
  loop.run(main(loop.get()));
}

// Between two threads. Memory stays bounded: never more is under way than fits.
class BytePipeLoops : public ::testing::Test {
 protected:
  BytePipeLoops() : loops_(2, clock_, null_logger()) { loops_.start(); }
  ~BytePipeLoops() override { loops_.stop(); }

  static Task<void> write_all(Loop& here, BytePipeWriter writer, std::size_t count,
                              std::atomic<std::size_t>& written, std::atomic<bool>& done) {
    std::string piece(1000, 'w');
    for (std::size_t i = 0; i < count; ++i) {
      const bool taken = co_await writer.write(here, piece);
      if (!taken) break;
      written += piece.size();
    }
    done = true;
  }
  static Task<void> read_all(BytePipeReader reader, std::size_t stop_after,
                             std::atomic<std::size_t>& written, std::size_t& most_ahead,
                             std::size_t& read, OneShotSender<bool> ended) {
    while (read < stop_after) {
      const Pieces pieces = co_await reader.read();
      if (pieces.empty()) break;
      for (const std::string& piece : pieces) read += piece.size();
      const std::size_t sent = written;
      if (sent > read) most_ahead = std::max(most_ahead, sent - read);
    }
    reader = BytePipeReader();
    ended.send(true);
  }
  static Task<void> wait_for(OneShotReceiver<bool> ended, std::atomic<bool>& seen) {
    const Result<bool> got = co_await ended;
    seen = got.value_or(false);
  }
  static void until(const std::atomic<bool>& flag) {
    ASSERT_TRUE(eventually([&] { return flag.load(); }));
  }
  void run(std::size_t count, std::size_t stop_after) {
    BytePipe pipe = byte_pipe(loops_.at(1), kCapacity);
    auto [sender, receiver] = one_shot<bool>(loops_.at(1));
    loops_.at(0).post([&, w = std::move(pipe.writer)]() mutable {
      Loop& loop = loops_.at(0);
      loop.spawn(write_all(loop, std::move(w), count, written_, write_done_));
    });
    loops_.at(1).post(
        [&, r = std::move(pipe.reader), s = std::move(sender), e = std::move(receiver)]() mutable {
          loops_.at(1).spawn(
              read_all(std::move(r), stop_after, written_, most_ahead_, read_, std::move(s)));
          loops_.at(1).spawn(wait_for(std::move(e), read_done_));
        });
    until(write_done_);
    until(read_done_);
  }

  static constexpr std::size_t kCapacity = 64 * 1024;
  SystemClock clock_;
  LoopGroup loops_;
  std::atomic<std::size_t> written_{0};
  std::atomic<bool> write_done_{false};
  std::atomic<bool> read_done_{false};
  std::size_t most_ahead_ = 0;
  std::size_t read_ = 0;
};

TEST_F(BytePipeLoops, EverythingArrivesAndLittleIsUnderWay) {
  run(20'000, std::size_t(-1));
  EXPECT_EQ(read_, 20'000u * 1000);
  EXPECT_LE(most_ahead_, 2 * kCapacity);
}

TEST_F(BytePipeLoops, AReaderThatGoesSetsTheWriterFree) {
  run(20'000, 1'000'000);
  EXPECT_LT(written_, 20'000u * 1000);
}

}  // namespace
}  // namespace lapwing::net
