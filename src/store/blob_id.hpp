// The name of a blob (blob.hpp), apart so that records can name blobs.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lapwing::store {

struct BlobId {
  std::array<std::byte, 32> sha256{};
  friend auto operator<=>(const BlobId&, const BlobId&) = default;

  std::string hex() const;  // 64 lower-case digits
  static Result<BlobId> from_hex(std::string_view hex);
};

}  // namespace lapwing::store
