// What a live tail's session gives from one update to the next.
#include "services/logs/following/live_tails.hpp"

#include "services/logs/limits.hpp"
#include "services/logs/testing/fixture.hpp"

namespace lapwing::logs {
namespace {

class LiveTail : public LogsFixture {
 protected:
  LiveTail() { make("g", {"a", "b"}); }

  TailAsk ask() {
    return {.scope = aws::scope_of(call_.caller),
            .groups = {*core_->repository.group(aws::scope_of(call_.caller), "g")},
            .streams = {},
            .prefixes = {},
            .pattern = {}};
  }
  Result<std::shared_ptr<TailSession>> open(TailAsk what) {
    return TailSession::open(core_->tails, core_->events.log(), random_, std::move(what));
  }
  static Messages taken(TailSession& session) {
    const auto update = session.take();
    EXPECT_TRUE(update);
    Messages out;
    for (const TailEvent& each : update->events) out.push_back(each.stream + ":" + each.message);
    return out;
  }
};

TEST_F(LiveTail, GivesWhatCameSinceTheLastUpdate) {
  ASSERT_TRUE(put("g", "a", {{kNowMs, "before"}}));
  const auto session = open(ask());
  ASSERT_TRUE(session);
  EXPECT_EQ(taken(**session), Messages{});
  ASSERT_TRUE(put("g", "b", {{kNowMs + 2, "two"}}));
  ASSERT_TRUE(put("g", "a", {{kNowMs + 1, "one"}}));
  EXPECT_EQ(taken(**session), (Messages{"a:one", "b:two"}));
  EXPECT_EQ(taken(**session), Messages{});
  ASSERT_TRUE(create_log_stream(*core_, call_, {"g", "new"}));
  ASSERT_TRUE(put("g", "new", {{kNowMs - 1, "three"}}));
  core_->sink.append(ref("g", "env"), {{clock_.wall(), "printed"}});
  ASSERT_TRUE(core_->sink.flush_all());
  EXPECT_EQ(taken(**session), (Messages{"new:three", "env:printed\n"}));
}

TEST_F(LiveTail, WantsStreamsAndPatterns) {
  TailAsk what = ask();
  what.streams = {"b"};
  what.pattern = *FilterPattern::parse("ERROR");
  const auto one = open(std::move(what));
  what = ask();
  what.prefixes = {"a"};
  const auto other = open(std::move(what));
  ASSERT_TRUE(one && other);
  ASSERT_TRUE(put("g", "a", {{kNowMs, "ERROR a"}}));
  ASSERT_TRUE(put("g", "b", {{kNowMs, "fine"}, {kNowMs, "ERROR b"}}));
  EXPECT_EQ(taken(**one), Messages{"b:ERROR b"});
  EXPECT_EQ(taken(**other), Messages{"a:ERROR a"});
}

TEST_F(LiveTail, SamplesWhatIsTooMuch) {
  const auto session = open(ask());
  ASSERT_TRUE(session);
  std::vector<std::pair<std::int64_t, std::string>> many;
  for (int i = 0; i < 600; ++i) many.emplace_back(kNowMs + i / 10, std::to_string(i));
  ASSERT_TRUE(put("g", "a", many));
  const auto update = (*session)->take();
  ASSERT_TRUE(update);
  EXPECT_EQ(update->events.size(), kTailEventsMax);
  EXPECT_TRUE(update->sampled);
  EXPECT_TRUE(std::ranges::is_sorted(update->events, {}, &TailEvent::time_ms));
  many.resize(500);
  ASSERT_TRUE(put("g", "a", many));
  const auto next = (*session)->take();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->events.size(), kTailEventsMax);
  EXPECT_FALSE(next->sampled);
}

TEST_F(LiveTail, SkipsWhatNobodyCouldRead) {
  const auto session = open(ask());
  ASSERT_TRUE(session);
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(put("g", "a", {{kNowMs, std::string(900 * 1024, 'x')}}));
  }
  const auto update = (*session)->take();
  ASSERT_TRUE(update);
  EXPECT_TRUE(update->sampled);
  EXPECT_LT(update->events.size(), 12U);
  ASSERT_TRUE(put("g", "a", {{kNowMs, "after"}}));
  EXPECT_EQ(taken(**session), Messages{"a:after"});
}

TEST_F(LiveTail, SessionsAreCounted) {
  std::vector<std::shared_ptr<TailSession>> open_ones;
  for (std::size_t i = 0; i < kTailSessionsMax; ++i) open_ones.push_back(*open(ask()));
  EXPECT_EQ(error_of(open(ask())), "LimitExceededException: Resource limit exceeded.");
  open_ones.pop_back();
  EXPECT_TRUE(open(ask()));
}

}  // namespace
}  // namespace lapwing::logs
