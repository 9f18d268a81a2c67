// A way in that is no AWS API, which a service owns: a path, or host names, answered as the service
// likes, before any signature is looked at (function URLs, sites of buckets, downloads).
//
// Thread-safety: every method on every loop at once.
#pragma once

#include <string_view>

#include "aws/call.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "http/server.hpp"
#include "net/task.hpp"

namespace lapwing::hosting {

struct Arrival {
  aws::Origin from = aws::Origin::kClient;
  RequestId request_id;
};

class DataPlane {
 public:
  virtual ~DataPlane() = default;

  // Whether everything for this host name (without its port; compare without case) is this one's.
  // It then decides itself which pages of other sites may call (Origin, CORS): the names must be
  // ones that no other site can have, since nobody else looks at them.
  virtual bool owns_host(std::string_view) const { return false; }
  // Whether this path is, under the names of the server: Host, Origin and what browsers send with
  // other sites' requests have been looked at.
  virtual bool owns_path(std::string_view) const { return false; }

  virtual net::Task<void> handle(http::RequestContext& context, Arrival arrival) = 0;
};

// {"message": ...} with the error's status; where it has none, 413 of what is too large, 429 of
// what is too much, and 403: for ways in that have no protocol of their own.
http::Response plain_error(const Error& error);

}  // namespace lapwing::hosting
