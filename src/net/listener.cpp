#include "net/listener.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "net/fd_watcher.hpp"
#include "net/limits.hpp"
#include "net/loop.hpp"
#include "net/sockaddr.hpp"

namespace lapwing::net {
namespace {

// A socket file survives the process that made it; only connecting tells whether anybody
// is still behind it.
bool somebody_listens(const SocketAddress& at) {
  os::UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return ::connect(probe.get(), at.raw(), at.size) == 0 || errno == EAGAIN;
}

enum class AcceptTrouble { kNone, kWait, kPeer, kStarved, kFatal };
AcceptTrouble classify(int code) {
  switch (code) {
    case EAGAIN:
      return AcceptTrouble::kWait;
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM:  // a firewall said no
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case ENETUNREACH:
      return AcceptTrouble::kPeer;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return AcceptTrouble::kStarved;
    default:
      return AcceptTrouble::kFatal;
  }
}

}  // namespace

Listener::Listener() = default;
Listener::Listener(Listener&&) noexcept = default;
Listener& Listener::operator=(Listener&&) noexcept = default;
Listener::~Listener() = default;
Listener::Listener(Loop& loop, os::UniqueFd fd, Address address)
    : loop_(&loop),
      address_(std::move(address)),
      watcher_(std::make_unique<FdWatcher>(loop, std::move(fd))) {}

Result<os::UniqueFd> Listener::bind(const Address& address) {
  const SocketAddress at = to_sockaddr(address);
  os::UniqueFd fd(::socket(at.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail(errno_error("socket"));
  if (address.kind() == Address::Kind::kUnix) {
    const std::string& path = address.host();
    if (!path.starts_with('@') && ::access(path.c_str(), F_OK) == 0) {
      if (somebody_listens(at)) {
        return fail(make_error(ErrorKind::kConflict, address.to_string() + " is in use"));
      }
      ::unlink(path.c_str());
    }
  } else {
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  }
  if (::bind(fd.get(), at.raw(), at.size) != 0) {
    const int code = errno;
    if (code == EADDRINUSE) {
      return fail(make_error(ErrorKind::kConflict, address.to_string() + " is in use"));
    }
    return fail(errno_error("bind " + address.to_string(), code));
  }
  if (::listen(fd.get(), kListenBacklog) != 0) return fail(errno_error("listen"));
  return fd;
}

Result<Listener> Listener::listen(Loop& loop, const Address& address) {
  LAPWING_TRY(os::UniqueFd fd, bind(address));
  return adopt(loop, std::move(fd));
}

Result<Address> Listener::address_of(int fd) {
  SocketAddress bound;
  bound.size = sizeof bound.storage;
  if (::getsockname(fd, bound.raw(), &bound.size) != 0) return fail(errno_error("getsockname"));
  return from_sockaddr(*bound.raw(), bound.size).value_or(Address());
}

Result<Listener> Listener::adopt(Loop& loop, os::UniqueFd fd) {
  LAPWING_TRY(Address address, address_of(fd.get()));
  // accept4 must not block; the one who made the socket may have left it blocking.
  FdWatcher::make_non_blocking(fd.get());
  return Listener(loop, std::move(fd), std::move(address));
}

int Listener::fd() const { return watcher_->fd(); }

Task<Result<os::UniqueFd>> Listener::accept() {
  while (true) {
    os::UniqueFd fd(::accept4(watcher_->fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (fd) {
      starved_ = false;
      co_return fd;
    }
    const int code = errno;
    switch (classify(code)) {
      case AcceptTrouble::kNone:
      case AcceptTrouble::kPeer:
        continue;
      case AcceptTrouble::kWait: {
        Status ready = co_await watcher_->readable();
        if (!ready) co_return fail(std::move(ready).error());
        continue;
      }
      case AcceptTrouble::kStarved:
        if (!std::exchange(starved_, true)) {
          loop_->logger().warn("net", "accepting pauses",
                               {{"error", errno_error("", code).detail()}});
        }
        if (on_starved_) on_starved_();
        turn_away();
        co_await loop_->sleep(kAcceptBackoff);
        continue;
      case AcceptTrouble::kFatal:
        co_return fail(errno_error("accept", code));
    }
  }
}

namespace {

// Any descriptor does; this one is of nothing.
os::UniqueFd open_spare() { return os::UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

}  // namespace

void Listener::keep_spare(UniqueFunction<void()> on_starved) {
  spare_ = open_spare();
  on_starved_ = std::move(on_starved);
}

void Listener::turn_away() {
  if (!spare_) {
    if (on_starved_) spare_ = open_spare();
    return;
  }
  spare_.reset();
  for (int i = 0; i < kTurnedAwayAtOnce; ++i) {
    // Closed at once.
    if (!os::UniqueFd(::accept4(watcher_->fd(), nullptr, nullptr, SOCK_CLOEXEC))) break;
  }
  spare_ = open_spare();
}

void Listener::drop_waiting() {
  // The backlog's length bounds it, where nobody connects any more.
  while (os::UniqueFd(::accept4(watcher_->fd(), nullptr, nullptr, SOCK_CLOEXEC))) {
  }
}

void Listener::close() { watcher_.reset(); }

}  // namespace lapwing::net
