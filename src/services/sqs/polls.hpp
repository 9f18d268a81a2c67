// Long polls: who waits for the messages of a queue, and until when. No thread is held, no poll
// looks again before there is reason to.
//
//   Poll poll(polls, loop, place, wait);
//   while (true) {
//     poll.listen();                       // before it looks, so that nothing is missed
//     ... look for messages; if there are some, poll.found(); return ...
//     if (co_await poll.wait() != Polls::Woken::kLook) return;
//   }
//
// A message wakes the poll that has waited longest, not all of them; who found messages wakes two
// more, where more may be there. The time of all polls is one DueSource, on the server's clock; a
// client waits in real time, too, where that clock stands still. Thousands wait: a poll is small.
//
// Thread-safety: Polls from any thread; a Poll on its loop.
#pragma once

#include <atomic>
#include <coroutine>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "background/runner.hpp"
#include "base/clock.hpp"
#include "net/loop.hpp"
#include "net/sync.hpp"
#include "net/timer.hpp"
#include "store/queue.hpp"

namespace lapwing::sqs {

class Poll;

class Polls final : public DueSource {
 public:
  enum class Woken { kLook, kTimeout, kStopped };

  // Those who wait for one queue, longest first.
  class Line final : public store::Listener {
   public:
    void on_signal() noexcept override { wake(1); }
    void wake(std::size_t count) noexcept;
    void wake_all(Woken why) noexcept;

   private:
    friend class Poll;
    friend class Polls;
    std::mutex mutex_;
    std::list<Poll*> waiting_;
    store::Subscription subscription_;
  };

  Polls(const Clock& clock, store::Queue& queue) : clock_(clock), queue_(queue) {}
  ~Polls() override;

  void begin(background::Runner& runner);
  // Every poll ends, and none waits afterwards.
  // Those that wait answer, and who comes does not wait. Polls still come.
  void drain();
  // None comes any more.
  void stop();

  std::shared_ptr<Line> line(const std::string& place);
  // The queue is gone: those who wait look, and see that.
  void forget(const std::string& place);
  std::size_t waiting() const;

  Result<std::optional<MonoTime>> next_due() override;
  Status run_due() override;

 private:
  friend class Poll;
  void add(Poll& poll);
  void remove(Poll& poll);

  const Clock& clock_;
  store::Queue& queue_;
  background::Runner* runner_ = nullptr;  // from begin() on
  background::Task task_;
  // Locked before a Line's; neither is held when the store is called.
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Line>, std::less<>> lines_;
  std::set<std::pair<MonoTime, Poll*>> by_time_;
  bool stopped_ = false;
};

class Poll final : private net::TimerNode {
 public:
  Poll(Polls& polls, net::Loop& loop, const std::string& place, Duration wait);
  ~Poll() override;
  Poll(const Poll&) = delete;
  Poll& operator=(const Poll&) = delete;

  class Awaiter;
  void listen();
  Awaiter wait();
  // Messages were found; `more`: others may find some, too.
  void found(bool more);

 private:
  friend class Polls;
  friend class Polls::Line;
  void wake(Polls::Woken why);  // with the line's mutex
  void on_timer() override;

  Polls& polls_;
  std::shared_ptr<Polls::Line> line_;
  const MonoTime deadline_;
  net::OneShotReceiver<Polls::Woken> receiver_;
  // With the line's mutex.
  net::OneShotSender<Polls::Woken> sender_;
  std::list<Poll*>::iterator at_;
  bool in_line_ = false;
  bool called_ = false;     // woken to look, and has not begun
  bool looking_ = false;    // has begun, and has not said yet what it found
  bool over_ = false;       // its time, or the service
  background::Hold awake_;  // from when it is woken until it waits again
};

class Poll::Awaiter {
 public:
  explicit Awaiter(net::OneShotReceiver<Polls::Woken>& receiver)
      : inner_(receiver.operator co_await()) {}
  bool await_ready() const { return inner_.await_ready(); }
  bool await_suspend(std::coroutine_handle<> handle) { return inner_.await_suspend(handle); }
  Polls::Woken await_resume() { return inner_.await_resume().value_or(Polls::Woken::kStopped); }

 private:
  net::OneShotReceiver<Polls::Woken>::Awaiter inner_;
};

}  // namespace lapwing::sqs
