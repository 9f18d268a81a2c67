#include "server/testing/scripted_machine.hpp"

#include <utility>

namespace lapwing::server::testing {
namespace {

class ScriptedEnvironment final : public runtime::ExecutionEnvironment {
 public:
  ScriptedEnvironment(runtime::FunctionVersionPtr function, Script& script)
      : function_(std::move(function)), script_(script) {}

  const runtime::FunctionVersionPtr& function() const override { return function_; }
  bool warm() const override { return warm_; }
  std::optional<MonoTime> answered_since() const override { return std::nullopt; }
  net::Task<bool> initialise() override {
    warm_ = true;
    co_return true;
  }
  net::Task<void> run(runtime::Invocation invocation,
                      net::OneShotSender<runtime::Outcome> answer) override {
    warm_ = true;
    if (script_) {
      answer.send(script_(*function_, invocation));
    } else {
      runtime::Outcome echo;
      echo.body = std::move(invocation.payload);
      answer.send(std::move(echo));
    }
    co_return;
  }
  void interrupt() override {}
  net::Task<void> shutdown() override { co_return; }

 private:
  runtime::FunctionVersionPtr function_;
  Script& script_;
  bool warm_ = false;
};

}  // namespace

void ScriptedMachine::make(runtime::FunctionVersionPtr, Done done) {
  runtime::SnapshotResult result;
  result.kind = runtime::SnapshotResult::Kind::kUnfit;
  result.text = "no snapshots on this machine";
  if (done) done(std::move(result));
}

std::unique_ptr<runtime::ExecutionEnvironment> ScriptedMachine::make(
    net::Loop&, runtime::FunctionVersionPtr function, runtime::InitializationType) {
  ++made_;
  return std::make_unique<ScriptedEnvironment>(std::move(function), script_);
}

}  // namespace lapwing::server::testing
