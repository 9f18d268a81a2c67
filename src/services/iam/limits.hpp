// IAM's quotas, as a new account has them. Sizes of documents are in characters, white space not
// counted (policy::counted_size).
//
// Source: the IAM user guide, "IAM and AWS STS quotas".
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "resources/tags.hpp"

namespace lapwing::iam {

// Of an account.
inline constexpr std::int64_t kUsersMax = 5000;
inline constexpr std::int64_t kGroupsMax = 300;
inline constexpr std::int64_t kRolesMax = 1000;
inline constexpr std::int64_t kPoliciesMax = 1500;
inline constexpr std::int64_t kInstanceProfilesMax = 1000;
inline constexpr std::int64_t kOidcProvidersMax = 100;
inline constexpr std::int64_t kSamlProvidersMax = 100;
inline constexpr std::int64_t kServerCertificatesMax = 20;
inline constexpr std::int64_t kMfaDevicesMax = 40'000;  // kMfaDevicesOfUserMax for each user
// Of one provider.
inline constexpr std::size_t kClientIdsMax = 100;
inline constexpr std::size_t kThumbprintsMax = 5;
// Of one user, group, role or policy.
inline constexpr std::size_t kAttachedPoliciesMax = 10;
inline constexpr std::size_t kGroupsOfUserMax = 10;
inline constexpr std::size_t kAccessKeysOfUserMax = 2;
inline constexpr std::size_t kMfaDevicesOfUserMax = 8;
inline constexpr std::size_t kSshKeysOfUserMax = 5;
inline constexpr std::size_t kSigningCertificatesOfUserMax = 2;
inline constexpr std::size_t kServiceCredentialsOfUserMax = 2;  // for each service
inline constexpr std::size_t kPolicyVersionsMax = 5;
using resources::kTagsMax;
// Above any number that a version gets.
inline constexpr std::int64_t kVersionNumbersMax = 999'999'999'999;

inline constexpr std::size_t kManagedPolicySizeMax = 6144;
inline constexpr std::size_t kTrustPolicySizeMax = 2048;
// All inline policies of one together.
inline constexpr std::size_t kRolePoliciesSizeMax = 10240;
inline constexpr std::size_t kUserPoliciesSizeMax = 2048;
inline constexpr std::size_t kGroupPoliciesSizeMax = 5120;

// A SAML provider's metadata is one record; AWS takes up to ten million characters.
inline constexpr std::size_t kSamlDocumentBytesMax = std::size_t{200} * 1024;
// A chain, too, of which AWS takes two million.
inline constexpr std::size_t kCertificateChainBytesMax = std::size_t{200} * 1024;
inline constexpr std::size_t kSamlRequestBytesMax = std::size_t{2} * 1024 * 1024;

// Passwords of an account without a policy of its own.
inline constexpr std::size_t kPasswordCharactersMin = 8;
inline constexpr int kPasswordKindsMin = 3;
// As many as a policy can forbid to use again.
inline constexpr std::size_t kPasswordsRemembered = 24;

inline constexpr std::size_t kMfaSeedBytes = 40;
// Codes of this many steps of 30 seconds before and after now are taken.
inline constexpr std::int64_t kCodeStepsAside = 10;
inline constexpr std::size_t kSshKeyBitsMin = 2048;
inline constexpr std::size_t kSshKeyBitsMax = 16'384;

// A credential report is made at most this often, and is good for as long.
inline constexpr auto kReportLife = std::chrono::hours(4);

inline constexpr std::int32_t kPageItemsDefault = 100;
inline constexpr std::int32_t kMaxSessionSecondsDefault = 3600;

// Uses of access keys are written down this long after the first that is not, at the latest.
inline constexpr auto kKeyUseKept = std::chrono::minutes(1);

// A request carries at most one document of 131,072 characters, each of which may take up to six
// bytes in a form; the rest of the largest requests is tags.
inline constexpr std::size_t kDocumentRequestBytesMax = std::size_t{2} * 1024 * 1024;

}  // namespace lapwing::iam
