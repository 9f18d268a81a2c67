#include "services/lambda/async/async_invocations.hpp"

#include <charconv>
#include <utility>

#include "delivery/outbox_events.hpp"
#include "os/disk_space.hpp"
#include "ports/acting.hpp"
#include "services/lambda/attachments.hpp"
#include "services/lambda/catalog.hpp"
#include "services/lambda/concurrency.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/limits.hpp"
#include "services/lambda/operations/invoke.hpp"
#include "services/lambda/trace_header.hpp"

namespace lapwing::lambda {
namespace {

ports::Delivered refused(const Error& error) {
  return {.kind = ports::Delivered::Kind::kRefused,
          .code = std::string(error.code()),
          .message = error.message()};
}

ports::Delivered later(const Error& error) {
  return {.kind = ports::Delivered::Kind::kLater,
          .code = std::string(error.code()),
          .message = error.message()};
}

// Of the version that a qualifier leads to; an alias leads to its first.
std::uint64_t version_of(const Catalog& catalog, const FunctionKey& key,
                         std::string_view qualifier) {
  if (qualifier.empty() || qualifier == kLatest) return 0;
  std::uint64_t number = 0;
  const char* const end = qualifier.data() + qualifier.size();
  if (std::from_chars(qualifier.data(), end, number).ptr == end) return number;
  const auto alias = catalog.alias(key, qualifier);
  return alias ? alias->version : 0;
}

Error no_room(const Error& why) {
  return Error(ErrorKind::kUnavailable, "ServiceException",
               "The disk is full: events are not accepted now. Please retry.")
      .with_status(503)
      .with_detail(why.to_log());
}

}  // namespace

AsyncInvocations::AsyncInvocations(const hosting::Dependencies& given, const AsyncParts& parts)
    : given_(given), parts_(parts), notices_(given.log) {}

AsyncInvocations::~AsyncInvocations() { stop(); }

Status AsyncInvocations::start() {
  LAPWING_TRY(store::Space* const space, given_.store.space("lambda"));
  waker_ = std::make_unique<hosting::SpaceWaker>("lambda.due", *space, given_.background);
  static const ports::Destinations kNowhere;
  const ports::Destinations* const destinations =
      given_.ports.destinations != nullptr ? given_.ports.destinations : &kNowhere;
  outbox_ = std::make_unique<delivery::Outbox>(
      "lambda.outbox",
      delivery::Needs{*space, given_.clock, given_.random, given_.log, given_.background,
                      given_.loops, *destinations, given_.journal},
      notices_);
  dead_ = std::make_unique<delivery::DeadEvents>(*space, "lambda.dead");
  dead_->begin(given_.background, given_.clock);
  events_ = std::make_unique<EventQueue>(EventQueueNeeds{
      *space, given_.clock, given_.random, given_.log, given_.background, given_.loops,
      parts_.catalog, parts_.invoker, *this, notices_, *outbox_, *dead_, given_.journal});
  LAPWING_CHECK(outbox_->start());
  return events_->start();
}

void AsyncInvocations::drain() {
  if (events_ != nullptr) events_->drain();
  if (outbox_ != nullptr) outbox_->drain();
}

void AsyncInvocations::stop() {
  drain();
  if (outbox_ != nullptr) outbox_->stop();
  if (dead_ != nullptr) dead_->stop();
  waker_.reset();
}

net::Task<Status> AsyncInvocations::accept(net::Loop& here, runtime::FunctionVersionPtr function,
                                           runtime::Invocation invocation) {
  if (given_.disk != nullptr) {
    if (const Status room = given_.disk->check(2 * kMaxEventPayloadBytes); !room) {
      co_return fail(no_room(room.error()));
    }
  }
  Event event;
  event.request_id = std::move(invocation.request_id);
  event.account = function->account;
  event.region = function->region;
  event.function = function->name;
  const std::string& arn = function->arn;
  if (invocation.invoked_arn.size() > arn.size() + 1) {
    event.qualifier = invocation.invoked_arn.substr(arn.size() + 1);
  }
  event.invoked_arn = std::move(invocation.invoked_arn);
  event.trace = std::move(invocation.trace_id);
  event.tenant_id = std::move(invocation.tenant_id);
  event.payload = std::move(invocation.payload);
  event.accepted_ms = unix_ms(given_.clock.wall());
  Status done = co_await events_->accept(here, std::move(event));
  if (!done && os::is_disk_full(done.error())) co_return fail(no_room(done.error()));
  co_return done;
}

struct AsyncInvocations::Aim {
  FunctionIdentifier named;
  runtime::FunctionVersionPtr function;
};

std::expected<AsyncInvocations::Aim, ports::Delivered> AsyncInvocations::aim(
    std::string_view target, const ports::OnBehalf& as) const {
  std::optional<FunctionIdentifier> named = read_function_arn(target);
  if (!named) return std::unexpected(refused(errors::function_not_found(target)));
  const auto function = parts_.catalog.resolve(named->key.account, named->key.region,
                                               named->key.name.view(), named->qualifier);
  if (!function) {
    const Error& error = function.error();
    return std::unexpected(error.kind() == ErrorKind::kNotFound ? refused(error) : later(error));
  }
  if ((*function)->per_tenant) return std::unexpected(refused(errors::tenant_needed()));
  if (!parts_.attachments.allows(target, as)) {
    return std::unexpected(
        refused(errors::access_denied(ports::sender(as), "lambda:InvokeFunction", target)));
  }
  return Aim{*std::move(named), *function};
}

std::optional<ports::Delivered> AsyncInvocations::refusal(std::string_view target,
                                                          const ports::OnBehalf& as) const {
  auto aimed = aim(target, as);
  if (aimed || aimed.error().kind != ports::Delivered::Kind::kRefused) return std::nullopt;
  return std::move(aimed).error();
}

std::expected<Event, ports::Delivered> AsyncInvocations::event_of(const ports::Parcel& parcel) {
  auto aimed = aim(parcel.target, parcel.as);
  if (!aimed) return std::unexpected(std::move(aimed).error());
  if (parcel.body.size() > kMaxEventPayloadBytes) {
    return std::unexpected(refused(errors::payload_too_large(kMaxEventPayloadBytes)));
  }
  Event out;
  out.request_id = make_uuid(given_.random);
  out.account = std::move(aimed->named.key.account);
  out.region = std::move(aimed->named.key.region);
  out.function = std::move(aimed->named.key.name);
  out.qualifier = std::move(aimed->named.qualifier);
  out.invoked_arn = parcel.target;
  out.trace =
      complete_trace_header(parcel.trace, {aimed->function->arn, aimed->function->trace_active},
                            given_.clock.wall(), given_.random);
  out.payload = lambda::event_of(parcel.body);
  out.accepted_ms = unix_ms(given_.clock.wall());
  out.once = parcel.id;
  return out;
}

net::Task<std::vector<ports::Delivered>> AsyncInvocations::deliver(
    net::Loop& loop, const std::vector<ports::Parcel>& parcels) {
  std::vector<ports::Delivered> out(parcels.size());
  std::vector<Event> events;
  std::vector<std::size_t> of;  // where their outcomes stand
  for (std::size_t i = 0; i < parcels.size(); ++i) {
    auto event = event_of(parcels[i]);
    if (!event) {
      out[i] = std::move(event).error();
      continue;
    }
    out[i].answer = event->request_id;
    events.push_back(*std::move(event));
    of.push_back(i);
  }
  if (events.empty()) co_return out;
  if (const Status accepted = co_await events_->accept_all(loop, std::move(events)); !accepted) {
    for (const std::size_t i : of) out[i] = later(accepted.error());
  }
  co_return out;
}

EventSettings AsyncInvocations::event_settings(const AccountId& account, const Region& region,
                                               const FunctionName& function,
                                               std::string_view qualifier) const {
  const FunctionKey key{account, region, function};
  EventSettings out;
  if (const auto set = parts_.attachments.event_invoke(key, qualifier)) {
    out.limits.retries = set->retries.value_or(kRetriesMax);
    if (set->event_age_s) out.limits.age = std::chrono::seconds(*set->event_age_s);
    out.on_success = set->on_success;
    out.on_failure = set->on_failure;
  }
  CatalogEntryPtr entry = parts_.catalog.entry(key, version_of(parts_.catalog, key, qualifier));
  if (entry == nullptr) entry = parts_.catalog.entry(key, 0);
  if (entry != nullptr) {
    out.role_arn = entry->role_arn;
    out.dead_letters = entry->dead_letter;
  }
  out.loop_allowed = parts_.attachments.loop_allowed(key);
  out.none_may_run = parts_.concurrency.find(key).reserved == 0U;
  return out;
}

Status AsyncInvocations::tell(store::Txn& txn, const mappings::GivenUpNotice& notice) {
  return outbox_->accept(txn, Notices::posting(notice, given_.clock.wall()));
}

void AsyncInvocations::forget(const FunctionKey& key) {
  if (events_ != nullptr) events_->forget(key.account, key.region, key.name);
}

Result<journal::EventPage> AsyncInvocations::facts(const journal::EventAsk& ask) {
  using journal::EventAsk;
  using journal::EventList;
  if (events_ == nullptr) return journal::EventPage();
  const auto functions = [this](const EventAsk& part) -> Result<journal::EventPage> {
    if (part.list == EventList::kQueues || part.list == EventList::kRetries) {
      return events_->facts(part);
    }
    if (part.list != EventList::kDeadLetters) return journal::EventPage();
    return delivery::dead_letters(
        part, [this](std::uint64_t before, std::size_t max) { return dead_->newest(before, max); });
  };
  const auto notices = [this](const EventAsk& part) {
    return delivery::outbox_events(*outbox_, "lambda", given_.clock.wall(), part);
  };
  const journal::EventPart parts[] = {functions, notices};
  return journal::events_of_all(ask, parts);
}

Result<std::size_t> AsyncInvocations::replay(std::string_view event) {
  if (events_ == nullptr) return std::size_t{0};
  LAPWING_TRY(const std::size_t run, events_->replay(event));
  return run > 0 ? Result<std::size_t>(run) : outbox_->replay(event);
}

void AsyncInvocations::metrics(hosting::MetricsText& text) const {
  if (events_ == nullptr) return;
  const EventCounts& events = events_->counts();
  text.add("async_events_received_total", "counter", "Events accepted for asynchronous invocation.",
           events.received.load());
  text.add("async_event_runs_total", "counter", "Runs of functions for events.",
           events.runs.load());
  text.add("async_event_failed_runs_total", "counter", "Of these, those that the function failed.",
           events.failed_runs.load());
  text.add("async_event_refusals_total", "counter",
           "Attempts at events that were throttled, or could not be run.", events.refusals.load());
  text.add("async_events_dropped_total", "counter", "Events that ended without a successful run.",
           events.dropped.load());
  text.add("recursive_invocations_dropped_total", "counter", "Of these, those of a loop.",
           events.loops_ended.load());
  text.add("dead_letter_errors_total", "counter",
           "Events that did not reach their dead-letter queue.",
           notices_.counts().dead_letter_errors.load());
  text.add("destination_delivery_failures_total", "counter",
           "Records of events that did not reach their destination.",
           notices_.counts().destination_failures.load());
}

}  // namespace lapwing::lambda
