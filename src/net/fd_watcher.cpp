#include "net/fd_watcher.hpp"

#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include "net/io_watch.hpp"
#include "net/loop.hpp"

namespace lapwing::net {
namespace {

// What the descriptor is now, whatever edges were seen: users of readable() need not read
// to the end.
bool is_ready(int fd, short events) {
  pollfd entry{fd, events, 0};
  return ::poll(&entry, 1, 0) > 0;
}

std::unexpected<Error> timed_out() {
  return fail(make_error(ErrorKind::kTimeout, "the deadline passed"));
}

}  // namespace

FdWatcher::FdWatcher(Loop& loop, os::UniqueFd fd)
    : fd_(std::move(fd)), watch_(std::make_unique<IoWatch>(loop, fd_.get())) {}
void FdWatcher::make_non_blocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags >= 0 && (flags & O_NONBLOCK) == 0) ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

FdWatcher::~FdWatcher() = default;
FdWatcher::FdWatcher(FdWatcher&&) noexcept = default;

bool FdWatcher::seems_readable() const { return watch_->seems_readable(); }

Task<Status> FdWatcher::readable() {
  while (!is_ready(fd_.get(), POLLIN)) {
    watch_->clear_readable();
    if (co_await watch_->wait_readable() == IoWatch::Outcome::kTimeout) co_return timed_out();
  }
  co_return Status();
}

Task<Status> FdWatcher::writable() {
  while (!is_ready(fd_.get(), POLLOUT)) {
    watch_->clear_writable();
    if (co_await watch_->wait_writable() == IoWatch::Outcome::kTimeout) co_return timed_out();
  }
  co_return Status();
}

Task<Result<std::size_t>> FdWatcher::read_some(MutableBytes into) {
  if (!std::exchange(non_blocking_, true)) make_non_blocking(fd_.get());
  while (true) {
    const ssize_t count = ::read(fd_.get(), into.data(), into.size());
    if (count >= 0) co_return static_cast<std::size_t>(count);
    if (errno == EINTR) continue;
    if (errno != EAGAIN) co_return fail(errno_error("read"));
    watch_->clear_readable();
    if (co_await watch_->wait_readable() == IoWatch::Outcome::kTimeout) co_return timed_out();
  }
}

Task<Result<std::size_t>> FdWatcher::write_some(ByteView from) {
  if (!std::exchange(non_blocking_, true)) make_non_blocking(fd_.get());
  while (true) {
    const ssize_t count = ::write(fd_.get(), from.data(), from.size());
    if (count >= 0) co_return static_cast<std::size_t>(count);
    if (errno == EINTR) continue;
    if (errno != EAGAIN) co_return fail(errno_error("write"));
    watch_->clear_writable();
    if (co_await watch_->wait_writable() == IoWatch::Outcome::kTimeout) co_return timed_out();
  }
}

void FdWatcher::set_deadline(MonoTime when) {
  watch_->set_read_deadline(when);
  watch_->set_write_deadline(when);
}

os::UniqueFd FdWatcher::release() {
  watch_.reset();
  return std::move(fd_);
}

}  // namespace lapwing::net
