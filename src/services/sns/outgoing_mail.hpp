// The sender's side of delivery: what a subscriber gets of a message, when it is tried again, what
// goes to its dead-letter queue. The outbox (delivery/outbox.hpp) asks for it at each attempt, by
// the subscription's ARN.
//
// Source: the developer guide, "Amazon SNS message delivery retries" and "dead-letter queues".
//
// Thread-safety: any thread.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "delivery/outbox.hpp"
#include "delivery/posting.hpp"
#include "delivery/sender.hpp"
#include "services/sns/catalog.hpp"
#include "services/sns/kept.hpp"
#include "services/sns/message.hpp"
#include "services/sns/signer.hpp"
#include "store/store.hpp"

namespace lapwing::sns {

// One message and all it goes to.
struct Mail {
  Message message;
  std::vector<std::string> addressees;  // subscriptions, by ARN
  std::vector<KeptMessage> kept;

  bool empty() const { return addressees.empty() && kept.empty(); }
};

class OutgoingMail final : public delivery::Sender {
 public:
  // All outlive it.
  OutgoingMail(Catalog& catalog, Signer& signer, Kept& kept)
      : catalog_(catalog), signer_(signer), kept_(kept) {}

  // Where mail goes; once, before any is accepted. It outlives what is sent.
  void send_by(delivery::Outbox& outbox) { outbox_ = &outbox; }

  // E-mail leaves the machine, beside being kept. Once, before any is accepted.
  void send_mail() { mail_leaves_ = true; }

  // To these subscriptions.
  Mail mail(Message message, const std::vector<const Subscription*>& to);
  // Takes it on, in the transaction that makes it known; accepted() comes behind the commit.
  Status accept(store::Txn& txn, const Mail& mail);
  void accepted(const Mail& mail) {
    if (!mail.kept.empty()) kept_.added();
  }

  std::optional<delivery::Shipment> shipment(const delivery::Posting& posting,
                                             std::string_view addressee) override;
  // A message to many is several postings, "ID:N".
  std::string event_of(const delivery::Posting& posting) override {
    return posting.id.substr(0, posting.id.find(':'));
  }
  std::optional<ports::Parcel> dead_letter(const delivery::Posting& posting,
                                           std::string_view addressee,
                                           const delivery::Failure& failure) override;

 private:
  // Who gets it; null: nobody any more, or not yet.
  SubscriptionPtr receiver(const Message& message, const SubscriptionAddress& address) const;
  ports::Parcel parcel(const Message& message, const Subscription& subscription,
                       std::string_view content_type);

  Catalog& catalog_;
  Signer& signer_;
  Kept& kept_;
  delivery::Outbox* outbox_ = nullptr;
  bool mail_leaves_ = false;
};

}  // namespace lapwing::sns
