// A function that takes a mapping's batches.
//
// Thread-safety: ready() from any thread; take() on the loop given.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mappings/consumer.hpp"
#include "services/lambda/function_identifier.hpp"
#include "services/lambda/function_runs.hpp"

namespace lapwing::lambda {

class FunctionConsumer final : public mappings::Consumer {
 public:
  // `runs` outlives it.
  FunctionConsumer(FunctionRuns& runs, FunctionIdentifier function)
      : runs_(runs),
        function_(std::move(function)),
        arn_(function_arn(function_.key, function_.qualifier)) {}

  std::optional<mappings::Readiness> ready() override;
  net::Task<std::vector<mappings::PlacePtr>> hold(net::Loop& loop, std::uint32_t count) override;
  net::Task<mappings::Taken> take(net::Loop& loop, const mappings::Batch& batch,
                                  mappings::PlacePtr place) override;
  net::Task<mappings::Taken> take_event(net::Loop& loop, std::string event) override;

 private:
  FunctionRuns& runs_;
  const FunctionIdentifier function_;
  const std::string arn_;
};

}  // namespace lapwing::lambda
