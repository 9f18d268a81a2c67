#include "net/address.hpp"

#include <charconv>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>

#include "net/sockaddr.hpp"
#include "net/worker_pool.hpp"

namespace lapwing::net {
namespace {

Error bad_address(std::string_view text) {
  return make_error(ErrorKind::kInvalid, "not an address: " + std::string(text));
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

Result<Address> resolve_blocking(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (error != 0) {
    return fail(make_error(ErrorKind::kUnavailable, "cannot resolve " + host)
                    .with_detail(::gai_strerror(error)));
  }
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    auto address = from_sockaddr(*entry->ai_addr, entry->ai_addrlen);
    if (address) return Address::ip(address->host(), port);
  }
  return fail(make_error(ErrorKind::kUnavailable, "no address for " + host));
}

}  // namespace

Result<Address> Address::parse(std::string_view text) {
  if (text.starts_with("unix:")) return unix_path(text.substr(5));
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return fail(bad_address(text));
  std::string_view host = text.substr(0, colon);
  const auto port = parse_port(text.substr(colon + 1));
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return fail(bad_address(text));
  }
  if (!port) return fail(bad_address(text));
  return ip(host, *port);
}

Result<Address> Address::ip(std::string_view host, std::uint16_t port) {
  const std::string text(host);
  in_addr v4{};
  if (::inet_pton(AF_INET, text.c_str(), &v4) == 1) return Address(Kind::kIpv4, text, port);
  in6_addr v6{};
  if (::inet_pton(AF_INET6, text.c_str(), &v6) == 1) {
    char canonical[INET6_ADDRSTRLEN];
    ::inet_ntop(AF_INET6, &v6, canonical, sizeof canonical);
    return Address(Kind::kIpv6, canonical, port);
  }
  return fail(bad_address(host));
}

Result<Address> Address::unix_path(std::string_view path) {
  if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path)) {
    return fail(make_error(ErrorKind::kInvalid, "not a socket path: " + std::string(path)));
  }
  return Address(Kind::kUnix, std::string(path), 0);
}

bool Address::is_loopback() const {
  switch (kind_) {
    case Kind::kIpv4:
      return host_.starts_with("127.");
    case Kind::kIpv6:
      return host_ == "::1" || host_.starts_with("::ffff:127.");
    case Kind::kUnix:
      return true;
  }
  return false;
}

std::string Address::to_string() const {
  switch (kind_) {
    case Kind::kIpv4:
      return fmt::format("{}:{}", host_, port_);
    case Kind::kIpv6:
      return fmt::format("[{}]:{}", host_, port_);
    case Kind::kUnix:
      return "unix:" + host_;
  }
  return {};
}

Task<Result<Address>> resolve(Loop& loop, WorkerPool& pool, std::string host, std::uint16_t port) {
  auto numeric = Address::ip(host, port);
  if (numeric) co_return numeric;
  auto work = [host, port] { return resolve_blocking(host, port); };
  co_return co_await pool.run(loop, std::move(work));
}

SocketAddress to_sockaddr(const Address& address) {
  SocketAddress out;
  switch (address.kind()) {
    case Address::Kind::kIpv4: {
      auto& v4 = reinterpret_cast<sockaddr_in&>(out.storage);
      v4.sin_family = AF_INET;
      v4.sin_port = htons(address.port());
      ::inet_pton(AF_INET, address.host().c_str(), &v4.sin_addr);
      out.size = sizeof v4;
      break;
    }
    case Address::Kind::kIpv6: {
      auto& v6 = reinterpret_cast<sockaddr_in6&>(out.storage);
      v6.sin6_family = AF_INET6;
      v6.sin6_port = htons(address.port());
      ::inet_pton(AF_INET6, address.host().c_str(), &v6.sin6_addr);
      out.size = sizeof v6;
      break;
    }
    case Address::Kind::kUnix: {
      auto& local = reinterpret_cast<sockaddr_un&>(out.storage);
      local.sun_family = AF_UNIX;
      const std::string& path = address.host();
      path.copy(local.sun_path, sizeof local.sun_path - 1);
      if (path.starts_with('@')) local.sun_path[0] = '\0';
      // Abstract names count their bytes; paths end with a NUL.
      const std::size_t end = path.starts_with('@') ? path.size() : path.size() + 1;
      out.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + end);
      break;
    }
  }
  return out;
}

std::optional<Address> from_sockaddr(const sockaddr& raw, socklen_t size) {
  char text[INET6_ADDRSTRLEN];
  if (raw.sa_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(raw);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    auto address = Address::ip(text, ntohs(v4.sin_port));
    return address ? std::optional(*address) : std::nullopt;
  }
  if (raw.sa_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(raw);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    auto address = Address::ip(text, ntohs(v6.sin6_port));
    return address ? std::optional(*address) : std::nullopt;
  }
  if (raw.sa_family == AF_UNIX && size > offsetof(sockaddr_un, sun_path)) {
    const auto& local = reinterpret_cast<const sockaddr_un&>(raw);
    std::string path(local.sun_path, size - offsetof(sockaddr_un, sun_path));
    if (path[0] == '\0') {
      path[0] = '@';
    } else {
      path.resize(::strnlen(path.data(), path.size()));
    }
    auto address = Address::unix_path(path);
    return address ? std::optional(*address) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace lapwing::net
