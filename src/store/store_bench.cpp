// What the SQLite engine costs: durable commits (group commit shows with threads), reads,
// starting over a filled directory, and the bulk log.
//   lapwing_store_bench --benchmark_filter=.
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "store/sqlite/sqlite_engine.hpp"

namespace lapwing::store {
namespace {

// A directory on the disk that is measured: $LAPWING_BENCH_DIR, or the current one.
class Bench {
 public:
  Bench() {
    const char* base = std::getenv("LAPWING_BENCH_DIR");
    dir_ = std::string(base != nullptr ? base : ".") + "/store-bench-XXXXXX";
    if (::mkdtemp(dir_.data()) == nullptr) throw std::runtime_error("mkdtemp " + dir_);
    open();
  }
  ~Bench() {
    engine_.reset();
    std::filesystem::remove_all(dir_);
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  Engine& operator*() { return *engine_; }
  const std::string& dir() const { return dir_; }
  void close() { engine_.reset(); }
  void open() {
    auto engine = open_sqlite_engine({dir_}, clock_, null_logger());
    if (!engine) throw std::runtime_error(engine.error().to_log());
    engine_ = std::move(*engine);
  }

 private:
  std::string dir_;
  SystemClock clock_;
  std::unique_ptr<Engine> engine_;
};

void check(bool good) {
  if (!good) throw std::runtime_error("a call failed");
}

void fill(Engine& engine, int records) {
  check(engine.store()
            .transact([&](Txn& txn) -> Status {
              for (int i = 0; i < records; ++i) {
                LAPWING_CHECK(txn.put("fn", std::to_string(i), std::string(2000, 'v'),
                                      {Expect::any(), {{"runtime", "python3.12"}}}));
              }
              return {};
            })
            .has_value());
}

std::unique_ptr<Bench> shared;
std::atomic<int> next_key = 0;

void start(const benchmark::State&) {
  shared = std::make_unique<Bench>();
  fill(**shared, 1000);
}
void stop(const benchmark::State&) { shared.reset(); }

void BM_DurablePut(benchmark::State& state) {
  const std::string value(500, 'v');
  for (auto _ : state) {
    check((**shared).store().put("k", std::to_string(next_key++), value).has_value());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_DurablePut)->Setup(start)->Teardown(stop)->ThreadRange(1, 64)->UseRealTime();

void BM_EnqueueClaimComplete(benchmark::State& state) {
  const std::vector<std::string> queues{"q" + std::to_string(state.thread_index())};
  for (auto _ : state) {
    Queue& queue = (**shared).queue();
    check(queue.enqueue({queues[0], std::string(500, 'm')}).has_value());
    const auto claimed = queue.claim(queues, 1, std::chrono::seconds(30));
    check(claimed && claimed->size() == 1 && queue.complete(claimed->front().receipt));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_EnqueueClaimComplete)
    ->Setup(start)
    ->Teardown(stop)
    ->Threads(1)
    ->Threads(16)
    ->UseRealTime();

// Messages of 500 bytes through submit(): so many callers at a time, each with so many messages a
// transaction, in a space of its own, beside so many that wait already.
class Callers {
 public:
  Callers(Store& store, int callers) : store_(store), free_(callers), all_(callers) {}
  ~Callers() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return free_ == all_; });
  }
  void call(TxnBody body) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return free_ > 0; });
      --free_;
    }
    check(store_
              .submit(std::move(body), {},
                      [this](const Result<Committed>& done) {
                        check(done.has_value());
                        const std::scoped_lock lock(mutex_);
                        ++free_;
                        changed_.notify_all();
                      })
              .has_value());
  }

 private:
  Store& store_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int free_;
  const int all_;
};

TxnBody send_batch(std::int64_t count) {
  return [count](Txn& txn) -> Status {
    static const std::string payload(500, 'm');
    for (std::int64_t i = 0; i < count; ++i) {
      LAPWING_CHECK(txn.enqueue({.queue = "q", .payload = payload}));
    }
    return {};
  };
}

void send_many(Store& store, std::int64_t count) {
  Callers callers(store, 4);
  for (std::int64_t i = 0; i < count; i += 1000) callers.call(send_batch(1000));
}

// Arguments: callers, messages a transaction, messages that wait.
void BM_Send(benchmark::State& state) {
  Bench bench;
  Space& space = **(*bench).space("messages");
  send_many(space.store(), state.range(2));
  {
    Callers callers(space.store(), static_cast<int>(state.range(0)));
    for (auto _ : state) callers.call(send_batch(state.range(1)));
  }
  state.SetItemsProcessed(state.iterations() * state.range(1));
}
BENCHMARK(BM_Send)
    ->Args({16, 1, 0})
    ->Args({16, 10, 0})
    ->Args({16, 1, 1'000'000})
    ->Args({16, 10, 1'000'000})
    ->UseRealTime();

