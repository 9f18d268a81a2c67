// What the protocol engines answer, as HTTP.
//
// Thread-safety: pure functions.
#pragma once

#include "aws/message.hpp"
#include "http/message.hpp"

namespace lapwing::server {

inline http::Response to_http(aws::Response response) {
  http::Response out(response.status);
  for (const aws::HeaderField& field : response.headers) out.headers.add(field.name, field.value);
  out.body = std::move(response.body);
  return out;
}

}  // namespace lapwing::server
