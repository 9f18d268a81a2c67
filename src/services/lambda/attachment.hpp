// What is attached to a function, to a version or to an alias of it beside its configuration: its
// policy, how it is invoked asynchronously, its runtime's management; of the function as a whole
// also its code signing configuration and whether it may loop. Publishing copies none of it.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "resources/table.hpp"
#include "services/lambda/function_identifier.hpp"

namespace lapwing::lambda {

// Of asynchronous invocations; what is absent is as the service has it (2 retries, 6 hours).
struct EventInvokeConfig {
  std::optional<std::uint32_t> retries;      // MaximumRetryAttempts
  std::optional<std::uint32_t> event_age_s;  // MaximumEventAgeInSeconds
  std::string on_success;                    // ARNs; empty: none
  std::string on_failure;
  std::int64_t last_modified_ms = 0;

  template <class Fields, class R>
  static void fields(Fields& f, R& config) {
    f("retries", config.retries);
    f("event_age_s", config.event_age_s);
    f("on_success", config.on_success);
    f("on_failure", config.on_failure);
    f("last_modified_ms", config.last_modified_ms);
  }
};

struct RuntimeManagement {
  std::string update_on;    // "Auto", "FunctionUpdate", "Manual"
  std::string version_arn;  // of Manual only

  template <class Fields, class R>
  static void fields(Fields& f, R& management) {
    f("update_on", management.update_on);
    f("version_arn", management.version_arn);
  }
};

struct Attachment {
  FunctionKey key;
  std::string qualifier;  // "": the function as such. "$LATEST", a version's number, an alias
  std::string policy;     // the document's text; empty: none
  std::optional<EventInvokeConfig> event_invoke;        // not of ""
  std::optional<RuntimeManagement> runtime_management;  // of "$LATEST" and versions
  std::string code_signing_config;                      // an ARN; of "" only
  bool loop_allowed = false;                            // RecursiveLoop; of "" only

  bool empty() const {
    return policy.empty() && !event_invoke && !runtime_management && code_signing_config.empty() &&
           !loop_allowed;
  }
};

// account NUL region NUL name NUL qualifier. Indexed by the code signing configuration.
struct AttachmentTable {
  using Record = Attachment;
  static constexpr std::string_view kKind = "lambda.attachment";
  static constexpr int kFormat = 1;
  static constexpr std::string_view kCodeSigningIndex = "code_signing";

  static std::string key(const Attachment& attachment);
  static void terms(const Attachment& attachment, resources::Terms& terms);

  template <class Fields, class R>
  static void fields(Fields& f, R& attachment) {
    f("account", attachment.key.account);
    f("region", attachment.key.region);
    f("name", attachment.key.name);
    f("qualifier", attachment.qualifier);
    f("policy", attachment.policy);
    f("event_invoke", attachment.event_invoke);
    f("runtime_management", attachment.runtime_management);
    f("code_signing_config", attachment.code_signing_config);
    f("loop_allowed", attachment.loop_allowed);
  }
};
using AttachmentRecords = resources::Table<AttachmentTable>;

}  // namespace lapwing::lambda
