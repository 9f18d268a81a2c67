// SnapshotMaker: takes the snapshots that the control plane asks for, one after the other on each
// loop, so that publishing many versions does not crowd out invocations.
//
// Thread-safety: any thread, but for stop().
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "base/unique_function.hpp"
#include "net/loop_group.hpp"
#include "net/task_group.hpp"
#include "runtime/environment/environment.hpp"
#include "runtime/snapshot/snapshot.hpp"

namespace lapwing::runtime {

class SnapshotMaker {
 public:
  // All outlive the maker.
  SnapshotMaker(net::LoopGroup& loops, const EnvironmentHost& host);
  ~SnapshotMaker();

  // `done` may be empty. What was taken is in the host's SnapshotStore before `done` is called, on
  // a loop's thread. After stop() it is not called any more.
  using Done = UniqueFunction<void(SnapshotResult result)>;
  void make(FunctionVersionPtr function, Done done);
  // Ends what is being made; blocks until it is gone. Not on a loop's thread, and the loops run.
  void stop();

 private:
  struct Job {
    FunctionVersionPtr function;
    Done done;
  };
  // On one loop, and of its thread alone.
  struct Line {
    explicit Line(net::Loop& on) : loop(&on), tasks(on) {}
    net::Loop* loop;
    std::deque<Job> jobs;
    Environment* current = nullptr;
    bool working = false;
    bool stopping = false;
    net::TaskGroup tasks;
  };
  net::Task<void> work(Line& line);
  net::Task<SnapshotResult> take(Line& line, FunctionVersionPtr function);

  const EnvironmentHost* host_;
  std::vector<std::unique_ptr<Line>> lines_;
};

}  // namespace lapwing::runtime
