#include "net/stream.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

#include "net/io_watch.hpp"
#include "net/limits.hpp"
#include "net/loop.hpp"
#include "net/sockaddr.hpp"
#include "os/socket.hpp"

namespace lapwing::net {
namespace {

Error socket_error(const char* what) {
  const int code = errno;
  if (code == EPIPE || code == ECONNRESET || code == ENOTCONN || code == ECONNABORTED) {
    return make_error(ErrorKind::kCancelled, "the peer has gone").with_detail(what);
  }
  return errno_error(what, code);
}

Error deadline_error() { return make_error(ErrorKind::kTimeout, "the deadline passed"); }

void advance(std::span<const ByteView>& buffers, std::size_t& offset, std::size_t sent) {
  while (!buffers.empty() && sent >= buffers.front().size() - offset) {
    sent -= buffers.front().size() - offset;
    offset = 0;
    buffers = buffers.subspan(1);
  }
  offset += sent;
}

// What sockets and pairs of pipes have in common: tried first, waited for afterwards.
class DescriptorTransport : public Transport {
 public:
  std::optional<Result<std::size_t>> try_read(MutableBytes into) final {
    IoWatch& watch = reading();
    if (!watch.seems_readable()) return std::nullopt;
    while (true) {
      const ssize_t count = receive(into);
      if (count >= 0) {
        if (static_cast<std::size_t>(count) < into.size()) watch.drained();
        return static_cast<std::size_t>(count);
      }
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return fail(socket_error("receive"));
      watch.clear_readable();
      return std::nullopt;
    }
  }

  Task<Result<std::size_t>> read_some(MutableBytes into) final {
    while (true) {
      if (auto done = try_read(into)) co_return *std::move(done);
      if (co_await reading().wait_readable() == IoWatch::Outcome::kTimeout) {
        co_return fail(deadline_error());
      }
    }
  }

  Result<std::size_t> try_write(std::span<const ByteView> buffers) final {
    IoWatch* watch = writing();
    if (watch == nullptr) return fail(make_error(ErrorKind::kCancelled, "already shut down"));
    return try_write(*watch, buffers, 0);
  }

  Task<Status> write_all(std::span<const ByteView> buffers) final {
    std::size_t offset = 0;                // within buffers.front()
    std::size_t taken = kWriteLeastBytes;  // since the deadline was set
    while (true) {
      IoWatch* watch = writing();
      if (watch == nullptr) co_return fail(make_error(ErrorKind::kCancelled, "already shut down"));
      auto sent = try_write(*watch, buffers, offset);
      if (!sent) co_return fail(std::move(sent).error());
      advance(buffers, offset, *sent);
      if (buffers.empty()) co_return Status();
      taken += *sent;
      if (*sent > 0) continue;
      if (write_timeout_ != kNoTimeout && taken >= kWriteLeastBytes) {
        watch->set_write_deadline(watch->loop().now() + write_timeout_);
        taken = 0;
      }
      if (co_await watch->wait_writable() == IoWatch::Outcome::kTimeout) {
        co_return fail(deadline_error());
      }
    }
  }

  void set_read_deadline(MonoTime when) final { reading().set_read_deadline(when); }
  void set_write_timeout(Duration stall) final {
    write_timeout_ = stall;
    if (stall == kNoTimeout && writing() != nullptr) writing()->set_write_deadline(kNoDeadline);
  }
  void fail_writes() final {
    if (writing() != nullptr) writing()->set_write_deadline(writing()->loop().now());
  }
  bool peer_closed() const final { return reading().peer_closed(); }
  void on_peer_closed(UniqueFunction<void()> callback) final {
    reading().on_peer_closed(std::move(callback));
  }

 private:
  // One system call each, which never waits; errno.
  virtual ssize_t receive(MutableBytes into) = 0;
  virtual ssize_t transmit(iovec* parts, std::size_t count) = 0;
  virtual IoWatch& reading() = 0;
  virtual const IoWatch& reading() const = 0;
  virtual IoWatch* writing() = 0;  // null when it has been shut down

  // 0: the kernel takes nothing now.
  Result<std::size_t> try_write(IoWatch& watch, std::span<const ByteView> buffers,
                                std::size_t offset) {
    iovec parts[kBuffersPerWrite];
    const std::size_t count = std::min(buffers.size(), kBuffersPerWrite);
    for (std::size_t i = 0; i < count; ++i) {
      const ByteView part = i == 0 ? buffers[0].subspan(offset) : buffers[i];
      // Safe: iov_base is only read through, which C cannot say.
      parts[i] = {const_cast<std::byte*>(part.data()), part.size()};
    }
    while (true) {
      const ssize_t sent = transmit(parts, count);
      if (sent >= 0) return static_cast<std::size_t>(sent);
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return fail(socket_error("send"));
      watch.clear_writable();
      return 0;
    }
  }

  Duration write_timeout_ = kNoTimeout;
};

class SocketTransport final : public DescriptorTransport {
 public:
  SocketTransport(Loop& loop, os::UniqueFd fd) : fd_(std::move(fd)), watch_(loop, fd_.get()) {}

  Task<Status> shutdown_write() override {
    if (::shutdown(fd_.get(), SHUT_WR) != 0) co_return fail(socket_error("shutdown"));
    co_return Status();
  }
  Result<os::UniqueFd> release() override {
    // A duplicate, because the watch must leave the loop before its descriptor changes owner.
    os::UniqueFd copy(::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0));
    if (!copy) return fail(errno_error("dup"));
    return copy;
  }
  int fd() const override { return fd_.get(); }

