// Connections (who an HTTP endpoint is told that we are) and API destinations: what their records
// say.
//
// What authorises is kept sealed, whole: what Describe shows of it is read out of it each time.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "aws/scope.hpp"
#include "resources/table.hpp"
#include "services/events/names.hpp"

namespace lapwing::events {

struct Connection {
  aws::Scope scope;
  std::string name;
  std::string id;         // the UUID in its ARN
  std::string secret_id;  // UUID and six characters, of the ARN that Describe shows
  std::string type;       // "BASIC", "API_KEY", "OAUTH_CLIENT_CREDENTIALS"
  std::optional<std::string> description;
  std::string sealed;  // hexadecimal: CreateConnectionAuthRequestParameters as JSON
  std::string state;
  std::string state_reason;
  std::int64_t created_ms = 0;
  std::int64_t modified_ms = 0;
  std::int64_t authorized_ms = 0;

  std::string key() const { return resources::scoped_key(scope, name); }
  std::string arn() const { return events_arn(scope, "connection/" + name + "/" + id); }
};
using ConnectionPtr = std::shared_ptr<const Connection>;

struct ApiDestination {
  aws::Scope scope;
  std::string name;
  std::string id;  // the UUID in its ARN
  std::string connection_arn;
  std::string method;
  std::string url;
  std::optional<std::string> description;
  std::int32_t rate = 0;
  std::int64_t created_ms = 0;
  std::int64_t modified_ms = 0;

  std::string key() const { return resources::scoped_key(scope, name); }
  std::string arn() const { return events_arn(scope, "api-destination/" + name + "/" + id); }
};
using ApiDestinationPtr = std::shared_ptr<const ApiDestination>;

}  // namespace lapwing::events
