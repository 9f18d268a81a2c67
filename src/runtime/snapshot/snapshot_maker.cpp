#include "runtime/snapshot/snapshot_maker.hpp"

#include <future>
#include <string_view>

#include "base/log.hpp"
#include "net/loop.hpp"

namespace lapwing::runtime {
namespace {

net::Task<void> end(net::TaskGroup& tasks, std::promise<void>& done) {
  co_await tasks.join();
  done.set_value();
}

}  // namespace

SnapshotMaker::SnapshotMaker(net::LoopGroup& loops, const EnvironmentHost& host) : host_(&host) {
  for (std::size_t i = 0; i < loops.size(); ++i) {
    lines_.push_back(std::make_unique<Line>(loops.at(i)));
  }
}

SnapshotMaker::~SnapshotMaker() = default;

void SnapshotMaker::make(FunctionVersionPtr function, Done done) {
  host_->snapshots->note_asked(*function);
  const std::size_t home = std::hash<std::string_view>{}(function->arn) % lines_.size();
  Line& line = *lines_[home];
  line.loop->post([this, &line, job = Job{std::move(function), std::move(done)}]() mutable {
    if (line.stopping) return;
    line.jobs.push_back(std::move(job));
    if (!std::exchange(line.working, true)) line.tasks.spawn(work(line));
  });
}

net::Task<void> SnapshotMaker::work(Line& line) {
  while (!line.jobs.empty()) {
    Job job = std::move(line.jobs.front());
    line.jobs.pop_front();
    SnapshotResult result = co_await take(line, job.function);
    if (line.stopping) break;
    if (job.done) job.done(std::move(result));
  }
  line.working = false;
}

net::Task<SnapshotResult> SnapshotMaker::take(Line& line, FunctionVersionPtr function) {
  Environment environment(*line.loop, *host_, function, InitializationType::kSnapStart);
  line.current = &environment;
  SnapshotResult result = co_await environment.take_snapshot();
  line.current = nullptr;
  if (result.kind == SnapshotResult::Kind::kTaken &&
      !host_->snapshots->keep(*function, result.snapshot)) {
    result = {SnapshotResult::Kind::kUnfit, "", "it is larger than all snapshots may be", {}};
  }
  if (result.kind == SnapshotResult::Kind::kUnfit ||
      result.kind == SnapshotResult::Kind::kPlatform) {
    host_->logger->warn(
        "runtime", "no snapshot",
        {{"function", function->arn}, {"version", function->version}, {"reason", result.text}});
  }
  co_return result;
}

void SnapshotMaker::stop() {
  std::vector<std::promise<void>> done(lines_.size());
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    Line& line = *lines_[i];
    line.loop->post([&line, promise = &done[i]] {
      line.stopping = true;
      line.jobs.clear();
      if (line.current != nullptr) line.current->interrupt();
      line.loop->spawn(end(line.tasks, *promise));
    });
  }
  for (std::promise<void>& promise : done) promise.get_future().wait();
}

}  // namespace lapwing::runtime
