#include "services/sns/topic_destination.hpp"

#include <utility>

#include <fmt/core.h>

#include "gen/sns/errors.hpp"
#include "ports/acting.hpp"
#include "services/sns/prepare.hpp"
#include "services/sns/publishing.hpp"
#include "services/sns/words.hpp"

namespace lapwing::sns {
namespace {

Status check_policy(const View& view, const ports::OnBehalf& as) {
  const std::string arn = view.topic->arn();
  if (ports::may(as, {"sns:Publish", arn, view.topic->scope.account}, view.policy.get())) return {};
  return fail(gen::sns::errors::authorization_error(
      fmt::format("{} is not authorized to perform: sns:Publish on resource: {} because no "
                  "resource-based policy allows the sns:Publish action",
                  ports::sender(as), arn)));
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

ports::Delivered not_taken(const Error& error) {
  ports::Delivered out;
  const ErrorKind kind = error.kind();
  const bool refused = kind == ErrorKind::kInvalid || kind == ErrorKind::kNotFound ||
                       kind == ErrorKind::kDenied || kind == ErrorKind::kTooLarge ||
                       kind == ErrorKind::kConflict || kind == ErrorKind::kUnsupported;
  out.kind = refused ? ports::Delivered::Kind::kRefused : ports::Delivered::Kind::kLater;
  out.code = error.code();
  out.message = error.message();
  return out;
}

Result<Sent> prepare_one(Core& core, const ports::Parcel& parcel) {
  const auto address = read_topic_arn(parcel.target);
  if (!address) return fail(invalid("TopicArn"));
  LAPWING_TRY(ViewPtr view, core.catalog().view(*address));
  LAPWING_CHECK(check_policy(*view, parcel.as));
  aws::Call call;
  call.origin = aws::Origin::kService;
  call.trace_id = parcel.trace;
  const Outgoing given = outgoing(parcel, *view->topic);
  LAPWING_TRY(Message message, prepare(call, *core.random, Outgoing(given)));
  LAPWING_CHECK(fit(*view->topic, given, message));
  message.time_ms = core.now_ms();
  message.base = base_url(call, core.settings.url);
  return Sent{std::move(view), std::move(message), parcel.id};
}

}  // namespace

net::Task<std::vector<ports::Delivered>> TopicDestination::deliver(
    net::Loop& loop, const std::vector<ports::Parcel>& parcels) {
  std::vector<ports::Delivered> out(parcels.size());
  std::vector<Sent> sent;
  std::vector<std::size_t> of;  // where their outcomes stand
  for (std::size_t i = 0; i < parcels.size(); ++i) {
    auto prepared = prepare_one(core_, parcels[i]);
    if (!prepared) {
      out[i] = not_taken(prepared.error());
      continue;
    }
    sent.push_back(*std::move(prepared));
    of.push_back(i);
  }
  const auto taken = co_await take_all(core_, loop, std::move(sent));
  for (std::size_t i = 0; i < of.size(); ++i) {
    if (taken[i]) {
      out[of[i]].answer = taken[i]->message_id;
    } else {
      out[of[i]] = not_taken(taken[i].error());
    }
  }
  co_return out;
}

}  // namespace lapwing::sns
