// What the SQLite engine costs: durable commits (group commit shows with threads), reads,
// starting over a filled directory, and the bulk log.
//   lapwing_store_bench --benchmark_filter=.
#include <atomic>
#include <filesystem>
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
