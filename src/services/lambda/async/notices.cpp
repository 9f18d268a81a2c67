#include "services/lambda/async/notices.hpp"

#include <utility>

#include "aws/arn.hpp"
#include "base/packed.hpp"
#include "ports/acting.hpp"

namespace lapwing::lambda {
namespace {

constexpr char kFormat = 1;
// Before an addressee's ARN: what it is told.
constexpr char kRecordTo = 'd';
constexpr char kEventTo = 'q';
// What a queue, a topic and a bus take; SNS less than the others.
constexpr std::size_t kRecordBytesMax = 1024 * 1024;
constexpr std::size_t kTopicBytesMax = 256 * 1024;

struct Notice {
  std::string function_arn;
  std::string role_arn;
  std::string detail_type;
  std::string record;
  std::string event;
  std::vector<ports::ParcelAttribute> attributes;
};

std::string encode(const Notice& notice) {
  PackedWriter out(kFormat);
  out.reserve(256 + notice.record.size() + notice.event.size());
  for (const std::string* const field : {&notice.function_arn, &notice.role_arn,
                                         &notice.detail_type, &notice.record, &notice.event}) {
    out.text(*field);
  }
  out.length(notice.attributes.size());
  for (const ports::ParcelAttribute& each : notice.attributes) {
    out.text(each.name), out.text(each.type), out.text(each.value);
  }
  return std::move(out).take();
}

std::optional<Notice> decode(std::string_view bytes) {
  PackedReader in(bytes, kFormat);
  Notice out;
  for (std::string* const field :
       {&out.function_arn, &out.role_arn, &out.detail_type, &out.record, &out.event}) {
    *field = in.text();
  }
  const std::size_t count = in.length();
  for (std::size_t i = 0; i < count && !in.broken(); ++i) {
    ports::ParcelAttribute& each = out.attributes.emplace_back();
    each.name = in.text(), each.type = in.text(), each.value = in.text();
  }
  if (in.broken()) return std::nullopt;
  return out;
}

bool is_topic(std::string_view arn) { return aws::service_of(arn) == "sns"; }

}  // namespace

std::vector<delivery::Posting> Notices::postings(const Ended& ended, const EventSettings& settings,
                                                 WallTime now) {
  const bool success = ended.condition == Condition::kSuccess;
  const std::string& destination = success ? settings.on_success : settings.on_failure;
  std::vector<delivery::Posting> out;
  const auto add = [&](std::string addressee, Notice notice) {
    notice.function_arn = ended.function_arn;
    notice.role_arn = settings.role_arn;
    out.push_back({.id = ended.event.request_id,
                   .event = encode(notice),
                   .addressees = {std::move(addressee)},
                   .trace = ended.event.trace,
                   .accepted_ms = unix_ms(now)});
  };
  if (!destination.empty()) {
    Notice notice;
    notice.detail_type = detail_type_of(ended.condition);
    notice.record =
        invocation_record(ended, now, is_topic(destination) ? kTopicBytesMax : kRecordBytesMax);
    add(kRecordTo + destination, std::move(notice));
  }
  if (!success && !settings.dead_letters.empty()) {
    Notice notice;
    notice.event = ended.event.payload;
    notice.attributes = dead_letter_attributes(ended);
    add(kEventTo + settings.dead_letters, std::move(notice));
  }
  return out;
}

delivery::Posting Notices::posting(const mappings::GivenUpNotice& given_up, WallTime now) {
  delivery::Posting out;
  out.id = given_up.id;
  out.trace = given_up.trace;
  out.accepted_ms = unix_ms(now);
  Notice notice;
  notice.function_arn = given_up.function_arn;
  notice.role_arn = given_up.role_arn;
  notice.record = given_up.record;
  out.addressees.push_back(kRecordTo + given_up.destination);
  out.event = encode(notice);
  return out;
}

std::optional<delivery::Shipment> Notices::shipment(const delivery::Posting& posting,
                                                    std::string_view addressee) {
  std::optional<Notice> notice = decode(posting.event);
  if (!notice || addressee.empty()) {
    logger_.error("lambda.events", "a notice cannot be read", {{"id", posting.id}});
    return std::nullopt;
  }
  delivery::Shipment out;
  out.retry = delivery::RetryPolicy::exponential(
      {.first = kBackoffFirst, .most = kBackoffMost, .attempts = 100, .age = kEventAgeMax});
  ports::Parcel& parcel = out.parcel;
  parcel.target = addressee.substr(1);
  // Whatever account its role is said to be of, a function acts in its own.
  const auto function = aws::Arn::parse(notice->function_arn);
  if (function) parcel.as.source_account = function->account;
  parcel.as.role_arn = ports::role_in(notice->role_arn, parcel.as.source_account);
  parcel.as.source_arn = notice->function_arn;
  parcel.trace = posting.trace;
  if (addressee.front() == kEventTo) {
    parcel.body = std::move(notice->event);
    parcel.attributes = std::move(notice->attributes);
    out.is_dead_letter = true;
    return out;
  }
  // The record of a failure holds the event: what has it is told of as dead-letter queues are.
  out.is_dead_letter = !notice->detail_type.ends_with("Success");
  parcel.body = std::move(notice->record);
  parcel.source = "lambda";
  parcel.detail_type = std::move(notice->detail_type);
  parcel.resources = {parcel.target, std::move(notice->function_arn)};
  return out;
}

void Notices::ended(const delivery::Posting& posting, std::string_view addressee,
                    const delivery::Failure* failure, Duration) {
  if (failure != nullptr) lost(posting, addressee, failure->last.code, failure->last.message);
}

void Notices::refused(const delivery::Posting& posting, const Error& error) {
  for (const std::string& each : posting.addressees) {
    lost(posting, each, error.code(), error.message());
  }
}

void Notices::lost(const delivery::Posting& posting, std::string_view addressee,
                   std::string_view code, std::string_view why) {
  if (addressee.empty()) return;
  const bool event = addressee.front() == kEventTo;
  ++(event ? counts_.dead_letter_errors : counts_.destination_failures);
  logger_.warn(
      "lambda.events",
      event ? "an event did not reach its dead-letter queue"
            : "a record did not reach its destination",
      {{"request", posting.id}, {"to", addressee.substr(1)}, {"code", code}, {"why", why}});
}

}  // namespace lapwing::lambda
