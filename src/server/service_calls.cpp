#include "server/service_calls.hpp"

#include <mutex>
#include <utility>

#include <fmt/core.h>

#include "aws/engine.hpp"
#include "net/loop.hpp"
#include "server/admission.hpp"

namespace lapwing::server {
namespace {

Error too_deep() {
  return Error(ErrorKind::kInvalid, "LimitExceededException",
               fmt::format("Services call one another more than {} deep here: this call is within "
                           "itself.",
                           ports::kApiDepthMax))
      .with_status(400);
}

// As a client would be shown it.
Error shown(const aws::ServiceModel& model, const Error& error) {
  aws::ErrorFacts facts = aws::describe_error(&model, error);
  Error out = Error(error.kind(), std::move(facts.code), std::move(facts.message))
                  .with_status(facts.status);
  for (ErrorField& field : facts.fields) {
    out = std::move(out).with_field(std::move(field.name), std::move(field.value));
  }
  return out;
}

}  // namespace

// What a call holds of its principal's shares. A worker may look at it while its task has gone.
class ServiceCalls::Holding final : public aws::Allowance {
 public:
  // `outer`: of the call that it is made by, if any.
  Holding(http::Memory* memory, const aws::Caller& caller, aws::Allowance* outer)
      : memory_(memory),
        caller_{.hash = share_of(caller)},
        outer_(outer != nullptr ? outer->weak_from_this() : std::weak_ptr<aws::Allowance>()),
        answer_(memory) {}

  Status take_input(std::size_t bytes) {
    if (memory_ == nullptr) return {};
    LAPWING_TRY(payload_, payload_room(*memory_, caller_, bytes));
    return {};
  }
  // It is there already, and so it only counts: the next input finds less room.
  void made(const std::string& output) {
    answer_.release();
    payload_.add(output.size());
  }

  std::uint64_t answer_room() override { return answer_.room(caller_); }
  void hold_answer(std::uint64_t bytes) override { answer_.hold(bytes); }
  bool wait_long() override {
    const std::shared_ptr<aws::Allowance> outer = outer_.lock();
    return outer == nullptr || outer->wait_long();
  }

 private:
  http::Memory* const memory_;
  const http::CallerId caller_;
  const std::weak_ptr<aws::Allowance> outer_;
  AnswerHold answer_;
  http::Charge payload_;
};

void ServiceCalls::add(const aws::Service& service) {
  const std::scoped_lock lock(mutex_);
  services_[std::string(service.id())] = &service;
}

const aws::Service* ServiceCalls::find(std::string_view id) const {
  const std::shared_lock lock(mutex_);
  const auto found = services_.find(id);
  return found == services_.end() ? nullptr : found->second;
}

net::Task<Result<std::string>> ServiceCalls::perform(net::Loop& loop, ports::ApiRequest request) {
  HoldingPtr held;
  co_return co_await run(loop, std::move(request), held);
}

// `held` counts until the caller lets go of it.
net::Task<Result<std::string>> ServiceCalls::run(net::Loop& loop, ports::ApiRequest request,
                                                 HoldingPtr& held) {
  aws::Call& call = request.call;
  if (call.depth >= ports::kApiDepthMax) co_return fail(too_deep());
  ++call.depth;
  call.origin = aws::Origin::kService;
  if (call.caller.request_id.empty()) call.caller.request_id = RequestId(make_uuid(random_));
  const aws::Service* const service = find(request.service);
  if (service == nullptr) {
    co_return fail(aws::not_implemented(request.service, request.operation));
  }
  held = std::make_shared<Holding>(memory_, call.caller, call.allowance);
  call.allowance = held.get();
  LAPWING_CO_CHECK(held->take_input(request.input.size()));
  Result<std::string> output =
      co_await service->perform(loop, request.operation, std::move(request.input), std::move(call));
  if (!output) co_return fail(shown(service->model(), output.error()));
  held->made(*output);
  co_return output;
}

net::Task<void> ServiceCalls::perform_and_tell(net::Loop& loop, ports::ApiRequest request,
                                               Done done) {
  HoldingPtr held;
  done(co_await run(loop, std::move(request), held));
}

void ServiceCalls::begin(ports::ApiRequest request, Done done) {
  net::Loop& loop = loops_.next();
  loop.post([this, &loop, request = std::move(request), done = std::move(done)]() mutable {
    loop.spawn(perform_and_tell(loop, std::move(request), std::move(done)));
  });
}

}  // namespace lapwing::server
