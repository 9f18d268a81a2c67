// Limits of AWS Lambda that this folder enforces, with their units. From the Lambda
// developer guide ("Lambda quotas") and the API reference.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

namespace lapwing::lambda {

inline constexpr std::size_t kMaxTenantIdChars = 256;

// /tmp of functions with SnapStart; as AWS.
inline constexpr std::uint32_t kSnapStartStorageMb = 512;

// Packages.
inline constexpr std::uint64_t kMaxZippedBytes = 50 * kMiB;
inline constexpr std::uint64_t kMaxUnzippedBytes = 250 * kMiB;
// Of a package, into whose headers it is looked.
inline constexpr std::size_t kMaxModulesLooked = 64;
// Not AWS's: bounds of one archive's shape, far above what real packages have.
inline constexpr std::size_t kMaxZipEntries = 100'000;
inline constexpr std::size_t kMaxEntryPathBytes = 2048;
inline constexpr std::size_t kMaxEntryNameBytes = 255;    // NAME_MAX
inline constexpr std::size_t kMaxEntryDepth = 128;        // components
inline constexpr std::size_t kMaxLinkTargetBytes = 4095;  // PATH_MAX without its NUL
// How far from the file's end its end record may begin: the longest comment, or other bytes.
inline constexpr std::size_t kMaxTrailingBytes = 0xffff;
// Of an entry's name in a refusal.
inline constexpr std::size_t kMaxShownNameBytes = 200;
// DEFLATE cannot do better than 1032:1; who declares more lies.
inline constexpr std::uint64_t kMaxDeflateRatio = 1032;

// Container images; images/limits.hpp has those of what is in them.
inline constexpr std::size_t kMaxImageConfigBytes = 16 * kKiB;

// Requests, as the service says them: a package of 50 MiB in base64, with the rest of the request
// or without.
inline constexpr std::size_t kMaxCreateRequestBytes = 70'167'211;  // also PublishLayerVersion
inline constexpr std::size_t kMaxUpdateCodeRequestBytes = 69'905'067;
inline constexpr std::size_t kMaxUpdateConfigurationRequestBytes = 5'120;

// Functions.
inline constexpr std::size_t kMaxFunctionNameChars = 64;
inline constexpr std::size_t kMaxIdentifierChars = 256;
inline constexpr std::size_t kMaxQualifierChars = 128;
inline constexpr std::uint32_t kDefaultMemoryMb = 128;
inline constexpr std::uint32_t kMaxMemoryMb = 10'240;
inline constexpr std::uint32_t kDefaultTimeoutS = 3;
inline constexpr std::uint32_t kMaxTimeoutS = 900;
inline constexpr std::uint32_t kDefaultEphemeralStorageMb = 512;
inline constexpr std::size_t kMaxEnvironmentBytes = 4096;  // of the JSON text

// Versions, aliases, layers.
inline constexpr std::size_t kMaxWeightedVersions = 1;  // beside the alias's own
inline constexpr std::size_t kMaxLayers = 5;            // a function
inline constexpr std::size_t kMaxPolicyBytes = 20'480;  // of a layer version, as JSON

// Answers.
inline constexpr std::size_t kMaxPerPage = 50;  // functions, versions, aliases, layers
inline constexpr std::int64_t kCodeUrlSeconds = 600;

// Account, as GetAccountSettings tells.
inline constexpr std::uint64_t kAccountCodeBytes = 80'530'636'800;
inline constexpr std::uint32_t kAccountConcurrency = 1000;
// What reservations and provisioned concurrency must leave to all other functions.
inline constexpr std::uint32_t kMinUnreservedConcurrency = 100;

// Invocation.
inline constexpr std::size_t kMaxTraceHeaderBytes = 1024;  // X-Amzn-Trace-Id; not AWS's
inline constexpr std::size_t kMaxLineage = 8;              // functions of a chain; not AWS's
// Of one function in one chain of events: AWS says about as many.
inline constexpr std::uint32_t kLoopsMax = 16;
inline constexpr std::size_t kMaxRequestPayloadBytes = 6 * kMiB;
inline constexpr std::size_t kMaxEventPayloadBytes = 1 * kMiB;  // asynchronous
// Of Invoke's input as a JSON document: the payload in base64, and the rest.
inline constexpr std::size_t kMaxInvokeInputBytes = kMaxRequestPayloadBytes / 3 * 4 + 16 * kKiB;
// Of one PayloadChunk event. Not AWS's: it is not told; clients take any.
inline constexpr std::size_t kMaxPayloadChunkBytes = 64 * kKiB;
// Of an error document in InvokeComplete, so that the event stays within what clients take.
inline constexpr std::size_t kMaxErrorDetailsBytes = 1 * kMiB;
inline constexpr std::size_t kMaxClientContextBytes = 3583;  // of the header, in base64

}  // namespace lapwing::lambda
