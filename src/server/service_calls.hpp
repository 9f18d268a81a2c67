// Any operation of any service for those who are no HTTP request: ports::AwsApi over the services'
// tables, through the one pipeline (aws/service.hpp).
//
// An input, and an output until it is handed over, count among the payloads at work, to the
// principal that acts: where its share has no room for an input, it is refused (429), and those who
// send on a schedule try again.
//
// Thread-safety: as ports::AwsApi; add() from the thread that starts the services.
#pragma once

#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "aws/service.hpp"
#include "base/random.hpp"
#include "http/budget.hpp"
#include "net/loop_group.hpp"
#include "ports/aws_api.hpp"

namespace lapwing::server {

class ServiceCalls final : public ports::AwsApi {
 public:
  // All outlive it. `memory`: null where nothing is counted.
  ServiceCalls(net::LoopGroup& loops, Random& random, http::Memory* memory = nullptr)
      : loops_(loops), random_(random), memory_(memory) {}

  // By the id of its model. It outlives the calls.
  void add(const aws::Service& service);
  // Null where there is none, or it has not started.
  const aws::Service* find(std::string_view id) const;

  // 501 NotImplemented for what is not there, LimitExceededException beyond kApiDepthMax.
  net::Task<Result<std::string>> perform(net::Loop& loop, ports::ApiRequest request) override;
  void begin(ports::ApiRequest request, Done done) override;

 private:
  class Holding;
  using HoldingPtr = std::shared_ptr<Holding>;
  net::Task<Result<std::string>> run(net::Loop& loop, ports::ApiRequest request, HoldingPtr& held);
  net::Task<void> perform_and_tell(net::Loop& loop, ports::ApiRequest request, Done done);

  net::LoopGroup& loops_;
  Random& random_;
  http::Memory* const memory_;
  mutable std::shared_mutex mutex_;
  std::map<std::string, const aws::Service*, std::less<>> services_;  // guarded by mutex_
};

}  // namespace lapwing::server
