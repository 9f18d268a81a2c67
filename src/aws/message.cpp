#include "aws/message.hpp"

#include <algorithm>

namespace lapwing::aws {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::string_view> Request::header(std::string_view name) const {
  for (const HeaderView& header : headers) {
    if (equals_ignoring_case(header.name, name)) return header.value;
  }
  return std::nullopt;
}

void Response::set_header(std::string_view name, std::string_view value) {
  for (HeaderField& header : headers) {
    if (equals_ignoring_case(header.name, name)) {
      header.value = value;
      return;
    }
  }
  headers.push_back({std::string(name), std::string(value)});
}

std::optional<std::string_view> Response::header(std::string_view name) const {
  for (const HeaderField& header : headers) {
    if (equals_ignoring_case(header.name, name)) return header.value;
  }
  return std::nullopt;
}

Response rpc_response(int status, std::string_view content_type, std::string_view request_id) {
  Response response;
  response.status = status;
  response.set_header("Content-Type", content_type);
  response.set_header("x-amzn-RequestId", request_id);
  return response;
}

}  // namespace lapwing::aws
