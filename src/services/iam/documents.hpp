// Policy documents as IAM takes and shows them. They are kept as they were given, byte for byte.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "services/iam/core.hpp"
#include "services/iam/records.hpp"

namespace lapwing::iam {

// MalformedPolicyDocument in IAM's words.
Status check_identity_document(std::string_view document);
Status check_managed_size(std::string_view document);

// The same for who may assume a role; answers whom of this account it names. A user or role that
// is not there is refused.
Result<std::vector<Pin>> check_trust_document(store::Reader& reader, std::string_view account,
                                              std::string_view document);

// The services whom a role's trust lets assume it, as ports::Role has them; conditions are not
// looked at.
std::vector<std::string> trusted_services(std::string_view trust);

// As answers carry it: percent-encoded (RFC 3986).
std::string show_document(std::string_view document);
// The same of a role's trust. One it names that was deleted since is shown by id, though there
// may be another of that name now, who is not trusted.
Result<std::string> show_trust(store::Reader& reader, const Identity& role);

}  // namespace lapwing::iam
