#include "services/pipes/testing/queues.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/core.h>

#include "text/json.hpp"
#include "text/json_writer.hpp"

namespace lapwing::pipes::testing {

class Queues::Watch final : public ports::QueueWatch {
 public:
  Watch(Queues& of, store::Listener& listener) : of_(of), listener_(listener) {
    const std::scoped_lock lock(of_.mutex_);
    of_.watches_.push_back(this);
  }
  ~Watch() override {
    const std::scoped_lock lock(of_.mutex_);
    std::erase(of_.watches_, this);
  }
  void tell() { listener_.on_signal(); }

 private:
  Queues& of_;
  store::Listener& listener_;
};

std::string queue_arn(std::string_view name) {
  return fmt::format("arn:aws:sqs:us-east-1:000000000000:{}", name);
}

void Queues::make(const std::string& name) {
  {
    const std::scoped_lock lock(mutex_);
    queues_[queue_arn(name)];
  }
  tell();
}

void Queues::drop(const std::string& name) {
  {
    const std::scoped_lock lock(mutex_);
    queues_.erase(queue_arn(name));
  }
  tell();
}

void Queues::send(const std::string& name, const std::string& body, const std::string& group) {
  {
    const std::scoped_lock lock(mutex_);
    queues_[queue_arn(name)][++last_] = {.body = body, .group = group};
  }
  tell();
}

std::size_t Queues::waiting(const std::string& name) const {
  const std::scoped_lock lock(mutex_);
  const auto found = queues_.find(queue_arn(name));
  return found == queues_.end() ? 0 : found->second.size();
}

std::vector<std::string> Queues::dead() const {
  const std::scoped_lock lock(mutex_);
  return dead_;
}

void Queues::tell() {
  const std::scoped_lock lock(mutex_);
  for (Watch* const each : watches_) each->tell();
}

Result<Queues::Messages*> Queues::find(const std::string& arn) {
  const auto found = queues_.find(arn);
  if (found != queues_.end()) return &found->second;
  return fail(make_error(ErrorKind::kNotFound, "The specified queue does not exist."));
}

Result<ports::QueueFacts> Queues::describe(const ports::QueueName& queue) const {
  const std::scoped_lock lock(mutex_);
  if (!queues_.contains(queue.arn)) {
    return fail(make_error(ErrorKind::kNotFound, "The specified queue does not exist."));
  }
  return ports::QueueFacts{queue.arn.ends_with(".fifo"), visibility};
}

std::string Queues::record(store::MessageId id, const Message& message, const std::string& arn,
                           bool decoded) const {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.member("messageId", fmt::format("m{}", id));
  json.key("body");
  if (decoded && text::check_json(message.body)) {
    json.raw(message.body);
  } else {
    json.string(message.body);
  }
  json.key("attributes");
  json.begin_object();
  json.member("ApproximateReceiveCount", std::to_string(message.received));
  if (!message.group.empty()) json.member("MessageGroupId", message.group);
  json.end_object();
  json.member("eventSource", "aws:sqs");
  json.member("eventSourceARN", arn);
  json.end_object();
  return out;
}

net::Task<Result<ports::QueueTaken>> Queues::receive(net::Loop&, ports::QueueName queue,
                                                     ports::QueueAsk ask) {
  const std::scoped_lock lock(mutex_);
  LAPWING_CO_TRY(Messages * messages, find(queue.arn));
  const MonoTime now = clock_.mono();
  ports::QueueTaken out;
  out.visibility = ask.needed > visibility ? ask.needed + ask.margin : visibility;
  std::set<std::string> blocked;
  for (const auto& [id, each] : *messages) {
    if (!each.group.empty() && each.visible > now) blocked.insert(each.group);
  }
  std::vector<ports::QueueRecord> list;
  for (auto at = messages->begin(); at != messages->end();) {
    auto& [id, message] = *at;
    if (message.visible > now || blocked.contains(message.group) || list.size() >= ask.batch_size) {
      ++at;
      continue;
    }
    if (receives_max > 0 && message.received >= receives_max) {
      dead_.push_back(message.body);
      at = messages->erase(at);
      continue;
    }
    ++message.received;
    message.visible = now + out.visibility;
    list.push_back({.receipt = {id, 1},
                    .id = fmt::format("m{}", id),
                    .record = record(id, message, queue.arn, false),
                    .filterable = ask.filterable ? record(id, message, queue.arn, true) : ""});
    ++at;
  }
  if (!list.empty()) out.lists.push_back(std::move(list));
  out.all = !out.lists.empty();
  co_return out;
}

net::Task<Status> Queues::remove(net::Loop&, ports::QueueName queue,
                                 std::vector<store::Receipt> receipts) {
  const std::scoped_lock lock(mutex_);
  LAPWING_CO_TRY(Messages * messages, find(queue.arn));
  for (const store::Receipt& each : receipts) messages->erase(each.id);
  co_return Status();
}

net::Task<Status> Queues::extend(net::Loop&, ports::QueueName queue,
                                 std::vector<store::Receipt> receipts, Duration lasts) {
  const std::scoped_lock lock(mutex_);
  LAPWING_CO_TRY(Messages * messages, find(queue.arn));
  for (const store::Receipt& each : receipts) {
    const auto found = messages->find(each.id);
    if (found != messages->end()) found->second.visible = clock_.mono() + lasts;
  }
  co_return Status();
}

std::unique_ptr<ports::QueueWatch> Queues::watch(const std::string&, store::Listener& listener) {
  return std::make_unique<Watch>(*this, listener);
}

}  // namespace lapwing::pipes::testing
