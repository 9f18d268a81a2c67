// HTTP and HTTPS addresses as destinations: a parcel is one request, with its method, headers and
// body. 2xx is taken; 429 and 5xx, and what fails on the way, may be tried again; everything else,
// redirects too, is refused.
//
// Thread-safety: as ports::Destination.
#pragma once

#include <vector>

#include "delivery/http_caller.hpp"
#include "ports/destination.hpp"

namespace lapwing::delivery {

// What an answer, or its failure, says of a delivery: the code is the status as text ("503"), or
// "Timeout", "ConnectionFailed", "AddressRefused". 429 and 5xx may say when to come again
// (Retry-After).
ports::Delivered delivered_by(const Result<http::Response>& answer);

class HttpDestination final : public ports::Destination {
 public:
  // `timeout`: for one request, in real time.
  HttpDestination(HttpCaller& caller, Duration timeout) : caller_(caller), timeout_(timeout) {}

  net::Task<std::vector<ports::Delivered>> deliver(
      net::Loop& loop, const std::vector<ports::Parcel>& parcels) override;
  bool quick() const override { return false; }

 private:
  HttpCaller& caller_;
  const Duration timeout_;
};

}  // namespace lapwing::delivery
