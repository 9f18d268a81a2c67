#include "services/sns/service.hpp"

#include "delivery/outbox_events.hpp"
#include "services/sns/operations/confirm.hpp"
#include "services/sns/operations/platforms.hpp"
#include "services/sns/operations/publish.hpp"
#include "services/sns/operations/settings.hpp"
#include "services/sns/operations/subscriptions.hpp"
#include "services/sns/operations/text_messages.hpp"
#include "services/sns/operations/topics.hpp"

namespace lapwing::sns {
namespace {

using aws::Access;

template <class In>
std::string topic_arn(const aws::Call&, const In& in) {
  return in.topic_arn;
}
template <class In>
std::string resource_arn(const aws::Call&, const In& in) {
  return in.resource_arn;
}
// A subscription is authorised as its topic.
template <class In>
std::string subscriptions_topic(const aws::Call&, const In& in) {
  return topic_part(in.subscription_arn);
}
template <class In>
std::string application_arn(const aws::Call&, const In& in) {
  return in.platform_application_arn;
}
template <class In>
std::string endpoint_arn(const aws::Call&, const In& in) {
  return in.endpoint_arn;
}

std::string named_arn(const aws::Call& call, const gen::sns::CreateTopicInput& in) {
  return TopicAddress{aws::scope_of(call.caller), in.name}.arn();
}

std::string target_arn(const aws::Call&, const gen::sns::PublishInput& in) {
  if (in.topic_arn && !in.topic_arn->empty()) return *in.topic_arn;
  return in.target_arn && !in.target_arn->empty() ? *in.target_arn : "*";
}

template <class Op, class Fn>
void add(aws::OperationTable& table, Core& core, Fn fn, Access access,
         aws::ResourceOf<Core, typename Op::Input> resource) {
  table.add<Op>(core, fn, {.access = access, .resource = resource});
}

void add_topics(aws::OperationTable& table, Core& core) {
  // Nothing would be masked or blocked by a data protection policy.
  table.add<gen::sns::CreateTopic>(
      core, create_topic,
      {.access = Access::kWrite, .resource = named_arn, .accepts = {"Name", "Attributes", "Tags"}});
  add<gen::sns::DeleteTopic>(table, core, delete_topic, Access::kWrite,
                             topic_arn<gen::sns::DeleteTopicInput>);
  add<gen::sns::GetTopicAttributes>(table, core, get_topic_attributes, Access::kRead,
                                    topic_arn<gen::sns::GetTopicAttributesInput>);
  add<gen::sns::SetTopicAttributes>(table, core, set_topic_attributes, Access::kWrite,
                                    topic_arn<gen::sns::SetTopicAttributesInput>);
  add<gen::sns::ListTopics>(table, core, list_topics, Access::kList, aws::kNoResource);
  add<gen::sns::AddPermission>(table, core, add_permission, Access::kPermissions,
                               topic_arn<gen::sns::AddPermissionInput>);
  add<gen::sns::RemovePermission>(table, core, remove_permission, Access::kPermissions,
                                  topic_arn<gen::sns::RemovePermissionInput>);
  add<gen::sns::GetDataProtectionPolicy>(table, core, get_data_protection_policy, Access::kRead,
                                         resource_arn<gen::sns::GetDataProtectionPolicyInput>);
  table.add<gen::sns::PutDataProtectionPolicy>(
      core, put_data_protection_policy,
      {.access = Access::kWrite,
       .resource = resource_arn<gen::sns::PutDataProtectionPolicyInput>,
       .accepts = {"ResourceArn"}});
  add<gen::sns::ListTagsForResource>(table, core, list_tags_for_resource, Access::kRead,
                                     resource_arn<gen::sns::ListTagsForResourceRequest>);
  add<gen::sns::TagResource>(table, core, tag_resource, Access::kTagging,
                             resource_arn<gen::sns::TagResourceRequest>);
  add<gen::sns::UntagResource>(table, core, untag_resource, Access::kTagging,
                               resource_arn<gen::sns::UntagResourceRequest>);
}

void add_subscriptions(aws::OperationTable& table, Core& core) {
  add<gen::sns::Subscribe>(table, core, subscribe, Access::kWrite,
                           topic_arn<gen::sns::SubscribeInput>);
  // The links in messages.
  table.add<gen::sns::ConfirmSubscription>(
      core, confirm_subscription,
      {.access = Access::kWrite,
       .resource = topic_arn<gen::sns::ConfirmSubscriptionInput>,
       .unsigned_too = true});
  table.add<gen::sns::Unsubscribe>(core, unsubscribe,
                                   {.access = Access::kWrite,
                                    .resource = subscriptions_topic<gen::sns::UnsubscribeInput>,
                                    .unsigned_too = true});
  add<gen::sns::GetSubscriptionAttributes>(
      table, core, get_subscription_attributes, Access::kRead,
      subscriptions_topic<gen::sns::GetSubscriptionAttributesInput>);
  add<gen::sns::SetSubscriptionAttributes>(
      table, core, set_subscription_attributes, Access::kWrite,
      subscriptions_topic<gen::sns::SetSubscriptionAttributesInput>);
  add<gen::sns::ListSubscriptions>(table, core, list_subscriptions, Access::kList,
                                   aws::kNoResource);
  add<gen::sns::ListSubscriptionsByTopic>(table, core, list_subscriptions_by_topic, Access::kList,
                                          topic_arn<gen::sns::ListSubscriptionsByTopicInput>);
}

void add_publishing(aws::OperationTable& table, Core& core) {
  table.add<gen::sns::Publish>(
      core, publish,
      {.access = Access::kWrite, .resource = target_arn, .body_bytes_max = kPublishBodyBytesMax});
  table.add<gen::sns::PublishBatch>(core, publish_batch,
                                    {.access = Access::kWrite,
                                     .action = "sns:Publish",
                                     .resource = topic_arn<gen::sns::PublishBatchInput>,
                                     .body_bytes_max = kPublishBodyBytesMax});
}

void add_platforms(aws::OperationTable& table, Core& core) {
  add<CreatePlatformApplication>(table, core, create_platform_application, Access::kWrite,
                                 aws::kNoResource);
  add<DeletePlatformApplication>(table, core, delete_platform_application, Access::kWrite,
                                 application_arn<DeletePlatformApplication::Input>);
  add<GetPlatformApplicationAttributes>(table, core, get_platform_application_attributes,
                                        Access::kRead,
                                        application_arn<GetPlatformApplicationAttributes::Input>);
  add<SetPlatformApplicationAttributes>(table, core, set_platform_application_attributes,
                                        Access::kWrite,
                                        application_arn<SetPlatformApplicationAttributes::Input>);
  add<ListPlatformApplications>(table, core, list_platform_applications, Access::kList,
                                aws::kNoResource);
  add<CreatePlatformEndpoint>(table, core, create_platform_endpoint, Access::kWrite,
                              application_arn<CreatePlatformEndpoint::Input>);
  add<DeleteEndpoint>(table, core, delete_endpoint, Access::kWrite,
                      endpoint_arn<DeleteEndpoint::Input>);
  add<GetEndpointAttributes>(table, core, get_endpoint_attributes, Access::kRead,
                             endpoint_arn<GetEndpointAttributes::Input>);
  add<SetEndpointAttributes>(table, core, set_endpoint_attributes, Access::kWrite,
                             endpoint_arn<SetEndpointAttributes::Input>);
  add<ListEndpointsByPlatformApplication>(
      table, core, list_endpoints_by_platform_application, Access::kList,
      application_arn<ListEndpointsByPlatformApplication::Input>);
}

void add_text_messages(aws::OperationTable& table, Core& core) {
  add<CheckIfPhoneNumberIsOptedOut>(table, core, check_if_phone_number_is_opted_out, Access::kRead,
                                    aws::kNoResource);
  add<ListPhoneNumbersOptedOut>(table, core, list_phone_numbers_opted_out, Access::kRead,
                                aws::kNoResource);
  add<OptInPhoneNumber>(table, core, opt_in_phone_number, Access::kWrite, aws::kNoResource);
  add<GetSMSAttributes>(table, core, get_sms_attributes, Access::kRead, aws::kNoResource);
  add<SetSMSAttributes>(table, core, set_sms_attributes, Access::kWrite, aws::kNoResource);
  add<GetSMSSandboxAccountStatus>(table, core, get_sms_sandbox_account_status, Access::kRead,
                                  aws::kNoResource);
  add<CreateSMSSandboxPhoneNumber>(table, core, create_sms_sandbox_phone_number, Access::kWrite,
                                   aws::kNoResource);
  add<VerifySMSSandboxPhoneNumber>(table, core, verify_sms_sandbox_phone_number, Access::kWrite,
                                   aws::kNoResource);
  add<DeleteSMSSandboxPhoneNumber>(table, core, delete_sms_sandbox_phone_number, Access::kWrite,
                                   aws::kNoResource);
  add<ListSMSSandboxPhoneNumbers>(table, core, list_sms_sandbox_phone_numbers, Access::kRead,
                                  aws::kNoResource);
  add<ListOriginationNumbers>(table, core, list_origination_numbers, Access::kRead,
                              aws::kNoResource);
}

aws::OperationTable make_table(Core& core) {
  aws::OperationTable table(gen::sns::kModel);
  add_topics(table, core);
  add_subscriptions(table, core);
  add_publishing(table, core);
  add_platforms(table, core);
  add_text_messages(table, core);
  return table;
}

}  // namespace

Service::Service(const hosting::Dependencies& given, const sns::Settings& settings)
    : given_(given), api_(make_table(core_), given.pipeline) {
  core_.clock = &given_.clock;
  core_.random = &given_.random;
  core_.settings = settings;
  core_.journal = given_.journal;
  core_.disk = given_.disk;
}

void Service::publish(hosting::Ports& ports) {
  if (ports.destinations != nullptr) ports.destinations->add("sns", topics_);
}

Status Service::start() {
  LAPWING_TRY(core_.space, given_.store.space("sns"));
  core_.parts = std::make_unique<Parts>(given_.clock, given_.random, *core_.space,
                                        given_.key("sns signing key"));
  Parts& parts = *core_.parts;
  LAPWING_CHECK(parts.catalog.load());
  LAPWING_CHECK(parts.signer.load());
  LAPWING_CHECK(start_outbox());
  certificates_ = std::make_unique<CertificatePlane>(parts.signer);
  parts.kept.begin(given_.background, given_.clock);
  parts.fading_task = given_.background.when_due("sns.deduplication", parts.fading);
  parts.fading_task.notify();
  parts.token_ends_task = given_.background.when_due("sns.tokens", parts.token_ends);
  parts.token_ends_task.notify();
  parts.topic_removal_task = given_.background.when_due("sns.removal", parts.topic_removal);
  parts.topic_removal_task.notify();
  return {};
}

Status Service::start_outbox() {
  Parts& parts = *core_.parts;
  const ports::Destinations* const destinations = given_.ports.destinations;
  parts.outbox = std::make_unique<delivery::Outbox>(
      "sns",
      delivery::Needs{*core_.space, given_.clock, given_.random, given_.log, given_.background,
                      given_.loops, destinations != nullptr ? *destinations : nowhere_,
                      given_.journal},
      parts.mail);
  parts.mail.send_by(*parts.outbox);
  if (destinations != nullptr && destinations->find("mailto:") != nullptr) parts.mail.send_mail();
  parts.waker = std::make_unique<hosting::SpaceWaker>("sns.due", *core_.space, given_.background);
  return parts.outbox->start();
}

void Service::drain() {
  if (core_.parts != nullptr && core_.parts->outbox != nullptr) core_.parts->outbox->drain();
}

void Service::stop() {
  if (core_.parts == nullptr) return;
  // What was submitted and nobody waits for any more looks at the outbox: it is behind us then.
  (void)core_.store().transact([](store::Txn&) { return Status(); });
  if (core_.parts->outbox != nullptr) core_.parts->outbox->stop();
  core_.parts->waker.reset();
  core_.parts->topic_removal_task.reset();
  core_.parts->token_ends_task.reset();
  core_.parts->fading_task.reset();
  core_.parts->kept.stop();
}

void Service::metrics(hosting::MetricsText& text) const {
  if (core_.parts == nullptr || core_.parts->outbox == nullptr) return;
  const delivery::Counts counts = core_.parts->outbox->counts();
  text.add("sns_messages_delivered", "counter", "Messages that a subscriber has taken.",
           counts.delivered);
  text.add("sns_attempts_failed", "counter", "Attempts to deliver a message that failed.",
           counts.failed_attempts);
  text.add("sns_dead_letters", "counter", "Messages that went to a dead-letter queue.",
           counts.dead_letters);
  text.add("sns_messages_dropped", "counter", "Messages that no dead-letter queue took.",
           counts.dropped);
}

Result<journal::EventPage> Service::events(const journal::EventAsk& ask) {
  if (core_.parts == nullptr || core_.parts->outbox == nullptr) return journal::EventPage();
  return delivery::outbox_events(*core_.parts->outbox, "sns", given_.clock.wall(), ask);
}

Result<std::size_t> Service::replay(std::string_view event) {
  if (core_.parts == nullptr || core_.parts->outbox == nullptr) return std::size_t{0};
  return core_.parts->outbox->replay(event);
}

Result<hosting::OutboxPage> Service::outbox(const hosting::OutboxAsk& ask) {
  if (core_.parts == nullptr) return hosting::OutboxPage();
  return outbox_page(core_.parts->kept, ask);
}

Result<std::vector<KeptMessage>> Service::kept(std::uint64_t after, std::size_t max) const {
  return core_.parts->kept.read(after, max);
}

}  // namespace lapwing::sns
