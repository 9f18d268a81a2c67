#include "services/sns/topic_destination.hpp"

#include <utility>

#include <fmt/core.h>

#include "gen/sns/errors.hpp"
#include "policy/evaluate.hpp"
#include "services/sns/prepare.hpp"
#include "services/sns/publishing.hpp"
#include "services/sns/words.hpp"

namespace lapwing::sns {
namespace {

Status check_policy(const View& view, const ports::OnBehalf& as) {
  if (as.service.empty()) return {};
  if (view.policy != nullptr) {
    policy::Request request =
        policy::service_request(as.service, as.source_arn, as.source_account.view());
    request.action = "sns:Publish";
    request.resource = view.topic->arn();
    if (policy::evaluate(*view.policy, request) == policy::Verdict::kAllowed) return {};
  }
  return fail(gen::sns::errors::authorization_error(
      fmt::format("{} is not authorized to perform: sns:Publish on resource: {} because no "
                  "resource-based policy allows the sns:Publish action",
                  as.service, view.topic->arn())));
}

Outgoing outgoing(const ports::Parcel& parcel, const Topic& topic) {
  Outgoing out{.text = parcel.body,
               .subject = {},
               .structure = {},
               .attributes = ports::attribute_values<AttributeValues>(parcel.attributes),
               .group = {},
               .deduplication_id = {}};
  if (!parcel.subject.empty()) out.subject = parcel.subject;
  if (!parcel.group.empty()) out.group = parcel.group;
  if (topic.fifo && !parcel.deduplication_id.empty()) {
    out.deduplication_id = parcel.deduplication_id;
  }
  return out;
}

ports::Delivered outcome(Result<std::string> published) {
  ports::Delivered out;
  if (published) {
    out.answer = *std::move(published);
    return out;
  }
  const ErrorKind kind = published.error().kind();
  const bool refused = kind == ErrorKind::kInvalid || kind == ErrorKind::kNotFound ||
                       kind == ErrorKind::kDenied || kind == ErrorKind::kTooLarge ||
                       kind == ErrorKind::kConflict || kind == ErrorKind::kUnsupported;
  out.kind = refused ? ports::Delivered::Kind::kRefused : ports::Delivered::Kind::kLater;
  out.code = published.error().code();
  out.message = published.error().message();
  return out;
}

}  // namespace

net::Task<Result<std::string>> TopicDestination::publish(net::Loop& loop,
                                                         const ports::Parcel& parcel) {
  const auto address = read_topic_arn(parcel.target);
  if (!address) co_return fail(invalid("TopicArn"));
  LAPWING_CO_TRY(ViewPtr view, core_.catalog().view(*address));
  LAPWING_CO_CHECK(check_policy(*view, parcel.as));
  aws::Call call;
  call.origin = aws::Origin::kService;
  call.trace_id = parcel.trace;
  const Outgoing given = outgoing(parcel, *view->topic);
  LAPWING_CO_TRY(Message message, prepare(call, *core_.random, Outgoing(given)));
  LAPWING_CO_CHECK(fit(*view->topic, given, message));
  message.time_ms = core_.now_ms();
  message.base = base_url(call, core_.settings.url);
  std::vector<Message> messages;
  messages.push_back(std::move(message));
  LAPWING_CO_TRY(const std::vector<Accepted> accepted,
                 co_await publish_to(core_, loop, std::move(view), std::move(messages)));
  co_return accepted.front().message_id;
}

net::Task<std::vector<ports::Delivered>> TopicDestination::deliver(
    net::Loop& loop, const std::vector<ports::Parcel>& parcels) {
  std::vector<ports::Delivered> out;
  for (const ports::Parcel& parcel : parcels) {
    out.push_back(outcome(co_await publish(loop, parcel)));
  }
  co_return out;
}

}  // namespace lapwing::sns
