// Carries out message-move tasks: step by step, each one transaction that moves messages and counts
// them in the task's record, so that a crash neither loses nor counts twice.
//
// Thread-safety: any thread.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "background/runner.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "services/sqs/catalog.hpp"
#include "services/sqs/move_task.hpp"
#include "services/sqs/retention.hpp"
#include "services/sqs/telling.hpp"
#include "store/engine.hpp"

namespace lapwing::sqs {

class Mover final : public DueSource {
 public:
  Mover(const Clock& clock, Random& random, Catalog& catalog, Retention& retention,
        store::Space& space, const Telling& telling)
      : clock_(clock),
        random_(random),
        catalog_(catalog),
        retention_(retention),
        space_(space),
        telling_(telling) {}

  // Takes up what was running.
  Status begin(background::Runner& runner);
  void stop() { task_.reset(); }

  // Its record is written.
  void start(const MoveTask& task);
  std::size_t running(const aws::Scope& scope) const;

  Result<std::optional<MonoTime>> next_due() override;
  Status run_due() override;

 private:
  struct Running {
    MonoTime due;
    std::string source_arn;
  };
  // What a step has come to.
  enum class Step { kMore, kOver };

  Result<Step> step(const std::string& key, std::size_t max);
  Result<Step> move_some(const MoveTask& task, std::size_t max);
  Status end(const std::string& key, std::string_view status, std::string_view failure);
  QueuePtr destination_of(const MoveTask& task, const std::string& source_arn) const;

  const Clock& clock_;
  Random& random_;
  Catalog& catalog_;
  Retention& retention_;
  store::Space& space_;
  const Telling& telling_;
  background::Task task_;
  mutable std::mutex mutex_;
  std::map<std::string, Running> running_;  // by the task's key
};

}  // namespace lapwing::sqs
