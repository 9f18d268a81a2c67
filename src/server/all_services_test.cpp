// What holds for every service of the list (services.cpp), whichever they are.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "server/testing/test_server.hpp"
#include "text/pattern.hpp"

namespace lapwing::server {
namespace {

using hosting::testing::Answer;
using testing::TestDir;
using testing::TestServer;

constexpr std::string_view kNowhere = "NoOperationOfAnyService";

bool matches(std::string_view text, std::string_view pattern) {
  return text::Pattern::compile(pattern)->matches(text).value_or(false);
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return out;
}

TEST(AllServices, CoverTheirModels) {
  TestServer server;
  std::set<std::string_view> ids;
  for (const auto& service : server.instance().services().all()) {
    const aws::Service& api = service->api();
    EXPECT_TRUE(ids.insert(api.id()).second) << api.id() << " is there twice";
    EXPECT_TRUE(matches(api.id(), "[a-z][a-z0-9-]*")) << api.id();
    EXPECT_FALSE(api.model().operations.empty()) << api.id();
    for (const aws::OperationRow& operation : api.model().operations) {
      SCOPED_TRACE(fmt::format("{} {}", api.id(), api.model().name(operation)));
      const aws::OperationTable::Entry& entry = api.table().entry(operation.index);
      EXPECT_NE(entry.built(), entry.refused) << "a row, or refused";
      if (!entry.built()) continue;
      EXPECT_TRUE(matches(entry.action, "[a-z0-9-]+:[A-Za-z0-9]+")) << entry.action;
      EXPECT_GT(entry.body_bytes_max, 0U);
    }
  }
  EXPECT_GE(ids.size(), 5U);
}

TEST(AllServices, SayByNameWhatTheyDoNotDo) {
  TestServer server;
  for (const auto& service : server.instance().services().all()) {
    const aws::Service& api = service->api();
    std::vector<std::string> names{std::string(kNowhere)};
    for (const aws::OperationRow& operation : api.model().operations) {
      if (!api.table().entry(operation.index).built()) {
        names.emplace_back(api.model().name(operation));
      }
    }
    for (const std::string& name : names) {
      const Answer answer = server.call(api.id(), name);
      EXPECT_EQ(answer.error, "NotImplemented") << api.id() << " " << name;
      EXPECT_NE(answer.text.find(name), std::string::npos) << answer.text;
      EXPECT_NE(answer.text.find(api.id()), std::string::npos) << answer.text;
    }
  }
}

// Of each, with what is not an object, and with members that nobody knows: no operation that takes
// something takes that, and none is an error of ours.
TEST(AllServices, ErrorsOfCallersAreNotOurs) {
  TestServer server;
  for (const auto& service : server.instance().services().all()) {
    const aws::Service& api = service->api();
    for (const aws::OperationRow& operation : api.model().operations) {
      const std::string name(api.model().name(operation));
      if (!api.table().entry(operation.index).built() || operation.input == aws::kNone) continue;
      for (const char* input : {"[]", "{", "1", "\"x\""}) {
        const Answer answer = server.call(api.id(), name, input);
        EXPECT_FALSE(answer.ok()) << api.id() << " " << name << " " << input;
        EXPECT_FALSE(matches(answer.error, ".*Internal.*|ServiceException")) << name << answer.text;
      }
    }
  }
  EXPECT_EQ(server.log.line_with("operation failed"), "");
}

// Prometheus text: families before their samples, each once in the whole server.
TEST(AllServices, MetricsAreWellFormed) {
  TestServer server;
  std::map<std::string, std::string> family_of;  // and whose it is
  for (const auto& service : server.instance().services().all()) {
    const std::string id(service->api().id());
    hosting::MetricsText text;
    service->metrics(text);
    std::string family;
    std::set<std::string> samples;
    for (const std::string& line : lines_of(text.take())) {
      SCOPED_TRACE(id + ": " + line);
      if (line.starts_with("# HELP ")) {
        EXPECT_TRUE(matches(line, "# HELP lapwing_[a-z0-9_]+ .*[.]")) << "a sentence";
        family = line.substr(7, line.find(' ', 7) - 7);
        const auto [before, first] = family_of.emplace(family, id);
        EXPECT_TRUE(first) << before->second << " has it, too";
      } else if (line.starts_with("# TYPE ")) {
        EXPECT_TRUE(matches(line, "# TYPE " + family + " (counter|gauge)"));
      } else {
        EXPECT_FALSE(family.empty());
        EXPECT_TRUE(matches(line, family + R"((\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [0-9]+)"));
        EXPECT_TRUE(samples.insert(line.substr(0, line.rfind(' '))).second) << "twice";
      }
    }
  }
  // The page is all of them.
  const std::string page = server.request("GET", "/_lapwing/metrics").body;
  for (const auto& [family, id] : family_of) {
    EXPECT_NE(page.find("# HELP " + family + " "), std::string::npos) << id << " " << family;
  }
}

TEST(AllServices, TellHowTheyAre) {
  TestServer server;
  const std::string page = server.request("GET", "/_lapwing/health").body;
  for (const auto& service : server.instance().services().all()) {
    const hosting::Health health = service->health();
    const std::string_view id = service->api().id();
    EXPECT_TRUE(matches(health.state, "[a-z-]+")) << id << ": " << health.state;
    EXPECT_NE(page.find(fmt::format(R"("{}":"{}")", id, health.state)), std::string::npos) << id;
  }
}

class SettingCheck final : public SettingVisitor {
 public:
  void flag(std::string_view name, bool&, const SettingFacts& facts) override {
    check(name, facts);
  }
  void number(std::string_view name, std::int64_t& value, const SettingFacts& facts) override {
    check(name, facts);
    EXPECT_LT(facts.low, facts.high) << name;
    EXPECT_GE(value, facts.low) << name;
    EXPECT_LE(value, facts.high) << name;
  }
  void text(std::string_view name, std::string& value, const SettingFacts& facts) override {
    check(name, facts);
    if (facts.choices.empty()) return;
    EXPECT_TRUE(matches(value, facts.choices)) << name << ": " << value;
  }
  void list(std::string_view name, std::vector<std::string>&, const SettingFacts& facts) override {
    check(name, facts);
  }
  std::set<std::string, std::less<>> names;

