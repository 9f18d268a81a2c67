// TaskGroup: owns detached tasks of one loop. Destroying the group (or cancel_all) destroys
// the tasks that have not finished; `co_await group.join()` waits for all of them.
//
// Thread-safety: the loop's thread. The group must not be destroyed, nor cancel_all called,
// by one of its own tasks.
#pragma once

#include <cstddef>

#include "net/sync.hpp"
#include "net/task.hpp"

namespace lapwing::net {

class Loop;

class TaskGroup {
 public:
  explicit TaskGroup(Loop& loop);
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // The first step runs from the loop, not inside spawn(). Exceptions are logged and
  // counted by the loop.
  void spawn(Task<void> task);
  std::size_t size() const { return size_; }
  // Newest first.
  void cancel_all();
  // Resumes when no task is left; tasks spawned meanwhile are waited for too.
  Task<void> join();

 private:
  struct Driver;
  struct Links {
    Links* prev;
    Links* next;
  };
  static Driver drive(TaskGroup& group, Task<void> task);

  Loop& loop_;
  Links alive_;  // ring of driver coroutines, newest last
  std::size_t size_ = 0;
  Event idle_;
};

}  // namespace lapwing::net
