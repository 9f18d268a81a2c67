#include <algorithm>

#include "gen/iam/enums.hpp"
#include "services/iam/errors.hpp"
#include "services/iam/key_ring.hpp"
#include "services/iam/limits.hpp"
#include "services/iam/lookup.hpp"
#include "services/iam/operations/users.hpp"
#include "services/iam/pages.hpp"

namespace lapwing::iam {
namespace {

std::string show_status(const AccessKey& key) { return key.active ? "Active" : "Inactive"; }

gen::iam::AccessKeyLastUsed show_last_use(const Core& core, const AccessKey& key) {
  std::optional<LastUse> use = core.keys.last_use(key.id);
  if (!use) use = key.last_use;
  if (!use) return {.last_used_date = std::nullopt, .region = "N/A", .service_name = "N/A"};
  return {.last_used_date = wall_from_unix_ms(use->at_ms),
          .region = use->region,
          .service_name = use->service};
}

// A key of the user named, or who calls.
Result<AccessKey> find_key_of(store::Reader& reader, const aws::Call& call,
                              const std::optional<std::string>& user_name, std::string_view id) {
  LAPWING_TRY(const std::string name, user_or_caller(call, user_name));
  LAPWING_TRY(const Identity user, find_identity(reader, account_of(call), Kind::kUser, name));
  LAPWING_TRY(auto found, AccessKeys::find(reader, id));
  if (!found || found->record.account != user.account || found->record.user != user.id) {
    return fail(errors::no_access_key(id));
  }
  return std::move(found->record);
}

}  // namespace

Result<gen::iam::CreateAccessKeyResponse> create_access_key(
    Core& core, const aws::Call& call, const gen::iam::CreateAccessKeyRequest& in) {
  LAPWING_TRY(const std::string name, user_or_caller(call, in.user_name));
  AccessKey key;
  key.id = new_access_key_id(core.random);
  key.account = account_of(call);
  const std::string secret = new_secret_access_key(core.random);
  key.sealed = core.sealer.seal(secret, key.id);
  key.created_ms = core.now_ms();
  gen::iam::CreateAccessKeyResponse out;
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(const Identity user, find_identity(txn, key.account, Kind::kUser, name));
    LAPWING_TRY(const auto others, access_keys_of(txn, user.account, user.id));
    if (others.size() >= kAccessKeysOfUserMax) {
      return fail(errors::quota("AccessKeysPerUser", kAccessKeysOfUserMax));
    }
    key.user = user.id;
    out.access_key.user_name = user.name;
    LAPWING_CHECK(AccessKeys::insert(txn, key));
    return {};
  }));
  LAPWING_CHECK(core.keys.refresh(key.id));
  out.access_key.access_key_id = key.id;
  out.access_key.secret_access_key = secret;
  out.access_key.status = show_status(key);
  out.access_key.create_date = wall_from_unix_ms(key.created_ms);
  return out;
}

Result<gen::iam::ListAccessKeysResponse> list_access_keys(
    Core& core, const aws::Call& call, const gen::iam::ListAccessKeysRequest& in) {
  using Out = gen::iam::ListAccessKeysResponse;
  Out out;
  out.is_truncated = false;
  // The account's own user has none here.
  if (!in.user_name && call.caller.principal_arn.ends_with(":root")) return out;
  LAPWING_TRY(const std::string name, user_or_caller(call, in.user_name));
  LAPWING_TRY(const PageAsk ask, page_ask("ListAccessKeys" + lower(name), in.marker, in.max_items));
  return read<Out>(core, [&](store::Reader& reader) -> Result<Out> {
    LAPWING_TRY(const Identity user, find_identity(reader, account_of(call), Kind::kUser, name));
    LAPWING_TRY(auto keys, access_keys_of(reader, user.account, user.id));
    const auto page = page_items(std::move(keys), ask, [](const AccessKey& key) { return key.id; });
    Out listed;
    for (const AccessKey& key : page.items) {
      listed.access_key_metadata.push_back({.access_key_id = key.id,
                                            .create_date = wall_from_unix_ms(key.created_ms),
                                            .status = show_status(key),
                                            .user_name = user.name});
    }
    set_page(listed, page);
    return listed;
  });
}

Result<aws::Empty> update_access_key(Core& core, const aws::Call& call,
                                     const gen::iam::UpdateAccessKeyRequest& in) {
  if (in.status == gen::iam::statusType::kExpired) {
    return fail(
        errors::validation("Only Active and Inactive can be set as an access key's status."));
  }
  const Status written = change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(AccessKey key, find_key_of(txn, call, in.user_name, in.access_key_id));
    key.active = in.status == gen::iam::statusType::kActive;
    LAPWING_CHECK(AccessKeys::put(txn, key));
    return {};
  });
  // Also where it may have been written: what was switched off must not sign any more.
  LAPWING_CHECK(core.keys.refresh(in.access_key_id));
  LAPWING_CHECK(written);
  return aws::Empty();
}

Result<aws::Empty> delete_access_key(Core& core, const aws::Call& call,
                                     const gen::iam::DeleteAccessKeyRequest& in) {
  const Status written = change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(const AccessKey key, find_key_of(txn, call, in.user_name, in.access_key_id));
    return AccessKeys::erase(txn, key.id);
  });
  LAPWING_CHECK(core.keys.refresh(in.access_key_id));
  LAPWING_CHECK(written);
  return aws::Empty();
}

Result<gen::iam::GetAccessKeyLastUsedResponse> get_access_key_last_used(
    Core& core, const aws::Call& call, const gen::iam::GetAccessKeyLastUsedRequest& in) {
  using Out = gen::iam::GetAccessKeyLastUsedResponse;
  return read<Out>(core, [&](store::Reader& reader) -> Result<Out> {
    LAPWING_TRY(const auto key, AccessKeys::find(reader, in.access_key_id));
    if (!key || key->record.account != account_of(call)) {
      return fail(errors::no_access_key(in.access_key_id));
    }
    LAPWING_TRY(const auto user,
                find_identity_by_id(reader, key->record.account, key->record.user));
    Out out;
    if (user) out.user_name = user->name;
    out.access_key_last_used = show_last_use(core, key->record);
    return out;
  });
}

}  // namespace lapwing::iam
