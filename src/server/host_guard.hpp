// A browser on the same machine is an outsider too: pages of other sites can make it send
// requests here, and can rebind their own names to our address. Requests whose Host is not
// one of ours, or whose Origin is another site's, are refused whatever the auth mode.
//
// Thread-safety: immutable after construction.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lapwing::server {

class HostGuard {
 public:
  // `names`: further host names of this server, without port.
  explicit HostGuard(std::vector<std::string> names) : names_(std::move(names)) {}

  // Ours: IP addresses (a name cannot be rebound to those), localhost and names below it,
  // the sandbox's name for us, and the configured names; each also behind "stream-" or
  // "streaming-", which no name outside can be where these are none. Ports do not matter.
  bool host_allowed(std::string_view host) const;
  // No Origin, or one whose host is the request's own.
  bool origin_allowed(std::string_view origin, std::string_view host) const;
  // What browsers send with what another site's page makes them fetch, an image, say, which has no
  // Origin: Sec-Fetch-Site, and a Referer where there is one.
  bool fetch_allowed(std::string_view site, std::string_view referer, std::string_view host) const;

 private:
  std::vector<std::string> names_;
};

}  // namespace lapwing::server
