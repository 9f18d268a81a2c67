// Where HTTP requests may go that somebody else has named the address of. They are sent by the
// server, not from a sandbox: without this a function would reach through them what its own network
// keeps from it.
//
//   never     what this server listens on, link-local, metadata and unspecified addresses
//   if let    loopback and the machine's own addresses
//   always    everything else, private networks too
//
// Checked is the address that is connected to, when its name has been resolved. IPv4 addresses in
// IPv6's clothes count as what they are.
//
// Thread-safety: any thread.
#pragma once

#include <mutex>
#include <vector>

#include "base/result.hpp"
#include "net/address.hpp"

namespace lapwing::delivery {

class HttpReach {
 public:
  explicit HttpReach(bool loopback_allowed) : loopback_allowed_(loopback_allowed) {}
  HttpReach(const HttpReach&) = delete;
  HttpReach& operator=(const HttpReach&) = delete;

  // The server listens there: an unspecified address counts as each of the machine's.
  void listens(const net::Address& address);
  // is_refused_address() of the error, which says what to do.
  Status check(const net::Address& address) const;

 private:
  const bool loopback_allowed_;
  mutable std::mutex mutex_;
  std::vector<net::Address> listeners_;
};

// Of HttpReach: the same call fails again.
bool is_refused_address(const Error& error);

}  // namespace lapwing::delivery
