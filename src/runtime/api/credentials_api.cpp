#include "runtime/api/credentials_api.hpp"

#include "crypto/constant_time.hpp"
#include "text/json_writer.hpp"
#include "text/time_format.hpp"

namespace lapwing::runtime {

net::Task<void> CredentialsApi::handle(http::RequestContext& context) {
  const http::Request& request = context.request();
  const std::string_view given = request.headers.get_or("Authorization");
  if (request.method != http::Method::kGet || token_.empty() ||
      !crypto::equal_constant_time(given, token_)) {
    co_await context.respond(http::Response(404));
    co_return;
  }
  const Result<RoleCredentials> minted = source_->mint(*function_);
  if (!minted) {
    http::Response refused(403, "application/json", "");
    text::JsonWriter json(refused.body);
    json.begin_object();
    json.member("code", minted.error().code());
    json.member("message", minted.error().message());
    json.end_object();
    co_await context.respond(std::move(refused));
    co_return;
  }
  const RoleCredentials& made = *minted;
  http::Response response(200, "application/json", "");
  text::JsonWriter json(response.body);
  json.begin_object();
  json.member("AccessKeyId", made.access_key_id);
  json.member("SecretAccessKey", made.secret_access_key);
  json.member("Token", made.session_token);
  json.member("Expiration", text::format_iso8601(made.expires, false));
  json.end_object();
  co_await context.respond(std::move(response));
}

}  // namespace lapwing::runtime
