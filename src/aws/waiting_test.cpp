// Operations that wait: where their answers are written, and what is counted of those who leave.
#include <future>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "aws/service.hpp"
#include "aws/testing/pipeline.hpp"
#include "aws/value.hpp"
#include "gen/toy/types.hpp"
#include "net/sync.hpp"
#include "net/task_group.hpp"
#include "net/testing/run.hpp"
#include "net/timeout.hpp"

namespace lapwing::aws {
namespace {

namespace toy = gen::toy;

struct Core {};

class WaitingTest : public ::testing::Test {
 protected:
  ManualClock clock_;
  testing::TestPipeline pipeline_{clock_};
};

net::Task<Result<toy::KindsStruct>> answer_large(Core&, net::Loop& loop, const Call&,
                                                 toy::KindsStruct in) {
  const auto bytes = static_cast<std::size_t>(in.huge.value_or(0));
  co_await loop.yield();
  toy::KindsStruct out;
  out.text = std::string(bytes, 'x');
  co_return out;
}

OperationTable large_answers(Core& core) {
  OperationTable table(toy::kModel);
  table.add<toy::Kinds>(core, answer_large, {.access = Access::kRead, .resource = kNoResource});
  return table;
}

std::shared_ptr<Exchange> ask_for(std::string_view body) {
  auto exchange = std::make_shared<Exchange>();
  exchange->operation = toy::kModel.find_operation("Kinds");
  exchange->request = {.method = "POST", .raw_path = "/kinds", .body = body};
  return exchange;
}

constexpr std::string_view kAskSmall = R"({"Huge":1024})";
constexpr std::string_view kAskLarge = R"({"Huge":1048576})";

// While the only worker is busy small answers leave the loop, and large ones wait for it.
TEST_F(WaitingTest, WritesLargeAnswersOfWhatWaitsOnAWorker) {
  Core core;
  const Service service(large_answers(core), pipeline_);
  const Pipeline& pipeline = pipeline_;
  net::testing::TestLoop loop;
  loop.run([](const Service& on, net::WorkerPool& workers, net::Loop& l) -> net::Task<void> {
    std::promise<void> release;
    std::size_t served = 0;
    std::size_t performed = 0;
    {
      net::TaskGroup tasks(l);
      tasks.spawn(
          [](net::WorkerPool& pool, net::Loop& at, std::future<void> until) -> net::Task<void> {
            (void)co_await pool.run(at, [&until] { until.wait(); });
          }(workers, l, release.get_future()));
      tasks.spawn([](const Service& to, net::Loop& at, std::size_t& bytes) -> net::Task<void> {
        bytes = (co_await to.serve(at, ask_for(kAskLarge)))->body.size();
      }(on, l, served));
      tasks.spawn([](const Service& to, net::Loop& at, std::size_t& bytes) -> net::Task<void> {
        bytes = (co_await to.perform(at, "Kinds", std::string(kAskLarge), {}))->size();
      }(on, l, performed));
      for (int i = 0; i < 100; ++i) co_await l.yield();
      EXPECT_EQ((co_await on.serve(l, ask_for(kAskSmall)))->status, 200);
      EXPECT_EQ(served, 0U);
      EXPECT_EQ(performed, 0U);
      release.set_value();
      while (served == 0 || performed == 0) co_await l.yield();
    }
    EXPECT_GT(served, 1'048'576U);
    EXPECT_GT(performed, 1'048'576U);
  }(service, pipeline.workers, loop.get()));
  const auto at = toy::kModel.find_operation("Kinds")->index;
  EXPECT_EQ(service.table().entry(at).counts->calls, 3U);
  EXPECT_EQ(service.table().entry(at).counts->left, 0U);
}

// What the operation did is done: its answer is not refused.
TEST_F(WaitingTest, WritesALargeAnswerItselfWhereNoWorkerIsToBeHad) {
  Core core;
  const Pipeline& given = pipeline_;
  net::WorkerPool none(1, 0);
  const Service service(large_answers(core),
                        Pipeline{given.patterns, given.log, given.clock, given.authoriser, none});
  net::testing::TestLoop loop;
  loop.run([](const Service& on, net::Loop& l) -> net::Task<void> {
    EXPECT_EQ((co_await on.serve(l, ask_for(kAskLarge)))->status, 200);
    EXPECT_TRUE(co_await on.perform(l, "Kinds", std::string(kAskLarge), {}));
  }(service, loop.get()));
}

net::Task<Result<toy::KindsStruct>> wait_on(Core&, net::Loop& loop, const Call&, toy::KindsStruct) {
  net::Event never(loop);
  co_await never.wait();
  co_return toy::KindsStruct();
}

TEST_F(WaitingTest, CountsThoseWhoLeaveWhatWaits) {
  Core core;
  OperationTable table(toy::kModel);
  table.add<toy::Kinds>(core, wait_on, {.access = Access::kRead, .resource = kNoResource});
  const Service service(std::move(table), pipeline_);
  net::testing::TestLoop loop;
  loop.run([](const Service& on, net::Loop& l) -> net::Task<void> {
    net::Task<Result<Response>> given_up = on.serve(l, ask_for(kAskSmall));
    std::stop_source stop;
    stop.request_stop();
    EXPECT_FALSE(co_await net::with_stop(l, stop.get_token(), std::move(given_up)));
  }(service, loop.get()));
  const OperationCounts& counts =
      *service.table().entry(toy::kModel.find_operation("Kinds")->index).counts;
  EXPECT_EQ(counts.calls, 1U);
  EXPECT_EQ(counts.left, 1U);
  EXPECT_EQ(counts.refused, 0U);
  EXPECT_EQ(counts.failed, 0U);
}

TEST(TextBytes, IsAboutWhatIsWritten) {
  Arena arena;
  toy::KindsStruct in;
  in.text = std::string(1000, 'x');
  in.list = {std::string(500, 'y'), std::string(500, 'y')};
  in.map.emplace()[std::string(100, 'k')] = std::string(400, 'v');
  const Value value = to(in, arena);
  EXPECT_GE(text_bytes(value, 1'000'000), 2500U);
  EXPECT_LE(text_bytes(value, 1'000'000), 2700U);
  EXPECT_EQ(text_bytes(value, 1200), 1200U);
  EXPECT_EQ(text_bytes(Value(), 10), 0U);
}

}  // namespace
}  // namespace lapwing::aws
