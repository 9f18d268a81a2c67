#include "sandbox/handle/housekeeper.hpp"

#include <chrono>
#include <poll.h>

#include "base/log.hpp"
#include "net/task.hpp"
#include "net/worker_pool.hpp"

namespace lapwing::sandbox {
namespace {

// How long the processes of a killed sandbox may take to leave their groups.
constexpr auto kLeaveWait = std::chrono::seconds(5);
// Making and dropping file systems is mostly waiting for the kernel's grace periods.
constexpr std::size_t kWorkers = 4;

}  // namespace

Housekeeper::Housekeeper(CgroupTree cgroups, TmpPool::Options tmp, TmpRates rates)
    : cgroups_(std::move(cgroups)),
      tmp_pace_(cgroups_, rates),
      tmp_(std::make_unique<TmpPool>(std::move(tmp))) {}

Housekeeper::~Housekeeper() = default;

void Housekeeper::begin(Logger& logger) {
  logger_ = &logger;
  worker_ = std::make_unique<net::WorkerPool>(kWorkers);
  tmp_->begin_watch(logger);
  if (tmp_->images_work()) tmp_pace_.begin(logger);
}

net::Task<Result<TmpMount>> Housekeeper::take_tmp(net::Loop& loop, std::uint64_t bytes) {
  if (!tmp_->images_work()) co_return TmpMount{};
  TmpMount ready = tmp_->take_ready(bytes);
  if (!worker_) {
    if (!ready.mount) co_return tmp_->make(bytes);
    co_return ready;
  }
  if (!ready.mount) {
    auto made = co_await worker_->run(loop, [this, bytes] { return tmp_->make(bytes); });
    if (!made) co_return std::move(made);
    ready = *std::move(made);
  }
  worker_->submit([this] { tmp_->refill(); });
  co_return ready;
}

void Housekeeper::release_now(const std::string& id, TmpMount tmp) {
  TmpPool::discard(std::move(tmp));
  const auto deadline = std::chrono::steady_clock::now() + kLeaveWait;
  for (;;) {
    const Status removed = cgroups_.remove(id);
    if (removed) return;
    cgroups_.kill(id);
    if (std::chrono::steady_clock::now() >= deadline) {
      if (logger_ != nullptr) {
        logger_->warn("sandbox", "control group not removed",
                      {{"id", id}, {"error", removed.error().to_log()}});
      }
      return;
    }
    ::poll(nullptr, 0, 1);
  }
}

net::Task<void> Housekeeper::release(net::Loop& loop, std::string id, TmpMount tmp) {
  if (!worker_) {
    release_now(id, std::move(tmp));
    co_return;
  }
  (void)co_await worker_->run(loop, [this, id = std::move(id), tmp = std::move(tmp)]() mutable {
    release_now(id, std::move(tmp));
  });
}

void Housekeeper::discard_tmp(TmpMount tmp) {
  if (!worker_) {
    TmpPool::discard(std::move(tmp));
    return;
  }
  worker_->submit([tmp = std::move(tmp)]() mutable { TmpPool::discard(std::move(tmp)); });
}

void Housekeeper::release_later(std::string id, TmpMount tmp) {
  if (!worker_) {
    release_now(id, std::move(tmp));
    return;
  }
  worker_->submit([this, id = std::move(id), tmp = std::move(tmp)]() mutable {
    release_now(id, std::move(tmp));
  });
}

}  // namespace lapwing::sandbox
