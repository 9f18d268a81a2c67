#include "aws/service.hpp"

#include <exception>

#include "aws/engine.hpp"
#include "aws/validator.hpp"

namespace lapwing::aws {
namespace {

// Errors that are ours go to the log with what the caller must not see.
void log_failure(Logger& log, const ServiceModel& model, const OperationRow& operation,
                 const Caller& caller, const Error& error) {
  log.error("aws", "operation failed",
            {{"service", model.id},
             {"operation", model.name(operation)},
             {"request_id", caller.request_id.view()},
             {"error", error.to_log()}});
}

}  // namespace

Result<Response> Service::run(const OperationRow& operation, Protocol protocol,
                              const Request& request, const Caller& caller) const {
  const ServiceModel& described = model();
  const ProtocolEngine* engine = find_engine(protocol);
  const Handler* handler = table_.find(operation.index);
  if (handler == nullptr || engine == nullptr) {
    return fail(not_implemented(described.id, described.name(operation)));
  }
  Arena arena;
  LAPWING_TRY(const Value input, engine->read_input(described, operation, request, arena));
  LAPWING_CHECK(validate(described, operation, input, *patterns_));
  LAPWING_CHECK(table_.check_supported(operation, input));
  ResponseExtras extras;
  LAPWING_TRY(const Value output, handler->call(caller, input, arena, extras));
  Response response = engine->write_output(described, operation, output, caller.request_id.view());
  if (extras.status) response.status = *extras.status;
  for (const HeaderField& header : extras.headers) response.set_header(header.name, header.value);
  return response;
}

Response Service::handle(const OperationRow& operation, Protocol protocol, const Request& request,
                         const Caller& caller) const {
  auto outcome = [&]() -> Result<Response> {
    // The request boundary: a bug in one operation costs one request.
    try {
      return run(operation, protocol, request, caller);
    } catch (const std::exception& bug) {
      return fail(internal_error(bug.what()));
    }
  }();
  if (outcome) return std::move(*outcome);
  Response response = error_response(model(), protocol, outcome.error(), caller.request_id);
  if (response.status >= 500 && outcome.error().kind() != ErrorKind::kUnsupported) {
    log_failure(*log_, model(), operation, caller, outcome.error());
  }
  return response;
}

}  // namespace lapwing::aws
