// Which service, operation and protocol a request means, when many services share one port.
// Order: Smithy-Protocol header, X-Amz-Target, signature scope (with path inside an
// ambiguous scope), Action + Version, known path prefixes, S3 last and only if the scope
// says s3, is absent, or the request is presigned.
//
// Administrative paths and data-plane hosts are the front door's business and come first.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "aws/message.hpp"
#include "aws/model.hpp"
#include "base/result.hpp"

namespace lapwing::aws {

struct Route {
  const ServiceModel* service = nullptr;
  const OperationRow* operation = nullptr;
  Protocol protocol = Protocol::kRestJson;
};

// A request that names no known operation: the error, and the protocol to answer it in.
// `service` is set where it is known.
struct Unrouted {
  Error error;
  Protocol protocol = Protocol::kRestJson;
  const ServiceModel* service = nullptr;
  // As the request names them, for who writes down what was asked for; bounded, and empty where it
  // names none.
  std::string service_name = {};
  std::string operation_name = {};
};

class Router {
 public:
  // The models must outlive the router; gen::all_models() (gen/models.hpp) lists all.
  explicit Router(std::span<const ServiceModel* const> models) : models_(models) {}

  // `scope_service`: the service of the signature's credential scope ("lambda"), empty for
  // an unsigned request. Query actions are looked for in the URL and in a form body.
  std::expected<Route, Unrouted> route(const Request& request,
                                       std::string_view scope_service) const;

 private:
  std::span<const ServiceModel* const> models_;
};

// The operation of a rest service for this method, path and query; nullptr when none fits.
const OperationRow* match_path(const ServiceModel& model, std::string_view method,
                               std::string_view raw_path, std::string_view raw_query);

}  // namespace lapwing::aws
