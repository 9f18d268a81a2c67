#include "net/owned_tasks.hpp"

#include <chrono>
#include <future>
#include <memory>
#include <utility>

namespace lapwing::net {
namespace {

// Whether the loop still runs is looked at so often while it is waited for.
constexpr auto kLook = std::chrono::milliseconds(100);

}  // namespace

void OwnedTasks::spawn(UniqueFunction<Task<void>()> begin) {
  loop_.post([this, begin = std::move(begin)]() mutable { tasks_.spawn(begin()); });
}

void OwnedTasks::cancel() {
  if (!loop_.running()) return tasks_.cancel_all();
  auto done = std::make_shared<std::promise<void>>();
  const std::future<void> over = done->get_future();
  loop_.post([this, done = std::move(done)] {
    tasks_.cancel_all();
    done->set_value();
  });
  while (over.wait_for(kLook) != std::future_status::ready && loop_.running()) {
  }
}

}  // namespace lapwing::net
