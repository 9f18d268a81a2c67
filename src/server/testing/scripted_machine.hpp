// A machine without sandboxes: environments that answer what a test says, at once.
//
// Thread-safety: as Machine; the script is called on the loops.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_function.hpp"
#include "server/platform.hpp"

namespace lapwing::server::testing {

// What a function answers; by default its event.
using Script = UniqueFunction<runtime::Outcome(const runtime::FunctionVersion& function,
                                               const runtime::Invocation& invocation)>;

class ScriptedMachine final : public Machine, private runtime::EnvironmentFactory {
 public:
  explicit ScriptedMachine(Script script) : script_(std::move(script)) {}

  const runtime::Catalogue* catalogue() const override { return nullptr; }
  std::map<std::string, std::string> network_modes() const override { return {{"none", ""}}; }
  Status begin(const MachineNeeds&) override { return {}; }
  runtime::EnvironmentFactory& environments() override { return *this; }
  void retire(const std::string&, const std::string&) override {}
  void stop() override {}

  // Snapshots cannot be kept here.
  void make(runtime::FunctionVersionPtr version, Done done) override;
  void drop(const runtime::FunctionVersion&) override {}

  std::size_t made() const { return made_; }

 private:
  std::unique_ptr<runtime::ExecutionEnvironment> make(net::Loop& loop,
                                                      runtime::FunctionVersionPtr function,
                                                      runtime::InitializationType type) override;

  Script script_;
  std::atomic<std::size_t> made_{0};
};

}  // namespace lapwing::server::testing
