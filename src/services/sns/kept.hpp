// E-mail, text messages and push notifications: they go nowhere from here, but are kept for those
// who want to read what would have been sent. Beyond kKeptMessagesMax and kKeptBytesMax the oldest
// go.
//
// Thread-safety: any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "background/runner.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "hosting/outbox_page.hpp"
#include "resources/bounded_log.hpp"
#include "services/sns/message.hpp"
#include "services/sns/signer.hpp"
#include "services/sns/subscription.hpp"
#include "store/engine.hpp"

namespace lapwing::sns {

// To one e-mail address, phone number or platform endpoint.
struct KeptMessage {
  std::uint64_t number = 0;  // rising
  std::int64_t time_ms = 0;
  std::string protocol = {};  // "email", "email-json", "sms", "application"
  std::string endpoint = {};
  std::string subscription_arn = {};  // empty where it was published to it
  std::string message_id = {};
  std::string topic_arn = {};
  std::string subject = {};
  std::string body = {};
  AccountId account = {};  // whose; empty of those of earlier versions
};

// Whether subscriptions of this protocol end here.
inline bool is_kept(std::string_view protocol) {
  return protocol == "email" || protocol == "email-json" || protocol == "sms" ||
         protocol == "application";
}

// Of these, what leaves the machine where a mail server is set.
inline bool is_mail(std::string_view protocol) {
  return protocol == "email" || protocol == "email-json";
}

// What a subscriber of such a protocol gets.
KeptMessage kept_for(const Message& message, const Subscription& subscription, Signer& signer);

class Kept {
 public:
  explicit Kept(store::Space& space);

  // Inside a transaction of the space.
  Status add(store::Txn& txn, const std::vector<KeptMessage>& messages) const;
  // After it: takes away what is too much, in the background.
  void added() { log_.added(); }

  // Those with larger numbers than `after`, in their order.
  Result<std::vector<KeptMessage>> read(std::uint64_t after, std::size_t max) const;
  // Those with smaller numbers than `before` (0: all), the newest first; as they are kept, of so
  // many bytes at most, but one.
  Result<std::vector<KeptMessage>> newest(std::uint64_t before, std::size_t max,
                                          std::size_t max_bytes = 8 * kMiB) const;

  void begin(background::Runner& background, const Clock& clock) { log_.begin(background, clock); }
  void stop() { log_.stop(); }

 private:
  static Result<std::vector<KeptMessage>> decoded(const Result<store::LogPage>& page);

  resources::BoundedLog log_;
};

// For GET /_lapwing/outbox.
Result<hosting::OutboxPage> outbox_page(const Kept& kept, const hosting::OutboxAsk& ask);

}  // namespace lapwing::sns
