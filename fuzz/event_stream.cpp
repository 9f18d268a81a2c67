// Bytes of an event stream against the decoder. Beyond not crashing: how the bytes are cut
// must not change what is understood, and a message of string headers written again is the
// same message.
#include "aws/event_stream.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace lapwing::aws {
namespace {

std::vector<EventMessage> decode(std::string_view bytes, std::size_t piece, bool& broken) {
  EventDecoder decoder;
  std::vector<EventMessage> out;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    decoder.feed(bytes.substr(at, piece));
    while (true) {
      auto message = decoder.next();
      if (!message) broken = true;
      if (!message || !*message) break;
      out.push_back(**std::move(message));
    }
    if (broken) break;
  }
  return out;
}

void write_again(const EventMessage& message) {
  std::vector<EventField> fields;
  for (const EventHeader& header : message.headers) {
    if (header.type != EventValueType::kString) return;
    fields.push_back({header.name, header.value});
  }
  std::string bytes;
  append_event(bytes, fields, message.payload);
  bool broken = false;
  const auto again = decode(bytes, bytes.size(), broken);
  if (broken || again.size() != 1 || again[0].payload != message.payload ||
      again[0].headers.size() != message.headers.size()) {
    std::abort();
  }
}

void run(std::string_view bytes) {
  bool broken = false;
  bool broken_in_pieces = false;
  const auto whole = decode(bytes, bytes.size(), broken);
  const auto pieces = decode(bytes, 3, broken_in_pieces);
  if (whole.size() != pieces.size() || broken != broken_in_pieces) std::abort();
  for (const EventMessage& message : whole) write_again(message);
}

}  // namespace
}  // namespace lapwing::aws

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // char may alias the bytes; the view lives as long as this call.
  if (size > 0) lapwing::aws::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
