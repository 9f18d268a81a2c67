// Function output through the sink into SQLite: lines of 100 bytes from one stream and from
// many, until all is on disk. The bar: faster than functions can print.
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <unistd.h>

#include <benchmark/benchmark.h>

#include "services/logs/core.hpp"
#include "store/sqlite/sqlite_engine.hpp"

namespace lapwing::logs {
namespace {

void sink_to_disk(benchmark::State& state) {
  constexpr std::size_t kLine = 100;
  constexpr std::size_t kBatch = 1000;
  constexpr std::size_t kTotal = 100 * kMiB;
  const auto streams = static_cast<std::size_t>(state.range(0));
  const SystemClock clock;
  SeededRandom random(1);
  for (auto _ : state) {
    std::string directory = "/tmp/logs-bench-XXXXXX";
    if (mkdtemp(directory.data()) == nullptr) return state.SkipWithError("no directory");
    auto engine = store::open_sqlite_engine({directory}, clock, null_logger());
    if (!engine) return state.SkipWithError(engine.error().to_log().c_str());
    {
      Core core((*engine)->store(), (*engine)->bulk_log(), clock, random, null_logger());
      core.sink.start();
      const std::string line(kLine - 1, 'x');
      for (std::size_t sent = 0, i = 0; sent < kTotal; sent += kBatch * kLine, ++i) {
        while (core.sink.backlog_bytes() > core.sink.backlog_limit_bytes())
          std::this_thread::yield();
        std::vector<ports::LogEvent> events(kBatch, ports::LogEvent{clock.wall(), line});
        core.sink.append({AccountId(kDefaultAccount), Region(kDefaultRegion), "g",
                          "s" + std::to_string(i % streams)},
                         std::move(events));
      }
      core.sink.stop();
    }
    engine->reset();
    state.PauseTiming();
    (void)std::system(("rm -r " + directory).c_str());
    state.ResumeTiming();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kTotal));
}
BENCHMARK(sink_to_disk)->Arg(1)->Arg(100)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace lapwing::logs
