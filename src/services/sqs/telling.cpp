#include "services/sqs/telling.hpp"

#include <fmt/core.h>

namespace lapwing::sqs {
namespace {

std::string reason_of(const Buried& message) {
  return fmt::format("Received {} times without being deleted.", message.receives);
}

}  // namespace

void Telling::sent(const Queue& queue, std::string_view id, std::string_view trace) const {
  if (journal_ == nullptr) return;
  journal_->note({.trace = std::string(trace),
                  .event = std::string(id),
                  .account = queue.scope.account,
                  .kind = journal::StepKind::kAccepted,
                  .at = queue.arn()});
}

void Telling::buried(const Ask& ask, const std::vector<Buried>& messages) {
  if (messages.empty()) return;
  dead_.added();
  if (journal_ == nullptr) return;
  for (const Buried& each : messages) {
    journal_->note({.trace = each.trace,
                    .event = each.id,
                    .account = ask.queue->scope.account,
                    .kind = journal::StepKind::kDeadLettered,
                    .at = ask.queue->arn(),
                    .to = ask.dead_letters->arn(),
                    .reason = reason_of(each),
                    .attempt = each.receives});
  }
}

void Telling::moved_back(const Queue& from, const Queue& to, const Buried& message,
                         std::string_view new_id) const {
  if (journal_ == nullptr) return;
  journal_->note({.trace = message.trace,
                  .event = message.id,
                  .account = from.scope.account,
                  .kind = journal::StepKind::kReplayed,
                  .at = from.arn(),
                  .to = to.arn(),
                  .became = std::string(new_id == message.id ? std::string_view() : new_id)});
}

delivery::DeadEvent dead_event(const Ask& ask, const Buried& message, std::int64_t now_ms) {
  return {.died_ms = now_ms,
          .id = message.id,
          .trace = message.trace,
          .account = ask.queue->scope.account,
          .at = ask.queue->arn(),
          .to = ask.queue->arn(),
          .dead_letters = ask.dead_letters->arn(),
          .reason = reason_of(message),
          .attempts = message.receives,
          .work = std::to_string(message.number)};
}

}  // namespace lapwing::sqs
