// The whole server inside a unit test: a clock that stands still, environments that a test scripts,
// a store in memory or in a directory, and a real port on loopback.
//
//   TestServer server({.services = {"sqs"}});
//   server.call("sqs", "SendMessage", R"({"QueueUrl":"...","MessageBody":"..."})");
//   server.advance(std::chrono::hours(24));
//   EXPECT_EQ(server.request("GET", "/_lapwing/health").status, 200);
//
// Thread-safety: one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aws/caller.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/testing/captured_log.hpp"
#include "hosting/testing/host.hpp"
#include "os/unique_fd.hpp"
#include "server/instance.hpp"
#include "server/testing/scripted_machine.hpp"

namespace lapwing::server::testing {

struct TestServerOptions {
  std::vector<std::string> services = {};  // all where none is named
  std::vector<std::string> settings = {};  // "sqs.strict_deletion=true"
  std::vector<StaticCredential> credentials = {};
  // Where it is kept, as by the real server; empty: in memory.
  std::string data_dir = {};
  Script script = {};
  ports::StreamSources streams = {};  // outlive it
};

struct HttpAnswer {
  int status = 0;
  std::string head;
  std::string body;
};

// As much of `bytes` as the server takes.
void send_to(const os::UniqueFd& connection, std::string_view bytes);
// The next answer; throws where none comes.
HttpAnswer read_answer(const os::UniqueFd& connection);

// A directory of its own, removed at the end.
class TestDir {
 public:
  TestDir();
  ~TestDir();
  TestDir(const TestDir&) = delete;
  TestDir& operator=(const TestDir&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class TestServer {
 public:
  explicit TestServer(TestServerOptions options = {});
  // stop().
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  // As the account's root, past the front door.
  hosting::testing::Answer call(std::string_view service, std::string_view operation,
                                std::string_view input = "{}");
  hosting::testing::Pending begin(std::string_view service, std::string_view operation,
                                  std::string_view input = "{}");
  // As the root of another account.
  hosting::testing::Answer call_as(const AccountId& account, std::string_view service,
                                   std::string_view operation, std::string_view input = "{}");
  void advance(Duration by);
  // Over HTTP, on a connection of its own. `headers`: "Name: value\r\n" each.
  HttpAnswer request(std::string_view method, std::string_view target,
                     std::string_view headers = {}, std::string_view body = {});
  // Sends exactly these bytes, then reads one answer.
  HttpAnswer send(std::string_view bytes);
  // A connection that stays: send_to(), and read_answer() where an answer is to come.
  os::UniqueFd connect() const;
  void stop();

  Instance& instance() { return *instance_; }
  ScriptedMachine& machine() { return *machine_; }

  SystemClock real;
  ManualClock clock;
  SeededRandom random{7};
  lapwing::testing::CapturedLog log;  // what the server says

 private:
  hosting::testing::Pending begin_as(const AccountId& account, std::string_view service,
                                     std::string_view operation, std::string_view input);
  std::unique_ptr<store::Engine> open_store(const std::string& data_dir);

  TestDir files_;
  Logger logger_{log, real, LogLevel::kDebug};
  ScriptedMachine* machine_ = nullptr;  // of the instance
  std::unique_ptr<Instance> instance_;
  std::uint16_t port_ = 0;
};

}  // namespace lapwing::server::testing
