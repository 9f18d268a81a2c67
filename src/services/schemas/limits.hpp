// Numbers of services/schemas. Thread-safety: constants.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

namespace lapwing::schemas {

// Content of 100,000 characters is the model's limit; the body of a request holds it escaped.
inline constexpr std::size_t kBodyBytesMax = 2 * kMiB;
// Ten events of 100,000 characters.
inline constexpr std::size_t kEventsBodyBytesMax = 12 * kMiB;
inline constexpr std::uint32_t kContentDepthMax = 200;
inline constexpr std::size_t kRegistryNameMax = 64;
inline constexpr std::size_t kSchemaNameMax = 385;
inline constexpr std::int32_t kPageMax = 100;
// AWS's quota, and how much one transaction deletes.
inline constexpr std::int64_t kVersionsMax = 100;
inline constexpr std::size_t kPolicyBytesMax = 20 * kKiB;
inline constexpr std::size_t kKeywordsMax = 20;
// Schemas that a page of a search looks at.
inline constexpr std::size_t kSearchedAtOnce = 100;
// It ends behind the schema whose versions make it so much, and holds so many of them at a time.
inline constexpr std::size_t kSearchedBytes = 8 * kMiB;
inline constexpr std::size_t kVersionsSearchedAtOnce = 10;

}  // namespace lapwing::schemas