 private:
  ssize_t receive(MutableBytes into) override {
    return ::recv(fd_.get(), into.data(), into.size(), MSG_DONTWAIT);
  }
  ssize_t transmit(iovec* parts, std::size_t count) override {
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = count;
    return ::sendmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  IoWatch& reading() override { return watch_; }
  const IoWatch& reading() const override { return watch_; }
  IoWatch* writing() override { return &watch_; }

  os::UniqueFd fd_;
  IoWatch watch_;
};

class PipesTransport final : public DescriptorTransport {
 public:
  PipesTransport(Loop& loop, os::UniqueFd in, os::UniqueFd out)
      : in_(std::move(in)), out_(std::move(out)), reading_(loop, in_.get()) {
    writing_.emplace(loop, out_.get());
  }

  Task<Status> shutdown_write() override {
    writing_.reset();
    out_.reset();
    co_return Status();
  }
  Result<os::UniqueFd> release() override {
    return fail(make_error(ErrorKind::kUnsupported, "a pair of pipes is not one descriptor"));
  }
  int fd() const override { return in_.get(); }

 private:
  ssize_t receive(MutableBytes into) override {
    return ::read(in_.get(), into.data(), into.size());
  }
  ssize_t transmit(iovec* parts, std::size_t count) override {
    return ::writev(out_.get(), parts, static_cast<int>(count));
  }
  IoWatch& reading() override { return reading_; }
  const IoWatch& reading() const override { return reading_; }
  IoWatch* writing() override { return writing_ ? &*writing_ : nullptr; }

  os::UniqueFd in_;
  os::UniqueFd out_;
  IoWatch reading_;
  std::optional<IoWatch> writing_;
};

std::optional<Address> name_of(int fd, int (*get)(int, sockaddr*, socklen_t*)) {
  SocketAddress out;
  out.size = sizeof out.storage;
  if (get(fd, out.raw(), &out.size) != 0) return std::nullopt;
  return from_sockaddr(*out.raw(), out.size);
}

bool peer_is_this_machine(int fd) {
  SocketAddress peer;
  peer.size = sizeof peer.storage;
  if (::getpeername(fd, peer.raw(), &peer.size) != 0) return false;
  // Safe: what the family says is what the kernel wrote.
  if (peer.storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(peer.storage);
    return (ntohl(v4.sin_addr.s_addr) >> 24) == IN_LOOPBACKNET;
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(peer.storage);
  return peer.storage.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

}  // namespace

Result<Stream> Stream::adopt(Loop& loop, os::UniqueFd fd) {
  int domain = 0;
  socklen_t size = sizeof domain;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) {
    return fail(errno_error("adopt stream"));
  }
  if (domain == AF_INET || domain == AF_INET6) {
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (peer_is_this_machine(fd.get())) os::do_not_pace(fd.get());
  }
  return Stream(loop, std::make_unique<SocketTransport>(loop, std::move(fd)));
}

Result<Stream> Stream::adopt_pipes(Loop& loop, os::UniqueFd in, os::UniqueFd out) {
  for (const os::UniqueFd* end : {&in, &out}) {
    const int flags = ::fcntl(end->get(), F_GETFL);
    if (flags < 0 || ::fcntl(end->get(), F_SETFL, flags | O_NONBLOCK) != 0) {
      return fail(errno_error("adopt pipes"));
    }
  }
  return Stream(loop, std::make_unique<PipesTransport>(loop, std::move(in), std::move(out)));
}

Task<Result<Stream>> Stream::connect(Loop& loop, Address address, MonoTime deadline) {
  const int family = to_sockaddr(address).storage.ss_family;
  os::UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) co_return fail(errno_error("socket"));
  co_return co_await connect_through(loop, std::move(fd), std::move(address), deadline);
}

Task<Result<Stream>> Stream::connect_through(Loop& loop, os::UniqueFd fd, Address address,
                                             MonoTime deadline) {
  const SocketAddress to = to_sockaddr(address);
  auto refused = [&](int code) {
    return make_error(ErrorKind::kUnavailable, "cannot connect to " + address.to_string())
        .with_detail(errno_error("connect", code).detail());
  };
  if (::connect(fd.get(), to.raw(), to.size) != 0) {
    if (errno != EINPROGRESS) co_return fail(refused(errno));
    IoWatch watch(loop, fd.get());
    watch.clear_writable();
    watch.set_write_deadline(deadline);
    if (co_await watch.wait_writable() == IoWatch::Outcome::kTimeout) {
      co_return fail(deadline_error());
    }
    int code = 0;
    socklen_t size = sizeof code;
    ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &code, &size);
    if (code != 0) co_return fail(refused(code));
  }
  co_return adopt(loop, std::move(fd));
}

Task<Status> Stream::write_all(std::string_view text) {
  const ByteView buffer = as_bytes(text);
  co_return co_await transport_->write_all(std::span(&buffer, 1));
}

std::optional<Address> Stream::peer_address() const { return name_of(fd(), ::getpeername); }
std::optional<Address> Stream::local_address() const { return name_of(fd(), ::getsockname); }

Result<SocketPair> socket_pair() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
    return fail(errno_error("socketpair"));
  }
  return SocketPair{os::UniqueFd(fds[0]), os::UniqueFd(fds[1])};
}

}  // namespace lapwing::net
