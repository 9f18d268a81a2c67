// Digest: "sha256:<64 hexadecimal digits>", the name of everything in an image. Other algorithms
// are refused.
//
// Thread-safety: plain values.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lapwing::images {

class Digest {
 public:
  Digest() = default;
  // kInvalid unless it is one, in lower case.
  static Result<Digest> parse(std::string_view text);
  static Digest of(std::string_view content);
  // From 64 hexadecimal digits that are known to be some.
  static Digest from_hex(std::string hex);

  const std::string& hex() const { return hex_; }
  std::string text() const { return "sha256:" + hex_; }
  bool empty() const { return hex_.empty(); }
  friend bool operator==(const Digest&, const Digest&) = default;

 private:
  std::string hex_;
};

}  // namespace lapwing::images
