#include "services/sns/publishing.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "services/sns/limits.hpp"
#include "services/sns/matching.hpp"
#include "services/sns/words.hpp"
#include "store/await.hpp"

namespace lapwing::sns {
namespace {

// Owned by the transaction, which may outlive the caller.
struct Work {
  TopicPtr topic;
  std::vector<Mail> mails;
  OutgoingMail* mail;
};

Result<std::vector<Accepted>> write(store::Txn& txn, const Work& work) {
  std::vector<Accepted> out;
  for (const Mail& each : work.mails) {
    if (!work.topic->fifo) {
      out.push_back({false, each.message.id, 0});
      LAPWING_CHECK(work.mail->accept(txn, each));
      continue;
    }
    LAPWING_TRY(Accepted accepted, accept_in_order(txn, *work.topic, each.message));
    if (!accepted.duplicate) {
      // It may run more than once: what it was given stays as it is.
      Mail numbered = each;
      numbered.message.sequence = accepted.sequence;
      LAPWING_CHECK(work.mail->accept(txn, numbered));
    }
    out.push_back(std::move(accepted));
  }
  return out;
}

// Deliveries are told of by the outbox.
void note(journal::Journal* journal, const Topic& topic, const Mail& mail) {
  if (journal == nullptr) return;
  journal::Step step{.trace = mail.message.trace,
                     .event = mail.message.id,
                     .account = topic.scope.account,
                     .kind = journal::StepKind::kAccepted,
                     .at = topic.arn()};
  journal->note(step);
  if (mail.empty()) {
    step.kind = journal::StepKind::kFiltered;
    step.reason = "No subscription wants it.";
    journal->note(step);
  }
  step.kind = journal::StepKind::kDelivered;
  for (std::size_t i = 0; i < std::min(mail.kept.size(), kKeptTold); ++i) {
    step.to = mail.kept[i].endpoint;
    step.reason = "Kept for readers here.";
    journal->note(step);
  }
}

}  // namespace

net::Task<Result<std::vector<Accepted>>> publish_to(Core& core, net::Loop& loop, ViewPtr view,
                                                    std::vector<Message> messages) {
  auto work = std::make_shared<Work>(Work{view->topic, {}, &core.mail()});
  bool any = view->topic->fifo;
  for (Message& message : messages) {
    const auto to = matching(*view, message);
    work->mails.push_back(core.mail().mail(std::move(message), to));
    any = any || !work->mails.back().empty();
  }
  if (!any) {  // nobody listens
    std::vector<Accepted> out;
    for (const Mail& each : work->mails) {
      out.push_back({false, each.message.id, 0});
      note(core.journal, *work->topic, each);
    }
    co_return out;
  }
  if (core.disk != nullptr) {
    if (auto room = core.disk->check(2 * kPublishBodyBytesMax); !room) {
      co_return fail(store_failure(std::move(room).error()));
    }
  }
  auto written = co_await store::compute_on<std::vector<Accepted>>(
      loop, core.store(), [work](store::Txn& txn) { return write(txn, *work); });
  if (!written) co_return fail(store_failure(std::move(written).error()));
  for (std::size_t i = 0; i < work->mails.size(); ++i) {
    core.mail().accepted(work->mails[i]);
    if (!(*written)[i].duplicate) note(core.journal, *work->topic, work->mails[i]);
  }
  if (view->topic->fifo && core.parts->fading.written()) core.parts->fading_task.notify();
  co_return *std::move(written);
}

}  // namespace lapwing::sns
