#include "services/lambda/async/notices.hpp"

#include <utility>

#include "base/packed.hpp"

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

bool is_topic(std::string_view arn) { return arn.contains(":sns:"); }

}  // namespace

std::optional<delivery::Posting> Notices::posting(const Ended& ended, const EventSettings& settings,
                                                  const std::string& role_arn, WallTime now) {
  const bool success = ended.condition == Condition::kSuccess;
  const std::string& destination = success ? settings.on_success : settings.on_failure;
  const bool buried = !success && !settings.dead_letters.empty();
  if (destination.empty() && !buried) return std::nullopt;
  delivery::Posting out;
  out.id = ended.event.request_id;
  out.trace = ended.event.trace;
  out.accepted_ms = unix_ms(now);
  Notice notice;
  notice.function_arn = ended.function_arn;
  notice.role_arn = role_arn;
  if (!destination.empty()) {
    notice.detail_type = detail_type_of(ended.condition);
    notice.record =
        invocation_record(ended, now, is_topic(destination) ? kTopicBytesMax : kRecordBytesMax);
    out.addressees.push_back(kRecordTo + destination);
  }
  if (buried) {
    notice.event = ended.event.payload;
    notice.attributes = dead_letter_attributes(ended);
    out.addressees.push_back(kEventTo + settings.dead_letters);
  }
  out.event = encode(notice);
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
  parcel.as.role_arn = std::move(notice->role_arn);
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
  if (failure == nullptr || addressee.empty()) return;
  const bool event = addressee.front() == kEventTo;
  ++(event ? counts_.dead_letter_errors : counts_.destination_failures);
  logger_.warn("lambda.events",
               event ? "an event did not reach its dead-letter queue"
                     : "a record did not reach its destination",
               {{"request", posting.id},
                {"to", addressee.substr(1)},
                {"code", failure->last.code},
                {"why", failure->last.message}});
}

}  // namespace lapwing::lambda
