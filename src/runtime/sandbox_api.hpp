// SandboxApi: what listens at AWS_LAMBDA_RUNTIME_API inside a sandbox: the Runtime API and
// the Extensions API behind one address, told apart by path.
//
// Thread-safety: one loop.
#pragma once

#include "http/server.hpp"
#include "net/task.hpp"
#include "runtime/extensions_api.hpp"
#include "runtime/runtime_api.hpp"

namespace lapwing::runtime {

class SandboxApi {
 public:
  SandboxApi(RuntimeSession& session, ExtensionRegistry& extensions, FunctionVersionPtr function,
             const StreamLimits& stream_limits)
      : runtime_(session, stream_limits), extensions_(extensions, std::move(function)) {}

  net::Task<void> handle(http::RequestContext& context) {
    if (context.request().path().starts_with(kExtensionsPrefix)) {
      return extensions_.handle(context);
    }
    return runtime_.handle(context);
  }

 private:
  RuntimeApi runtime_;
  ExtensionsApi extensions_;
};

}  // namespace lapwing::runtime
