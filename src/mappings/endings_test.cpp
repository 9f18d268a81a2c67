#include "mappings/endings.hpp"

#include <gtest/gtest.h>

#include "base/testing/eventually.hpp"
#include "mappings/testing/poll_bench.hpp"

namespace lapwing::mappings {
namespace {

using lapwing::testing::eventually;

TEST(Endings, WaitForWhatIsAtWorkAndStayUntilTheyAreForgotten) {
  testing::PollBench bench;
  const auto endings = std::make_shared<Endings>();
  bench.consumer->hold();
  bench.send({"a"});
  bench.start({});
  ASSERT_TRUE(eventually([&] { return bench.consumer->at_once() == 1; }));
  EXPECT_FALSE(endings->waits("m"));
  EXPECT_FALSE(endings->ended(*bench.pollers, "m"));
  EXPECT_FALSE(endings->ended(*bench.pollers, "m"));
  EXPECT_TRUE(endings->waits("m"));
  bench.consumer->let_go();
  ASSERT_TRUE(eventually([&] { return !endings->waits("m"); }));
  // A step that could not write it asks again.
  EXPECT_TRUE(endings->ended(*bench.pollers, "m"));
  EXPECT_TRUE(endings->ended(*bench.pollers, "m"));
  endings->forget("m");
  EXPECT_FALSE(endings->ended(*bench.pollers, "m"));
}

}  // namespace
}  // namespace lapwing::mappings
