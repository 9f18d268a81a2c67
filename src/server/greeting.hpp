// People who come to the address that the start prints.
//
// Thread-safety: the request's loop.
#pragma once

#include <string>

#include "http/server.hpp"

namespace lapwing::server {

// A browser's, or curl's. To S3's clients the same path lists buckets: they sign, or give
// themselves away by what SDKs send with every request.
bool is_of_a_person(const http::Request& request);

// Says what this is; `services`: "iam, lambda, sqs".
net::Task<void> greet(http::RequestContext& context, std::string services);

}  // namespace lapwing::server
