// What commands ask a server that is running: one request to one of its own paths, signed where
// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are set.
//
// Thread-safety: any thread; blocks until the answer is there.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "http/message.hpp"

namespace lapwing::server {

// Which server is asked: the one said, else that of AWS_ENDPOINT_URL (null: not set), else the one
// that listens where servers do by default. kInvalid for a URL that names none that can be asked.
Result<std::string> server_address(const std::string& said, const char* endpoint_url);

struct Question {
  std::string listen = {};  // "HOST:PORT", or empty
  std::string target = {};  // "/_lapwing/clock"
  std::string body = {};    // where not empty, it is a POST
  Duration patience = std::chrono::minutes(1);
};

// What has to be said to people, and the exit status, where there is no answer of 200.
struct NoAnswer {
  int status = 1;  // 2: what was said makes no sense
  std::string text;
};
// `text`: the answer's body.
std::optional<NoAnswer> ask_server(const Question& question, std::string& text);

}  // namespace lapwing::server
