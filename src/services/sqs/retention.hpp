// Removes messages that are past their queue's retention, and what deleted queues leave. A queue
// without messages costs nothing; one with some is looked at when its oldest message is due.
//
// Thread-safety: any thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

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
  Status begin(background::Runner& runner);
  void stop() { task_.reset(); }

  // A message was put there. Almost always one atomic look.
  void sent(const Queue& queue) {
    if (!queue.live->aging.exchange(true)) look(queue.key(), clock_.mono() + retention_of(queue));
  }
  // Messages were moved there, which may be old already.
  void moved(const Queue& queue) { changed(queue); }
  // Its retention changed.
  void changed(const Queue& queue);
  // Its record is a tombstone, which goes when its time is over, with messages that were on their
  // way into the queue when it was deleted.
  void deleted(const Queue& queue);
  // A deleted queue's name was given again: the same of the place of its messages.
  void replaced(const Grave& grave);

  Result<std::optional<MonoTime>> next_due() override;
  Status run_due() override;

 private:
  static Duration retention_of(const Queue& queue) {
    return std::chrono::seconds(queue.retention_s);
  }
  // How long until nothing more comes that was on its way when the queue was deleted.
  Duration settles_in(std::int64_t deleted_ms) const;
  // At a queue by its key, or a grave by its place; not later than that.
  void look(const std::string& key, MonoTime at);
  Status run(const std::string& key);
  Status expire(const Queue& queue);
  Status bury(const Queue& queue);
  Status clear(const Grave& grave);

  const Clock& clock_;
  Catalog& catalog_;
  store::Queue& messages_;
  background::Task task_;
  std::mutex mutex_;
  std::map<std::string, Grave, std::less<>> graves_;  // by place
  // Keys of queues and places of graves, each once.
  std::map<std::string, MonoTime, std::less<>> due_;
  std::set<std::pair<MonoTime, std::string>> by_time_;
};

}  // namespace lapwing::sqs
