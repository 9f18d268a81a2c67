#include "runtime/api/api_answer.hpp"

#include "text/json_writer.hpp"

namespace lapwing::runtime {

http::Response json_answer(int status, std::string body) {
  return http::Response(status, "application/json", std::move(body));
}

http::Response error_answer(int status, std::string_view type, std::string_view message) {
  std::string body;
  text::JsonWriter json(body);
  json.begin_object();
  json.member("errorMessage", message);
  json.member("errorType", type);
  json.end_object();
  return json_answer(status, std::move(body));
}

http::Response error_answer(const Error& error) {
  int status = error.http_status();
  if (status == 0) {
    switch (error.kind()) {
      case ErrorKind::kInvalid:
        status = 400;
        break;
      case ErrorKind::kTooLarge:
        status = 413;
        break;
      case ErrorKind::kDenied:
      case ErrorKind::kConflict:
        status = 403;
        break;
      default:
        status = 500;
    }
  }
  return error_answer(status, error.code(), error.message());
}

http::Response accepted_answer() { return json_answer(202, "{\"status\":\"OK\"}\n"); }

}  // namespace lapwing::runtime
