#include "engine/dispatcher.hpp"

#include <algorithm>
#include <future>

namespace lapwing::engine {
namespace {

// The part of the machine that one of `count` shards may use.
EngineOptions share(EngineOptions options, std::size_t count) {
  const auto n = static_cast<std::uint32_t>(count);
  options.environments_max = std::max(1u, options.environments_max / n);
  options.memory_mb_max = std::max<std::uint64_t>(128, options.memory_mb_max / n);
  options.starts_max = std::max(1u, options.starts_max / n);
  return options;
}

net::Task<void> invoke_remote(Shard& shard, runtime::FunctionVersionPtr function,
                              runtime::Invocation invocation,
                              net::OneShotSender<Result<runtime::Outcome>> answer) {
  answer.send(co_await shard.invoke(std::move(function), std::move(invocation)));
}

net::Task<void> stop_shard(Shard& shard, std::promise<void>& done) {
  co_await shard.stop();
  done.set_value();
}

}  // namespace

Dispatcher::Dispatcher(net::LoopGroup& loops, runtime::EnvironmentFactory& factory,
                       EngineOptions options)
    : loops_(&loops), admission_(options.account_concurrency) {
  for (std::size_t i = 0; i < loops.size(); ++i) {
    shards_.push_back(std::make_unique<Shard>(loops.at(i), factory, share(options, loops.size())));
  }
}

Dispatcher::~Dispatcher() = default;

std::size_t Dispatcher::home_of(const std::string& arn) const {
  return std::hash<std::string>{}(arn) % shards_.size();
}

net::Task<Result<runtime::Outcome>> Dispatcher::invoke(net::Loop& here,
                                                       runtime::FunctionVersionPtr function,
                                                       runtime::Invocation invocation) {
  Result<Admission::Ticket> ticket = admission_.enter(function->account, function->region);
  if (!ticket) {
    refused_.fetch_add(1, std::memory_order_relaxed);
    co_return fail(std::move(ticket).error());
  }
  const std::size_t home = home_of(function->arn);
  Shard& shard = *shards_[home];
  net::Loop& loop = loops_->at(home);
  if (&loop == &here) {
    co_return co_await shard.invoke(std::move(function), std::move(invocation));
  }
  auto [sender, receiver] = net::one_shot<Result<runtime::Outcome>>(here);
  loop.post([&loop, &shard, fn = std::move(function), event = std::move(invocation),
             answer = std::move(sender)]() mutable {
    loop.spawn(invoke_remote(shard, std::move(fn), std::move(event), std::move(answer)));
  });
  Result<Result<runtime::Outcome>> outcome = co_await receiver;
  if (!outcome) co_return fail(std::move(outcome).error());
  co_return *std::move(outcome);
}

void Dispatcher::retire(const std::string& arn) {
  const std::size_t home = home_of(arn);
  loops_->at(home).post([shard = shards_[home].get(), arn] { shard->retire(arn); });
}

void Dispatcher::stop() {
  std::vector<std::promise<void>> done(shards_.size());
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    net::Loop& loop = loops_->at(i);
    loop.post([&loop, shard = shards_[i].get(), promise = &done[i]] {
      loop.spawn(stop_shard(*shard, *promise));
    });
  }
  for (std::promise<void>& promise : done) promise.get_future().wait();
}

EngineTotals Dispatcher::totals() const {
  EngineTotals out;
  out.throttles = refused_.load(std::memory_order_relaxed);
  for (const auto& shard : shards_) {
    const ShardStats& stats = shard->stats();
    out.invocations += stats.invocations.load(std::memory_order_relaxed);
    out.function_errors += stats.function_errors.load(std::memory_order_relaxed);
    out.platform_errors += stats.platform_errors.load(std::memory_order_relaxed);
    out.throttles += stats.throttles.load(std::memory_order_relaxed);
    out.cold_starts += stats.cold_starts.load(std::memory_order_relaxed);
    out.environments += stats.environments.load(std::memory_order_relaxed);
    out.busy += stats.busy.load(std::memory_order_relaxed);
  }
  return out;
}

}  // namespace lapwing::engine
