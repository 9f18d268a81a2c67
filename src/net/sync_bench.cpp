// What a hand-over costs: between coroutines of one loop (no system call), between two
// loops, and what arming a deadline for every request costs among many.
#include <chrono>
#include <memory>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/log.hpp"
#include "net/loop_group.hpp"
#include "net/sync.hpp"
#include "net/task.hpp"

namespace lapwing::net {
namespace {

Task<int> immediate() { co_return 1; }

Task<void> await_tasks(Loop& loop, benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(co_await immediate());
  loop.stop();
}

Task<void> send_later(OneShotSender<int> sender) {
  sender.send(1);
  co_return;
}

Task<void> one_shot_same_loop(Loop& loop, benchmark::State& state) {
  for (auto _ : state) {
    auto pair = one_shot<int>(loop);
    loop.spawn(send_later(std::move(pair.sender)));
    benchmark::DoNotOptimize(co_await pair.receiver);
  }
  loop.stop();
}

Task<void> arm_deadlines(Loop& loop, benchmark::State& state) {
  std::vector<std::unique_ptr<Timer>> others;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    others.push_back(std::make_unique<Timer>(loop, [] {}));
    others.back()->arm_after(std::chrono::seconds(100 + i % 60));
  }
  for (auto _ : state) {
    Timer timer(loop, [] {});
    timer.arm_after(std::chrono::seconds(30));
    timer.disarm();
  }
  loop.stop();
  co_return;
}

template <Task<void> (*Body)(Loop&, benchmark::State&)>
void on_one_loop(benchmark::State& state) {
  SystemClock clock;
  Loop loop(clock, null_logger());
  loop.spawn(Body(loop, state));
  loop.run();
}
BENCHMARK(on_one_loop<await_tasks>)->Name("await_a_task");
BENCHMARK(on_one_loop<one_shot_same_loop>)->Name("spawn_and_one_shot_same_loop");
BENCHMARK(on_one_loop<arm_deadlines>)->Name("arm_and_cancel_a_timer_among")->Arg(0)->Arg(10'000);

// There and back: two messages.
Task<void> between_loops(Loop& here, Loop& there, benchmark::State& state) {
  for (auto _ : state) {
    auto pair = one_shot<int>(here);
    auto sender = std::make_shared<OneShotSender<int>>(std::move(pair.sender));
    there.post([sender] { sender->send(1); });
    benchmark::DoNotOptimize(co_await pair.receiver);
  }
  here.stop();
}
void one_shot_between_loops(benchmark::State& state) {
  SystemClock clock;
  LoopGroup other(1, clock, null_logger());
  other.start();
  Loop loop(clock, null_logger());
  loop.spawn(between_loops(loop, other.at(0), state));
  loop.run();
  other.stop();
}
BENCHMARK(one_shot_between_loops)->UseRealTime();

}  // namespace
}  // namespace lapwing::net
