// Who is charged for what the server holds on somebody's behalf.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>

#include "net/address.hpp"

namespace lapwing::http {

// An address, a key, a function, hashed: collisions share a share.
struct CallerId {
  std::uint64_t hash = 0;
  // One of the functions it calls, which has its part of the caller's share; 0: none.
  std::uint64_t part = 0;
  // A function, out of its sandbox: all of these have a share together.
  bool inside = false;

  friend bool operator==(const CallerId&, const CallerId&) = default;
};

// What counts as one caller of an address: who has one has more of its kind for nothing. The
// machine itself (127.0.0.0/8, ::1), an IPv6 network of 64 bits, another IPv4 address (however it
// is written). Never 0.
std::uint64_t network_of(const net::Address& address);

}  // namespace lapwing::http
