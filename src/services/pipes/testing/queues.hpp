// Queues in memory, as a source: visibility by a clock that a test moves, dead letters, groups.
//
// Thread-safety: any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "ports/queue_source.hpp"

namespace lapwing::pipes::testing {

std::string queue_arn(std::string_view name);

class Queues final : public ports::QueueSource {
 public:
  explicit Queues(const Clock& clock) : clock_(clock) {}

  void make(const std::string& name);
  void drop(const std::string& name);
  void send(const std::string& name, const std::string& body, const std::string& group = {});
  // What is left, visible or not.
  std::size_t waiting(const std::string& name) const;
  // Bodies of what was received too often.
  std::vector<std::string> dead() const;
  // As a queue does when a visibility has ended.
  void tell();

  Result<ports::QueueFacts> describe(const ports::QueueName& queue) const override;
  net::Task<Result<ports::QueueTaken>> receive(net::Loop& loop, ports::QueueName queue,
                                               ports::QueueAsk ask) override;
  net::Task<Status> remove(net::Loop& loop, ports::QueueName queue,
                           std::vector<store::Receipt> receipts) override;
  net::Task<Status> extend(net::Loop& loop, ports::QueueName queue,
                           std::vector<store::Receipt> receipts, Duration visibility) override;
  std::unique_ptr<ports::QueueWatch> watch(const std::string& arn,
                                           store::Listener& listener) override;

  Duration visibility = std::chrono::seconds(30);
  int receives_max = 0;  // 0: none is dead-lettered

 private:
  class Watch;
  struct Message {
    std::string body;
    std::string group;
    MonoTime visible{};
    int received = 0;
  };
  using Messages = std::map<store::MessageId, Message>;

  Result<Messages*> find(const std::string& arn);
  std::string record(store::MessageId id, const Message& message, const std::string& arn,
                     bool decoded) const;

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, Messages> queues_;  // by ARN
  std::vector<std::string> dead_;
  store::MessageId last_ = 0;
  std::vector<Watch*> watches_;
};

}  // namespace lapwing::pipes::testing
