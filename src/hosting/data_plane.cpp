#include "hosting/data_plane.hpp"

#include <string>
#include <utility>

#include "text/json_writer.hpp"

namespace lapwing::hosting {

namespace {

int status_of(const Error& error) {
  if (error.http_status() != 0) return error.http_status();
  switch (error.kind()) {
    case ErrorKind::kTooLarge:
      return 413;
    case ErrorKind::kThrottled:
      return 429;
    default:
      return 403;
  }
}

}  // namespace

http::Response plain_error(const Error& error) {
  std::string body;
  text::JsonWriter json(body);
  json.begin_object();
  json.member("message", error.message());
  json.end_object();
  return http::Response(status_of(error), "application/json", std::move(body));
}

}  // namespace lapwing::hosting
