// WaitNode and WaitList: how suspended coroutines wait. A node sits in at most one list (an
// event's waiters, then its loop's ready list) and leaves it by itself when destroyed, so
// destroying a suspended coroutine is always safe and costs no allocation.
//
// For those who write awaitables; users meet Event, OneShot, Channel and the streams.
//
// Thread-safety: one loop.
#pragma once

#include <coroutine>

namespace lapwing::net {

class WaitNode {
 public:
  WaitNode() = default;
  WaitNode(const WaitNode&) = delete;
  WaitNode& operator=(const WaitNode&) = delete;
  ~WaitNode() { unlink(); }

  bool linked() const { return next_ != this; }
  void unlink() {
    prev_->next_ = next_;
    next_->prev_ = prev_;
    prev_ = next_ = this;
  }

  std::coroutine_handle<> handle;

 private:
  friend class WaitList;
  WaitNode* prev_ = this;
  WaitNode* next_ = this;
};

class WaitList {
 public:
  WaitList() = default;
  ~WaitList() {
    while (!empty()) head_.next_->unlink();
  }

  bool empty() const { return !head_.linked(); }
  // Takes the node out of whatever list it is in.
  void push_back(WaitNode& node) {
    node.unlink();
    node.prev_ = head_.prev_;
    node.next_ = &head_;
    head_.prev_->next_ = &node;
    head_.prev_ = &node;
  }
  WaitNode& pop_front() {
    WaitNode& first = *head_.next_;
    first.unlink();
    return first;
  }
  // Moves everything to the back of `other`.
  void splice_to(WaitList& other) {
    if (empty()) return;
    WaitNode* first = head_.next_;
    WaitNode* last = head_.prev_;
    head_.next_ = head_.prev_ = &head_;
    first->prev_ = other.head_.prev_;
    other.head_.prev_->next_ = first;
    last->next_ = &other.head_;
    other.head_.prev_ = last;
  }

 private:
  WaitNode head_;
};

}  // namespace lapwing::net
