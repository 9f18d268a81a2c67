// Functions run for mappings and other services, which wait for the answer
// (ports/function_runner.hpp).
//
// Thread-safety: as its port.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "engine/control_plane.hpp"
#include "ports/function_runner.hpp"
#include "services/lambda/attachments.hpp"
#include "services/lambda/catalog.hpp"
#include "services/lambda/concurrency.hpp"
#include "services/lambda/function_identifier.hpp"

namespace lapwing::lambda {

// All outlive it.
struct RunNeeds {
  const Clock& clock;
  Random& random;
  Logger& logger;
  const Catalog& catalog;
  const Concurrency& concurrency;
  const Attachments& attachments;
  engine::Invoker& invoker;
};

// A place for a run, of that version: an alias may have led to it by chance.
struct HeldRun {
  runtime::FunctionVersionPtr version = nullptr;
  engine::Reservation reservation = {};
};

class FunctionRuns final : public ports::FunctionRunner {
 public:
  explicit FunctionRuns(const RunNeeds& needs) : needs_(needs) {}

  std::optional<ports::FunctionFacts> facts(std::string_view arn) const override;
  net::Task<ports::FunctionRun> run(net::Loop& loop, std::string arn, std::string payload,
                                    ports::OnBehalf as) override;

  // The same, of a function that was read out of its ARN already, for one of Lambda itself.
  std::optional<ports::FunctionFacts> facts(const FunctionIdentifier& function) const;
  // Places for so many runs, or as many as there are now.
  net::Task<std::vector<HeldRun>> hold(net::Loop& loop, const FunctionIdentifier& function,
                                       std::uint32_t count);
  // `arn`: what the function is told that it was invoked by. `held` without a version: a place is
  // looked for now.
  net::Task<ports::FunctionRun> run(net::Loop& loop, const FunctionIdentifier& function,
                                    std::string arn, std::string payload, HeldRun held = {});

 private:
  Result<runtime::FunctionVersionPtr> resolve(const FunctionIdentifier& function) const;

  const RunNeeds needs_;
};

}  // namespace lapwing::lambda
