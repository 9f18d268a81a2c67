#include "services/iam/role_directory.hpp"

#include <optional>

#include "aws/arn.hpp"
#include "crypto/sha256.hpp"
#include "services/iam/documents.hpp"
#include "services/iam/limits.hpp"
#include "services/iam/lookup.hpp"
#include "services/iam/names.hpp"

namespace lapwing::iam {
namespace {

constexpr std::string_view kRole = "role/";

std::string stand_in_id(std::string_view arn) {
  constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  constexpr std::size_t kCharacters = 17;
  const crypto::Sha256Digest digest = crypto::sha256(arn);
  std::string id = "AROA";
  for (std::size_t i = 0; i < kCharacters; ++i) {
    id += kBase32[std::to_integer<unsigned>(digest[i]) % kBase32.size()];
  }
  return id;
}

}  // namespace

Result<ports::Role> RoleDirectory::find(std::string_view arn) {
  std::uint64_t before = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto found = roles_.find(std::string(arn));
    if (found != roles_.end()) return found->second;
    before = changes_;
  }
  LAPWING_TRY(ports::Role role, read(arn));
  const std::lock_guard lock(mutex_);
  if (changes_ != before) return role;  // it may be another one by now
  if (roles_.size() >= kRolesRemembered) roles_.clear();
  roles_.insert_or_assign(std::string(arn), role);
  return role;
}

void RoleDirectory::forget() {
  const std::lock_guard lock(mutex_);
  ++changes_;
  roles_.clear();
}

Result<ports::Role> RoleDirectory::read(std::string_view text) {
  ports::Role out;
  out.id = stand_in_id(text);
  const auto arn = aws::Arn::parse(text);
  if (!arn || arn->service != "iam" || !arn->resource.starts_with(kRole)) return out;
  const std::string name = lower(arn->resource.substr(arn->resource.rfind('/') + 1));
  LAPWING_CHECK(store_.read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(const auto found,
                Identities::find(reader, kind_prefix(arn->account.view(), Kind::kRole) + name));
    // Not by a path of another one.
    if (!found || arn_of(found->record) != text) return {};
    out = {true, found->record.id, found->record.max_session_s,
           trusts_service(found->record.trust, "lambda.amazonaws.com")};
    return {};
  }));
  return out;
}

}  // namespace lapwing::iam
