#include "services/sns/direct.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "gen/sns/errors.hpp"
#include "services/sns/prepare.hpp"
#include "services/sns/tables.hpp"
#include "services/sns/words.hpp"
#include "store/await.hpp"

namespace lapwing::sns {
namespace {

namespace errors = gen::sns::errors;

Result<std::string> endpoint_key(const aws::Call& call, std::string_view text) {
  const auto arn = aws::Arn::parse(text);
  if (!arn || arn->region != call.caller.region) return fail(invalid("TargetArn"));
  if (arn->account != call.caller.account) {
    return fail(errors::authorization_error(
        fmt::format("User: {} is not authorized to perform: SNS:Publish on resource: {}",
                    call.caller.principal_arn, text)));
  }
  return resources::scoped_key({arn->account, arn->region}, arn->resource_id());
}

// The service of a platform's messages is named as the platform is.
Result<KeptMessage> to_endpoint(store::Reader& reader, const std::string& key,
                                const Message& message) {
  LAPWING_TRY(const auto endpoint, Endpoints::find(reader, key));
  if (!endpoint) {
    return fail(invalid("TargetArn Reason: No endpoint found for the target arn specified"));
  }
  if (!endpoint->record.enabled()) {
    return fail(errors::endpoint_disabled("Endpoint is disabled"));
  }
  return KeptMessage{.protocol = "application",
                     .endpoint = endpoint->record.arn(),
                     .subject = message.subject,
                     .body = message.text_for(endpoint->record.platform)};
}

Result<KeptMessage> to_number(store::Reader& reader, const aws::Scope& scope,
                              const std::string& number, const Message& message) {
  LAPWING_TRY(const auto settings,
              TextMessageSettings::find(reader, resources::scoped_key(scope, "")));
  if (settings &&
      std::ranges::find(settings->record.opted_out, number) != settings->record.opted_out.end()) {
    return fail(errors::opted_out(fmt::format("Phone number {} is opted out", number)));
  }
  return KeptMessage{.protocol = "sms", .endpoint = number, .body = message.text_for("sms")};
}

}  // namespace

bool is_endpoint_arn(std::string_view text) {
  const auto arn = aws::Arn::parse(text);
  return arn && arn->service == "sns" && arn->resource_type() == "endpoint";
}

net::Task<Result<gen::sns::PublishResponse>> publish_directly(Core& core, net::Loop& loop,
                                                              const aws::Call& call,
                                                              gen::sns::PublishInput in) {
  const std::string number = in.phone_number.value_or("");
  std::string key;
  if (!number.empty() && !is_phone_number(number)) {
    co_return fail(
        invalid(fmt::format("PhoneNumber Reason: {} is not valid to publish to", number)));
  }
  if (number.empty()) {
    LAPWING_CO_TRY(key, endpoint_key(call, *in.target_arn));
  }
  LAPWING_CO_TRY(Message message, prepare(call, *core.random,
                                          {.text = std::move(in.message),
                                           .subject = std::move(in.subject),
                                           .structure = std::move(in.message_structure),
                                           .attributes = std::move(in.message_attributes),
                                           .group = {},
                                           .deduplication_id = {}}));
  if (size_of(message) > kMessageBytesDefault) co_return fail(invalid("Message too long"));
  const aws::Scope scope = aws::scope_of(call.caller);
  const std::string id = message.id;
  const std::int64_t now_ms = core.now_ms();
  const auto written = co_await store::transact_on(
      loop, core.store(),
      [scope, number, key, now_ms, message = std::move(message),
       &into = core.parts->kept](store::Txn& txn) -> Status {
        LAPWING_TRY(KeptMessage kept, number.empty() ? to_endpoint(txn, key, message)
                                                     : to_number(txn, scope, number, message));
        kept.message_id = message.id;
        kept.time_ms = now_ms;
        kept.account = scope.account;
        return into.add(txn, {kept});
      });
  if (!written) co_return fail(store_failure(written.error()));
  core.parts->kept.added();
  if (core.journal != nullptr) {
    core.journal->note({.trace = call.trace_id,
                        .event = id,
                        .account = scope.account,
                        .kind = journal::StepKind::kAccepted,
                        .at = number.empty()
                                  ? in.target_arn.value_or("")
                                  : aws::make_arn("sns", scope.region, scope.account, "sms"),
                        .to = number,
                        .reason = "Kept for readers here."});
  }
  co_return gen::sns::PublishResponse{.message_id = id};
}

}  // namespace lapwing::sns
