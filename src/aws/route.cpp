#include "aws/route.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <tuple>

#include <fmt/core.h>

#include "aws/service.hpp"
#include "text/query_string.hpp"
#include "text/utf8.hpp"

namespace lapwing::aws {
namespace {

// Of an operation's name, or its path, in errors.
constexpr std::size_t kShownOperationMax = 256;

struct Action {
  std::string_view name;
  std::string_view version;
};

bool contains_ignoring_case(std::string_view text, std::string_view part) {
  for (std::size_t i = 0; i + part.size() <= text.size(); ++i) {
    if (equals_ignoring_case(text.substr(i, part.size()), part)) return true;
  }
  return false;
}

// Action and Version from the URL or a form body. A body without content type counts as a
// form where it looks like one: the name of an action has no characters to decode.
std::optional<Action> find_action(const Request& request) {
  Action out;
  const auto scan = [&](std::string_view source) {
    text::for_each_raw_pair(source, [&](std::string_view name, std::string_view value, bool) {
      if (name == "Action" && out.name.empty()) out.name = value;
      if (name == "Version" && out.version.empty()) out.version = value;
    });
  };
  if (request.method != "GET" && request.method != "POST") return std::nullopt;
  scan(request.raw_query);
  const auto type = request.header("content-type");
  const bool form = !type || contains_ignoring_case(*type, "x-www-form-urlencoded");
  if (form && request.method == "POST" && !request.body.starts_with('{')) scan(request.body);
  if (out.name.empty()) return std::nullopt;
  return out;
}

Protocol json_protocol(const Request& request, const ServiceModel* model) {
  const auto type = request.header("content-type").value_or("");
  if (contains_ignoring_case(type, "x-amz-json-1.0")) return Protocol::kJson10;
  if (contains_ignoring_case(type, "x-amz-json-1.1")) return Protocol::kJson11;
  if (model != nullptr) {
    for (const Protocol own : model->protocols) {
      if (own == Protocol::kJson10 || own == Protocol::kJson11) return own;
    }
  }
  return Protocol::kJson11;
}

// Signing names of services without a model here whose clients read XML: those of REST services
// look like any other request, and ec2's errors have a form of their own.
constexpr std::string_view kRestXmlNames[] = {"cloudfront", "route53", "s3", "s3-outposts",
                                              "s3express"};

// The protocol to answer in when the service is not known.
Protocol guess_protocol(const Request& request, std::string_view scope) {
  if (request.header("smithy-protocol")) return Protocol::kCbor;
  if (request.header("x-amz-target")) return json_protocol(request, nullptr);
  if (scope == "ec2") return Protocol::kEc2;
  if (find_action(request)) return Protocol::kQuery;
  const bool xml = std::ranges::find(kRestXmlNames, scope) != std::end(kRestXmlNames);
  return xml ? Protocol::kRestXml : Protocol::kRestJson;
}

std::unexpected<Unrouted> unrouted(Error error, Protocol protocol,
                                   const ServiceModel* service = nullptr) {
  return std::unexpected(Unrouted{std::move(error), protocol, service});
}

// The same, and what the request calls the service and the operation.
std::unexpected<Unrouted> unrouted(Error error, Protocol protocol, const ServiceModel* service,
                                   std::string_view service_name, std::string_view operation) {
  return std::unexpected(
      Unrouted{std::move(error), protocol, service,
               std::string(text::truncate_utf8(service_name, kShownOperationMax)),
               std::string(text::truncate_utf8(operation, kShownOperationMax))});
}

// Of a service without a model: in the words of its caller, as far as the request has them.
Error unknown_service(std::string_view scope, std::string_view name, std::string_view operation) {
  const std::string_view service = scope.empty() ? name : scope;
  return not_implemented(service.empty() ? "an unnamed service" : service,
                         text::truncate_utf8(operation, kShownOperationMax));
}

Error unknown_operation(const ServiceModel& model, std::string_view what) {
  return Error(ErrorKind::kNotFound, "UnknownOperationException",
               fmt::format("The service {} has no operation {}.", model.id, what));
}

using Routed = std::expected<Route, Unrouted>;

Routed route_cbor(std::span<const ServiceModel* const> models, const Request& request,
                  std::string_view scope) {
  // Any prefix, then /service/{Service}/operation/{Operation}.
  const std::string_view path = request.raw_path;
  const std::size_t operation_at = path.rfind("/operation/");
  const std::size_t service_at = path.rfind("/service/", operation_at);
  if (operation_at == std::string_view::npos || service_at == std::string_view::npos) {
    return unrouted(Error(ErrorKind::kNotFound, "UnknownOperationException",
                          "The path does not end in /service/{name}/operation/{name}."),
                    Protocol::kCbor);
  }
  const std::string_view service =
      path.substr(service_at + 9, operation_at - std::min(operation_at, service_at + 9));
  const std::string_view operation = path.substr(operation_at + 11);
  for (const ServiceModel* model : models) {
    if (model->target_prefix != service) continue;
    const OperationRow* row = model->find_operation(operation);
    if (row == nullptr) {
      return unrouted(unknown_operation(*model, operation), Protocol::kCbor, model, model->id,
                      operation);
    }
    if (!model->speaks(Protocol::kCbor)) {
      return unrouted(Error(ErrorKind::kUnsupported, "NotImplemented",
                            fmt::format("The service {} does not speak rpc-v2-cbor.", model->id))
                          .with_status(501),
                      Protocol::kCbor, model);
    }
    return Route{model, row, Protocol::kCbor};
  }
  return unrouted(unknown_service(scope, service, operation), Protocol::kCbor, nullptr,
                  scope.empty() ? service : scope, operation);
}

Routed route_target(std::span<const ServiceModel* const> models, const Request& request,
                    std::string_view target, std::string_view scope) {
  const std::size_t dot = target.rfind('.');
  const std::string_view prefix = target.substr(0, std::min(dot, target.size()));
  const std::string_view name =
      dot == std::string_view::npos ? std::string_view() : target.substr(dot + 1);
  for (const ServiceModel* model : models) {
    if (model->target_prefix.empty() || model->target_prefix != prefix) continue;
    const Protocol protocol = json_protocol(request, model);
    const OperationRow* row = model->find_operation(name);
    if (row == nullptr) {
      return unrouted(unknown_operation(*model, name).with_status(400), protocol, model, model->id,
                      name);
    }
    return Route{model, row, protocol};
  }
  return unrouted(unknown_service(scope, prefix, name), json_protocol(request, nullptr), nullptr,
                  scope.empty() ? prefix : scope, name);
}

// The protocol of a service whose requests name their Action; nothing for the others.
std::optional<Protocol> form_protocol(const ServiceModel& model) {
  if (model.speaks(Protocol::kQuery)) return Protocol::kQuery;
  if (model.speaks(Protocol::kEc2)) return Protocol::kEc2;
  return std::nullopt;
}

Protocol rest_protocol(const ServiceModel& model) {
  return model.speaks(Protocol::kRestXml) ? Protocol::kRestXml : Protocol::kRestJson;
}

bool is_rest(const ServiceModel& model) {
  return model.speaks(Protocol::kRestJson) || model.speaks(Protocol::kRestXml);
}

// A query service whose resources have URLs of their own: what may be asked of one.
Routed route_resource(const ServiceModel& model, const std::optional<Action>& action) {
  if (!action) {
    return unrouted(Error(ErrorKind::kNotFound, "UnknownOperationException", "").with_status(404),
                    Protocol::kQuery, &model);
  }
  const OperationRow* const row = model.find_operation(action->name);
  const bool about_it = row != nullptr && row->input != kNone &&
                        model.find_member(model.shape(row->input), model.path_member) != kNone;
  if (about_it) return Route{&model, row, Protocol::kQuery};
  return unrouted(Error(ErrorKind::kInvalid, "InvalidAction",
                        fmt::format("The action {} is not valid for this endpoint.",
                                    text::truncate_utf8(action->name, kShownOperationMax)))
                      .with_status(400),
                  Protocol::kQuery, &model);
}

// Inside the service or services of one scope: by path, else by action.
Routed route_scope(std::span<const ServiceModel* const> models, const Request& request,
                   std::string_view scope) {
  const ServiceModel* named = nullptr;
  const auto action = find_action(request);
  for (const ServiceModel* model : models) {
    if (model->signing_name != scope) continue;
    if (named == nullptr) named = model;
    if (!model->path_member.empty() && request.raw_path.size() > 1) {
      return route_resource(*model, action);
    }
    if (is_rest(*model)) {
      const OperationRow* row =
          match_path(*model, request.method, request.raw_path, request.raw_query);
      if (row != nullptr) return Route{model, row, rest_protocol(*model)};
    } else if (const auto form = form_protocol(*model); action && form) {
      const OperationRow* row = model->find_operation(action->name);
      const bool version = action->version.empty() || action->version == model->api_version;
      if (row != nullptr && version) return Route{model, row, *form};
    }
  }
  if (named == nullptr) {
    const std::string operation =
        action ? std::string(action->name) : fmt::format("{} {}", request.method, request.raw_path);
    return unrouted(unknown_service(scope, scope, operation), guess_protocol(request, scope),
                    nullptr, scope, operation);
  }
  if (is_rest(*named)) {
    return unrouted(
        unknown_operation(*named, fmt::format("{} {}", request.method, request.raw_path)),
        rest_protocol(*named), named, named->id,
        fmt::format("{} {}", request.method, request.raw_path));
  }
  if (const auto form = form_protocol(*named)) {
    // The words of the query front ends; a wrong Version reads the same as a wrong Action.
    return unrouted(
        Error(ErrorKind::kInvalid, action ? "InvalidAction" : "MissingAction",
              action
                  ? fmt::format("Could not find operation {} for version {}", action->name,
                                action->version.empty() ? "NO_VERSION_SPECIFIED" : action->version)
                  : std::string("Missing Action"))
            .with_status(400),
        *form, named, named->id, action ? action->name : std::string_view());
  }
  return unrouted(unknown_operation(*named, "without X-Amz-Target").with_status(400),
                  json_protocol(request, named), named);
}

Routed route_action(std::span<const ServiceModel* const> models, const Action& action) {
  for (const ServiceModel* model : models) {
    const auto form = form_protocol(*model);
    if (!form) continue;
    if (!action.version.empty() && action.version != model->api_version) continue;
    const OperationRow* row = model->find_operation(action.name);
    if (row != nullptr) return Route{model, row, *form};
  }
  return unrouted(
      Error(ErrorKind::kInvalid, "InvalidAction",
            fmt::format("Could not find operation {} for version {}", action.name,
                        action.version.empty() ? "NO_VERSION_SPECIFIED" : action.version))
          .with_status(400),
      Protocol::kQuery, nullptr, "", action.name);
}

// "sts.us-east-1.localhost:4566" names a service; "sts.example.com" does not.
std::string_view service_of_host(const Request& request) {
  std::string_view host = request.header("host").value_or("");
  const std::size_t first = host.find('.');
  if (first == std::string_view::npos) return {};
  const std::string_view rest = host.substr(first + 1);
  const std::string_view region = rest.substr(0, rest.find('.'));
  const bool looks_like_region = region.size() > 5 && region[2] == '-' && region.back() >= '0' &&
                                 region.back() <= '9' && region.size() < rest.size();
  return looks_like_region ? host.substr(0, first) : std::string_view();
}

// Does some operation's path begin with the same fixed segment ("2015-03-31")?
bool owns_prefix(const ServiceModel& model, std::string_view raw_path) {
  if (raw_path.starts_with('/')) raw_path.remove_prefix(1);
  const std::string_view first = raw_path.substr(0, raw_path.find('/'));
  return std::ranges::any_of(model.operations, [&](const OperationRow& operation) {
    if (operation.segment_count == 0) return false;
    const SegmentRow& segment = model.segments[operation.first_segment];
    return segment.member == kNone && model.text(segment.literal) == first;
  });
}

Routed route_unsigned(std::span<const ServiceModel* const> models, const Request& request) {
  if (const auto action = find_action(request)) return route_action(models, *action);
  for (const ServiceModel* model : models) {
    // S3's paths begin with a label and would match anything.
    if (!model->speaks(Protocol::kRestJson)) continue;
    const OperationRow* row =
        match_path(*model, request.method, request.raw_path, request.raw_query);
    if (row != nullptr) return Route{model, row, Protocol::kRestJson};
  }
  for (const ServiceModel* model : models) {
    if (model->speaks(Protocol::kRestJson) && owns_prefix(*model, request.raw_path)) {
      return route_scope(models, request, model->signing_name);
    }
  }
  const std::string_view host = service_of_host(request);
  for (const ServiceModel* model : models) {
    if (!host.empty() && model->signing_name == host) return route_scope(models, request, host);
  }
  for (const ServiceModel* model : models) {
    if (model->speaks(Protocol::kRestXml)) {
      return route_scope(models, request, model->signing_name);
    }
  }
  return unrouted(Error(ErrorKind::kNotFound, "UnknownOperationException",
                        fmt::format("No operation has {} {}.", request.method, request.raw_path)),
                  Protocol::kRestJson);
}

// All pairs of the constant query are in the request's query; how many they are.
std::optional<std::size_t> match_constants(std::string_view constants, std::string_view query) {
  std::size_t count = 0;
  bool all = true;
  text::for_each_raw_pair(
      constants, [&](std::string_view name, std::string_view value, bool has_equals) {
        ++count;
        bool found = false;
        text::for_each_raw_pair(query, [&](std::string_view own, std::string_view own_value, bool) {
          found = found || (own == name && (!has_equals || own_value == value));
        });
        all = all && found;
      });
  if (!all) return std::nullopt;
  return count;
}

// The number of literal segments matched, if the whole path fits.
std::optional<std::size_t> match_segments(const ServiceModel& model, const OperationRow& operation,
                                          std::string_view path) {
  std::size_t literals = 0;
  bool more = !path.empty();
  for (const SegmentRow& segment :
       model.segments.subspan(operation.first_segment, operation.segment_count)) {
    if (!more) return std::nullopt;
    const std::size_t slash = segment.greedy ? std::string_view::npos : path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (segment.member == kNone) {
      if (part != model.text(segment.literal)) return std::nullopt;
      ++literals;
    } else if (part.empty()) {
      return std::nullopt;
    }
    more = slash != std::string_view::npos;
    path = more ? path.substr(slash + 1) : std::string_view();
  }
  // One trailing slash is forgiven.
  if (more && !path.empty()) return std::nullopt;
  return literals;
}

}  // namespace

const OperationRow* match_path(const ServiceModel& model, std::string_view method,
                               std::string_view raw_path, std::string_view raw_query) {
  if (raw_path.starts_with('/')) raw_path.remove_prefix(1);
  const OperationRow* best = nullptr;
  std::tuple<std::size_t, std::size_t, std::size_t> best_score;
  for (const OperationRow& operation : model.operations) {
    if (model.text(operation.method) != method) continue;
    const auto literals = match_segments(model, operation, raw_path);
    if (!literals) continue;
    const auto constants = match_constants(model.text(operation.constant_query), raw_query);
    if (!constants) continue;
    // More literals beat labels, more segments beat a greedy label, more constants win last.
    const std::tuple score{*literals, std::size_t{operation.segment_count}, *constants};
    if (best == nullptr || score > best_score) {
      best = &operation;
      best_score = score;
    }
  }
  return best;
}

std::expected<Route, Unrouted> Router::route(const Request& request,
                                             std::string_view scope_service) const {
  if (request.header("smithy-protocol")) return route_cbor(models_, request, scope_service);
  if (const auto target = request.header("x-amz-target")) {
    return route_target(models_, request, *target, scope_service);
  }
  if (!scope_service.empty()) return route_scope(models_, request, scope_service);
  return route_unsigned(models_, request);
}

}  // namespace lapwing::aws
