// What the protocol engines see of HTTP: a view of a request whose body has arrived, and a
// response to send. The front door converts from and to http/'s own types.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lapwing::aws {

struct HeaderView {
  std::string_view name;
  std::string_view value;
};

// Views into the caller's memory; valid as long as that is.
struct Request {
  std::string_view method{};
  std::string_view raw_path{};   // as received, still percent-encoded, without the query
  std::string_view raw_query{};  // without '?'
  std::span<const HeaderView> headers{};
  std::string_view body{};
  bool body_follows = false;  // it is read as it arrives, and is not in `body`

  // Name compared without case; the first one when a header is repeated.
  std::optional<std::string_view> header(std::string_view name) const;
};

struct HeaderField {
  std::string name;
  std::string value;
};

struct Response {
  int status = 200;
  std::vector<HeaderField> headers;
  std::string body;

  void set_header(std::string_view name, std::string_view value);  // replaces
  std::optional<std::string_view> header(std::string_view name) const;
};

// An answer of an RPC protocol, without its body.
Response rpc_response(int status, std::string_view content_type, std::string_view request_id);

// What an operation may add to its answer beyond the members of its output.
struct ResponseExtras {
  std::optional<int> status;
  std::vector<HeaderField> headers;
};

bool equals_ignoring_case(std::string_view a, std::string_view b);

}  // namespace lapwing::aws
