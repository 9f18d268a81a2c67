// Removes messages that are past their queue's retention, and what deleted queues leave. A queue
// without messages costs nothing; one with some is looked at when its oldest message is due.
//
// Thread-safety: any thread.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "background/runner.hpp"
#include "base/clock.hpp"
#include "services/sqs/catalog.hpp"
#include "services/sqs/queue.hpp"
#include "store/queue.hpp"

namespace lapwing::sqs {

class Retention final : public DueSource {
 public:
  Retention(const Clock& clock, Catalog& catalog, store::Queue& messages)
      : clock_(clock), catalog_(catalog), messages_(messages) {}

  // Looks at every queue once.
  void begin(background::Runner& runner);
  void stop() { task_.reset(); }

  // A message was put there. Almost always one atomic look.
  void sent(const Queue& queue) {
    if (!queue.live->aging.exchange(true)) look(queue, clock_.mono() + retention_of(queue));
  }
  // Its retention changed.
  void changed(const Queue& queue);
  // Its record is a tombstone, which goes when its time is over, with messages that were on their
  // way into the queue when it was deleted.
  void deleted(const Queue& queue);

  Result<std::optional<MonoTime>> next_due() override;
  Status run_due() override;

 private:
  static Duration retention_of(const Queue& queue) {
    return std::chrono::seconds(queue.retention_s);
  }
  void look(const Queue& queue, MonoTime at);
  Status expire(const Queue& queue);
  Status bury(const Queue& queue);

  const Clock& clock_;
  Catalog& catalog_;
  store::Queue& messages_;
  background::Task task_;
  std::mutex mutex_;
  std::multimap<MonoTime, std::string> due_;  // keys of queues
};

}  // namespace lapwing::sqs
