// The service whole: registered operations, the wire, background threads, SQLite below.
#include "services/logs/service.hpp"

#include <csignal>
#include <cstdlib>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "aws/testing/pipeline.hpp"
#include "gen/logs/types.hpp"
#include "store/memory/memory_engine.hpp"
#include "store/sqlite/sqlite_engine.hpp"

namespace lapwing::logs {
namespace {

class Client {
 public:
  Client(store::Engine& engine, const Clock& clock)
      : pipeline_(clock),
        background_(clock, null_logger(), {}),
        loops_(1, clock, null_logger()),
        logs({engine, clock, clock, random_, null_logger(), background_, loops_, pipeline_, keys_,
              ports_}) {}

  aws::Response call(gen::logs::OperationId operation, std::string_view body) {
    const aws::ServiceModel& model = logs.api().model();
    const aws::OperationRow& row = model.operations[static_cast<std::size_t>(operation)];
    const aws::HeaderView headers[] = {{"content-type", "application/x-amz-json-1.1"}};
    const aws::Request request{"POST", "/", "", headers, body};
    return logs.api().handle({&row, aws::Protocol::kJson11, request, {caller_}});
  }

 private:
  SeededRandom random_{static_cast<std::uint64_t>(getpid())};
  aws::testing::TestPipeline pipeline_;
  aws::Caller caller_;
  background::Runner background_;
  net::LoopGroup loops_;  // nothing runs on them
  hosting::Keys keys_{crypto::AesKey{}};
  hosting::Ports ports_;

