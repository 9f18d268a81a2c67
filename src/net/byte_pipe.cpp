#include "net/byte_pipe.hpp"

#include <coroutine>
#include <mutex>

#include "net/limits.hpp"
#include "net/loop.hpp"
#include "net/wait.hpp"

namespace lapwing::net {

namespace detail {

// One end's waiting coroutine. All members are guarded by the state's mutex; the node is only
// scheduled, and only destroyed, on its loop's thread.
struct PipeWaiter {
  Loop* loop = nullptr;
  WaitNode* node = nullptr;
  bool wake_posted = false;  // a wake is on its way: no second one is needed
};

struct BytePipeState : std::enable_shared_from_this<BytePipeState> {
  enum class Offer { kTaken, kFull, kRefused };

  explicit BytePipeState(std::size_t limit) : capacity(limit) {}

  bool full(std::size_t more) const {
    return !pieces.empty() && cost + more + kPieceCostBytes > capacity;
  }
  Offer offer(std::string_view piece) {
    const std::lock_guard lock(mutex);
    if (closed || reader_gone) return Offer::kRefused;
    if (full(piece.size())) return Offer::kFull;
    pieces.emplace_back(piece);
    cost += piece.size() + kPieceCostBytes;
    wake(reader);
    return Offer::kTaken;
  }
  // With the mutex held. The waiter resumes on its own loop and looks again.
  void wake(PipeWaiter& waiter) {
    if (waiter.node == nullptr) return;
    if (waiter.loop->in_loop_thread()) {
      waiter.loop->schedule(*std::exchange(waiter.node, nullptr));
      return;
    }
    if (std::exchange(waiter.wake_posted, true)) return;
    waiter.loop->post([self = shared_from_this(), &waiter] {
      const std::lock_guard lock(self->mutex);
      waiter.wake_posted = false;
      if (waiter.node != nullptr) waiter.loop->schedule(*std::exchange(waiter.node, nullptr));
    });
  }

  std::mutex mutex;
  const std::size_t capacity;
  // Guarded by mutex:
  std::vector<std::string> pieces;
  std::size_t cost = 0;
  bool closed = false;
  bool reader_gone = false;
  PipeWaiter writer;
  PipeWaiter reader;
};

namespace {

// Waits at one end until woken; a waiter looks again afterwards.
class PipeAwaiter {
 public:
  // `writing`: the size of the piece that found no room.
  PipeAwaiter(BytePipeState& state, PipeWaiter& waiter, std::size_t writing)
      : state_(state), waiter_(waiter), writing_(writing) {}
  PipeAwaiter(const PipeAwaiter&) = delete;
  ~PipeAwaiter() {
    if (!node_.handle) return;
    const std::lock_guard lock(state_.mutex);
    if (waiter_.node == &node_) waiter_.node = nullptr;
  }
  bool await_ready() const { return false; }
  bool await_suspend(std::coroutine_handle<> handle) {
    const std::lock_guard lock(state_.mutex);
    if (!must_wait()) return false;
    node_.handle = handle;
    waiter_.node = &node_;
    return true;
  }
  void await_resume() const {}

 private:
  bool must_wait() const {
    if (state_.closed) return false;
    if (&waiter_ == &state_.reader) return state_.pieces.empty();
    return !state_.reader_gone && state_.full(writing_);
  }

  BytePipeState& state_;
  PipeWaiter& waiter_;
  std::size_t writing_;
  WaitNode node_;
};

}  // namespace
}  // namespace detail

using detail::BytePipeState;

BytePipeWriter& BytePipeWriter::operator=(BytePipeWriter&& other) noexcept {
  if (this != &other) {
    close();
    state_ = std::move(other.state_);
  }
  return *this;
}

Task<bool> BytePipeWriter::write(Loop& here, std::string_view piece) {
  if (piece.empty()) co_return !reader_gone();
  const std::shared_ptr<BytePipeState> state = state_;  // the writer may go while we wait
  if (!state) co_return false;
  while (true) {
    const BytePipeState::Offer offer = state->offer(piece);
    if (offer != BytePipeState::Offer::kFull) co_return offer == BytePipeState::Offer::kTaken;
    {
      const std::lock_guard lock(state->mutex);
      state->writer.loop = &here;
    }
    co_await detail::PipeAwaiter(*state, state->writer, piece.size());
  }
}

void BytePipeWriter::close() {
  if (!state_) return;
  const std::lock_guard lock(state_->mutex);
  state_->closed = true;
  state_->wake(state_->reader);
  state_->wake(state_->writer);
}

bool BytePipeWriter::reader_gone() const {
  if (!state_) return true;
  const std::lock_guard lock(state_->mutex);
  return state_->reader_gone;
}

BytePipeReader& BytePipeReader::operator=(BytePipeReader&& other) noexcept {
  if (this != &other) {
    abandon();
    state_ = std::move(other.state_);
  }
  return *this;
}

Task<std::vector<std::string>> BytePipeReader::read() {
  const std::shared_ptr<BytePipeState> state = state_;
  std::vector<std::string> taken;
  while (state) {
    {
      const std::lock_guard lock(state->mutex);
      if (!state->pieces.empty()) {
        taken.swap(state->pieces);
        state->cost = 0;
        state->wake(state->writer);
      }
      if (!taken.empty() || state->closed) break;
    }
    co_await detail::PipeAwaiter(*state, state->reader, 0);
  }
  co_return taken;
}

void BytePipeReader::abandon() {
  if (!state_) return;
  std::vector<std::string> unwanted;  // freed outside the lock
  const std::lock_guard lock(state_->mutex);
  state_->reader_gone = true;
  unwanted.swap(state_->pieces);
  state_->wake(state_->writer);
}

BytePipe byte_pipe(Loop& reader_loop, std::size_t capacity_bytes) {
  auto state = std::make_shared<BytePipeState>(capacity_bytes);
  state->reader.loop = &reader_loop;
  return {BytePipeWriter(state), BytePipeReader(state)};
}

}  // namespace lapwing::net
