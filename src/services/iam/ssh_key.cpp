#include "services/iam/ssh_key.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <optional>

#include <fmt/core.h>

#include "crypto/md5.hpp"
#include "gen/iam/errors.hpp"
#include "services/iam/limits.hpp"
#include "text/base64.hpp"

namespace lapwing::iam {
namespace {

constexpr std::string_view kType = "ssh-rsa";
constexpr std::string_view kPemBegin = "-----BEGIN PUBLIC KEY-----";
constexpr std::string_view kPemEnd = "-----END PUBLIC KEY-----";
// AlgorithmIdentifier of rsaEncryption, with its NULL.
constexpr std::string_view kRsaAlgorithm(
    "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00", 15);
constexpr std::size_t kPemLine = 64;
constexpr unsigned char kSequence = 0x30;
constexpr unsigned char kBitString = 0x03;
constexpr unsigned char kInteger = 0x02;

std::unexpected<Error> invalid_key() {
  return fail(gen::iam::errors::invalid_public_key("The specified public key is invalid."));
}

std::string number(std::string_view bytes) {
  const std::size_t begin = bytes.find_first_not_of('\0');
  return std::string(begin == std::string_view::npos ? "" : bytes.substr(begin));
}

// As both forms write a number: with a zero in front where it would be negative.
std::string signed_number(std::string_view bytes) {
  const bool negative = !bytes.empty() && (static_cast<unsigned char>(bytes[0]) & 0x80) != 0;
  return (negative ? std::string(1, '\0') : std::string()) + std::string(bytes);
}

// A field of the key's bytes: four bytes of length, and so many.
std::optional<std::string_view> take_field(std::string_view& bytes) {
  if (bytes.size() < 4) return std::nullopt;
  std::uint32_t length = 0;
  for (int i = 0; i < 4; ++i) length = length << 8 | static_cast<unsigned char>(bytes[i]);
  bytes.remove_prefix(4);
  if (length > bytes.size()) return std::nullopt;
  const std::string_view field = bytes.substr(0, length);
  bytes.remove_prefix(length);
  return field;
}

void append_field(std::string& out, std::string_view field) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out += static_cast<char>((field.size() >> shift) & 0xFF);
  }
  out += field;
}

// The content of the next DER element of this type.
std::optional<std::string_view> take_der(std::string_view& bytes, unsigned char type) {
  if (bytes.size() < 2 || static_cast<unsigned char>(bytes[0]) != type) return std::nullopt;
  std::size_t length = static_cast<unsigned char>(bytes[1]);
  bytes.remove_prefix(2);
  if (length > 0x80) {
    const std::size_t count = length - 0x80;
    if (count > 3 || bytes.size() < count) return std::nullopt;
    length = 0;
    for (std::size_t i = 0; i < count; ++i) {
      length = length << 8 | static_cast<unsigned char>(bytes[i]);
    }
    bytes.remove_prefix(count);
  }
  if (length > bytes.size()) return std::nullopt;
  const std::string_view content = bytes.substr(0, length);
  bytes.remove_prefix(length);
  return content;
}

std::string der(unsigned char type, std::string_view content) {
  std::string out(1, static_cast<char>(type));
  if (content.size() < 0x80) {
    out += static_cast<char>(content.size());
  } else if (content.size() <= 0xFF) {
    out += '\x81';
    out += static_cast<char>(content.size());
  } else {
    out += '\x82';
    out += static_cast<char>(content.size() >> 8);
    out += static_cast<char>(content.size() & 0xFF);
  }
  out += content;
  return out;
}

std::string blob_of(std::string_view exponent, std::string_view modulus) {
  std::string blob;
  append_field(blob, kType);
  append_field(blob, signed_number(exponent));
  append_field(blob, signed_number(modulus));
  return blob;
}

