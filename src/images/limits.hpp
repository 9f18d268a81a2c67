// Named limits of container images.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/clock.hpp"

namespace lapwing::images {

inline constexpr std::size_t kReferenceBytesMax = 1024;
inline constexpr std::size_t kManifestBytesMax = 4 * kMiB;  // what registries take
inline constexpr std::size_t kConfigBytesMax = 4 * kMiB;
inline constexpr std::size_t kIndexEntriesMax = 1'000;
inline constexpr int kIndexDepthMax = 3;  // an index in an index in an index
inline constexpr std::size_t kLayersMax = 256;
// Of an image's own settings: entry point, command, environment.
inline constexpr std::size_t kArgumentsMax = 1'500;
inline constexpr std::size_t kEnvironmentMax = 1'000;
inline constexpr std::size_t kSettingsBytesMax = 16 * kKiB;  // all together, as AWS

// AWS: 10 GB, unpacked. One layer as it is sent may not be larger either.
inline constexpr std::uint64_t kUnpackedBytesMax = 10 * kGiB;
inline constexpr std::uint64_t kLayerBytesMax = 10 * kGiB;
// Entries of all layers together.
inline constexpr std::uint64_t kEntriesMax = 1'000'000;
// Of one entry: the path as written and where it really lies (links followed), so that those who
// walk the tree later (removing it, for one) meet no path that the kernel refuses.
inline constexpr std::size_t kPathBytesMax = 3'000;
inline constexpr std::size_t kDepthMax = 128;
inline constexpr std::size_t kNameBytesMax = 255;
inline constexpr std::size_t kLinkBytesMax = 4'095;
// A layer unpacked as an archive, headers included, and what may stand behind its end.
inline constexpr std::uint64_t kArchiveBytesMax = 12 * kGiB;
inline constexpr std::uint64_t kTrailerBytesMax = 16 * kMiB;
inline constexpr std::size_t kPaxBytesMax = 1 * kMiB;
// Entries of an archive that holds a layout.
inline constexpr std::size_t kArchiveEntriesMax = 10'000;

// Registries.
inline constexpr int kRedirectsMax = 5;
inline constexpr std::size_t kTokenBytesMax = 64 * kKiB;
inline constexpr std::size_t kCredentialFileBytesMax = 1 * kMiB;
inline constexpr int kAttempts = 3;
inline constexpr Duration kRetryAfter = std::chrono::milliseconds(300);
// Requests that look up an image at once: each has its thread wait for a registry.
inline constexpr int kResolvesMax = 4;
// A manifest that a request waits for; the same in the background, and tokens.
inline constexpr Duration kResolveTimeout = std::chrono::seconds(8);
inline constexpr Duration kAnswerTimeout = std::chrono::seconds(30);
// Without a byte of a blob; and a whole blob.
inline constexpr Duration kBlobIdle = std::chrono::seconds(30);
inline constexpr Duration kBlobTimeout = std::chrono::hours(1);

}  // namespace lapwing::images
