// A function that takes a mapping's batches.
//
// Thread-safety: ready() from any thread; take() on the loop given.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "engine/control_plane.hpp"
#include "mappings/consumer.hpp"
#include "services/lambda/catalog.hpp"
#include "services/lambda/concurrency.hpp"
#include "services/lambda/function_identifier.hpp"

namespace lapwing::lambda {

// All outlive it.
struct ConsumerNeeds {
  const Clock& clock;
  Random& random;
  Logger& logger;
  const Catalog& catalog;
  const Concurrency& concurrency;
  engine::Invoker& invoker;
};

class FunctionConsumer final : public mappings::Consumer {
 public:
  FunctionConsumer(const ConsumerNeeds& needs, FunctionIdentifier function)
      : needs_(needs),
        function_(std::move(function)),
        arn_(function_arn(function_.key, function_.qualifier)) {}

  std::optional<mappings::Readiness> ready() override;
  net::Task<std::vector<mappings::PlacePtr>> hold(net::Loop& loop, std::uint32_t count) override;
  net::Task<mappings::Taken> take(net::Loop& loop, std::string event,
                                  mappings::PlacePtr place) override;

 private:
  Result<runtime::FunctionVersionPtr> resolve() const;

  const ConsumerNeeds& needs_;
  const FunctionIdentifier function_;
  const std::string arn_;
};

}  // namespace lapwing::lambda
