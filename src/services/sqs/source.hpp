// Queues as sources of other services' events: mappings of functions, pipes.
//
// Messages are received as by ReceiveMessage (visibility, redrive, groups, counts), many in one
// transaction and without the wire. A role is asked for as a caller would be.
//
// Thread-safety: as ports::QueueSource. changed() from any thread.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "aws/authoriser.hpp"
#include "ports/queue_source.hpp"
#include "services/sqs/queue.hpp"

namespace lapwing::sqs {

struct Core;

class Source final : public ports::QueueSource {
 public:
  // Both outlive it; it is asked from its service's start on.
  Source(Core& core, const aws::Authoriser& authoriser) : core_(core), authoriser_(authoriser) {}
  ~Source() override = default;

  Result<ports::QueueFacts> describe(const ports::QueueName& queue) const override;
  net::Task<Result<ports::QueueTaken>> receive(net::Loop& loop, ports::QueueName queue,
                                               ports::QueueAsk ask) override;
  net::Task<Status> remove(net::Loop& loop, ports::QueueName queue,
                           std::vector<store::Receipt> receipts) override;
  net::Task<Status> extend(net::Loop& loop, ports::QueueName queue,
                           std::vector<store::Receipt> receipts, Duration visibility) override;
  std::unique_ptr<ports::QueueWatch> watch(const std::string& arn,
                                           store::Listener& listener) override;

  // The queue of that ARN was made, changed or deleted.
  void changed(const std::string& arn);

 private:
  class Watch;

  Result<QueuePtr> find(const ports::QueueName& queue, std::string_view action,
                        aws::Access access) const;

  Core& core_;
  const aws::Authoriser& authoriser_;
  std::mutex mutex_;
  std::vector<Watch*> watches_;  // guarded by mutex_
};

}  // namespace lapwing::sqs
