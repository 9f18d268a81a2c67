#include "services/sqs/polls.hpp"

#include <utility>

namespace lapwing::sqs {

void Polls::Line::wake(std::size_t count) noexcept {
  const std::scoped_lock lock(mutex_);
  for (; count > 0 && !waiting_.empty(); --count) waiting_.front()->wake(Woken::kLook);
}

void Polls::Line::wake_all(Woken why) noexcept {
  const std::scoped_lock lock(mutex_);
  while (!waiting_.empty()) waiting_.front()->wake(why);
}

Polls::~Polls() { stop(); }

void Polls::begin(background::Runner& runner) {
  runner_ = &runner;
  task_ = runner.when_due("sqs.polls", *this);
}

void Polls::drain() {
  const std::scoped_lock lock(mutex_);
  stopped_ = true;
  for (const auto& [time, poll] : by_time_) {
    const std::scoped_lock line_lock(poll->line_->mutex_);
    poll->over_ = true;
    poll->wake(Woken::kStopped);
  }
}

void Polls::stop() {
  drain();
  task_.reset();
  std::map<std::string, std::shared_ptr<Line>, std::less<>> lines;
  {
    const std::scoped_lock lock(mutex_);
    lines.swap(lines_);
  }
  // Ends its calls, which lock the line.
  for (const auto& [place, line] : lines) line->subscription_.reset();
}

std::shared_ptr<Polls::Line> Polls::line(const std::string& place) {
  {
    const std::scoped_lock lock(mutex_);
    const auto found = lines_.find(place);
    if (found != lines_.end()) return found->second;
  }
  auto made = std::make_shared<Line>();
  made->subscription_ = queue_.subscribe(place, *made);
  const std::shared_ptr<Line> unused = made;  // goes after the lock
  const std::scoped_lock lock(mutex_);
  return lines_.try_emplace(place, std::move(made)).first->second;
}

void Polls::forget(const std::string& place) {
  std::shared_ptr<Line> line;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = lines_.find(place);
    if (found == lines_.end()) return;
    line = std::move(found->second);
    lines_.erase(found);
  }
  line->subscription_.reset();
  line->wake_all(Woken::kLook);
}

std::size_t Polls::waiting() const {
  const std::scoped_lock lock(mutex_);
  return by_time_.size();
}

Result<std::optional<MonoTime>> Polls::next_due() {
  const std::scoped_lock lock(mutex_);
  if (by_time_.empty()) return std::nullopt;
  return by_time_.begin()->first;
}

Status Polls::run_due() {
  const MonoTime now = clock_.mono();
  const std::scoped_lock lock(mutex_);
  while (!by_time_.empty() && by_time_.begin()->first <= now) {
    Poll& poll = *by_time_.begin()->second;
    by_time_.erase(by_time_.begin());
    const std::scoped_lock line_lock(poll.line_->mutex_);
    poll.over_ = true;
    poll.wake(Woken::kTimeout);
  }
  return {};
}

void Polls::add(Poll& poll) {
  bool first = false;
  {
    const std::scoped_lock lock(mutex_);
    const auto at = by_time_.emplace(poll.deadline_, &poll).first;
    first = at == by_time_.begin();
    poll.over_ = stopped_;
  }
  if (first) task_.notify();
}

void Polls::remove(Poll& poll) {
  const std::scoped_lock lock(mutex_);
  by_time_.erase({poll.deadline_, &poll});
}

Poll::Poll(Polls& polls, net::Loop& loop, const std::string& place, Duration wait)
    : TimerNode(loop),
      polls_(polls),
      line_(polls.line(place)),
      deadline_(polls.clock_.mono() + wait) {
  polls_.add(*this);
  arm_after(wait);
}

Poll::~Poll() {
  polls_.remove(*this);
  bool pass_on = false;
  {
    const std::scoped_lock lock(line_->mutex_);
    if (in_line_) line_->waiting_.erase(at_);
    in_line_ = false;
    pass_on = called_ || looking_;
  }
  // Called, but its client went before it could look.
  if (pass_on) line_->wake(1);
}

void Poll::wake(Polls::Woken why) {
  if (in_line_) line_->waiting_.erase(at_);
  in_line_ = false;
  called_ = called_ || why == Polls::Woken::kLook;
  if (polls_.runner_ != nullptr) awake_ = polls_.runner_->hold();
  sender_.send(why);
}

// Real time is over.
void Poll::on_timer() {
  const std::scoped_lock lock(line_->mutex_);
  over_ = true;
  wake(Polls::Woken::kTimeout);
}

void Poll::listen() {
  auto channel = net::one_shot<Polls::Woken>(loop());
  receiver_ = std::move(channel.receiver);
  const std::scoped_lock lock(line_->mutex_);
  looking_ = std::exchange(called_, false);
  if (over_) {
    channel.sender.send(Polls::Woken::kTimeout);
    return;
  }
  sender_ = std::move(channel.sender);
  at_ = line_->waiting_.insert(line_->waiting_.end(), this);
  in_line_ = true;
}

Poll::Awaiter Poll::wait() {
  const std::scoped_lock lock(line_->mutex_);
  looking_ = false;
  if (in_line_) awake_.reset();
  return Awaiter(receiver_);
}

void Poll::found(bool more) {
  {
    const std::scoped_lock lock(line_->mutex_);
    if (in_line_) line_->waiting_.erase(at_);
    in_line_ = called_ = looking_ = false;
  }
  if (more) line_->wake(2);
}

}  // namespace lapwing::sqs
