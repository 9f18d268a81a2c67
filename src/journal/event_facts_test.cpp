#include "journal/event_facts.hpp"

#include <charconv>

#include <gtest/gtest.h>

namespace lapwing::journal {
namespace {

// A list of `count` rows "NAME0", "NAME1", ...
auto part(const std::string& name, int count) {
  return [name, count](const EventAsk& ask) -> Result<EventPage> {
    int at = 0;
    std::from_chars(ask.after.data(), ask.after.data() + ask.after.size(), at);
    EventPage out;
    for (; at < count && out.rows.size() < ask.max; ++at) {
      out.rows.push_back({.name = name + std::to_string(at)});
    }
    if (at < count) out.next = std::to_string(at);
    return out;
  };
}

TEST(EventFacts, PagesGoOnFromPartToPart) {
  const auto a = part("a", 3);
  const auto none = part("b", 0);
  const auto c = part("c", 2);
  const EventPart parts[] = {a, none, c};
  for (std::size_t max = 1; max < 7; ++max) {
    EventAsk ask{.max = max};
    std::string all;
    for (int pages = 0; pages < 9; ++pages) {
      const auto page = events_of_all(ask, parts);
      ASSERT_TRUE(page.has_value());
      ASSERT_LE(page->rows.size(), max);
      for (const EventRow& row : page->rows) all += row.name + " ";
      ask.after = page->next;
      if (ask.after.empty()) break;
    }
    EXPECT_EQ(all, "a0 a1 a2 c0 c1 ") << max;
  }
}

TEST(EventFacts, APlaceThatIsNoneIsRefused) {
  const auto a = part("a", 3);
  const EventPart parts[] = {a};
  for (const char* const after : {"x", "1", ":", "-1:"}) {
    EXPECT_FALSE(events_of_all({.after = after}, parts).has_value()) << after;
  }
  EXPECT_TRUE(events_of_all({.after = "9:x"}, parts)->rows.empty());
}

TEST(EventFacts, ListsHaveNames) {
  for (const EventList each : kEventLists) EXPECT_EQ(event_list(to_string(each)), each);
  EXPECT_FALSE(event_list("").has_value());
}

TEST(EventFacts, AFunctionIsNamedWhole) {
  const std::string f = "arn:aws:lambda:us-east-1:000000000000:function:f";
  const EventAsk ask{.function = "f"};
  EXPECT_TRUE(passes(ask, {.name = f}));
  EXPECT_TRUE(passes(ask, {.to = f + ":live"}));
  for (const char* const more : {"oo", "-1", "_", "2:live"}) {
    EXPECT_FALSE(passes(ask, {.name = f + more})) << more;
  }
  EXPECT_FALSE(passes(ask, {.name = "f"}));
  EXPECT_TRUE(passes({.holds = "live", .function = "f"}, {.name = f + ":live"}));
  EXPECT_FALSE(passes({.holds = "live", .function = "f"}, {.name = f}));
  EXPECT_GT(looked_at({.max = 1, .function = "f"}), 1u);
}

TEST(EventFacts, AFilterLooksAtNameTargetAndId) {
  EXPECT_TRUE(passes({.holds = "fun"}, {.name = "function"}));
  EXPECT_TRUE(passes({.holds = "fun"}, {.to = "function"}));
  EXPECT_TRUE(passes({.holds = "fun"}, {.id = "function"}));
  EXPECT_FALSE(passes({.holds = "fun"}, {.reason = "function"}));
}

}  // namespace
}  // namespace lapwing::journal
