#include "server/service_calls.hpp"

#include <mutex>
#include <utility>

#include <fmt/core.h>

#include "aws/engine.hpp"
#include "net/loop.hpp"

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
  aws::Call& call = request.call;
  if (call.depth >= ports::kApiDepthMax) co_return fail(too_deep());
  ++call.depth;
  call.origin = aws::Origin::kService;
  if (call.caller.request_id.empty()) call.caller.request_id = RequestId(make_uuid(random_));
  const aws::Service* const service = find(request.service);
  if (service == nullptr) {
    co_return fail(aws::not_implemented(request.service, request.operation));
  }
  Result<std::string> output =
      co_await service->perform(loop, request.operation, std::move(request.input), std::move(call));
  if (!output) co_return fail(shown(service->model(), output.error()));
  co_return output;
}

net::Task<void> ServiceCalls::perform_and_tell(net::Loop& loop, ports::ApiRequest request,
                                               Done done) {
  done(co_await perform(loop, std::move(request)));
}

void ServiceCalls::begin(ports::ApiRequest request, Done done) {
  net::Loop& loop = loops_.next();
  loop.post([this, &loop, request = std::move(request), done = std::move(done)]() mutable {
    loop.spawn(perform_and_tell(loop, std::move(request), std::move(done)));
  });
}

}  // namespace lapwing::server
