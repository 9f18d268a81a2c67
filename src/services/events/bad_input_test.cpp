// What nobody should send: see hosting/testing/bad_input.hpp.
#include "hosting/testing/bad_input.hpp"

#include "services/events/testing/bus_host.hpp"

namespace lapwing::events {
namespace {

TEST(EventsBadInput, IsRefusedAndChangesNothing) {
  testing::BusHost h;
  EXPECT_EQ(hosting::testing::send_bad_input(
                h, {.good = {{"EventPattern", R"("{\"source\":[\"app\"]}")"},
                             {"EventSourceArn", testing::in_quotes(h.arn("event-bus/default"))}}}),
            "");
}

}  // namespace
}  // namespace lapwing::events
