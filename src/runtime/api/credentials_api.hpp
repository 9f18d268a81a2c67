// CredentialsApi: the execution role's credentials over HTTP, for processes that come from a
// snapshot. Keys in their environment would be as old as the snapshot; SDKs that find
// AWS_CONTAINER_CREDENTIALS_FULL_URI ask here when theirs are about to expire.
//
// GET /2021-04-23/credentials with the token of AWS_CONTAINER_AUTHORIZATION_TOKEN in
// Authorization answers 200 and fresh credentials; without it, 404, as AWS. The token is as old
// as the snapshot, and good for its restored processes alone.
//
// Thread-safety: one loop.
#pragma once

#include <string>
#include <string_view>

#include "http/server.hpp"
#include "net/task.hpp"
#include "runtime/environment/environment_host.hpp"
#include "runtime/function_version.hpp"
#include "runtime/start/environment_variables.hpp"

namespace lapwing::runtime {

class CredentialsApi {
 public:
  CredentialsApi(RoleCredentialSource& source, FunctionVersionPtr function)
      : source_(&source), function_(std::move(function)) {}

  // Without a token nothing is given.
  void set_token(std::string token) { token_ = std::move(token); }
  net::Task<void> handle(http::RequestContext& context);

 private:
  RoleCredentialSource* source_;
  FunctionVersionPtr function_;
  std::string token_;
};

}  // namespace lapwing::runtime
