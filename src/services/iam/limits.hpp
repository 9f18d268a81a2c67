// IAM's quotas, as a new account has them. Sizes of documents are in characters, white space not
// counted (policy::counted_size).
//
// Source: the IAM user guide, "IAM and AWS STS quotas".
#pragma once

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
// Of one provider.
inline constexpr std::size_t kClientIdsMax = 100;
inline constexpr std::size_t kThumbprintsMax = 5;
// Of one user, group, role or policy.
inline constexpr std::size_t kAttachedPoliciesMax = 10;
inline constexpr std::size_t kGroupsOfUserMax = 10;
inline constexpr std::size_t kAccessKeysOfUserMax = 2;
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

inline constexpr std::int32_t kPageItemsDefault = 100;
inline constexpr std::int32_t kMaxSessionSecondsDefault = 3600;

// A request carries at most one document of 131,072 characters, each of which may take up to six
// bytes in a form; the rest of the largest requests is tags.
inline constexpr std::size_t kDocumentRequestBytesMax = std::size_t{2} * 1024 * 1024;

}  // namespace lapwing::iam
