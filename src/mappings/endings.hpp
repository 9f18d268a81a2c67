// Mappings that are being stopped: whether their batches have ended. What a service asks that
// brings its mappings from one state to another in steps (a DueSource), without a thread that
// waits:
//
//   endings->begin(task);                              // of the steps: notified when one has ended
//   if (!endings->ended(pollers, id)) return {};       // the step comes again
//   ... writes where it is now ...
//   endings->forget(id);
//   endings->stop();                                   // before the task goes
//
// That they have ended may be heard when the service is gone.
//
// Thread-safety: any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "background/runner.hpp"
#include "mappings/pollers.hpp"

namespace lapwing::mappings {

class Endings : public std::enable_shared_from_this<Endings> {
 public:
  void begin(background::Task& task);
  void stop();
  // The first that asks has the mapping stopped.
  bool ended(Pollers& pollers, const std::string& id);
  // It was stopped, and has not ended: there is nothing to do about it.
  bool waits(const std::string& id) const;
  void forget(const std::string& id);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, bool> by_id_;  // whether they have; guarded by mutex_
  background::Task* task_ = nullptr;   // guarded by mutex_
};

}  // namespace lapwing::mappings
