#include "server/host_guard.hpp"

#include <algorithm>
#include <cctype>

namespace lapwing::server {
namespace {

// What SDKs put before the endpoint's name for operations that stream (StartLiveTail).
constexpr std::string_view kHostPrefixes[] = {"streaming-", "stream-"};

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// "localhost:4566" -> "localhost", "[::1]:4566" -> "[::1]".
std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    return end == std::string_view::npos ? host : host.substr(0, end + 1);
  }
  return host.substr(0, host.find(':'));
}

bool is_address(std::string_view host) {
  if (host.starts_with('[')) return host.ends_with(']');
  return !host.empty() && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

bool HostGuard::host_allowed(std::string_view host) const {
  const std::string whole = lower(without_port(host));
  std::string_view name = whole;
  for (const std::string_view prefix : kHostPrefixes) {
    if (!name.starts_with(prefix)) continue;
    name.remove_prefix(prefix.size());
    break;
  }
  if (whole.empty()) return true;  // HTTP/1.0 clients send none; a browser always does
  if (is_address(name) || name == "localhost" || name.ends_with(".localhost")) return true;
  return std::find(names_.begin(), names_.end(), name) != names_.end();
}

bool HostGuard::origin_allowed(std::string_view origin, std::string_view host) const {
  if (origin.empty()) return true;
  const auto scheme = origin.find("://");
  if (scheme == std::string_view::npos) return false;  // "null": a sandboxed page or a file
  return lower(origin.substr(scheme + 3)) == lower(host);
}

bool HostGuard::fetch_allowed(std::string_view site, std::string_view referer,
                              std::string_view host) const {
  if (!site.empty() && site != "same-origin" && site != "none") return false;
  if (referer.empty()) return true;
  const auto scheme = referer.find("://");
  if (scheme == std::string_view::npos) return true;  // no page's address
  const std::string_view rest = referer.substr(scheme + 3);
  return lower(rest.substr(0, rest.find_first_of("/?#"))) == lower(host);
}

}  // namespace lapwing::server