Result<ParsedSshKey> checked(std::string_view exponent, std::string_view modulus) {
  ParsedSshKey key;
  key.exponent = number(exponent);
  key.modulus = number(modulus);
  if (key.modulus.empty() || key.exponent.empty()) return invalid_key();
  const std::size_t bits =
      (key.modulus.size() - 1) * 8 +
      static_cast<std::size_t>(std::bit_width(static_cast<unsigned char>(key.modulus[0])));
  if (bits < kSshKeyBitsMin || bits > kSshKeyBitsMax) return invalid_key();
  key.blob = blob_of(key.exponent, key.modulus);
  return key;
}

Result<ParsedSshKey> parse_blob(std::string_view bytes) {
  const auto type = take_field(bytes);
  if (type != kType) return invalid_key();
  const auto exponent = take_field(bytes);
  const auto modulus = take_field(bytes);
  if (!exponent || !modulus || !bytes.empty()) return invalid_key();
  return checked(*exponent, *modulus);
}

Result<ParsedSshKey> parse_pem(std::string_view text) {
  text.remove_prefix(kPemBegin.size());
  const std::size_t end = text.find(kPemEnd);
  if (end == std::string_view::npos) return invalid_key();
  std::string base64;
  for (const char c : text.substr(0, end)) {
    if (c != '\n' && c != '\r' && c != ' ' && c != '\t') base64 += c;
  }
  const auto bytes = text::base64_decode(base64);
  if (!bytes) return invalid_key();
  std::string_view outer = *bytes;
  auto info = take_der(outer, kSequence);
  if (!info || !info->starts_with(kRsaAlgorithm)) return invalid_key();
  info->remove_prefix(kRsaAlgorithm.size());
  auto wrapped = take_der(*info, kBitString);
  if (!wrapped || wrapped->empty() || wrapped->front() != '\0') return invalid_key();
  wrapped->remove_prefix(1);
  auto key = take_der(*wrapped, kSequence);
  if (!key) return invalid_key();
  const auto modulus = take_der(*key, kInteger);
  const auto exponent = take_der(*key, kInteger);
  if (!modulus || !exponent) return invalid_key();
  return checked(*exponent, *modulus);
}

}  // namespace

std::string ParsedSshKey::fingerprint() const {
  const std::string hex = crypto::md5_hex(blob);
  std::string out;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    if (i != 0) out += ':';
    out += hex.substr(i, 2);
  }
  return out;
}

std::string ParsedSshKey::as_ssh() const {
  return fmt::format("{} {}", kType, text::base64_encode(std::string_view(blob)));
}

std::string ParsedSshKey::as_pem() const {
  const std::string key = der(
      kSequence, der(kInteger, signed_number(modulus)) + der(kInteger, signed_number(exponent)));
  const std::string info =
      der(kSequence, std::string(kRsaAlgorithm) + der(kBitString, std::string(1, '\0') + key));
  const std::string base64 = text::base64_encode(std::string_view(info));
  std::string out(kPemBegin);
  for (std::size_t i = 0; i < base64.size(); i += kPemLine) {
    out += '\n';
    out += std::string_view(base64).substr(i, kPemLine);
  }
  return fmt::format("{}\n{}\n", out, kPemEnd);
}

Result<ParsedSshKey> parse_ssh_key(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin != std::string_view::npos) text.remove_prefix(begin);
  if (text.starts_with(kPemBegin)) return parse_pem(text);
  if (!text.starts_with("ssh-") && !text.starts_with("ecdsa-")) {
    return fail(gen::iam::errors::unrecognized_public_key_encoding(
        "The public key encoding format is unsupported or unrecognized."));
  }
  const std::size_t end = text.find_first_of(kSpace);
  if (text.substr(0, end) != kType || end == std::string_view::npos) return invalid_key();
  text.remove_prefix(end);
  text.remove_prefix(std::min(text.size(), text.find_first_not_of(kSpace)));
  const auto blob = text::base64_decode(text.substr(0, text.find_first_of(kSpace)));
  if (!blob) return invalid_key();
  return parse_blob(*blob);
}

}  // namespace lapwing::iam
