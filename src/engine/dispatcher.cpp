#include "engine/dispatcher.hpp"

#include <algorithm>
#include <future>
#include <iterator>

#include <fmt/core.h>

namespace lapwing::engine {
namespace {

// The part of the machine that one of `count` shards may use.
EngineOptions share(EngineOptions options, std::size_t count) {
  const auto n = static_cast<std::uint32_t>(count);
  options.environments_max = std::max(1u, options.environments_max / n);
  // A function is of one shard.
  options.tenant_environments_max =
      std::clamp(options.tenant_environments_max, 1u,
                 std::max(1u, options.environments_max / kTenantEnvironmentsPart));
  options.memory_mb_max = std::max<std::uint64_t>(128, options.memory_mb_max / n);
  options.starts_max = std::max(1u, options.starts_max / n);
  if (options.running_enough > 0) options.running_enough = std::max(2u, options.running_enough / n);
  return options;
}

net::Task<void> invoke_remote(Shard& shard, runtime::FunctionVersionPtr function,
                              runtime::Invocation invocation, std::uint64_t held,
                              net::OneShotSender<Result<runtime::Outcome>> answer) {
  answer.send(co_await shard.invoke(std::move(function), std::move(invocation), held));
}

net::Task<Result<runtime::Outcome>> invoke_on(net::Loop& loop, Shard& shard, net::Loop& here,
                                              runtime::FunctionVersionPtr function,
                                              runtime::Invocation invocation, std::uint64_t held) {
  auto [sender, receiver] = net::one_shot<Result<runtime::Outcome>>(here);
  loop.post([&loop, &shard, fn = std::move(function), event = std::move(invocation), held,
             answer = std::move(sender)]() mutable {
    loop.spawn(invoke_remote(shard, std::move(fn), std::move(event), held, std::move(answer)));
  });
  Result<Result<runtime::Outcome>> outcome = co_await receiver;
  if (!outcome) co_return fail(std::move(outcome).error());
  co_return *std::move(outcome);
}

net::Task<void> stop_shard(Shard& shard, std::promise<void>& done) {
  co_await shard.stop();
  done.set_value();
}

}  // namespace

Dispatcher::Dispatcher(net::LoopGroup& loops, runtime::EnvironmentFactory& factory,
                       const MachineGauge& machine, EngineOptions options)
    : loops_(&loops), factory_(&factory), admission_(options.account_concurrency) {
  const ShardHost host{&factory, &admission_, &board_, &machine};
  for (std::size_t i = 0; i < loops.size(); ++i) {
    shards_.push_back(std::make_unique<Shard>(loops.at(i), host, share(options, loops.size())));
  }
}

Dispatcher::~Dispatcher() = default;

std::size_t Dispatcher::home_of(const std::string& arn) const {
  return std::hash<std::string>{}(arn) % shards_.size();
}

net::Task<Result<runtime::Outcome>> Dispatcher::invoke(net::Loop& here,
                                                       runtime::FunctionVersionPtr function,
                                                       runtime::Invocation invocation,
                                                       Reservation place) {
  const std::size_t home = home_of(function->arn);
  Shard& shard = *shards_[home];
  net::Loop& loop = loops_->at(home);
  const std::uint64_t held = place.use();
  if (&loop == &here) return shard.invoke(std::move(function), std::move(invocation), held);
  return invoke_on(loop, shard, here, std::move(function), std::move(invocation), held);
}

net::Task<std::vector<Reservation>> Dispatcher::hold(net::Loop& here,
                                                     runtime::FunctionVersionPtr function,
                                                     std::uint32_t count, Duration longest) {
  const std::size_t home = home_of(function->arn);
  Shard& shard = *shards_[home];
  net::Loop& loop = loops_->at(home);
  const auto take = [](net::Loop& of, Shard& from, const runtime::FunctionVersionPtr& fn,
                       std::uint32_t most, Duration at_most) {
    std::vector<Reservation> out;
    for (const std::uint64_t id : from.hold(fn, most, at_most)) out.emplace_back(of, from, id);
    return out;
  };
  if (&loop == &here) co_return take(loop, shard, function, count, longest);
  auto [sender, receiver] = net::one_shot<std::vector<Reservation>>(here);
  loop.post([&loop, &shard, take, fn = std::move(function), count, longest,
             answer = std::move(sender)]() mutable {
    answer.send(take(loop, shard, fn, count, longest));
  });
  Result<std::vector<Reservation>> held = co_await receiver;
  if (!held) co_return std::vector<Reservation>();
  co_return *std::move(held);
}

void Dispatcher::retire(const std::string& arn, const std::string& version) {
  const std::size_t home = home_of(arn);
  net::Loop& loop = loops_->at(home);
  loop.post([&loop, shard = shards_[home].get(), factory = factory_, arn, version] {
    shard->retire(arn, version);
    factory->forget(loop, arn);
  });
}

void Dispatcher::expect(runtime::FunctionVersionPtr function) {
  net::Loop& loop = loops_->at(home_of(function->arn));
  loop.post([&loop, factory = factory_, fn = std::move(function)] { factory->expect(loop, *fn); });
}

void Dispatcher::plan(FunctionPlan plan) {
  const std::size_t home = home_of(plan.arn);
  loops_->at(home).post(
      [shard = shards_[home].get(), wanted = std::move(plan)] { shard->plan(wanted); });
}

std::optional<ProvisionState> Dispatcher::provisioned(const std::string& arn,
                                                      const std::string& version) const {
  return board_.find(fmt::format("{}:{}", arn, version));
}

void Dispatcher::end_idle() {
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    loops_->at(i).post([shard = shards_[i].get()] { shard->end_idle(); });
  }
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
  for (const auto& shard : shards_) add_to(out, shard->stats());
  return out;
}

net::Task<std::vector<FunctionUsage>> Dispatcher::busiest(net::Loop& here, std::size_t count) {
  std::vector<FunctionUsage> out;
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    auto [sender, receiver] = net::one_shot<std::vector<FunctionUsage>>(here);
    loops_->at(i).post([shard = shards_[i].get(), count, answer = std::move(sender)]() mutable {
      answer.send(shard->busiest(count));
    });
    Result<std::vector<FunctionUsage>> part = co_await receiver;
    if (!part) continue;  // that loop is ending
    std::move(part->begin(), part->end(), std::back_inserter(out));
  }
  keep_busiest(out, count);
  co_return out;
}

}  // namespace lapwing::engine
