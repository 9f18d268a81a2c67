// What the operations work on.
#pragma once

#include <memory>

#include "aws/call.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "crypto/aes_gcm.hpp"
#include "delivery/outbox.hpp"
#include "hosting/space_waker.hpp"
#include "journal/journal.hpp"
#include "os/disk_space.hpp"
#include "services/sns/address.hpp"
#include "services/sns/catalog.hpp"
#include "services/sns/fifo.hpp"
#include "services/sns/kept.hpp"
#include "services/sns/outgoing_mail.hpp"
#include "services/sns/settings.hpp"
#include "services/sns/signer.hpp"
#include "services/sns/token_ends.hpp"
#include "services/sns/topic_removal.hpp"
#include "store/engine.hpp"

namespace lapwing::sns {

// Made when the service starts: operations come only afterwards.
struct Parts {
  Parts(const Clock& clock, Random& random, store::Space& space, const crypto::AesKey& signing_seal)
      : catalog(space.store()),
        signer(space.store(), signing_seal, random, clock),
        kept(space),
        fading(space.store(), clock),
        token_ends(catalog, clock),
        topic_removal(catalog),
        mail(catalog, signer, kept) {}

  Catalog catalog;
  Signer signer;
  Kept kept;
  Fading fading;
  TokenEnds token_ends;
  TopicRemoval topic_removal;
  OutgoingMail mail;
  // Made last, gone first.
  std::unique_ptr<delivery::Outbox> outbox;
  std::unique_ptr<hosting::SpaceWaker> waker;
  background::Task fading_task;
  background::Task token_ends_task;
  background::Task topic_removal_task;
};

struct Core {
  const Clock* clock = nullptr;
  Random* random = nullptr;
  Settings settings;
  journal::Journal* journal = nullptr;  // may stay so
  // What is left of it is for what is published, but for its reserve. Null: not known.
  const os::DiskSpace* disk = nullptr;
  store::Space* space = nullptr;
  std::unique_ptr<Parts> parts;

  Catalog& catalog() { return parts->catalog; }
  Signer& signer() { return parts->signer; }
  OutgoingMail& mail() { return parts->mail; }
  store::Store& store() { return space->store(); }
  std::int64_t now_ms() const { return unix_ms(clock->wall()); }

  // Nothing that waits for a subscription is sent any more.
  void forget(const SubscriptionAddress& subscription) {
    parts->outbox->forget(subscription.arn());
  }
  // A topic was deleted: some of it may be left.
  void topic_erased() { parts->topic_removal_task.notify(); }
  // A token was given out: it ends before others.
  void token_given() { parts->token_ends_task.notify(); }
};

}  // namespace lapwing::sns
