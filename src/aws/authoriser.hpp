// Whether a caller may do what it asks: the pipeline's question, put after validation, because
// the resource's ARN comes from the parsed input.
//
// Thread-safety: authorise() from any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "aws/call.hpp"
#include "base/result.hpp"

namespace lapwing::aws {

// As AWS's service authorisation reference sorts actions.
enum class Access : std::uint8_t { kRead, kList, kWrite, kTagging, kPermissions };

// Whether nothing is changed: CloudTrail's readOnly.
constexpr bool is_read_only(Access access) {
  return access == Access::kRead || access == Access::kList;
}
std::string_view to_string(Access access);

struct Permission {
  std::string_view action;    // "sqs:SendMessage"
  std::string_view resource;  // an ARN, or "*" for actions that have none
  Access access = Access::kRead;
};

class Authoriser {
 public:
  virtual ~Authoriser() = default;
  // The refusal in AWS's words, or success.
  virtual Status authorise(const Call& call, const Permission& permission) const = 0;
};

// Those who were let in may do everything: what --auth decided is the whole decision, as long as no
// identities are evaluated.
class AuthoriseAll final : public Authoriser {
 public:
  Status authorise(const Call&, const Permission&) const override { return {}; }
};

}  // namespace lapwing::aws
