// SandboxApi: what listens at AWS_LAMBDA_RUNTIME_API inside a sandbox: the Runtime API,
// the Extensions API, the Telemetry and the Logs API behind one address, told apart by path.
//
// Thread-safety: one loop.
#pragma once

#include "http/server.hpp"
#include "net/task.hpp"
#include "runtime/api/credentials_api.hpp"
#include "runtime/api/extensions_api.hpp"
#include "runtime/api/runtime_api.hpp"
#include "runtime/api/telemetry_api.hpp"

namespace lapwing::runtime {

class SandboxApi {
 public:
  SandboxApi(RuntimeSession& session, ExtensionRegistry& extensions, FunctionVersionPtr function,
             const StreamLimits& stream_limits, TelemetryHub& hub, FunctionLog& log,
             RoleCredentialSource& credentials)
      : runtime_(session, stream_limits),
        extensions_(extensions, function),
        telemetry_(extensions, hub, log),
        credentials_(credentials, std::move(function)) {}

  void set_credentials_token(std::string token) { credentials_.set_token(std::move(token)); }

  void count_replies(http::Memory& memory) { runtime_.count_replies(memory); }

  net::Task<void> handle(http::RequestContext& context) {
    const std::string_view path = context.request().path();
    // The calls of every invocation need one look.
    if (path.starts_with("/2018-")) return runtime_.handle(context);
    if (path.starts_with(kExtensionsPrefix)) return extensions_.handle(context);
    if (const std::optional<TelemetryKind> kind = telemetry_kind(path)) {
      return telemetry_.subscribe(context, *kind);
    }
    if (path == kCredentialsPath) return credentials_.handle(context);
    return runtime_.handle(context);
  }

 private:
  RuntimeApi runtime_;
  ExtensionsApi extensions_;
  TelemetryApi telemetry_;
  CredentialsApi credentials_;
};

}  // namespace lapwing::runtime
