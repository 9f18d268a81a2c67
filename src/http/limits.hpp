// Limits of the HTTP floor: defaults, changed through ServerOptions and ClientOptions.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/clock.hpp"

namespace lapwing::http {

struct HeadLimits {
  std::size_t head_bytes = 64 * kKiB;     // beyond: 431
  std::size_t header_count = 128;         // beyond: 431
  std::size_t target_bytes = 16 * kKiB;   // beyond: 414
  std::size_t trailer_bytes = 16 * kKiB;  // of all trailers together; beyond: 400
};

// Of one chunk's size line, extensions included.
inline constexpr std::size_t kChunkLineBytesMax = 1 * kKiB;
// Body bytes a handler left unread that are skipped to keep the connection; beyond it closes.
inline constexpr std::uint64_t kUnreadBodyBytesMax = 256 * kKiB;
// First size of a connection's read buffer; it grows up to HeadLimits::head_bytes.
inline constexpr std::size_t kReadBufferBytes = 8 * kKiB;
// Requests, or reads of a body, of one connection before others on its loop are let through.
inline constexpr std::uint32_t kTurnsMax = 32;
// How long a connection is read after an error answer, so that the client sees the answer
// rather than a reset.
inline constexpr Duration kLingerTimeout = std::chrono::seconds(10);
inline constexpr std::uint64_t kLingerBytesMax = 128 * kMiB;

// Bodies in memory at once, while they arrive and until they are used, with heads beyond
// kReadBufferBytes: over all connections, and of one caller. A share holds the largest body of all.
inline constexpr std::uint64_t kBodiesInMemoryMax = 160 * kMiB;
inline constexpr std::uint64_t kBodiesOfCallerMax = 80 * kMiB;
// Bodies up to this size may exceed both by so much, so that small requests are served when large
// ones have taken everything.
inline constexpr std::uint64_t kSmallBodyBytes = 64 * kKiB;
inline constexpr std::uint64_t kSmallBodiesReserve = 16 * kMiB;
// A body for which there is no room is not read for so long: others end meanwhile. Then 429.
inline constexpr Duration kBodyRoomWait = std::chrono::seconds(5);
inline constexpr Duration kBodyRoomLook = std::chrono::milliseconds(10);
// Bodies larger than this are read one at a time of each caller; the others wait so long, holding
// nothing. Then 429.
inline constexpr std::size_t kLargeBodyBytes = 16 * kMiB;
inline constexpr Duration kLargeBodyWait = std::chrono::seconds(45);
// Taken from the socket at once, and so what a caller may be over its share by.
inline constexpr std::size_t kBodyReadBytes = 1 * kMiB;
// The same after waiting for it, as many may have found room and waited. Then there is another
// look.
inline constexpr std::size_t kBodyFirstReadBytes = 4 * kKiB;
// A buffer for a body holds so much more than has arrived, twice that at most. It grows so seldom
// that moving does not count, and untouched memory costs nothing.
inline constexpr std::size_t kBodyGrowth = 8;

// Payloads of invocations at work, and what each caller has of it at least. Each has an environment
// as well, which takes much more.
inline constexpr std::uint64_t kPayloadsInMemoryMax = 1 * kGiB;
inline constexpr std::uint64_t kPayloadsOfCallerMin = 32 * kMiB;

// An answer that is not taken for this long is stalled. Stalled ones are bounded, over all
// connections and of one caller; beyond that they are cut.
inline constexpr Duration kStalledAfter = std::chrono::milliseconds(250);
inline constexpr std::uint64_t kStalledAnswersMax = 64 * kMiB;
inline constexpr std::uint64_t kStalledAnswersOfCallerMax = 32 * kMiB;
// Large replies of functions wait for room among these, of their caller's and function's share; but
// a function has its least for each caller in any case: the largest reply and something.
inline constexpr std::uint64_t kAnswersInMemoryMax = 128 * kMiB;
inline constexpr std::uint64_t kAnswersOfCallerMin = 32 * kMiB;
inline constexpr std::uint64_t kAnswersOfFunctionMin = 8 * kMiB;
// What of an answer counts as progress.
inline constexpr std::size_t kAnswerSliceBytes = 256 * kKiB;

// Connections that a sandbox is granted whatever the others hold.
inline constexpr std::size_t kConnectionsAlwaysGranted = 4;
// At the limit of connections, so many are looked at for one to close: of those that have not asked
// anything yet, and of the others.
inline constexpr std::size_t kIdleLooks = 64;
// Rounds of the loop in which it ends.
inline constexpr int kRoundsToClose = 8;
// What takes so long makes room for a new connection at the limit: a first request, a head, a body,
// the taking of an answer.
inline constexpr Duration kSlowHead = std::chrono::seconds(1);
// A caller has many of them beyond this part of the limit, and beyond so many.
inline constexpr std::size_t kManyPart = 8;
inline constexpr std::size_t kFewConnections = 16;
// So long after its last answer a connection is one that others go before.
inline constexpr Duration kKeptRecently = std::chrono::seconds(10);

struct Timeouts {
  Duration head = std::chrono::seconds(30);         // first byte of a head to its last: 408
  Duration body_idle = std::chrono::seconds(30);    // without a body byte: 408
  Duration keep_alive = std::chrono::seconds(75);   // before a first byte: closed silently
  Duration write_stall = std::chrono::seconds(30);  // the client takes too little: closed
  // The least rate of a body: in each window so many bytes, or its end: 408. And its whole time.
  Duration body_window = std::chrono::seconds(20);
  std::size_t body_window_bytes = 320 * kKiB;
  Duration body_whole = std::chrono::minutes(15);
};

}  // namespace lapwing::http
