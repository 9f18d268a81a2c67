// The Extensions API (2020-01-01) over HTTP, in front of an ExtensionRegistry: register,
// event/next, init/error, exit/error.
// Source: AWS Lambda developer guide, "Using the Lambda Extensions API"; RAPID for errors.
//
// Thread-safety: one loop.
#pragma once

#include <string_view>

#include "http/server.hpp"
#include "net/task.hpp"
#include "runtime/extensions/extension_registry.hpp"
#include "runtime/function_version.hpp"

namespace lapwing::runtime {

inline constexpr std::string_view kExtensionsPrefix = "/2020-01-01/extension/";

// The caller by its Lambda-Extension-Identifier header.
Result<const ExtensionRegistry::Extension*> calling_extension(const ExtensionRegistry& registry,
                                                              const http::Headers& headers);

class ExtensionsApi {
 public:
  ExtensionsApi(ExtensionRegistry& registry, FunctionVersionPtr function)
      : registry_(&registry), function_(std::move(function)) {}

  // Any request below kExtensionsPrefix.
  net::Task<void> handle(http::RequestContext& context);

 private:
  net::Task<void> register_extension(http::RequestContext& context);
  net::Task<void> next(http::RequestContext& context);
  net::Task<void> post_error(http::RequestContext& context, bool at_init);

  ExtensionRegistry* registry_;
  FunctionVersionPtr function_;
};

}  // namespace lapwing::runtime
