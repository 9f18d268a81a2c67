// SSH public keys of users, as CodeCommit takes them.
#pragma once

#include "aws/call.hpp"
#include "aws/empty.hpp"
#include "base/result.hpp"
#include "gen/iam/delete_ssh_public_key.hpp"
#include "gen/iam/get_ssh_public_key.hpp"
#include "gen/iam/list_ssh_public_keys.hpp"
#include "gen/iam/update_ssh_public_key.hpp"
#include "gen/iam/upload_ssh_public_key.hpp"
#include "services/iam/core.hpp"

namespace lapwing::iam {

Result<gen::iam::UploadSSHPublicKeyResponse> upload_ssh_public_key(
    Core& core, const aws::Call& call, const gen::iam::UploadSSHPublicKeyRequest& in);
Result<gen::iam::GetSSHPublicKeyResponse> get_ssh_public_key(
    Core& core, const aws::Call& call, const gen::iam::GetSSHPublicKeyRequest& in);
Result<gen::iam::ListSSHPublicKeysResponse> list_ssh_public_keys(
    Core& core, const aws::Call& call, const gen::iam::ListSSHPublicKeysRequest& in);
Result<aws::Empty> update_ssh_public_key(Core& core, const aws::Call& call,
                                         const gen::iam::UpdateSSHPublicKeyRequest& in);
Result<aws::Empty> delete_ssh_public_key(Core& core, const aws::Call& call,
                                         const gen::iam::DeleteSSHPublicKeyRequest& in);

}  // namespace lapwing::iam
