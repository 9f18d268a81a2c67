// Named limits of the front door.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/clock.hpp"

namespace lapwing::server {

// What arrives, and what invocations hold while at work, is bounded by http/limits.hpp, and what
// each operation takes by its service. Of invocations, small payloads count in the whole alone, of
// which they have something beyond the limit, so that callers of large ones do not refuse
// everybody's: so many that they could take it all would be more than there may be connections.
inline constexpr std::uint64_t kSmallPayloadBytes = 64 * kKiB;
inline constexpr std::uint64_t kSmallPayloadsReserve = 128 * kMiB;
// Of control-plane requests larger than this one is worked on at a time (turns.hpp).
inline constexpr std::size_t kLargeBodyBytes = 8 * kMiB;
// Nobody waits longer for an operation that holds a worker: SDKs ask again after a minute, and what
// waits for a worker then would do the same work twice. Counted from when the request is whole.
inline constexpr auto kCallTimeMax = std::chrono::seconds(60);
// Beyond this size hashing and checking a body leaves the event loop for a worker.
inline constexpr std::size_t kOffloadBytes = 256 * kKiB;
// Answers that services make (received messages) are counted with those that wait to be read
// (http/limits.hpp). Beyond what a caller may have of these, small ones are still made.
inline constexpr std::uint64_t kSmallAnswersReserve = 16 * kMiB;
inline constexpr std::uint64_t kSmallAnswerBytes = 64 * kKiB;
// Calls that wait for long (long polls) may hold so many quarters of the connections. A caller has
// an eighth of all connections at least, and what the others leave, up to half of those.
inline constexpr std::size_t kLongWaitsQuarters = 3;
inline constexpr std::size_t kLongWaitsOfCallerPart = 8;

// Each pull of an image takes a thread for as long as its registry takes.
inline constexpr std::size_t kPullThreads = 4;

// A tree given to `lapwing runtime add`.
inline constexpr std::uint64_t kAddedBytesMax = 10 * kGiB;
inline constexpr std::size_t kAddedEntriesMax = 500'000;

// Descriptors of the server: what it asks for, what an environment at work takes of them, and what
// is left for files whatever environments and connections take (a part of all, at least so many).
inline constexpr std::uint64_t kOpenFilesWanted = 262'144;
inline constexpr std::uint64_t kFilesPerEnvironment = 15;
inline constexpr std::uint64_t kFilesReservePart = 32;
inline constexpr std::uint64_t kFilesReserveMin = 24;
// Fewer connections than this are no server.
inline constexpr std::uint64_t kConnectionsMin = 16;

// How much of a request's target a log line shows.
inline constexpr std::size_t kLoggedTargetMax = 256;

// GET /_lapwing/events: rows of a list, and unless it is said; POST .../replay.
inline constexpr std::size_t kEventRowsMax = 1'000;
inline constexpr std::size_t kEventRowsDefault = 100;
inline constexpr std::size_t kReplayBodyBytesMax = 8 * kKiB;

// POST /_lapwing/clock.
inline constexpr std::size_t kClockBodyBytesMax = 1024;
inline constexpr auto kClockAdvanceMax = std::chrono::hours(24 * 3660);

}  // namespace lapwing::server
