// An HTTP request as the protocol engines want it.
//
// Thread-safety: a plain value.
#pragma once

#include <string_view>
#include <vector>

#include "aws/message.hpp"
#include "http/message.hpp"

namespace lapwing::server {

// The http::Request must stay.
class RequestView {
 public:
  explicit RequestView(const http::Request& request) {
    headers_.reserve(request.headers.size());
    for (const http::Headers::Field field : request.headers) {
      headers_.push_back({field.name, field.value});
    }
    view_.method = http::to_string(request.method);
    view_.raw_path = request.path();
    view_.raw_query = request.query();
    view_.headers = headers_;
  }
  const aws::Request& with_body(std::string_view body) {
    view_.body = body;
    return view_;
  }
  const aws::Request& head() const { return view_; }

 private:
  std::vector<aws::HeaderView> headers_;
  aws::Request view_;
};

}  // namespace lapwing::server
