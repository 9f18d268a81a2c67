// Named limits of the front door.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

namespace lapwing::server {

// Largest request body of any operation: CreateFunction's, with its zip in base64 (AWS:
// "Request must be smaller than 70167211 bytes for the CreateFunction operation").
inline constexpr std::size_t kRequestBodyBytesMax = 70'167'211;
// Request bodies in memory at once, over all connections.
inline constexpr std::uint64_t kBodiesInMemoryMax = 1 * kGiB;
// Beyond this size hashing and checking a body leaves the event loop for a worker.
inline constexpr std::size_t kOffloadBytes = 256 * kKiB;

// A tree given to `lapwing runtime add`.
inline constexpr std::uint64_t kAddedBytesMax = 10 * kGiB;
inline constexpr std::size_t kAddedEntriesMax = 500'000;

// Descriptors of the server: what it asks for, and what an environment at work takes of them.
inline constexpr std::uint64_t kOpenFilesWanted = 262'144;
inline constexpr std::uint64_t kFilesPerEnvironment = 15;

// How much of a request's target a log line shows.
inline constexpr std::size_t kLoggedTargetMax = 256;

}  // namespace lapwing::server
