#include "net/loop_group.hpp"

namespace lapwing::net {

LoopGroup::LoopGroup(std::size_t count, const Clock& clock, Logger& logger) {
  for (std::size_t i = 0; i < count; ++i) loops_.push_back(std::make_unique<Loop>(clock, logger));
}

LoopGroup::~LoopGroup() { stop(); }

void LoopGroup::start() {
  for (auto& loop : loops_) threads_.emplace_back([&loop = *loop] { loop.run(); });
}

void LoopGroup::stop() {
  for (std::size_t i = 0; i < threads_.size(); ++i) loops_[i]->stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace lapwing::net
