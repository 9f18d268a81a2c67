// Stream: a connected byte stream (TCP, Unix socket, TLS over either, a pair of pipes), and how to
// get one.
//
// At most one read and one write may be waiting at a time; a read and a write may wait
// together. An operation may be destroyed while it waits (the stream is still usable after a
// cancelled read; after a cancelled write an unknown part was sent, so close it). The stream
// must outlive its operations. Closing or destroying it while an operation waits is a bug.
//
// Errors: kCancelled: the peer has gone (reset, broken pipe); kTimeout: a deadline passed.
// SIGPIPE is never raised, but by a pair of pipes in a process that does not ignore it (main does).
//
// Thread-safety: the loop's thread. To move a connection to another loop: release() here,
// adopt() there.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/unique_function.hpp"
#include "net/address.hpp"
#include "net/task.hpp"
#include "os/unique_fd.hpp"

namespace lapwing::net {

class Loop;

// What a Stream stands on: sockets and pipes (stream.cpp) or TLS (tls.cpp).
class Transport {
 public:
  virtual ~Transport() = default;
  // Without waiting: nothing when it would block.
  virtual std::optional<Result<std::size_t>> try_read(MutableBytes into) = 0;
  virtual Task<Result<std::size_t>> read_some(MutableBytes into) = 0;
  // Without waiting: what the kernel takes at once, 0 when nothing (TLS: always).
  virtual Result<std::size_t> try_write([[maybe_unused]] std::span<const ByteView> buffers) {
    return 0;
  }
  virtual Task<Status> write_all(std::span<const ByteView> buffers) = 0;
  virtual Task<Status> shutdown_write() = 0;
  virtual void set_read_deadline(MonoTime when) = 0;
  virtual void set_write_timeout(Duration stall) = 0;
  virtual void fail_writes() = 0;
  virtual bool peer_closed() const = 0;
  virtual void on_peer_closed(UniqueFunction<void()> callback) = 0;
  virtual Result<os::UniqueFd> release() = 0;
  virtual int fd() const = 0;
};

inline constexpr MonoTime kNoDeadline = MonoTime::max();
inline constexpr Duration kNoTimeout = Duration::max();

class Stream {
 public:
  Stream() = default;
  Stream(Loop& loop, std::unique_ptr<Transport> transport)
      : loop_(&loop), transport_(std::move(transport)) {}
  // Takes a connected stream socket made elsewhere (another loop, another network
  // namespace). It is made non-blocking; TCP_NODELAY is set on TCP.
  static Result<Stream> adopt(Loop& loop, os::UniqueFd fd);
  // Takes the read end of one pipe and the write end of another, whose other ends one peer holds.
  // Both are made non-blocking. Where the peer is a process that blocks in read(2), half the cost
  // of a Unix socket, which wakes that process also when what it has written is read.
  static Result<Stream> adopt_pipes(Loop& loop, os::UniqueFd in, os::UniqueFd out);
  static Task<Result<Stream>> connect(Loop& loop, Address address, MonoTime deadline = kNoDeadline);
  // The same through an unconnected, non-blocking socket made elsewhere: in another network
  // namespace, which is where it then connects.
  static Task<Result<Stream>> connect_through(Loop& loop, os::UniqueFd socket, Address address,
                                              MonoTime deadline = kNoDeadline);

  bool valid() const { return transport_ != nullptr; }
  Loop& loop() const { return *loop_; }

  // Between 1 and into.size() bytes; 0 means that the peer has finished writing.
  Task<Result<std::size_t>> read_some(MutableBytes into) { return transport_->read_some(into); }
  // The same without waiting; nothing when it would have to.
  std::optional<Result<std::size_t>> try_read(MutableBytes into) {
    return transport_->try_read(into);
  }
  // Everything, in order, in as few writev(2) as the kernel allows. Buffers (and the span)
  // must stay until it is done.
  Task<Status> write_all(std::span<const ByteView> buffers) {
    return transport_->write_all(buffers);
  }
  Task<Status> write_all(std::string_view text);
  // The same without waiting: how many bytes were taken, perhaps 0; the rest is for write_all().
  Result<std::size_t> try_write(std::span<const ByteView> buffers) {
    return transport_->try_write(buffers);
  }
  // No more bytes from us; the peer reads to the end. (TLS: close_notify first.)
  Task<Status> shutdown_write() { return transport_->shutdown_write(); }
  void close() { transport_.reset(); }

  // Applies to the read that waits now and to those to come; kNoDeadline lifts it. Moving it
  // further is a mere store.
  void set_read_deadline(MonoTime when) { transport_->set_read_deadline(when); }
  // How long the peer may take less than kWriteLeastBytes before a write fails; kNoTimeout lifts
  // it.
  void set_write_timeout(Duration stall) { transport_->set_write_timeout(stall); }
  // The write that waits now fails with kTimeout, from the loop.
  void fail_writes() { transport_->fail_writes(); }

  // The peer finished writing, closed or vanished, as far as the kernel knows: true even
  // while bytes it sent before are unread. Costs no system call.
  bool peer_closed() const { return transport_->peer_closed(); }
  // Called once, from the loop, when peer_closed() becomes true (soon, if it is already).
  // The callback may destroy tasks, but not this stream. An empty function takes it back.
  void on_peer_closed(UniqueFunction<void()> callback) {
    transport_->on_peer_closed(std::move(callback));
  }

  // Gives the descriptor away (still non-blocking). TLS streams and pipes refuse.
  Result<os::UniqueFd> release() { return transport_->release(); }
  // For getsockopt and the like; stays owned here. Of a pair of pipes, what is read from.
  int fd() const { return transport_->fd(); }
  std::optional<Address> peer_address() const;
  std::optional<Address> local_address() const;

 private:
  Loop* loop_ = nullptr;
  std::unique_ptr<Transport> transport_;
};

// Two connected Unix stream sockets, both ours: tests, and descriptors for children.
struct SocketPair {
  os::UniqueFd first;
  os::UniqueFd second;
};
Result<SocketPair> socket_pair();

}  // namespace lapwing::net
