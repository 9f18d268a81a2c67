// Named limits of execution environments.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/clock.hpp"

namespace lapwing::runtime {

// 6 MiB and the 100 bytes RAPID grants (reference: "Exceeded maximum allowed payload size").
inline constexpr std::size_t kResponseBytesMax = 6 * 1024 * 1024 + 100;
// An error document in the trailers of a streamed response, in base64.
inline constexpr std::size_t kErrorTrailerBytesMax = 512 * 1024;
// What is read and thrown away of a response beyond that, before the connection is cut.
inline constexpr std::size_t kDiscardBytesMax = 256 * 1024 * 1024;
// Replies larger than this wait while answers, and replies on their way, have taken their room
// (http/limits.hpp); for so long at most, looking so often. What one takes counts for so long.
inline constexpr std::size_t kSmallReplyBytes = 256 * 1024;
inline constexpr Duration kReplyRoomWait = std::chrono::seconds(5);
inline constexpr Duration kReplyRoomLook = std::chrono::milliseconds(5);
inline constexpr Duration kReplyRoomFor = std::chrono::seconds(2);
// Bytes of a streamed response between the runtime's connection and the caller's.
inline constexpr std::size_t kStreamPipeBytes = 256 * 1024;
// A runtime whose stream broke off is expected to be seen exiting within this.
inline constexpr Duration kExitExpected = std::chrono::milliseconds(500);
inline constexpr std::size_t kErrorBodyBytesMax = 256 * 1024;
// Extensions of one environment, internal and external together.
inline constexpr std::size_t kExtensionsMax = 10;
// Links on the way to one place in a package or layer, as the kernel (MAXSYMLINKS), and the longest
// target, as PATH_MAX.
inline constexpr std::size_t kLinksFollowedMax = 40;
// And how many names are looked at on the way in all, on an event loop.
inline constexpr std::size_t kStepsMax = 512;
inline constexpr std::size_t kLinkTargetBytesMax = 4095;
// Bodies of the Extensions, Telemetry and Logs APIs.
inline constexpr std::size_t kExtensionBodyBytesMax = 256 * 1024;
// Time of the Shutdown phase: with external extensions, and with internal ones only.
inline constexpr Duration kShutdownExternal = std::chrono::milliseconds(2'000);
inline constexpr Duration kShutdownInternal = std::chrono::milliseconds(500);
// Subscriptions to the telemetry stream of one environment.
inline constexpr std::size_t kTelemetrySubscriptionsMax = 16;
// Batches of events that wait for a slow consumer; what comes on top is dropped.
inline constexpr std::size_t kTelemetryBacklogBatches = 4;
// Events of the initialisation kept for extensions that subscribe during it.
inline constexpr std::size_t kTelemetryEarlyEventsMax = 10'000;
inline constexpr std::size_t kTelemetryEarlyBytesMax = 1 << 20;
// One attempt to deliver a batch, and the pauses between attempts.
inline constexpr Duration kTelemetryAttempt = std::chrono::seconds(10);
inline constexpr Duration kTelemetryRetryFirst = std::chrono::milliseconds(50);
inline constexpr Duration kTelemetryRetryMost = std::chrono::seconds(2);
// An idle environment is not frozen while telemetry is on its way, but for this long at most.
inline constexpr Duration kTelemetryFreezeGrace = std::chrono::seconds(2);
// Connections a sandbox may hold open to its Runtime API.
inline constexpr std::size_t kRuntimeConnectionsMax = 64;
// And to Lapwing's own API; clients' pools hold tens.
inline constexpr std::size_t kEndpointConnectionsMax = 256;
// One that may not open another waits, and is looked at so often.
inline constexpr Duration kConnectionLook = std::chrono::milliseconds(50);
// Accepted in one go; then comes a pause, so that connecting and closing all the time does not keep
// the loop from others.
inline constexpr std::size_t kAcceptsInARow = 64;
inline constexpr Duration kAcceptPause = std::chrono::milliseconds(5);
// What the connections to a Runtime API hold together beyond their first buffers, but for the reply
// itself and what is streamed: long heads, bodies for extensions, trailers.
inline constexpr std::uint64_t kRuntimeBodiesMax = 2 * 1024 * 1024;
// Longer than any environment lives.
inline constexpr Duration kNoHttpTimeout = std::chrono::hours(24 * 30);
// A provisioned environment may initialise this long, or as long as the function's timeout.
inline constexpr Duration kProvisionedInitMin = std::chrono::seconds(130);
// A restored environment, its hooks included, may take this long; as AWS.
inline constexpr Duration kRestoreMax = std::chrono::seconds(10);
// What a snapshot may hold beyond the function's memory and /tmp: tables, names.
inline constexpr std::uint64_t kSnapshotOverheadBytes = 64ull << 20;
// After so much of a snapshot the disk is looked at again.
inline constexpr std::uint64_t kSnapshotRoomStepBytes = 16 * 1024 * 1024;
inline constexpr std::size_t kSnapshotChunkBytes = 256 * 1024;
// Interpreters that fork, of one event loop: one for each runtime, and account.
inline constexpr std::size_t kTemplatesMax = 32;
// Function versions whose starts are remembered over a restart, and what the file may hold. It is
// written after so long, and so seldom.
inline constexpr std::size_t kRecentStartsMax = 256;
inline constexpr std::size_t kRecentStartsBytesMax = 64 * 1024;
inline constexpr Duration kRecentStartsSettle = std::chrono::seconds(1);
inline constexpr Duration kRecentStartsEvery = std::chrono::seconds(10);
// An idle environment is frozen after this; later, up to the second, when it is called again too
// soon for that to be worth it (freeze_policy.hpp).
inline constexpr Duration kFreezeAfter = std::chrono::milliseconds(250);
inline constexpr Duration kFreezeAfterMax = std::chrono::seconds(2);
inline constexpr int kFreezeWorthwhile = 10;
// How often the memory of a busy environment is looked at, at most.
inline constexpr Duration kMemoryLookEvery = std::chrono::milliseconds(100);
// The pipe that carries stdout and stderr.
inline constexpr int kOutputPipeBytes = 1 << 20;
inline constexpr std::size_t kOutputChunkBytes = 64 * 1024;
// After each chunk of what is dropped: 64 MB/s at most.
inline constexpr Duration kLostOutputPause = std::chrono::milliseconds(1);

}  // namespace lapwing::runtime
