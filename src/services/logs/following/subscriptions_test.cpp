// Subscription filters: what is taken, what functions and streams get, over restarts too.
#include <algorithm>
#include <string>

#include "services/logs/chunk.hpp"
#include "services/logs/limits.hpp"
#include "services/logs/testing/follow_host.hpp"

namespace lapwing::logs::testing {
namespace {

constexpr std::string_view kStream = "arn:aws:kinesis:us-east-1:000000000000:stream/s";
constexpr std::string_view kRole = R"(,"roleArn":"arn:aws:iam::000000000000:role/r")";

TEST(Subscriptions, GiveAFunctionWhatMatches) {
  FollowHost host;
  host.make("g", "s");
  ASSERT_TRUE(host.put("g", "s", {"ERROR before"}).ok());
  ASSERT_TRUE(host.subscribe("g", "errors", "ERROR").ok());
  ASSERT_TRUE(host.put("g", "s", {"ERROR one", "fine", "ERROR two"}).ok());
  host.settle();
  const auto parcels = host.functions.all();
  ASSERT_EQ(parcels.size(), 1U);
  EXPECT_EQ(parcels[0].target, kFunction);
  EXPECT_EQ(parcels[0].as.service, "logs.us-east-1.amazonaws.com");
  EXPECT_EQ(parcels[0].as.source_arn, "arn:aws:logs:us-east-1:000000000000:log-group:g:*");
  EXPECT_EQ(parcels[0].as.source_account.view(), "000000000000");
  EXPECT_TRUE(parcels[0].trace.starts_with("Root=1-")) << parcels[0].trace;
  const Answer got = host.documents().at(0);
  EXPECT_EQ(got.at("messageType"), "DATA_MESSAGE");
  EXPECT_EQ(got.at("owner"), "000000000000");
  EXPECT_EQ(got.at("logGroup"), "g");
  EXPECT_EQ(got.at("logStream"), "s");
  EXPECT_EQ(got.at("subscriptionFilters.0"), "errors");
  EXPECT_EQ(got.size("logEvents"), 2U);
  EXPECT_EQ(got.at("logEvents.0.message"), "ERROR one");
  EXPECT_EQ(got.at("logEvents.0.timestamp"), std::to_string(unix_ms(host.clock.wall()) - 1));
  EXPECT_EQ(got.at("logEvents.0.extractedFields"), "");
  EXPECT_EQ(got.at("logEvents.1.message"), "ERROR two");
  EXPECT_EQ(got.at("logEvents.0.id").size(), 56U);
  EXPECT_LT(got.at("logEvents.0.id"), got.at("logEvents.1.id"));
  // The ids are those of FilterLogEvents.
  const Answer found = host.call("FilterLogEvents", R"({"logGroupName":"g"})");
  EXPECT_EQ(found.at("events.1.eventId"), got.at("logEvents.0.id")) << found.text;
}

TEST(Subscriptions, GiveFieldsOfDelimitedPatterns) {
  FollowHost host;
  host.make("g", "s");
  ASSERT_TRUE(host.subscribe("g", "f", "[ip, ..., code=5*]").ok());
  ASSERT_TRUE(host.put("g", "s", {"1.2.3.4 GET /x 503", "1.2.3.4 GET /x 200"}).ok());
  host.settle();
  const Answer got = host.documents().at(0);
  EXPECT_EQ(got.size("logEvents"), 1U);
  EXPECT_EQ(got.at("logEvents.0.extractedFields.ip"), "1.2.3.4");
  EXPECT_EQ(got.at("logEvents.0.extractedFields.code"), "503");
  EXPECT_EQ(got.at("logEvents.0.extractedFields.2"), "GET");
}

TEST(Subscriptions, AreDescribedReplacedAndDeleted) {
  FollowHost host;
  host.make("g", "s");
  ASSERT_TRUE(host.subscribe("g", "one", "a").ok());
  ASSERT_TRUE(host.subscribe("g", "two", "b").ok());
  const Answer third = host.subscribe("g", "three", "c");
  EXPECT_EQ(third.error, "LimitExceededException");
  EXPECT_EQ(third.text, "Resource limit exceeded.");
  ASSERT_TRUE(host.subscribe("g", "two", "other").ok());
  const Answer all = host.call("DescribeSubscriptionFilters", R"({"logGroupName":"g"})");
  EXPECT_EQ(all.size("subscriptionFilters"), 2U);
  EXPECT_EQ(all.at("subscriptionFilters.0.filterName"), "one");
  EXPECT_EQ(all.at("subscriptionFilters.0.distribution"), "ByLogStream");
  EXPECT_EQ(all.at("subscriptionFilters.0.logGroupName"), "g");
  EXPECT_EQ(all.at("subscriptionFilters.0.destinationArn"), kFunction);
  EXPECT_EQ(all.at("subscriptionFilters.0.applyOnTransformedLogs"), "false");
  EXPECT_EQ(all.at("subscriptionFilters.0.roleArn"), "");
  EXPECT_EQ(all.at("subscriptionFilters.1.filterPattern"), "other");
  const Answer page = host.call("DescribeSubscriptionFilters", R"({"logGroupName":"g","limit":1})");
  EXPECT_EQ(page.size("subscriptionFilters"), 1U);
  EXPECT_NE(page.at("nextToken"), "");
  EXPECT_EQ(
      host.call("DescribeSubscriptionFilters", R"({"logGroupName":"g","filterNamePrefix":"tw"})")
          .at("subscriptionFilters.0.filterName"),
      "two");
  ASSERT_TRUE(
      host.call("DeleteSubscriptionFilter", R"({"logGroupName":"g","filterName":"one"})").ok());
  const Answer again =
      host.call("DeleteSubscriptionFilter", R"({"logGroupName":"g","filterName":"one"})");
  EXPECT_EQ(again.error, "ResourceNotFoundException");
  EXPECT_EQ(again.text, "The specified subscription filter does not exist.");
  ASSERT_TRUE(host.put("g", "s", {"a", "b", "other"}).ok());
  host.settle();
  EXPECT_EQ(host.messages(), Messages{"other"});
  EXPECT_EQ(host.call("DescribeSubscriptionFilters", R"({"logGroupName":"none"})").error,
            "ResourceNotFoundException");
}

TEST(Subscriptions, RefuseWhatCouldNotBeDelivered) {
  FollowHost host;
  host.make("g", "s");
  const auto refused = [&](std::string_view to, std::string_view more = "") {
    const Answer got = host.subscribe("g", "f", "", to, more);
    return got.error + ": " + got.text;
  };
  EXPECT_EQ(
      host.subscribe("none", "f", "", "arn:aws:lambda:us-east-1:111111111111:function:f").text,
      "Cross-account lambda invocation passing is not allowed. You must use "
      "DestinationPolicies to create cross account lambda triggers.");
  EXPECT_EQ(host.subscribe("none", "f").error, "ResourceNotFoundException");
  EXPECT_EQ(refused(kStream),
            "InvalidParameterException: destinationArn for vendor kinesis cannot be used without "
            "roleArn");
  EXPECT_EQ(refused(kFunction, kRole),
            "InvalidParameterException: destinationArn for vendor lambda cannot be used with "
            "roleArn");
  EXPECT_EQ(refused("arn:aws:sqs:us-east-1:000000000000:q"),
            "InvalidParameterException: PutSubscriptionFilter operation cannot work with "
            "destinationArn for vendor sqs");
  EXPECT_EQ(
      refused("arn:aws:firehose:us-east-1:000000000000:deliverystream/d", kRole).substr(0, 14),
      "NotImplemented");
  EXPECT_EQ(refused("nothing").substr(0, 25), "InvalidParameterException");
  EXPECT_EQ(refused("arn:aws:logs:us-east-1:111111111111:destination:d"),
            "ResourceNotFoundException: The specified destination does not exist.");
  EXPECT_EQ(host.subscribe("g", "f", "{ bad").error, "InvalidParameterException");
  EXPECT_EQ(host.subscribe("g", "f", "", kFunction, R"(,"emitSystemFields":["@aws.region"])").error,
            "NotImplemented");
  EXPECT_EQ(host.subscribe("g", "f", "", kFunction, R"(,"applyOnTransformedLogs":true)").error,
            "NotImplemented");
  host.functions.lets("sns.amazonaws.com");
  EXPECT_EQ(refused(kFunction),
            "InvalidParameterException: Could not execute the lambda function. Make sure you have "
            "given CloudWatch Logs permission to execute your function.");
  host.functions.lets("logs.amazonaws.com");
  EXPECT_TRUE(host.subscribe("g", "f").ok());
  ASSERT_TRUE(host.put("g", "s", {"x"}).ok());
  host.settle();
  EXPECT_EQ(host.functions.all().at(0).as.service, "logs.amazonaws.com");
  ASSERT_TRUE(
      host.call("CreateLogGroup", R"({"logGroupName":"rare","logGroupClass":"INFREQUENT_ACCESS"})")
          .ok());
  EXPECT_EQ(host.subscribe("rare", "f").error, "InvalidOperationException");
}

TEST(Subscriptions, DeliverAfterARestartWhatWasNotTaken) {
  FollowHost host;
  host.make("g", "s");
  ASSERT_TRUE(host.subscribe("g", "f").ok());
  host.functions.close(true);
  ASSERT_TRUE(host.put("g", "s", {"one"}).ok());
  host.settle();
  EXPECT_TRUE(host.messages().empty());
  host.restart();
  host.functions.close(false);
  ASSERT_TRUE(host.put("g", "s", {"two"}).ok());
  host.advance(std::chrono::minutes(10));
  Messages got = host.messages();
  std::ranges::sort(got);
  EXPECT_EQ(got, (Messages{"one", "two"}));
}

// Writes to the log behind the service's back, as one that was killed before it had told anybody.
void write_unseen(FollowHost& host, const std::string& message) {
  store::Log& log = host.engine->bulk_log();
  ChunkBuilder chunk;
  chunk.add(unix_ms(host.clock.wall()), message, unix_ms(host.clock.wall()));
  auto finished = chunk.finish();
  const store::LogInput input[] = {{finished.newest_ms, std::move(finished.data)}};
  ASSERT_TRUE(log.append(host.shard_of.group_uid, host.shard_of.stream_uid, input));
}

TEST(Subscriptions, AreReadOnWhereAKillHasStoppedThem) {
  FollowHost host;
  host.make("g", "s");
  ASSERT_TRUE(host.subscribe("g", "f").ok());
  ASSERT_TRUE(host.put("g", "s", {"one"}).ok());
  host.settle();
  host.note_shard();
  write_unseen(host, "late");
  host.restart();
  host.settle();
  EXPECT_EQ(host.messages(), (Messages{"one", "late"}));
}

TEST(Subscriptions, LeaveInTheLogWhatNobodyTakes) {
  FollowHost host;
  host.make("g", "s");
  ASSERT_TRUE(host.subscribe("g", "f").ok());
  host.functions.close(true);
  const auto waiting = [&] {
    store::Space& space = *host.engine->space("logs").value();
    std::uint64_t out = 0;
    for (const std::string& queue : space.queue().names("", "").value()) {
      out += space.queue().size(queue).value().messages;
    }
    return out;
  };
  Messages sent;
  for (std::size_t i = 0; i < 2 * kDeliveriesWaitingMax; ++i) {
    sent.push_back(std::to_string(i));
    ASSERT_TRUE(host.put("g", "s", {sent.back()}).ok());
    host.settle();
  }
  EXPECT_GT(waiting(), kDeliveriesWaitingMax / 2);
  EXPECT_LE(waiting(), kDeliveriesWaitingMax);
  host.restart();
  host.settle();
  EXPECT_LE(waiting(), kDeliveriesWaitingMax);
  host.functions.close(false);
  host.advance(std::chrono::minutes(11));
  Messages got = host.messages();
  std::ranges::sort(got);
  std::ranges::sort(sent);
  EXPECT_EQ(got, sent);
}

// A host with a subscription whose group has an event to forward, and with a disk that is full.
std::unique_ptr<FollowHost> host_of_a_full_disk() {
  auto host = std::make_unique<FollowHost>();
  host->make("g", "s");
  EXPECT_TRUE(host->subscribe("g", "f").ok());
  EXPECT_TRUE(host->put("g", "s", {"before"}).ok());
  host->settle();
  host->note_shard();
  host->disk.set_promised(1ULL << 62);
  write_unseen(*host, "waits");
  host->restart();
  host->settle();
  return host;
}

TEST(Subscriptions, TakeNothingOfTheDisksReserve) {
  const auto host = host_of_a_full_disk();
  EXPECT_EQ(host->messages(), Messages{"before"});
  host->disk.set_promised(0);
  host->advance(kHeldLookEvery);
  EXPECT_EQ(host->messages(), (Messages{"before", "waits"}));
}

// A filter that is deleted while its group is behind takes what waits with it.
TEST(Subscriptions, CanBeDeletedWhileTheyAreBehind) {
  const auto host = host_of_a_full_disk();
  ASSERT_TRUE(
      host->call("DeleteSubscriptionFilter", R"({"logGroupName":"g","filterName":"f"})").ok());
  host->disk.set_promised(0);
  host->advance(kHeldLookEvery);
  EXPECT_EQ(host->messages(), Messages{"before"});
}

TEST(Subscriptions, OfOtherGroupsGoOnWhereOneCannotBeRead) {
  for (const std::string_view bad : {"a", "b"}) {
    FollowHost host;
    const std::string_view good = bad == "a" ? "b" : "a";
    host.make(bad, "s");
    ASSERT_TRUE(host.put(bad, "s", {"before"}).ok());
    host.note_shard();
    host.make(good, "s");
    ASSERT_TRUE(host.subscribe(bad, "f").ok());
    ASSERT_TRUE(host.subscribe(good, "f").ok());
    store::Space& space = *host.engine->space("logs").value();
    const std::string key = host.shard_of.group_uid + "/" + host.shard_of.stream_uid;
    const auto kept = space.store().get("logs.position", key);
    ASSERT_TRUE(kept && *kept);
    ASSERT_TRUE(space.store().put("logs.position", key, "nowhere"));
    ASSERT_TRUE(host.put(bad, "s", {"bad"}).ok());
    ASSERT_TRUE(host.put(good, "s", {"good"}).ok());
    host.settle();
    EXPECT_EQ(host.messages(), Messages{"good"});
    ASSERT_TRUE(host.put(good, "s", {"again"}).ok());
    host.settle();
    EXPECT_EQ(host.messages(), (Messages{"good", "again"}));
    ASSERT_TRUE(space.store().put("logs.position", key, (*kept)->value));
    host.advance(std::chrono::minutes(5));
    EXPECT_EQ(host.messages(), (Messages{"good", "again", "bad"}));
  }
}

TEST(Subscriptions, PassWhatCannotBeRead) {
  FollowHost host;
  host.make("g", "s");
  ASSERT_TRUE(host.subscribe("g", "f").ok());
  ASSERT_TRUE(host.put("g", "s", {"one"}).ok());
  host.settle();
  host.note_shard();
  const store::LogInput broken[] = {{unix_ms(host.clock.wall()), "no chunk"}};
  ASSERT_TRUE(
      host.engine->bulk_log().append(host.shard_of.group_uid, host.shard_of.stream_uid, broken));
  ASSERT_TRUE(host.put("g", "s", {"two"}).ok());
  host.settle();
  EXPECT_EQ(host.messages(), (Messages{"one", "two"}));
}

TEST(Subscriptions, GoBackToWhereAPowerLossHasLeftTheLog) {
  FollowHost host;
  host.make("g", "s");
  ASSERT_TRUE(host.subscribe("g", "f").ok());
  ASSERT_TRUE(host.put("g", "s", {"one"}).ok());
  ASSERT_TRUE(host.put("g", "s", {"two"}).ok());
  host.settle();
  host.note_shard();
  ASSERT_TRUE(
      host.engine->bulk_log().drop_shard(host.shard_of.group_uid, host.shard_of.stream_uid));
  host.restart();
  ASSERT_TRUE(host.put("g", "s", {"three"}).ok());
  host.settle();
  EXPECT_EQ(host.messages().back(), "three");
}

TEST(Subscriptions, OfAGroupThatIsGoneAreGone) {
  FollowHost host;
  host.make("g", "s");
  ASSERT_TRUE(host.subscribe("g", "f").ok());
  ASSERT_TRUE(host.call("DeleteLogGroup", R"({"logGroupName":"g"})").ok());
  host.make("g", "s");
  EXPECT_EQ(host.call("DescribeSubscriptionFilters", R"({"logGroupName":"g"})")
                .size("subscriptionFilters"),
            0U);
  ASSERT_TRUE(host.put("g", "s", {"x"}).ok());
  host.settle();
  host.restart();
  host.settle();
  EXPECT_TRUE(host.messages().empty());
}

TEST(Subscriptions, GetOutputOfFunctionsWithItsChain) {
  FollowHost host;
  host.make("g", "old");
  ASSERT_TRUE(host.subscribe("g", "f").ok());
  const auto stream =
      host.service().sink().open({AccountId(kDefaultAccount), Region(kDefaultRegion), "g", "env"});
  const auto print = [&](std::string line) {
    stream->append({{host.clock.wall(), std::move(line)}});
    host.call("FilterLogEvents", R"({"logGroupName":"g"})");  // writes what was taken over
    host.settle();
  };
  print("one");
  // The first run of a function that somebody has called: a chain of its own begins here.
  stream->caused_by("Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=1:a87bd80c:0");
  print("two");
  constexpr std::string_view kChain =
      "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0;"
      "Lineage=1:a87bd80c:0|68fd508a:3";
  stream->caused_by(kChain);
  print("three");
  stream->caused_by("");
  print("four");
  EXPECT_EQ(host.messages(), (Messages{"one\n", "two\n", "three\n", "four\n"}));
  const auto parcels = host.functions.all();
  ASSERT_EQ(parcels.size(), 4U);
  EXPECT_NE(parcels[0].trace, parcels[1].trace);
  EXPECT_EQ(parcels[2].trace, kChain);
  EXPECT_NE(parcels[3].trace, kChain);
  EXPECT_NE(parcels[3].trace.find("Lineage=1:"), std::string::npos);
}

TEST(Subscriptions, CutLargeBatches) {
  FollowHost host;
  host.make("g", "s");
  ASSERT_TRUE(host.subscribe("g", "f").ok());
  const Messages sent{std::string(300'000, 'a'), std::string(300'000, 'b'),
                      std::string(300'000, 'c')};
  ASSERT_TRUE(host.put("g", "s", sent).ok());
  host.settle();
  EXPECT_EQ(host.functions.all().size(), 3U);
  EXPECT_EQ(host.messages(), sent);
}

TEST(Subscriptions, ReachStreamsThroughDestinations) {
  FollowHost host;
  host.make("g", "s");
  EXPECT_EQ(
      host.call(
              "PutDestination",
              R"({"destinationName":"d","targetArn":"arn:aws:firehose:us-east-1:000000000000:deliverystream/x","roleArn":"r"})")
          .error,
      "NotImplemented");
  const Answer made = host.call(
      "PutDestination",
      fmt::format(
          R"({{"destinationName":"d","targetArn":"{}","roleArn":"arn:aws:iam::000000000000:role/d"}})",
          kStream));
  ASSERT_TRUE(made.ok()) << made.text;
  const std::string arn = made.at("destination.arn");
  EXPECT_EQ(arn, "arn:aws:logs:us-east-1:000000000000:destination:d");
  EXPECT_EQ(
      host.call("PutDestinationPolicy", R"({"destinationName":"d","accessPolicy":"{"})").error,
      "InvalidParameterException");
  EXPECT_EQ(host.call("DescribeDestinations").at("destinations.0.targetArn"), kStream);
  ASSERT_TRUE(host.subscribe("g", "f", "", arn).ok());
  // Another account is let in by the policy alone.
  aws::Caller other = host.caller;
  other.account = AccountId("111111111111");
  other.principal_arn = "arn:aws:iam::111111111111:user/u";
  const std::string put = fmt::format(
      R"({{"logGroupName":"g","filterName":"f","filterPattern":"","destinationArn":"{}"}})", arn);
  ASSERT_TRUE(host.call_as(other, "CreateLogGroup", R"({"logGroupName":"g"})").ok());
  EXPECT_EQ(host.call_as(other, "PutSubscriptionFilter", put).error, "AccessDeniedException");
  const std::string policy = fmt::format(
      R"({{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"111111111111"}},"Action":"logs:PutSubscriptionFilter","Resource":"{}"}}]}})",
      arn);
  ASSERT_TRUE(
      host.call("PutDestinationPolicy",
                fmt::format(R"({{"destinationName":"d","accessPolicy":{}}})", in_quotes(policy)))
          .ok());
  EXPECT_TRUE(host.call_as(other, "PutSubscriptionFilter", put).ok());
  ASSERT_TRUE(host.put("g", "s", {"x"}).ok());
  host.settle();
  const auto parcels = host.streams.all();
  ASSERT_EQ(parcels.size(), 1U);
  EXPECT_EQ(parcels[0].target, kStream);
  EXPECT_EQ(parcels[0].as.role_arn, "arn:aws:iam::000000000000:role/d");
  const auto plain = text::gunzip(parcels[0].body, kMiB);
  ASSERT_TRUE(plain);
  EXPECT_EQ((Answer{*plain, ""}.at("logEvents.0.message")), "x");
  ASSERT_TRUE(host.call("DeleteDestination", R"({"destinationName":"d"})").ok());
  EXPECT_EQ(host.call("DeleteDestination", R"({"destinationName":"d"})").error,
            "ResourceNotFoundException");
}

TEST(Subscriptions, ProbeAStreamWhenTheyArePut) {
  FollowHost host;
  host.make("g", "s");
  ASSERT_TRUE(host.subscribe("g", "f", "", kStream, kRole).ok());
  host.settle();
  const auto parcels = host.streams.all();
  ASSERT_EQ(parcels.size(), 1U);
  EXPECT_EQ(parcels[0].as.role_arn, "arn:aws:iam::000000000000:role/r");
  const Answer probe{text::gunzip(parcels[0].body, kMiB).value_or(""), ""};
  EXPECT_EQ(probe.at("messageType"), "CONTROL_MESSAGE");
  EXPECT_EQ(probe.at("logEvents.0.message"),
            "CWL CONTROL MESSAGE: Checking health of destination Kinesis.");
}

}  // namespace
}  // namespace lapwing::logs::testing
