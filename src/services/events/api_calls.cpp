#include "services/events/api_calls.hpp"

#include <algorithm>
#include <chrono>
#include <tuple>
#include <utility>

#include "aws/arn.hpp"
#include "delivery/http_destination.hpp"
#include "gen/events/enums.hpp"
#include "services/events/http_parameters.hpp"
#include "services/events/limits.hpp"
#include "text/base64.hpp"

namespace lapwing::events {
namespace {

using ports::Delivered;
using State = gen::events::ConnectionState;

Delivered refused(std::string code, std::string message) {
  return {
      .kind = Delivered::Kind::kRefused, .code = std::move(code), .message = std::move(message)};
}

aws::Scope scope_in(std::string_view text) {
  const auto arn = aws::Arn::parse(text);
  return arn ? aws::Scope{arn->account, arn->region} : aws::Scope();
}

// What stands behind the scheme: a connection's ARN, and a URL.
std::pair<std::string, std::string> parts_of(std::string_view target) {
  target.remove_prefix(std::min(target.size(), kApiScheme.size() + 1));
  const std::size_t blank = std::min(target.find(' '), target.size());
  return {std::string(target.substr(0, blank)),
          std::string(target.substr(std::min(target.size(), blank + 1)))};
}

// The request as the target wants it; the connection's parameters go before the target's.
delivery::HttpCall call_of(const ports::Parcel& parcel, std::string url,
                           const AuthParameters& with) {
  delivery::HttpCall call;
  call.method = http::parse_method(parcel.method).value_or(http::Method::kPost);
  call.timeout = kApiTimeout;
  call.answer_bytes_max = std::max(kApiAnswerBytesMax, parcel.answer_bytes_max);
  call.headers.add("User-Agent", "Amazon/EventBridge/ApiDestinations");
  call.headers.add("Content-Type", "application/json; charset=utf-8");
  call.headers.add("Range", "bytes=0-1048575");
  for (const ports::ParcelHeader& header : parcel.headers) {
    call.headers.set(header.name, header.value);
  }
  call.body = parcel.body;
  call.url = std::move(url);
  if (with.invocation_http_parameters) {
    const auto& more = *with.invocation_http_parameters;
    for (const auto& [name, value] : pairs_of(more.header_parameters)) {
      call.headers.set(name, value);
    }
    call.url = with_query(call.url, pairs_of(more.query_string_parameters));
    call.body = with_members(call.body, pairs_of(more.body_parameters));
  }
  if (call.method == http::Method::kGet || call.method == http::Method::kHead) call.body.clear();
  if (with.basic_auth_parameters) {
    call.headers.set("Authorization",
                     "Basic " + text::base64_encode(with.basic_auth_parameters->username + ":" +
                                                    with.basic_auth_parameters->password));
  } else if (with.api_key_auth_parameters) {
    call.headers.set(with.api_key_auth_parameters->api_key_name,
                     with.api_key_auth_parameters->api_key_value);
  }
  return call;
}

}  // namespace

ConnectionPtr ApiCalls::connection_of(std::string_view arn) const {
  const aws::Scope scope = scope_in(arn);
  ConnectionPtr found =
      connections_.find(resources::scoped_key(scope, named_in(arn, scope, "connection")));
  return found != nullptr && found->arn() == arn ? found : nullptr;
}

std::optional<Delivered> ApiCalls::aim(std::string_view arn, ports::Parcel& parcel,
                                       double& a_second_max) const {
  const aws::Scope scope = scope_in(arn);
  const ApiDestinationPtr api =
      apis_.find(resources::scoped_key(scope, named_in(arn, scope, kApiScheme)));
  // What is another account's is not there for who sends; nor is its connection for the
  // destination.
  if (api == nullptr || api->arn() != arn || scope.account != parcel.as.source_account ||
      scope_in(api->connection_arn).account != scope.account) {
    return refused("ResourceNotFoundException", "The API destination does not exist.");
  }
  Pairs query;
  for (const ports::ParcelHeader& each : parcel.query) query.emplace_back(each.name, each.value);
  const std::string url = with_query(with_path_values(api->url, parcel.path_values), query);
  parcel.method = api->method;
  parcel.target = fmt::format("{}:{} {}", kApiScheme, api->connection_arn, url);
  a_second_max = static_cast<double>(api->rate);
  return std::nullopt;
}

void ApiCalls::complete(const Rule&, const gen::events::Target& target,
                        delivery::Shipment& shipment) const {
  if (named_in(target.arn, scope_in(target.arn), kApiScheme).empty()) return;
  if (target.http_parameters) {
    const auto& more = *target.http_parameters;
    if (more.path_parameter_values) shipment.parcel.path_values = *more.path_parameter_values;
    if (more.query_string_parameters) {
      for (const auto& [name, value] : *more.query_string_parameters) {
        shipment.parcel.query.push_back({name, value});
      }
    }
    if (more.header_parameters) {
      for (const auto& [header, value] : *more.header_parameters) {
        shipment.parcel.headers.push_back({header, value});
      }
    }
  }
  shipment.refusal = aim(target.arn, shipment.parcel, shipment.a_second_max);
}

net::Task<bool> ApiCalls::in_turn(net::Loop& loop, const std::string& arn, double a_second_max) {
  const MonoTime now = loop.now();
  MonoTime turn = now;
  {
    const std::scoped_lock lock(mutex_);
    std::erase_if(next_, [&](const auto& each) { return each.second <= now; });
    MonoTime& next = next_[arn];
    turn = std::max(next, now);
    if (turn > now + kApiTimeout) co_return false;
    next = turn + std::chrono::duration_cast<Duration>(
                      std::chrono::duration<double>(1.0 / std::max(a_second_max, 1.0)));
  }
  if (turn > now) co_await loop.sleep_until(turn);
  co_return true;
}

net::Task<std::vector<Delivered>> ApiCalls::deliver(net::Loop& loop,
                                                    const std::vector<ports::Parcel>& parcels) {
  std::vector<Delivered> out;
  for (const ports::Parcel& parcel : parcels) out.push_back(co_await deliver_one(loop, parcel));
  co_return out;
}

net::Task<Delivered> ApiCalls::deliver_one(net::Loop& loop, const ports::Parcel& given) {
  ports::Parcel parcel = given;
  auto [arn, url] = parts_of(parcel.target);
  if (url.empty()) {
    double a_second_max = 0;
    if (auto fault = aim(arn, parcel, a_second_max)) co_return *std::move(fault);
    if (!co_await in_turn(loop, arn, a_second_max)) {
      co_return Delivered{.kind = Delivered::Kind::kLater,
                          .code = "ThrottlingException",
                          .message = "The API destination's rate is used up."};
    }
    std::tie(arn, url) = parts_of(parcel.target);
  }
  const ConnectionPtr connection = connection_of(arn);
  if (connection == nullptr) {
    co_return refused("ResourceNotFoundException", "The connection does not exist.");
  }
  if (connection->state == State::kAuthorizing) {
    co_return Delivered{.kind = Delivered::Kind::kLater,
                        .code = "ConnectionNotAuthorized",
                        .message = "The connection is not authorized yet."};
  }
  if (connection->state != State::kAuthorized) {
    co_return refused("ConnectionNotAuthorized", "The connection is not authorized.");
  }
  const auto parameters = authorisations_.open(*connection);
  if (!parameters) co_return refused("ConnectionNotAuthorized", "The connection cannot be read.");
  const bool oauth = parameters->o_auth_parameters.has_value();
  delivery::HttpCall call = call_of(parcel, std::move(url), *parameters);
  // One that has ended before its time is fetched again, once.
  std::string refused_token;
  for (const bool last : {false, true}) {
    if (oauth) {
      const auto token = co_await authorisations_.token(loop, connection, refused_token);
      if (!token) {
        const bool never = delivery::is_refused_address(token.error());
        co_return Delivered{.kind = never ? Delivered::Kind::kRefused : Delivered::Kind::kLater,
                            .code = "AuthorizationFailed",
                            .message = token.error().message()};
      }
      call.headers.set("Authorization", "Bearer " + *token);
      refused_token = *token;
    }
    const auto answer = co_await authorisations_.send(loop, call);
    const bool again = oauth && !last && answer && (answer->status == 401 || answer->status == 407);
    if (again) continue;
    Delivered out = delivery::delivered_by(answer);
    if (parcel.answer_bytes_max > 0 && answer) out.answer = answer->body;
    co_return out;
  }
  co_return refused("AuthorizationFailed", "The endpoint refuses each token.");
}

}  // namespace lapwing::events
