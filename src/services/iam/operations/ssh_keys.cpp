#include "services/iam/operations/ssh_keys.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "gen/iam/enums.hpp"
#include "gen/iam/errors.hpp"
#include "resources/unique_id.hpp"
#include "services/iam/errors.hpp"
#include "services/iam/limits.hpp"
#include "services/iam/lookup.hpp"
#include "services/iam/pages.hpp"
#include "services/iam/ssh_key.hpp"
#include "services/iam/user_credentials.hpp"

namespace lapwing::iam {
namespace {

constexpr std::size_t kIdCharacters = 21;

std::string show_status(const SshKey& key) { return key.active ? "Active" : "Inactive"; }

Result<SshKey> find_key_of(store::Reader& reader, const Identity& user, const std::string& id) {
  LAPWING_TRY(auto found, SshKeys::find(reader, user_prefix(user.account, user.id) + id));
  if (found) return std::move(found->record);
  return fail(gen::iam::errors::no_such_entity(
      fmt::format("The Public Key with id {} cannot be found.", id)));
}

gen::iam::SSHPublicKey show_key(const SshKey& key, const Identity& user) {
  return {.fingerprint = key.fingerprint,
          .ssh_public_key_body = key.body,
          .ssh_public_key_id = key.id,
          .status = show_status(key),
          .upload_date = wall_from_unix_ms(key.uploaded_ms),
          .user_name = user.name};
}

Result<Identity> find_user(store::Reader& reader, const aws::Call& call, std::string_view name) {
  return find_identity(reader, account_of(call), Kind::kUser, name);
}

}  // namespace

Result<gen::iam::UploadSSHPublicKeyResponse> upload_ssh_public_key(
    Core& core, const aws::Call& call, const gen::iam::UploadSSHPublicKeyRequest& in) {
  LAPWING_TRY(const ParsedSshKey parsed, parse_ssh_key(in.ssh_public_key_body));
  using Out = gen::iam::UploadSSHPublicKeyResponse;
  SshKey key;
  key.id = resources::unique_id(core.random, "APKA", kIdCharacters);
  key.body = parsed.as_ssh();
  key.fingerprint = parsed.fingerprint();
  key.uploaded_ms = core.now_ms();
  return change<Out>(core, [&](store::Txn& txn) -> Result<Out> {
    LAPWING_TRY(const Identity user, find_user(txn, call, in.user_name));
    key.account = user.account;
    key.user = user.id;
    LAPWING_TRY(const auto others, records_of_user<SshKeyTable>(txn, user.account, user.id));
    if (std::ranges::find(others, key.fingerprint, &SshKey::fingerprint) != others.end()) {
      return fail(gen::iam::errors::duplicate_ssh_public_key(
          fmt::format("The SSH public key is already associated with the user {}.", user.name)));
    }
    if (others.size() >= kSshKeysOfUserMax) {
      return fail(errors::quota("SSHPublicKeysPerUser", kSshKeysOfUserMax));
    }
    LAPWING_CHECK(SshKeys::insert(txn, key));
    return Out{.ssh_public_key = show_key(key, user)};
  });
}

Result<gen::iam::GetSSHPublicKeyResponse> get_ssh_public_key(
    Core& core, const aws::Call& call, const gen::iam::GetSSHPublicKeyRequest& in) {
  using Out = gen::iam::GetSSHPublicKeyResponse;
  return read<Out>(core, [&](store::Reader& reader) -> Result<Out> {
    LAPWING_TRY(const Identity user, find_user(reader, call, in.user_name));
    LAPWING_TRY(const SshKey key, find_key_of(reader, user, in.ssh_public_key_id));
    Out out{.ssh_public_key = show_key(key, user)};
    if (in.encoding == gen::iam::encodingType::kPem) {
      LAPWING_TRY(const ParsedSshKey parsed, parse_ssh_key(key.body));
      out.ssh_public_key->ssh_public_key_body = parsed.as_pem();
    }
    return out;
  });
}

Result<gen::iam::ListSSHPublicKeysResponse> list_ssh_public_keys(
    Core& core, const aws::Call& call, const gen::iam::ListSSHPublicKeysRequest& in) {
  using Out = gen::iam::ListSSHPublicKeysResponse;
  Out none;
  none.ssh_public_keys.emplace();
  none.is_truncated = false;
  // The account's own user has none here.
  if (!in.user_name && call.caller.principal_arn.ends_with(":root")) return none;
  LAPWING_TRY(const std::string name, user_or_caller(call, in.user_name));
  LAPWING_TRY(const PageAsk ask,
              page_ask("ListSSHPublicKeys" + lower(name), in.marker, in.max_items));
  return read<Out>(core, [&](store::Reader& reader) -> Result<Out> {
    LAPWING_TRY(const Identity user, find_user(reader, call, name));
    LAPWING_TRY(auto keys, records_of_user<SshKeyTable>(reader, user.account, user.id));
    const auto page = page_items(std::move(keys), ask, [](const SshKey& key) { return key.id; });
    Out out;
    out.ssh_public_keys.emplace();
    for (const SshKey& key : page.items) {
      out.ssh_public_keys->push_back({.ssh_public_key_id = key.id,
                                      .status = show_status(key),
                                      .upload_date = wall_from_unix_ms(key.uploaded_ms),
                                      .user_name = user.name});
    }
    set_page(out, page);
    return out;
  });
}

Result<aws::Empty> update_ssh_public_key(Core& core, const aws::Call& call,
                                         const gen::iam::UpdateSSHPublicKeyRequest& in) {
  if (in.status == gen::iam::statusType::kExpired) {
    return fail(errors::validation("Only Active and Inactive can be set as a key's status."));
  }
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(const Identity user, find_user(txn, call, in.user_name));
    LAPWING_TRY(SshKey key, find_key_of(txn, user, in.ssh_public_key_id));
    key.active = in.status == gen::iam::statusType::kActive;
    LAPWING_CHECK(SshKeys::put(txn, key));
    return {};
  }));
  return aws::Empty();
}

Result<aws::Empty> delete_ssh_public_key(Core& core, const aws::Call& call,
                                         const gen::iam::DeleteSSHPublicKeyRequest& in) {
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(const Identity user, find_user(txn, call, in.user_name));
    LAPWING_TRY(const SshKey key, find_key_of(txn, user, in.ssh_public_key_id));
    return SshKeys::erase(txn, SshKeyTable::key(key));
  }));
  return aws::Empty();
}

}  // namespace lapwing::iam
