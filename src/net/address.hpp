// Address: where to listen or connect: an IP address and port, or a Unix socket path.
// Names are resolved by resolve(), which needs a worker pool because getaddrinfo blocks.
//
// Thread-safety: a plain value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "net/task.hpp"

namespace lapwing::net {

class Loop;
class WorkerPool;

class Address {
 public:
  enum class Kind { kIpv4, kIpv6, kUnix };

  Address() : Address(Kind::kUnix, {}, 0) {}  // nowhere
  // "127.0.0.1:8080", "[::1]:8080", "unix:/run/x.sock", "unix:@abstract". Numeric only.
  static Result<Address> parse(std::string_view text);
  static Result<Address> ip(std::string_view host, std::uint16_t port);
  // A leading '@' means the abstract namespace. At most 107 bytes.
  static Result<Address> unix_path(std::string_view path);

  Kind kind() const { return kind_; }
  // Numeric address without brackets, or the path.
  const std::string& host() const { return host_; }
  std::uint16_t port() const { return port_; }
  bool is_loopback() const;  // Unix sockets count
  // As parse() reads it.
  std::string to_string() const;

  friend bool operator==(const Address&, const Address&) = default;

 private:
  Address(Kind kind, std::string host, std::uint16_t port)
      : kind_(kind), port_(port), host_(std::move(host)) {}
  Kind kind_;
  std::uint16_t port_;
  std::string host_;
};

// The first address `host` resolves to; numeric hosts answer at once.
Task<Result<Address>> resolve(Loop& loop, WorkerPool& pool, std::string host, std::uint16_t port);

}  // namespace lapwing::net
