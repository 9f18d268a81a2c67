// What the way of an event costs on the SQLite engine, against the same messages enqueued, claimed
// and completed with nothing in between.
//   lapwing_delivery_bench --benchmark_filter=.
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>

#include "delivery/outbox.hpp"
#include "delivery/packing.hpp"
#include "net/loop_group.hpp"
#include "store/sqlite/sqlite_engine.hpp"

namespace lapwing::delivery {
namespace {

constexpr int kCallers = 16;            // transactions of senders that wait at once
constexpr std::size_t kAtOnce = 10;     // postings each of them accepts
constexpr std::size_t kRound = 50'000;  // postings of an iteration, until all of them have arrived
constexpr std::size_t kTakes = kBatch;  // messages a claim of the floor takes

void check(bool good) {
  if (!good) throw std::runtime_error("a call failed");
}

// A directory on the disk that is measured: $LAPWING_BENCH_DIR, or the current one.
class Bench {
 public:
  Bench() {
    const char* base = std::getenv("LAPWING_BENCH_DIR");
    dir_ = std::string(base != nullptr ? base : ".") + "/delivery-bench-XXXXXX";
    check(::mkdtemp(dir_.data()) != nullptr);
    auto engine = store::open_sqlite_engine({dir_}, clock, null_logger());
    check(engine.has_value());
    engine_ = std::move(*engine);
  }
  ~Bench() {
    engine_.reset();
    std::filesystem::remove_all(dir_);
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  store::Space& space() { return **engine_->space("post"); }

  SystemClock clock;

 private:
  std::string dir_;
  std::unique_ptr<store::Engine> engine_;
};

// As many transactions at a time as there are callers.
class Callers {
 public:
  Callers(store::Store& store, int callers) : store_(store), free_(callers), all_(callers) {}
  ~Callers() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return free_ == all_; });
  }
  void call(store::TxnBody body) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return free_ > 0; });
      --free_;
    }
    check(store_
              .submit(std::move(body), {},
                      [this](const Result<store::Committed>& done) {
                        check(done.has_value());
                        const std::scoped_lock lock(mutex_);
                        ++free_;
                        changed_.notify_all();
                      })
              .has_value());
  }

 private:
  store::Store& store_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int free_;
  const int all_;
};

// Takes everything, in memory; counts.
class Counting final : public ports::Destination {
 public:
  net::Task<std::vector<ports::Delivered>> deliver(
      net::Loop&, const std::vector<ports::Parcel>& parcels) override {
    {
      const std::scoped_lock lock(mutex_);
      taken_ += parcels.size();
    }
    changed_.notify_all();
    co_return std::vector<ports::Delivered>(parcels.size());
  }
  void wait_for(std::uint64_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return taken_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t taken_ = 0;
};

class Plain final : public Sender {
 public:
  std::optional<Shipment> shipment(const Posting& posting, std::string_view addressee) override {
    Shipment out;
    out.parcel.target = "arn:aws:sqs:eu-west-1:123456789012:";
    out.parcel.target += addressee;
    out.parcel.body = posting.event;
    return out;
  }
  std::optional<ports::Parcel> dead_letter(const Posting&, std::string_view,
                                           const Failure&) override {
    return std::nullopt;
  }
};

Posting sample(std::int64_t addressees, bool grouped, std::int64_t number) {
  Posting out{.id = "3f2504e0-4f89-41d3-9a0c-" + std::to_string(100'000'000'000 + number),
              .event = std::string(500, 'e'),
              .addressees = {},
              .accepted_ms = 1};
  for (std::int64_t i = 0; i < addressees; ++i) {
    out.addressees.push_back("arn:aws:sns:eu-west-1:123456789012:topic:" + std::to_string(i));
  }
  if (grouped) out.group = "group" + std::to_string(number % 100);
  return out;
}

// Arguments: addressees; whether postings have one of a hundred groups. An item is a posting.
void BM_Outbox(benchmark::State& state) {
  Bench bench;
  SystemClock& clock = bench.clock;
  SeededRandom random(1);
  background::Runner background(clock, null_logger(), {});
  net::LoopGroup loops(1, clock, null_logger());
  Counting counting;
  ports::Destinations destinations;
  destinations.add("sqs", counting);
  Plain sender;
  std::uint64_t sent = 0;
  {
    Outbox outbox("bench",
                  {bench.space(), clock, random, null_logger(), background, loops, destinations},
                  sender);
    background.start();
    loops.start();
    check(outbox.start().has_value());
    for (auto _ : state) {
      {
        Callers callers(bench.space().store(), kCallers);
        for (std::size_t done = 0; done < kRound; done += kAtOnce) {
          std::vector<Posting> postings;
          for (std::size_t i = 0; i < kAtOnce; ++i) {
            postings.push_back(
                sample(state.range(0), state.range(1) != 0, static_cast<std::int64_t>(sent++)));
          }
          callers.call([&outbox, postings = std::move(postings)](store::Txn& txn) -> Status {
            for (const Posting& each : postings) LAPWING_CHECK(outbox.accept(txn, each));
            return {};
          });
        }
      }
      counting.wait_for(sent * static_cast<std::uint64_t>(state.range(0)));
    }
    outbox.drain();
    outbox.stop();
  }
  loops.stop();
  background.stop();
  state.SetItemsProcessed(static_cast<std::int64_t>(sent));
}
BENCHMARK(BM_Outbox)
    ->Args({1, 0})
    ->Args({10, 0})
    ->Args({1, 1})
    ->Args({10, 1})
    ->Iterations(3)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

// The same messages through a queue: as many taken at a time, each batch completed in one
// transaction with the next claim, kBatchesUnderWay of them.
void BM_Floor(benchmark::State& state) {
  Bench bench;
  store::Store& store = bench.space().store();
  std::uint64_t sent = 0;
  std::atomic<std::uint64_t> completed{0};
  std::atomic<bool> over{false};
  std::vector<std::thread> takers;
  for (std::size_t i = 0; i < kBatchesUnderWay; ++i) {
    takers.emplace_back([&] {
      std::vector<store::Receipt> receipts;
      while (!over) {
        std::vector<store::Receipt> taken;
        check(store
                  .transact([&](store::Txn& txn) -> Status {
                    taken.clear();
                    for (const auto& receipt : receipts) LAPWING_CHECK(txn.complete(receipt));
                    LAPWING_TRY(
                        const store::ClaimResult got,
                        txn.claim({.queues = {"outbox"}, .max = kTakes, .visibility = kClaim}));
                    for (const auto& each : got.messages) taken.push_back(each.receipt);
                    return {};
                  })
                  .has_value());
        completed += receipts.size();
        receipts = std::move(taken);
      }
    });
  }
  for (auto _ : state) {
    {
      Callers callers(store, kCallers);
      for (std::size_t done = 0; done < kRound; done += kAtOnce) {
        std::vector<std::string> payloads;
        for (std::size_t i = 0; i < kAtOnce; ++i) {
          payloads.push_back(
              pack(sample(state.range(0), false, static_cast<std::int64_t>(sent++))));
        }
        callers.call([payloads = std::move(payloads)](store::Txn& txn) -> Status {
          for (const std::string& each : payloads) {
            LAPWING_CHECK(txn.enqueue({.queue = "outbox", .payload = each}));
          }
          return {};
        });
      }
    }
    while (completed < sent) std::this_thread::yield();
  }
  over = true;
  for (std::thread& taker : takers) taker.join();
  state.SetItemsProcessed(static_cast<std::int64_t>(sent));
}
BENCHMARK(BM_Floor)->Arg(1)->Arg(10)->Iterations(3)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace lapwing::delivery
