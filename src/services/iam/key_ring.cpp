#include "services/iam/key_ring.hpp"

#include <utility>

#include "services/iam/limits.hpp"
#include "services/iam/lookup.hpp"
#include "services/iam/names.hpp"

namespace lapwing::iam {
namespace {

// Other keys (of the configuration, of sessions) are not looked for.
bool is_of_a_user(std::string_view access_key_id) { return access_key_id.starts_with("AKIA"); }

}  // namespace

// What a key signs as; nothing where it signs nothing.
Result<std::optional<aws::KnownKey>> KeyRing::read_key(store::Reader& reader,
                                                       const AccessKey& key) {
  std::optional<aws::KnownKey> out;
  if (!key.active) return out;
  LAPWING_TRY(const auto user, find_identity_by_id(reader, key.account, key.user));
  if (!user) return out;
  auto secret = sealer_.open(key.sealed, key.id);
  if (!secret) {
    ++unreadable_;
    return out;
  }
  out.emplace();
  out->secret_access_key = *std::move(secret);
  out->principal = {AccountId(key.account), arn_of(*user), user->id, user->id};
  return out;
}

Result<std::size_t> KeyRing::load() {
  std::vector<std::string> ids;
  std::vector<std::string> old;
  LAPWING_CHECK(AccessKeys::for_each(store_, [&](AccessKey& key) -> Status {
    ids.push_back(key.id);
    if (key.plain_secret) old.push_back(key.id);
    return {};
  }));
  LAPWING_CHECK(seal_old(old));
  for (const std::string& id : ids) LAPWING_CHECK(refresh(id));
  LAPWING_CHECK(Identities::for_each(store_, [&](Identity& identity) -> Status {
    if (identity.kind == Kind::kGroup) return {};
    const std::unique_lock lock(mutex_);
    identities_.insert(identity.id);
    return {};
  }));
  const std::lock_guard none_other(refreshing_);
  return unreadable_;
}

Status KeyRing::seal_old(const std::vector<std::string>& ids) {
  for (const std::string& id : ids) {
    LAPWING_CHECK(store_.transact([&](store::Txn& txn) -> Status {
      LAPWING_TRY(auto found, AccessKeys::find(txn, id));
      if (!found || !found->record.plain_secret) return {};
      found->record.sealed = sealer_.seal(*found->record.plain_secret, id);
      found->record.plain_secret.reset();
      LAPWING_CHECK(AccessKeys::put(txn, found->record));
      return {};
    }));
  }
  return {};
}

Status KeyRing::refresh(const std::string& key_id) {
  const std::lock_guard one_at_a_time(refreshing_);
  std::optional<aws::KnownKey> known;
  const Status read = store_.read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(const auto found, AccessKeys::find(reader, key_id));
    if (!found) return {};
    LAPWING_TRY(known, read_key(reader, found->record));
    return {};
  });
  const std::unique_lock lock(mutex_);
  if (read && known) {
    keys_.insert_or_assign(key_id, *std::move(known));
  } else {
    keys_.erase(key_id);
  }
  return read;
}

Status KeyRing::refresh_user(const std::string& account, const std::string& user_id) {
  std::vector<AccessKey> keys;
  LAPWING_CHECK(store_.read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(keys, access_keys_of(reader, account, user_id));
    return {};
  }));
  for (const AccessKey& key : keys) LAPWING_CHECK(refresh(key.id));
  return {};
}

Status KeyRing::refresh_identity(const std::string& account, const std::string& id) {
  const std::lock_guard one_at_a_time(refreshing_);
  bool there = false;
  const Status read = store_.read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(const auto found, find_identity_by_id(reader, account, id));
    there = found.has_value();
    return {};
  });
  const std::unique_lock lock(mutex_);
  if (there) {
    identities_.insert(id);
  } else {
    identities_.erase(id);
  }
  return read;
}

bool KeyRing::has_identity(std::string_view id) const {
  const std::shared_lock lock(mutex_);
  return identities_.contains(std::string(id));
}

Result<aws::KnownKey> KeyRing::find(std::string_view access_key_id, std::string_view session_token,
                                    WallTime) const {
  if (!is_of_a_user(access_key_id) || !session_token.empty()) return fail(aws::unrecognized_key());
  const std::shared_lock lock(mutex_);
  const auto found = keys_.find(std::string(access_key_id));
  if (found == keys_.end()) return fail(aws::unrecognized_key());
  return found->second;
}

void KeyRing::used(std::string_view access_key_id, const aws::KeyUse& use) const {
  if (!is_of_a_user(access_key_id)) return;
  const std::int64_t now_ms = unix_ms(clock_.wall()) / 1000 * 1000;
  {
    const std::shared_lock lock(mutex_);
    if (!keys_.contains(std::string(access_key_id))) return;  // the configuration's
  }
  {
    const std::lock_guard lock(uses_mutex_);
    Use& noted = uses_.try_emplace(std::string(access_key_id)).first->second;
    LastUse& last = noted.use;
    if (last.at_ms == now_ms && last.service == use.service && last.region == use.region) return;
    last = {now_ms, std::string(use.service), std::string(use.region)};
    noted.number = ++notes_;
    if (due_) return;
    due_ = clock_.mono() + kKeyUseKept;
  }
  writing_.notify();
}

std::optional<LastUse> KeyRing::last_use(const std::string& key_id) const {
  const std::lock_guard lock(uses_mutex_);
  const auto found = uses_.find(key_id);
  return found == uses_.end() ? std::nullopt : std::optional(found->second.use);
}

std::size_t KeyRing::size() const {
  const std::shared_lock lock(mutex_);
  return keys_.size();
}

void KeyRing::start(background::Runner& background) {
  writing_ = background.when_due("iam.key-uses", *this);
}

void KeyRing::stop() {
  writing_.reset();
  // What cannot be written now is not told.
  (void)write_uses();
}

Result<std::optional<MonoTime>> KeyRing::next_due() {
  const std::lock_guard lock(uses_mutex_);
  return due_;
}

Status KeyRing::run_due() { return write_uses(); }

Status KeyRing::write_uses() {
  std::map<std::string, Use, std::less<>> noted;
  {
    const std::lock_guard lock(uses_mutex_);
    noted = uses_;
  }
  if (!noted.empty()) {
    LAPWING_CHECK(store_.transact([&](store::Txn& txn) -> Status {
      for (const auto& [id, each] : noted) {
        LAPWING_TRY(auto found, AccessKeys::find(txn, id));
        if (!found) continue;  // deleted meanwhile
        found->record.last_use = each.use;
        LAPWING_CHECK(AccessKeys::put(txn, found->record));
      }
      return {};
    }));
  }
  const std::lock_guard lock(uses_mutex_);
  for (const auto& [id, each] : noted) {
    const auto found = uses_.find(id);
    if (found != uses_.end() && found->second.number == each.number) uses_.erase(found);
  }
  due_ = uses_.empty() ? std::nullopt : std::optional(clock_.mono() + kKeyUseKept);
  return {};
}

}  // namespace lapwing::iam
