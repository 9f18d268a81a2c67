#include "net/task_group.hpp"

#include <coroutine>
#include <exception>
#include <utility>

#include "net/loop.hpp"
#include "net/wait.hpp"

namespace lapwing::net {

// A coroutine that owns itself: it goes when it ends, or when the group destroys it. Its
// place in the group is in its promise, so spawning allocates nothing but the frame.
struct TaskGroup::Driver {
  struct promise_type : Links {
    promise_type(TaskGroup& owner, Task<void>&) : group(&owner) {
      prev = owner.alive_.prev;
      next = &owner.alive_;
      owner.alive_.prev->next = this;
      owner.alive_.prev = this;
      ++owner.size_;
      owner.idle_.reset();
    }
    ~promise_type() {
      prev->next = next;
      next->prev = prev;
      if (--group->size_ == 0) group->idle_.set();
    }
    Driver get_return_object() {
      start.handle = std::coroutine_handle<promise_type>::from_promise(*this);
      group->loop_.schedule(start);
      return {};
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept {
      group->loop_.log_uncaught("task", std::current_exception());
    }

    TaskGroup* group;
    WaitNode start;
  };
};

TaskGroup::TaskGroup(Loop& loop) : loop_(loop), alive_{&alive_, &alive_}, idle_(loop, true) {}

TaskGroup::~TaskGroup() { cancel_all(); }

TaskGroup::Driver TaskGroup::drive([[maybe_unused]] TaskGroup& group, Task<void> task) {
  co_await std::move(task);
}

void TaskGroup::spawn(Task<void> task) { drive(*this, std::move(task)); }

void TaskGroup::cancel_all() {
  while (alive_.prev != &alive_) {
    // Safe: every link of the ring but alive_ is the base of a promise.
    auto& promise = *static_cast<Driver::promise_type*>(alive_.prev);
    std::coroutine_handle<Driver::promise_type>::from_promise(promise).destroy();
  }
}

Task<void> TaskGroup::join() {
  while (size_ > 0) co_await idle_.wait();
}

}  // namespace lapwing::net
