// Bytes of a client against the HTTP/1.1 codec. Beyond not crashing: how the bytes are cut
// into reads must not change what is understood, and heads written from what was parsed must
// parse again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/h1_codec.hpp"

namespace {

using lapwing::http::BodyFraming;
using lapwing::http::HeadInfo;
using lapwing::http::HeadLimits;
using lapwing::http::HeadParser;
using lapwing::http::ParsedAll;
using lapwing::http::ParseState;
using lapwing::http::Request;
using lapwing::http::Response;

void must(bool holds) {
  if (!holds) std::abort();
}

void check_pieces(std::string_view bytes, const HeadLimits& limits) {
  const ParsedAll whole = parse_all(bytes, limits);
  for (std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{64}}) {
    const ParsedAll cut = parse_all(bytes, limits, piece);
    must((cut.error_status != 0) == (whole.error_status != 0));
    must(cut.requests == whole.requests);
    must(cut.body_bytes == whole.body_bytes);
  }
}

void check_round_trip(std::string_view bytes, const HeadLimits& limits) {
  HeadParser parser(limits);
  Request request;
  HeadInfo info;
  if (parser.parse_request(bytes, request, info) != ParseState::kDone) return;
  std::string out;
  write_request_head(out, request, "host", info.framing, info.content_length);
  const HeadLimits wide{.head_bytes = 1 << 20, .header_count = 256, .target_bytes = 1 << 19};
  HeadParser again(wide);
  Request same;
  HeadInfo same_info;
  must(again.parse_request(out, same, same_info) == ParseState::kDone);
  must(same.target == request.target && same.method == request.method);
  must(same_info.framing == info.framing && same_info.content_length == info.content_length);
}

void check_response(std::string_view bytes, const HeadLimits& limits) {
  HeadParser parser(limits);
  Response response;
  HeadInfo info;
  if (parser.parse_response(bytes, response, info, false) == ParseState::kDone) {
    must(parser.consumed() <= bytes.size());
    must(response.status >= 100 && response.status <= 999);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const HeadLimits limits{.head_bytes = 4096, .header_count = 32, .target_bytes = 1024};
  check_pieces(bytes, limits);
  check_round_trip(bytes, limits);
  check_response(bytes, limits);
  return 0;
}
