#include "hosting/data_plane.hpp"

#include <string>
#include <utility>

#include "text/json_writer.hpp"

namespace lapwing::hosting {

http::Response plain_error(const Error& error) {
  constexpr int kForbidden = 403;
  std::string body;
  text::JsonWriter json(body);
  json.begin_object();
  json.member("message", error.message());
  json.end_object();
  const int status = error.http_status() != 0 ? error.http_status() : kForbidden;
  return http::Response(status, "application/json", std::move(body));
}

}  // namespace lapwing::hosting
