#include "services/sns/publishing.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "services/sns/limits.hpp"
#include "services/sns/matching.hpp"
#include "services/sns/prepare.hpp"
#include "services/sns/words.hpp"
#include "store/await.hpp"

namespace lapwing::sns {
namespace {

// Owned by the transaction, which may outlive the caller.
struct Work {
  struct One {
    TopicPtr topic;
    Mail mail;
    std::string parcel;  // or empty
  };
  OutgoingMail& mail;
  std::vector<One> all = {};
  std::size_t addressees = 0;
  std::size_t bytes = 0;

  void add(const View& view, Message message, std::string parcel = {}) {
    const auto to = matching(view, message);
    bytes += size_of(message);
    all.push_back({view.topic, mail.mail(std::move(message), to), std::move(parcel)});
    addressees += all.back().mail.addressees.size();
  }
  bool full() const { return addressees >= kAddresseesOfCommit || bytes >= kTextBytesOfCommit; }
  // Somebody listens, or a number is given out.
  bool writes() const {
    return std::ranges::any_of(all,
                               [](const One& one) { return one.topic->fifo || !one.mail.empty(); });
  }
  bool remembers() const {
    return std::ranges::any_of(
        all, [](const One& one) { return one.topic->fifo || !one.parcel.empty(); });
  }
};

Result<Accepted> write_one(store::Txn& txn, OutgoingMail& mail, const Work::One& one) {
  if (!one.topic->fifo) {
    Accepted accepted{false, one.mail.message.id, 0};
    if (!one.parcel.empty()) {
      LAPWING_TRY(accepted, accept_once(txn, *one.topic, one.mail.message, one.parcel));
    }
    if (!accepted.duplicate) LAPWING_CHECK(mail.accept(txn, one.mail));
    return accepted;
  }
  LAPWING_TRY(Accepted accepted, accept_in_order(txn, *one.topic, one.mail.message));
  if (accepted.duplicate) return accepted;
  // It may run more than once: what it was given stays as it is.
  Mail numbered = one.mail;
  numbered.message.sequence = accepted.sequence;
  LAPWING_CHECK(mail.accept(txn, numbered));
  return accepted;
}

Result<std::vector<Accepted>> write(store::Txn& txn, const Work& work) {
  std::vector<Accepted> out;
  for (const Work::One& one : work.all) {
    LAPWING_TRY(Accepted accepted, write_one(txn, work.mail, one));
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

net::Task<Result<std::vector<Accepted>>> write_all(Core& core, net::Loop& loop,
                                                   std::shared_ptr<Work> work) {
  if (!work->writes()) {  // nobody listens
    std::vector<Accepted> out;
    for (const Work::One& one : work->all) {
      out.push_back({false, one.mail.message.id, 0});
      note(core.journal, *one.topic, one.mail);
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
  for (std::size_t i = 0; i < work->all.size(); ++i) {
    const Work::One& one = work->all[i];
    core.mail().accepted(one.mail);
    if (!(*written)[i].duplicate) note(core.journal, *one.topic, one.mail);
  }
  if (work->remembers() && core.parts->fading.written()) core.parts->fading_task.notify();
  co_return *std::move(written);
}

}  // namespace

net::Task<Result<std::vector<Accepted>>> publish_to(Core& core, net::Loop& loop, ViewPtr view,
                                                    std::vector<Message> messages) {
  auto work = std::make_shared<Work>(core.mail());
  for (Message& message : messages) work->add(*view, std::move(message));
  co_return co_await write_all(core, loop, std::move(work));
}

net::Task<std::vector<Result<Accepted>>> take_all(Core& core, net::Loop& loop,
                                                  std::vector<Sent> all) {
  std::vector<Result<Accepted>> out;
  while (out.size() < all.size()) {
    auto work = std::make_shared<Work>(core.mail());
    for (std::size_t at = out.size(); at < all.size() && !work->full(); ++at) {
      work->add(*all[at].view, std::move(all[at].message), std::move(all[at].parcel));
    }
    const std::size_t count = work->all.size();
    auto accepted = co_await write_all(core, loop, std::move(work));
    for (std::size_t i = 0; i < count; ++i) {
      if (accepted) {
        out.emplace_back(std::move((*accepted)[i]));
      } else {
        out.emplace_back(fail(accepted.error()));
      }
    }
  }
  co_return out;
}

}  // namespace lapwing::sns
