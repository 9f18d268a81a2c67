#include "services/sqs/receipt_handle.hpp"

#include <fmt/core.h>

#include "base/bytes.hpp"
#include "crypto/sha256.hpp"
#include "gen/sqs/errors.hpp"
#include "text/base64.hpp"
#include "text/utf8.hpp"

namespace lapwing::sqs {
namespace {

// The real ones begin with these, "AQEB" in base64.
constexpr std::string_view kStart = "\x01\x01\x01";
constexpr std::size_t kNumbersBytes = 24;
constexpr std::size_t kCheckBytes = 16;
constexpr std::size_t kBytes = 3 + kNumbersBytes + kCheckBytes;

void put(std::string& out, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    out += static_cast<char>((number >> static_cast<unsigned>(shift)) & 0xff);
  }
}

std::uint64_t number_at(std::string_view bytes, std::size_t at) {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < 8; ++i) out = out << 8 | static_cast<unsigned char>(bytes[at + i]);
  return out;
}

std::string check_of(const Queue& queue, std::string_view bytes) {
  std::string text(queue.place);
  text += bytes;
  const crypto::Sha256Digest digest = crypto::sha256(text);
  return std::string(as_text(digest).substr(0, kCheckBytes));
}

}  // namespace

std::string write_handle(const Queue& queue, const Handle& handle) {
  std::string out(kStart);
  put(out, handle.receipt.id);
  put(out, handle.receipt.claim);
  put(out, static_cast<std::uint64_t>(handle.received_ms));
  out += check_of(queue, out);
  return text::base64_encode(out);
}

Result<Handle> read_handle(const Queue& queue, std::string_view text) {
  const auto invalid = [&] {
    return fail(gen::sqs::errors::receipt_handle_is_invalid(
        fmt::format("The input receipt handle \"{}\" is not a valid receipt handle.",
                    text::truncate_utf8(text, kHandleBytesMax))));
  };
  if (text.size() > kHandleBytesMax) return invalid();
  const auto bytes = text::base64_decode(text);
  if (!bytes || bytes->size() != kBytes) return invalid();
  const std::string_view signed_part = std::string_view(*bytes).substr(0, kBytes - kCheckBytes);
  if (!signed_part.starts_with(kStart) || !bytes->ends_with(check_of(queue, signed_part))) {
    return invalid();
  }
  return Handle{{number_at(*bytes, 3), number_at(*bytes, 11)},
                static_cast<std::int64_t>(number_at(*bytes, 19))};
}

}  // namespace lapwing::sqs
