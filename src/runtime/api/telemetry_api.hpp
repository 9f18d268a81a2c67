// The Telemetry API (2022-07-01) and the Logs API (2020-08-15) over HTTP: one call each, with
// which an extension subscribes to the telemetry stream of its environment.
//
// Thread-safety: one loop.
#pragma once

#include <optional>
#include <string_view>

#include "http/server.hpp"
#include "net/task.hpp"
#include "runtime/extensions/extension_registry.hpp"
#include "runtime/log/function_log.hpp"
#include "runtime/telemetry/telemetry_hub.hpp"

namespace lapwing::runtime {

// Which API a path is of.
std::optional<TelemetryKind> telemetry_kind(std::string_view path);

class TelemetryApi {
 public:
  TelemetryApi(const ExtensionRegistry& extensions, TelemetryHub& hub, FunctionLog& log)
      : extensions_(&extensions), hub_(&hub), log_(&log) {}

  net::Task<void> subscribe(http::RequestContext& context, TelemetryKind kind);

 private:
  const ExtensionRegistry* extensions_;
  TelemetryHub* hub_;
  FunctionLog* log_;
};

}  // namespace lapwing::runtime