 private:
  void check(std::string_view name, const SettingFacts& facts) {
    EXPECT_TRUE(names.insert(std::string(name)).second) << name << " is declared twice";
    EXPECT_TRUE(matches(name, "[a-z0-9_]+([.][a-z0-9_]+)*")) << name;
    EXPECT_GE(facts.help.size(), 10U) << name;
    EXPECT_EQ(facts.help.find('\n'), std::string_view::npos) << name;
  }
};

TEST(AllServices, SettingsAreWellFormed) {
  SettingValues values;
  SettingCheck check;
  visit_services(values, check);
  EXPECT_TRUE(check_services(values)) << "the defaults hold together";
  EXPECT_GE(check.names.size(), 5U);
}

// A start over what another start has left finds the same, and a stop is the last word.
TEST(AllServices, StartAndStopAnyNumberOfTimes) {
  const TestDir place;
  const std::string data = place.path() + "/data";
  std::vector<std::string> health;
  for (int times = 0; times < 3; ++times) {
    TestServer server({.data_dir = data});
    health.push_back(server.request("GET", "/_lapwing/health").body);
    for (const auto& service : server.instance().services().all()) {
      EXPECT_EQ(service->health().state, "running") << service->api().id();
      EXPECT_EQ(server.call(service->api().id(), kNowhere).error, "NotImplemented");
    }
    EXPECT_EQ(server.log.line_with(R"("level":"error")"), "");
    server.stop();
    server.stop();
    EXPECT_EQ(server.log.line_with(R"("level":"error")"), "");
  }
  EXPECT_EQ(std::ranges::count_if(health, [](const std::string& page) { return page.empty(); }), 0);
}

}  // namespace
}  // namespace lapwing::server
