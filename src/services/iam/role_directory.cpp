#include "services/iam/role_directory.hpp"

#include <optional>
#include <utility>

#include "aws/arn.hpp"
#include "crypto/sha256.hpp"
#include "services/iam/documents.hpp"
#include "services/iam/names.hpp"
#include "services/iam/tables.hpp"

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

RoleDirectory::Known RoleDirectory::known(const Identity& role) {
  return {arn_of(role),
          ports::Role{true, role.id, role.max_session_s, trusted_services(role.trust)}};
}

Status RoleDirectory::load() {
  const std::lock_guard one_at_a_time(reading_);
  return load_under_lock();
}

Status RoleDirectory::load_under_lock() {
  Roles all;
  const Status read = Identities::for_each(space_.store(), [&](Identity& each) -> Status {
    if (each.kind == Kind::kRole) all.insert_or_assign(IdentityTable::key(each), known(each));
    return {};
  });
  const std::unique_lock lock(mutex_);
  complete_ = read.has_value();
  roles_ = complete_ ? std::move(all) : Roles();
  return read;
}

void RoleDirectory::follow(store::CommitSequence commit) {
  const std::lock_guard one_at_a_time(reading_);
  if (complete_ && (commit == 0 || read_changes(commit))) return;
  (void)load_under_lock();
}

// An error where the feed does not tell any more what the commit was.
Status RoleDirectory::read_changes(store::CommitSequence commit) {
  LAPWING_TRY(const store::ChangePage page, space_.changes().read(commit - 1, 1));
  if (page.resync) return fail(make_error(ErrorKind::kNotFound, "the commit was trimmed"));
  for (const store::Change& change : page.changes) {
    if (change.kind == IdentityTable::kKind) LAPWING_CHECK(refresh(change.key));
  }
  return {};
}

Status RoleDirectory::refresh(const std::string& key) {
  std::optional<Known> found;
  LAPWING_CHECK(space_.store().read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(const auto stored, Identities::find(reader, key));
    found.reset();
    if (stored && stored->record.kind == Kind::kRole) found = known(stored->record);
    return {};
  }));
  const std::unique_lock lock(mutex_);
  if (found) {
    roles_.insert_or_assign(key, *std::move(found));
  } else {
    roles_.erase(key);
  }
  return {};
}

Result<ports::Role> RoleDirectory::find(std::string_view text) {
  const auto arn = aws::Arn::parse(text);
  if (arn && arn->service == "iam" && arn->resource.starts_with(kRole)) {
    const std::string name = lower(arn->resource.substr(arn->resource.rfind('/') + 1));
    const std::string key = kind_prefix(arn->account.view(), Kind::kRole) + name;
    const std::shared_lock lock(mutex_);
    if (!complete_) {
      return fail(make_error(ErrorKind::kUnavailable, "IAM's roles could not be read"));
    }
    const auto found = roles_.find(key);
    // Not by a path of another one.
    if (found != roles_.end() && found->second.arn == text) return found->second.role;
  }
  ports::Role out;
  out.id = stand_in_id(text);
  return out;
}

std::size_t RoleDirectory::size() const {
  const std::shared_lock lock(mutex_);
  return roles_.size();
}

}  // namespace lapwing::iam
