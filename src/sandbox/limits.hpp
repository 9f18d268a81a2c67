// Named limits of sandboxes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

namespace lapwing::sandbox {

inline constexpr std::size_t kBindsMax = 64;
// Roots kept prepared; the one unused longest gives way, and is prepared again when needed.
inline constexpr std::size_t kPreparedRootsMax = 256;
inline constexpr std::size_t kListenersMax = 16;
inline constexpr std::size_t kEgressRulesMax = 512;  // five groups of 60 rules and more
inline constexpr std::size_t kSinksMax = 4;
inline constexpr std::size_t kInheritedFdsMax = 64;
inline constexpr int kInheritedNumberMax = 512;  // their numbers inside stay below
// argv and environment together; the kernel's own limit is higher.
inline constexpr std::size_t kArgumentBytesMax = 128 * kKiB;
inline constexpr std::uint64_t kMemoryBytesMin = 16 * kMiB;
inline constexpr std::uint64_t kTmpBytesMin = 16 * kMiB;
inline constexpr std::uint64_t kTmpBytesMax = 10'240 * kMiB;
// What the memory of a sandbox is made of is looked at no more often, unless it has grown by more.
inline constexpr std::chrono::seconds kMemoryLookEvery{10};
inline constexpr std::uint64_t kMemoryLittle = 512 * kKiB;
// Processes of a sandbox whose memory is looked at, when it is.
inline constexpr std::size_t kMemoryProcessesMax = 64;
// How long killed programs may take to be gone; a sandbox where they take longer is given up.
inline constexpr std::chrono::milliseconds kClearMax{2'000};
// Memory that may be left then, as shared memory segments are: the next programs have to do
// without it. A /tmp that is memory does not count.
inline constexpr std::uint64_t kClearedBytesMax = 16 * kMiB;
// How much functions can write to their /tmp in a second, all together: how often the disk below
// is looked at follows from it (tmp_watch.hpp), within these bounds.
inline constexpr std::uint64_t kTmpFillBytesMax = 4'000'000'000;
inline constexpr std::chrono::milliseconds kTmpLookMin{2};
inline constexpr std::chrono::milliseconds kTmpLookMax{2'000};
inline constexpr std::chrono::milliseconds kTmpClosedLook{20};
inline constexpr std::chrono::milliseconds kTmpGiveBackEvery{1'000};
// Of an image, besides the blocks it shows as used: its tables.
inline constexpr std::uint64_t kTmpMetadataBytes = 256 * kKiB;
// How fast /tmp may be used (tmp_pace.hpp): by all together, unless told, for each processor of the
// machine in a second; what a sandbox that has not done so for a while may take at once besides.
inline constexpr std::uint64_t kTmpRateProcessorBytes = 128 * kMiB;
inline constexpr std::uint64_t kTmpBurstBytes = 512 * kMiB;
// Several that have taken more than this lately have this part of it, together.
inline constexpr std::uint64_t kTmpCrowdBytes = 8 * kMiB;
inline constexpr std::uint64_t kTmpCrowdedBurstPart = 4;
// Requests and flushes cost besides what they move.
inline constexpr std::uint64_t kTmpRequestBytes = 4 * kKiB;
inline constexpr std::uint64_t kTmpFlushBytes = 128 * kKiB;
// Who has taken more than this lately shares the rate of all; who has taken more than this part of
// such a share in a second is paused for the others' sake.
inline constexpr std::uint64_t kTmpLittleBytes = 64 * kKiB;
inline constexpr std::int64_t kTmpLittlePart = 4;
// A pause, at a time: shorter ones are not worth it; after longer ones deadlines would be missed
// that have nothing to do with /tmp.
inline constexpr std::chrono::milliseconds kTmpPauseMin{20};
inline constexpr std::chrono::milliseconds kTmpPauseMax{1'000};
inline constexpr std::chrono::milliseconds kTmpPaceLookMin{10};
inline constexpr std::chrono::milliseconds kTmpPaceLook{50};
inline constexpr std::chrono::milliseconds kTmpPaceLookMax{200};
inline constexpr std::chrono::milliseconds kTmpRestingLook{1'000};
inline constexpr std::chrono::seconds kTmpSayEvery{60};
// How long an interpreter may take until it has called fork().
inline constexpr std::chrono::seconds kTemplateReadyMax{20};
// Sandboxes at once; each has its own range of user ids.
inline constexpr std::uint32_t kSandboxesMax = 4096;

// Where the kernel counts what sockets hold apart from other memory (cgroup v1): a part of the
// sandbox's memory on top, as a machine of that size would give them, and what any program needs.
inline constexpr std::uint64_t kSocketMemoryPart = 4;  // a quarter
inline constexpr std::uint64_t kSocketMemoryMin = 32 * kMiB;

// When less of the machine's memory than this part is left, the sandbox whose sockets hold most
// that is counted nowhere is ended, if it is more than any needs.
inline constexpr double kMemoryShortPart = 0.15;
inline constexpr std::uint64_t kUncountedBytesMax = 64 * kMiB;

// Processes and threads of all sandboxes together: of what the machine can have, this part is
// theirs; of that again, this part is for any. Beyond it, a sandbox grows to a few only.
inline constexpr double kProcessesPart = 0.75;
inline constexpr double kProcessesForAny = 0.75;
inline constexpr std::uint32_t kProcessesWhenCrowded = 64;
inline constexpr std::uint32_t kProcessesMaxMin = 256;
// How often the helper looks, while there are sandboxes, at what they use together.
inline constexpr std::chrono::milliseconds kCrowdLookEvery{250};

// User ids: sandbox n owns [kUidBase + n * kUidRange, + kUidRange) on the host. Inside, the
// program runs as 993, as on AWS.
inline constexpr std::uint32_t kUidBase = 0x3000'0000;
inline constexpr std::uint32_t kUidRange = 65'536;
// What is root inside is this user outside, in every sandbox: whom files of the machine's root, as
// code and interpreters are, can be shown to belong to. Nobody runs as it but first processes.
inline constexpr std::uint32_t kRootUid = kUidBase - 1;
inline constexpr std::uint32_t kInnerUid = 993;
inline constexpr std::uint32_t kInnerGid = 993;

// How long one server waits for another that changes the machine's network.
inline constexpr int kNetworkLockTries = 500;
inline constexpr int kNetworkLockPauseMs = 10;
// Connections (and UDP conversations) of one sandbox that the router remembers, so that no
// function fills the machine's table of them. What was closed is remembered a little longer:
// 400 connections a second, one after the other, are possible all the time.
inline constexpr std::uint32_t kConnectionsPerSandboxMax = 2'048;
inline constexpr const char* kClosedConnectionSeconds = "5";
// All sandboxes together may take this part of the table; beyond it, each opens few more.
inline constexpr std::uint64_t kConnectionsPart = 2;  // half
inline constexpr std::uint32_t kConnectionsWhenCrowded = 128;
inline constexpr std::size_t kDeniedNetworksMax = 256;

// The name server of the sandboxes. Three servers fit into the five seconds a resolver waits.
inline constexpr auto kDnsServerTimeout = std::chrono::milliseconds(1'500);
inline constexpr std::size_t kDnsServersMax = 3;    // as the C library
inline constexpr std::size_t kDnsQueriesMax = 512;  // in flight, all together
inline constexpr std::size_t kDnsQueriesPerSandboxMax = 64;
inline constexpr std::size_t kDnsConnectionsMax = 256;  // all together
inline constexpr std::size_t kDnsConnectionsPerSandboxMax = 16;
inline constexpr std::size_t kDnsDatagramBytesMax = 4'096;
inline constexpr std::size_t kDnsQueryBytesMax = 1'024;  // a name has 255 bytes at most
inline constexpr auto kDnsConnectionIdle = std::chrono::seconds(10);
inline constexpr auto kDnsConnectionLife = std::chrono::seconds(120);  // however busy
inline constexpr std::size_t kResolvConfBytesMax = 64 * kKiB;

}  // namespace lapwing::sandbox
