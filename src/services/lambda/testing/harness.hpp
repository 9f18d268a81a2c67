// A Lambda service over the memory store, its background steps run by hand, driven through
// the wire: requests in, responses out.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/testing/pipeline.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/testing/captured_log.hpp"
#include "engine/control_plane.hpp"
#include "ports/roles.hpp"
#include "services/lambda/code_download.hpp"
#include "services/lambda/service.hpp"
#include "store/engine.hpp"
#include "text/json.hpp"

namespace lapwing::lambda::testing {

class ManualExecutor final : public engine::Executor {
 public:
  void post(UniqueFunction<void()> job) override { jobs_.push_back(std::move(job)); }
  // Until nothing is left, what the jobs post included.
  void run_all();
  std::size_t waiting() const { return jobs_.size(); }
  void forget() { jobs_.clear(); }  // as a crash does

 private:
  std::deque<UniqueFunction<void()>> jobs_;
};

// Takes plans like the engine, and says of them what a test set.
class FakeScaling final : public engine::Scaling {
 public:
  void plan(engine::FunctionPlan wanted) override { plans[wanted.arn] = std::move(wanted); }
  void set_unreserved(const AccountId&, const Region&, std::uint32_t limit) override {
    unreserved = limit;
  }
  std::optional<engine::ProvisionState> provisioned(const std::string& arn,
                                                    const std::string& version) const override {
    const auto found = states.find(arn + ":" + version);
    return found == states.end() ? std::nullopt : std::optional(found->second);
  }
  // "1=5 2=3": versions and counts of a function's plan.
  std::string orders(const std::string& name) const;

  std::map<std::string, engine::FunctionPlan> plans;     // by ARN
  std::map<std::string, engine::ProvisionState> states;  // by ARN and version
  std::optional<std::uint32_t> unreserved;
};

// Keeps what is asked for until a test says how it went.
class FakeSnapshots final : public engine::Snapshots {
 public:
  struct Asked {
    runtime::FunctionVersionPtr version;
    Done done;
  };
  void make(runtime::FunctionVersionPtr version, Done done) override {
    asked.push_back({std::move(version), std::move(done)});
  }
  void drop(const runtime::FunctionVersion& version) override {
    dropped.push_back(version.arn + ":" + version.version);
  }
  // Answers the oldest.
  void answer(runtime::SnapshotResult::Kind kind, std::string code = {}, std::string text = {});

  std::deque<Asked> asked;
  std::vector<std::string> dropped;
};

struct Answer {
  int status = 0;
  std::string body;
  std::string error;  // x-amzn-ErrorType
  std::shared_ptr<text::JsonDocument> json;

  // "Configuration.State" and the like: strings as they are, numbers as written, "" if absent.
  std::string at(std::string_view path) const;
  bool has(std::string_view path) const;
  std::string message() const;

 private:
  const text::JsonValue* find(std::string_view path) const;
};

// Answers the event, in brackets.
class FakeInvoker final : public engine::Invoker {
 public:
  net::Task<Result<runtime::Outcome>> invoke(net::Loop&, runtime::FunctionVersionPtr,
                                             runtime::Invocation invocation) override {
    runtime::Outcome out;
    out.body = "[" + invocation.payload + "]";
    co_return out;
  }
};

class Harness {
 public:
  Harness();
  ~Harness();

  Answer send(std::string_view operation, std::string_view method, std::string_view path,
              std::string_view query = {}, std::string_view body = {});
  Answer create(std::string_view name, std::string_view zip, std::string_view more = {});
  // Creates and lets the background steps run.
  Answer create_active(std::string_view name, std::string_view more = {});
  Answer get(std::string_view name);
  Answer put_code(std::string_view name, std::string_view zip, std::string_view more = {});
  Answer put_configuration(std::string_view name, std::string_view body);
  Answer get_configuration(std::string_view name, std::string_view qualifier);
  Answer publish(std::string_view name, std::string_view body = "{}");
  Answer put_alias(std::string_view name, std::string_view alias, std::string_view version,
                   std::string_view more = {});
  Answer publish_layer(std::string_view layer, std::string_view zip, std::string_view more = {});
  // The code of invocations of name:qualifier, or what refuses them.
  Result<runtime::FunctionVersionPtr> resolve(std::string_view name,
                                              std::string_view qualifier = {}) const;

  // The zip behind a Code.Location.
  Result<CodeDownload> open_code(std::string_view raw_path, std::string_view raw_query) const;

  // Ends the service and its background steps wherever they are, and starts again over the
  // same store and directory.
  void restart();

  ManualClock clock;
  SeededRandom random{7};
  ManualExecutor executor;
  FakeScaling scaling;
  FakeSnapshots snapshots;
  FakeInvoker invoker;
  std::string data_dir;
  // From the next restart() on.
  bool refuse_retired = false;
  const runtime::Catalogue* catalogue = nullptr;
  ports::Roles* roles = nullptr;
  lapwing::testing::CapturedLog log;
  Logger logger{log, clock, LogLevel::kWarn};
  aws::testing::TestPipeline pipeline{clock, logger};
  background::Runner background{clock, logger, {}};  // nothing runs
  net::LoopGroup loops{1, clock, logger};            // as little
  const os::DiskSpace* disk = nullptr;               // from the next restart() on
  std::unique_ptr<store::Engine> engine;
  hosting::Keys keys{crypto::AesKey{}};
  hosting::Ports ports;
  std::optional<engine::EngineSide> side;
  std::unique_ptr<Service> service;
  aws::Caller caller;
};

}  // namespace lapwing::lambda::testing
