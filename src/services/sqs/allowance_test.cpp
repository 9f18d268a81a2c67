// What callers may hold: answers that are made, polls that wait.
#include <algorithm>
#include <thread>

#include "base/testing/eventually.hpp"
#include "services/sqs/testing/queues.hpp"

namespace lapwing::sqs {
namespace {

using lapwing::testing::eventually;
using testing::Pending;
using testing::Queues;

// So many bytes of answers, and so many that wait.
class Share final : public aws::Allowance {
 public:
  std::uint64_t answer_room() override { return room - std::min(room, held); }
  void hold_answer(std::uint64_t bytes) override { held = bytes; }
  bool wait_long() override { return waits-- > 0; }

  std::uint64_t room = UINT64_MAX;
  std::uint64_t held = 0;
  int waits = 0;
};

TEST(SqsAllowance, AReceiveTakesWhatMayBeAnswered) {
  Queues q;
  ASSERT_TRUE(q.create("a").ok());
  for (const char* first : {"1", "2", "3", "4"}) {
    ASSERT_TRUE(q.send("a", first + std::string(10'000, 'x')).ok());
  }
  const auto share = std::make_shared<Share>();
  q.allowance = share;
  share->room = kAnswerCopies * 15'000;
  EXPECT_EQ(q.receive("a", R"("MaxNumberOfMessages":10)").size("Messages"), 2u);
  EXPECT_GT(share->held, kAnswerCopies * 20'000);
  // One is taken in any case, unless nothing may be answered.
  share->room = 1;
  EXPECT_EQ(q.receive("a", R"("MaxNumberOfMessages":10)").size("Messages"), 1u);
  share->room = 0;
  EXPECT_EQ(q.receive("a", R"("MaxNumberOfMessages":10)").error, "RequestThrottled");
  EXPECT_EQ(share->held, 0u);
  EXPECT_EQ(q.get("a", "ApproximateNumberOfMessages"), "1");
}

TEST(SqsAllowance, WhoMayNotWaitIsToldSo) {
  Queues q;
  ASSERT_TRUE(q.create("a").ok());
  const auto share = std::make_shared<Share>();
  q.allowance = share;
  share->waits = 1;
  Pending poll = q.begin("ReceiveMessage", Queues::with("a", R"("WaitTimeSeconds":20)"));
  ASSERT_TRUE(eventually([&] { return q.service().waiting_polls() > 0; }));
  EXPECT_EQ(q.receive("a", R"("WaitTimeSeconds":20)").error, "OverLimit");
  EXPECT_EQ(q.receive("a").text, "{}");
  ASSERT_TRUE(q.send("a", "x").ok());
  EXPECT_EQ(poll.get().at("Messages.0.Body"), "x");
}

}  // namespace
}  // namespace lapwing::sqs
