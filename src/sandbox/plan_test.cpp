#include "sandbox/plan.hpp"

#include <gtest/gtest.h>

#include "sandbox/limits.hpp"
#include "sandbox/wire.hpp"

namespace lapwing::sandbox {
namespace {

Plan good() {
  Plan plan;
  plan.name = "hello";
  plan.root = {"/data/roots/1", {{"/usr/lib", "/usr/lib"}}};
  plan.binds = {{"/data/code/1", "/var/task"}};
  plan.argv = {"/var/runtime/bootstrap", "x"};
  plan.environment = {{"SECRET", "value"}};
  plan.listeners = {{"runtime-api", kRuntimeApiAddress, kRuntimeApiPort}};
  plan.sinks = {{kRuntimeApiAddress, kXrayDaemonPort}};
  plan.wrapped = true;
  return plan;
}

template <class Change>
bool refused(Change change) {
  Plan plan = good();
  change(plan);
  const Status status = validate(plan);
  return !status && status.error().kind() == ErrorKind::kInvalid;
}

TEST(Plan, GoodOnePasses) { EXPECT_TRUE(validate(good())); }

TEST(Plan, WithoutAProgramItWaits) {
  Plan plan = good();
  plan.argv.clear();
  EXPECT_TRUE(validate(plan));
  EXPECT_FALSE(validate(ProgramPlan{}));
  EXPECT_TRUE(validate(ProgramPlan{{"/bin/true"}, {}, "/tmp"}));
  EXPECT_FALSE(validate(ProgramPlan{{"/bin/true"}, {}, "tmp"}));
  EXPECT_TRUE(validate(Assignment{plan.binds, plan.limits}));
  EXPECT_FALSE(validate(Assignment{{{"/data", "/"}}, plan.limits}));
}

TEST(Plan, BadOnesAreRefused) {
  EXPECT_TRUE(refused([](Plan& p) { p.argv = {""}; }));
  EXPECT_TRUE(refused([](Plan& p) { p.argv[1] = std::string("a\0b", 3); }));
  EXPECT_TRUE(refused([](Plan& p) { p.root.base_dir = "relative"; }));
  EXPECT_TRUE(refused([](Plan& p) { p.binds[0].source = "/data/../etc"; }));
  EXPECT_TRUE(refused([](Plan& p) { p.binds[0].destination = "/"; }));
  EXPECT_TRUE(refused([](Plan& p) { p.binds[0].destination = "/var/./task"; }));
  EXPECT_TRUE(refused([](Plan& p) { p.binds.resize(kBindsMax + 1, p.binds[0]); }));
  EXPECT_TRUE(refused([](Plan& p) { p.environment[0].first = "A=B"; }));
  EXPECT_TRUE(refused([](Plan& p) { p.environment[0].first = ""; }));
  EXPECT_TRUE(refused([](Plan& p) { p.environment[0].second.resize(kArgumentBytesMax, 'x'); }));
  EXPECT_TRUE(refused([](Plan& p) { p.limits.memory_bytes = kMemoryBytesMin - 1; }));
  EXPECT_TRUE(refused([](Plan& p) { p.limits.tmp_bytes = kTmpBytesMax + 1; }));
  EXPECT_TRUE(refused([](Plan& p) { p.limits.processes = 0; }));
  EXPECT_TRUE(refused([](Plan& p) { p.listeners[0].address = "::1"; }));
  EXPECT_TRUE(refused([](Plan& p) { p.listeners.resize(kListenersMax + 1, p.listeners[0]); }));
  EXPECT_TRUE(refused([](Plan& p) { p.sinks.resize(kSinksMax + 1, p.sinks[0]); }));
  EXPECT_TRUE(refused([](Plan& p) { p.hostname = ""; }));
}

TEST(Plan, DescriptionHidesValues) {
  const std::string text = describe(good());
  EXPECT_NE(text.find("/var/task <- /data/code/1"), std::string::npos) << text;
  EXPECT_NE(text.find("SECRET"), std::string::npos);
  EXPECT_EQ(text.find("value"), std::string::npos);
}

TEST(Wire, PlansSurvive) {
  LaunchHead head;
  head.id = "s7";
  head.targets = {1, 2, 5};
  head.tmp_mount = true;
  const std::string file = encode_launch(head, good());
  const auto back = decode_head(file);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->id, "s7");
  EXPECT_EQ(back->targets, head.targets);
  EXPECT_TRUE(back->tmp_mount);
  EXPECT_EQ(back->plan.root, good().root);
  EXPECT_EQ(back->plan.binds, good().binds);
  EXPECT_EQ(back->plan.listeners[0].port, kRuntimeApiPort);
  ASSERT_EQ(back->plan.sinks.size(), 1u);
  EXPECT_EQ(back->plan.sinks[0].port, kXrayDaemonPort);
  EXPECT_TRUE(back->plan.argv.empty());
  EXPECT_TRUE(back->has_program);
  const auto body = decode_launch_program(file);
  ASSERT_TRUE(body);
  EXPECT_EQ(body->working_directory, good().working_directory);
  EXPECT_EQ(body->argv, good().argv);
  EXPECT_TRUE(body->wrapped);
  EXPECT_EQ(body->environment, good().environment);
}

TEST(Wire, OrdersSurvive) {
  Order order;
  order.kind = OrderKind::kStart;
  order.id = 9;
  order.number = -3;
  order.type = 2;
  order.destinations = {"/var/task", "/opt"};
  order.targets = {1, 2};
  order.tmp = true;
  const std::string bytes = encode_order(order);
  const auto back = decode_order(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->kind, OrderKind::kStart);
  EXPECT_EQ(back->id, 9u);
  EXPECT_EQ(back->number, -3);
  EXPECT_EQ(back->type, 2);
  EXPECT_EQ(back->destinations, order.destinations);
  EXPECT_EQ(back->targets, order.targets);
  EXPECT_TRUE(back->tmp);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_order(std::string_view(bytes).substr(0, size))) << size;
  }
}

TEST(Wire, EveryCutIsNoticed) {
  const std::string file = encode_launch({}, good());
  for (std::size_t size = 0; size < file.size(); ++size) {
    const std::string_view cut = std::string_view(file).substr(0, size);
    EXPECT_FALSE(decode_launch_program(cut)) << size;
  }
  Report report;
  report.text = "why";
  report.steps = {{"proc", Duration(5)}};
  const std::string bytes = encode_report(report);
  EXPECT_EQ(decode_report(bytes)->steps[0].step, "proc");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_report(std::string_view(bytes).substr(0, size))) << size;
  }
}

}  // namespace
}  // namespace lapwing::sandbox
