#include "net/timer.hpp"

#include "net/loop.hpp"

namespace lapwing::net {

void TimerNode::arm_at(MonoTime when) { loop_->timers_.arm(*this, when); }
void TimerNode::arm_after(Duration delay) { arm_at(loop_->now() + delay); }
void TimerNode::disarm() {
  if (armed()) loop_->timers_.disarm(*this);
}

namespace {
constexpr std::uint32_t kArity = 4;
}

void TimerHeap::place(TimerNode* node, std::uint32_t index) {
  heap_[index] = node;
  node->index_ = index;
}

void TimerHeap::sift_up(std::uint32_t index) {
  TimerNode* node = heap_[index];
  while (index > 0) {
    const std::uint32_t parent = (index - 1) / kArity;
    if (heap_[parent]->when_ <= node->when_) break;
    place(heap_[parent], index);
    index = parent;
  }
  place(node, index);
}

void TimerHeap::sift_down(std::uint32_t index) {
  TimerNode* node = heap_[index];
  const auto size = static_cast<std::uint32_t>(heap_.size());
  while (true) {
    const std::uint32_t first = index * kArity + 1;
    if (first >= size) break;
    std::uint32_t least = first;
    for (std::uint32_t child = first + 1; child < size && child < first + kArity; ++child) {
      if (heap_[child]->when_ < heap_[least]->when_) least = child;
    }
    if (heap_[least]->when_ >= node->when_) break;
    place(heap_[least], index);
    index = least;
  }
  place(node, index);
}

void TimerHeap::arm(TimerNode& node, MonoTime when) {
  if (node.armed()) {
    const bool earlier = when < node.when_;
    node.when_ = when;
    if (earlier) {
      sift_up(node.index_);
    } else {
      sift_down(node.index_);
    }
    return;
  }
  node.when_ = when;
  heap_.push_back(&node);
  node.index_ = static_cast<std::uint32_t>(heap_.size() - 1);
  sift_up(node.index_);
}

void TimerHeap::disarm(TimerNode& node) {
  const std::uint32_t index = node.index_;
  node.index_ = TimerNode::kNone;
  TimerNode* last = heap_.back();
  heap_.pop_back();
  if (last == &node) return;
  place(last, index);
  sift_up(index);
  sift_down(last->index_);
}

void TimerHeap::fire_due(MonoTime now) {
  // A timer that arms itself for a time already due must not keep the loop here forever.
  std::size_t budget = heap_.size();
  while (budget-- > 0 && !heap_.empty() && heap_.front()->when_ <= now) {
    TimerNode& node = *heap_.front();
    disarm(node);
    node.on_timer();
  }
}

}  // namespace lapwing::net
