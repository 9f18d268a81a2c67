// Listener: accepts connections. Surviving what goes wrong while accepting (out of
// descriptors, a peer that left at once) is its business, so accept() only fails for good.
//
// Thread-safety: the loop's thread.
#pragma once

#include <memory>

#include "base/result.hpp"
#include "base/unique_function.hpp"
#include "net/address.hpp"
#include "net/task.hpp"
#include "os/unique_fd.hpp"

namespace lapwing::net {

class Loop;
class FdWatcher;

class Listener {
 public:
  Listener();
  Listener(Listener&&) noexcept;
  Listener& operator=(Listener&&) noexcept;
  ~Listener();

  // Binds and listens. TCP sets SO_REUSEADDR; port 0 picks one (see address()). A stale
  // Unix socket file that nobody listens on is replaced; one in use is kConflict.
  static Result<Listener> listen(Loop& loop, const Address& address);
  // The first half of listen(), from any thread: a listening socket to adopt().
  static Result<os::UniqueFd> bind(const Address& address);
  static Result<Address> address_of(int fd);
  // Takes a socket that is listening already, made for instance in another namespace.
  static Result<Listener> adopt(Loop& loop, os::UniqueFd fd);

  const Address& address() const { return address_; }
  bool valid() const { return watcher_ != nullptr; }
  int fd() const;

  // Holds one descriptor back for when the process has run out of them: peers are then accepted
  // with it and closed, where they would wait for nothing, and `on_starved` is called, which may
  // close something that matters less.
  void keep_spare(UniqueFunction<void()> on_starved);

  // The next connection, non-blocking and close-on-exec: adopt() it on any loop. Out of
  // descriptors or memory it pauses (kAcceptBackoff), logs once a spell, and goes on.
  Task<Result<os::UniqueFd>> accept();
  // Closes those that wait to be accepted.
  void drop_waiting();
  void close();

 private:
  Listener(Loop& loop, os::UniqueFd fd, Address address);
  void turn_away();
  Loop* loop_ = nullptr;
  Address address_;
  std::unique_ptr<FdWatcher> watcher_;
  os::UniqueFd spare_;
  UniqueFunction<void()> on_starved_;
  bool starved_ = false;
};

}  // namespace lapwing::net