 public:
  Service logs;
};

using Id = gen::logs::OperationId;

std::string event_now(const Clock& clock, std::string_view message) {
  return fmt::format(R"({{"logGroupName":"g","logStreamName":"s","logEvents":)"
                     R"([{{"timestamp":{},"message":"{}"}}]}})",
                     unix_ms(clock.wall()), message);
}

TEST(Service, SpeaksJson) {
  const ManualClock clock;
  const auto engine = store::make_memory_engine(clock);
  Client client(*engine, clock);
  EXPECT_EQ(client.call(Id::kCreateLogGroup, R"({"logGroupName":"g"})").status, 200);
  EXPECT_EQ(client.call(Id::kCreateLogStream, R"({"logGroupName":"g","logStreamName":"s"})").status,
            200);
  const aws::Response put = client.call(Id::kPutLogEvents, event_now(clock, "hello"));
  EXPECT_EQ(put.status, 200) << put.body;
  const aws::Response found = client.call(Id::kFilterLogEvents, R"({"logGroupName":"g"})");
  EXPECT_TRUE(found.body.contains(R"("message":"hello")")) << found.body;
  EXPECT_TRUE(found.body.contains(R"("searchedLogStreams":[])")) << found.body;

  const aws::Response again = client.call(Id::kCreateLogGroup, R"({"logGroupName":"g"})");
  EXPECT_EQ(again.status, 400);
  EXPECT_TRUE(again.body.contains("ResourceAlreadyExistsException")) << again.body;
  const aws::Response bad = client.call(Id::kCreateLogGroup, R"({"logGroupName":"no spaces"})");
  EXPECT_EQ(bad.status, 400);
  EXPECT_TRUE(bad.body.contains("InvalidParameterException")) << bad.body;
  EXPECT_TRUE(bad.body.contains("1 validation error detected")) << bad.body;
}

TEST(Service, NamesWhatItDoesNotBuild) {
  const ManualClock clock;
  const auto engine = store::make_memory_engine(clock);
  Client client(*engine, clock);
  const aws::Response query = client.call(
      Id::kStartQuery, R"({"startTime":0,"endTime":1,"queryString":"fields @message"})");
  EXPECT_EQ(query.status, 501);
  EXPECT_TRUE(query.body.contains("NotImplemented")) << query.body;
  EXPECT_TRUE(query.body.contains("StartQuery")) << query.body;
  const aws::Response key =
      client.call(Id::kCreateLogGroup, R"({"logGroupName":"g","kmsKeyId":"k"})");
  EXPECT_GE(key.status, 400);
  EXPECT_TRUE(key.body.contains("kmsKeyId")) << key.body;
}

TEST(Service, StartsAndStopsWithItsThreads) {
  const SystemClock clock;
  const auto engine = store::make_memory_engine(clock);
  Client client(*engine, clock);
  client.logs.start();
  client.logs.sink().append({AccountId(kDefaultAccount), Region(kDefaultRegion), "g", "s"},
                            {{clock.wall(), "line"}});
  client.logs.stop();
  EXPECT_EQ(client.logs.sink().backlog_bytes(), 0u);
  EXPECT_TRUE(client.logs.run_housekeeping());
  EXPECT_TRUE(client.call(Id::kFilterLogEvents, R"({"logGroupName":"g"})")
                  .body.contains(R"("message":"line\n")"));
}

class OnDisk : public ::testing::Test {
 protected:
  OnDisk() {
    std::string pattern = ::testing::TempDir() + "logs-XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~OnDisk() override { (void)std::system(("rm -r " + directory_).c_str()); }

  std::unique_ptr<store::Engine> open() {
    auto engine = store::open_sqlite_engine({directory_}, clock_, null_logger());
    EXPECT_TRUE(engine) << engine.error().to_log();
    return *std::move(engine);
  }

  SystemClock clock_;
  std::string directory_;
};

TEST_F(OnDisk, SurvivesARestart) {
  {
    const auto engine = open();
    Client client(*engine, clock_);
    client.logs.start();
    client.call(Id::kCreateLogGroup, R"({"logGroupName":"g"})");
    client.call(Id::kCreateLogStream, R"({"logGroupName":"g","logStreamName":"s"})");
    EXPECT_EQ(client.call(Id::kPutLogEvents, event_now(clock_, "kept")).status, 200);
    client.logs.sink().append({AccountId(kDefaultAccount), Region(kDefaultRegion), "g", "f"},
                              {{clock_.wall(), "printed"}});
    client.logs.stop();
  }
  const auto engine = open();
  Client client(*engine, clock_);
  const aws::Response found = client.call(Id::kFilterLogEvents, R"({"logGroupName":"g"})");
  EXPECT_TRUE(found.body.contains("kept")) << found.body;
  EXPECT_TRUE(found.body.contains("printed")) << found.body;
}

// A child writes and says so by a byte a line; it is killed without warning. Every event it
// said was accepted is there.
TEST_F(OnDisk, KilledAfterAnAnswerLosesNothing) {
  int said[2];
  ASSERT_EQ(pipe(said), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    close(said[0]);
    const auto engine = open();
    Client client(*engine, clock_);
    client.call(Id::kCreateLogGroup, R"({"logGroupName":"g"})");
    client.call(Id::kCreateLogStream, R"({"logGroupName":"g","logStreamName":"s"})");
    for (int i = 0;; ++i) {
      const auto body = event_now(clock_, fmt::format("event {};", i));
      if (client.call(Id::kPutLogEvents, body).status != 200) _exit(1);
      if (write(said[1], "x", 1) != 1) _exit(1);
    }
  }
  close(said[1]);
  char byte = 0;
  int accepted = 0;
  while (accepted < 200 && read(said[0], &byte, 1) == 1) ++accepted;
  kill(child, SIGKILL);
  while (read(said[0], &byte, 1) == 1) ++accepted;
  close(said[0]);
  waitpid(child, nullptr, 0);
  ASSERT_GE(accepted, 200);
  const auto engine = open();
  Client client(*engine, clock_);
  const std::string found = client.call(Id::kFilterLogEvents, R"({"logGroupName":"g"})").body;
  for (int i = 0; i < accepted; ++i)
    EXPECT_TRUE(found.contains(fmt::format("event {};", i))) << i << " of " << accepted;
}

}  // namespace
}  // namespace lapwing::logs