// Claiming and completing, each a transaction, by callers that go on with one when they have the
// other. Arguments as above; so many more are there as are taken.
void BM_ClaimComplete(benchmark::State& state) {
  Bench bench;
  Space& space = **(*bench).space("messages");
  const std::int64_t batch = state.range(1);
  send_many(space.store(), state.range(2) + state.max_iterations * batch);
  {
    Callers callers(space.store(), static_cast<int>(state.range(0)));
    for (auto _ : state) {
      auto receipts = std::make_shared<std::vector<Receipt>>();
      callers.call([receipts, batch](Txn& txn) -> Status {
        LAPWING_TRY(const ClaimResult got, txn.claim({.queues = {"q"},
                                                      .max = static_cast<std::size_t>(batch),
                                                      .visibility = std::chrono::seconds(30),
                                                      .in_flight_max = 120'000}));
        receipts->clear();
        for (const Claimed& message : got.messages) receipts->push_back(message.receipt);
        return receipts->empty() ? fail(internal_error("none")) : Status{};
      });
      callers.call([receipts](Txn& txn) -> Status {
        for (const Receipt& receipt : *receipts) LAPWING_CHECK(txn.complete(receipt));
        return {};
      });
    }
  }
  state.SetItemsProcessed(state.iterations() * batch);
}
BENCHMARK(BM_ClaimComplete)
    ->Args({16, 10, 0})
    ->Args({16, 10, 1'000'000})
    ->Iterations(3000)
    ->UseRealTime();

void BM_QueueStats(benchmark::State& state) {
  Bench bench;
  Space& space = **(*bench).space("messages");
  send_many(space.store(), state.range(0));
  for (auto _ : state) check(space.queue().stats("q").has_value());
}
BENCHMARK(BM_QueueStats)->Arg(1000)->Arg(1'000'000);

void BM_StartOverMessages(benchmark::State& state) {
  Bench bench;
  send_many((**(*bench).space("messages")).store(), state.range(0));
  for (auto _ : state) {
    state.PauseTiming();
    bench.close();
    state.ResumeTiming();
    bench.open();
    check((*(*bench).space("messages"))->queue().stats("q")->visible > 0);
  }
}
// The files as kill -9 leaves them: with a log that was not copied into them.
void BM_StartAfterKill(benchmark::State& state) {
  Bench bench;
  send_many((**(*bench).space("messages")).store(), state.range(0));
  const std::string killed = bench.dir() + "-killed";
  for (auto _ : state) {
    state.PauseTiming();
    std::filesystem::remove_all(killed);
    std::filesystem::copy(bench.dir(), killed, std::filesystem::copy_options::recursive);
    {
      SystemClock clock;
      state.ResumeTiming();
      const auto engine = open_sqlite_engine({killed}, clock, null_logger());
      check(engine.has_value());
      check((*(*engine)->space("messages"))->queue().stats("q")->visible > 0);
      state.PauseTiming();
    }
    state.ResumeTiming();
  }
  std::filesystem::remove_all(killed);
}
BENCHMARK(BM_StartAfterKill)
    ->Arg(1'000'000)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(3)
    ->UseRealTime();
BENCHMARK(BM_StartOverMessages)->Arg(1'000'000)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_Get(benchmark::State& state) {
  for (auto _ : state) {
    check((**shared).store().get("fn", std::to_string(next_key++ % 1000))->has_value());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Get)->Setup(start)->Teardown(stop)->Threads(1)->Threads(2)->UseRealTime();

void BM_ScanPageOf50(benchmark::State& state) {
  for (auto _ : state) {
    check((**shared).store().scan({.kind = "fn", .limit = 50})->records.size() == 50);
  }
}
BENCHMARK(BM_ScanPageOf50)->Setup(start)->Teardown(stop)->UseRealTime();

// One batch is 1000 lines of 100 bytes.
void BM_BulkLogAppend(benchmark::State& state) {
  const std::vector<LogInput> batch(1000, {1'700'000'000'000, std::string(100, 'x')});
  const std::string shard = std::to_string(state.thread_index());
  for (auto _ : state) check((**shared).bulk_log().append("s", shard, batch).has_value());
  state.SetBytesProcessed(state.iterations() * 100'000);
}
BENCHMARK(BM_BulkLogAppend)->Setup(start)->Teardown(stop)->Threads(1)->Threads(4)->UseRealTime();

void BM_StartOverRecords(benchmark::State& state) {
  Bench bench;
  fill(*bench, static_cast<int>(state.range(0)));
  for (auto _ : state) {
    state.PauseTiming();
    bench.close();
    state.ResumeTiming();
    bench.open();
    std::size_t count = 0;
    check(for_each_record((*bench).store(), {.kind = "fn"}, [&](Record&) -> Status {
            ++count;
            return {};
          }).has_value());
    check(count == static_cast<std::size_t>(state.range(0)));
  }
}
BENCHMARK(BM_StartOverRecords)
    ->Arg(1000)
    ->Arg(10'000)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace lapwing::store
