// Tasks of one loop whose owner is none of its: what a service sets going on a loop and ends when
// it stops, from its own thread.
//
//   OwnedTasks tasks(loops.next());
//   tasks.spawn([...]() mutable { return fetch(...); });
//   tasks.cancel();                 // none is there any more
//
// Thread-safety: spawn() from any thread; cancel() and the end by one thread, not the loop's. The
// loop outlives it.
#pragma once

#include "base/unique_function.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "net/task_group.hpp"

namespace lapwing::net {

class OwnedTasks {
 public:
  explicit OwnedTasks(Loop& loop) : loop_(loop), tasks_(loop) {}
  ~OwnedTasks() { cancel(); }
  OwnedTasks(const OwnedTasks&) = delete;
  OwnedTasks& operator=(const OwnedTasks&) = delete;

  Loop& loop() { return loop_; }
  // `begin` makes the task, on the loop. Never called where the loop runs no more.
  void spawn(UniqueFunction<Task<void>()> begin);
  // Destroys those that have not finished, and waits until that is done. What is spawned afterwards
  // is destroyed with the owner. Where the loop has stopped it took them along.
  void cancel();

 private:
  Loop& loop_;
  TaskGroup tasks_;
};

}  // namespace lapwing::net
