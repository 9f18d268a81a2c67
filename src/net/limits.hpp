// Limits of the network floor.
#pragma once

#include <chrono>
#include <cstddef>

#include "base/clock.hpp"

namespace lapwing::net {

// Waiting connections per listening socket.
inline constexpr int kListenBacklog = 4096;
// Readiness events taken from the kernel at once.
inline constexpr int kEventsPerPoll = 256;
// Coroutines resumed before the loop looks at its descriptors again.
inline constexpr int kResumesPerRound = 1024;
// Buffers handed to one writev(2); more take several calls.
inline constexpr std::size_t kBuffersPerWrite = 64;
// How long accepting pauses when the process is out of descriptors or memory.
inline constexpr Duration kAcceptBackoff = std::chrono::milliseconds(50);
// Peers turned away then, at once.
inline constexpr int kTurnedAwayAtOnce = 64;
// Jobs waiting in a WorkerPool before run() answers Unavailable.
inline constexpr std::size_t kWorkerQueueMax = 1024;
// What a peer must take of a write within its time-out, so that one who takes a byte now and then
// does not hold it forever.
inline constexpr std::size_t kWriteLeastBytes = 32 * 1024;
// Encrypted bytes moved at once.
inline constexpr std::size_t kTlsChunkBytes = 32 * 1024;
// What a queued piece counts in a BytePipe beyond its bytes: about what it costs to keep.
inline constexpr std::size_t kPieceCostBytes = 64;

}  // namespace lapwing::net
