#include "server/services.hpp"

#include <utility>

#include <fmt/format.h>

#include "services/iam/service.hpp"
#include "services/sqs/service.hpp"
#include "services/sts/service.hpp"

namespace lapwing::server {

// In the order of their start.
Services::Services(const hosting::Dependencies& given, const lambda::EngineSide& engine,
                   ServiceOptions options) {
  logs_ = add<logs::Service>(given, options.logs);
  lambda_ = add<lambda::Service>(given, engine, std::move(options.lambda));
  add<sqs::Service>(given, options.sqs);
  add<sts::Service>(given);
  add<iam::Service>(given);
}

Status Services::start() {
  for (const auto& service : all_) {
    LAPWING_CHECK(service->start());
    const aws::Service& api = service->api();
    if (const auto uncovered = api.table().uncovered(); !uncovered.empty()) {
      return fail(internal_error(fmt::format("the table of {} has neither row nor refusal for {}",
                                             api.id(), fmt::join(uncovered, ", "))));
    }
  }
  return {};
}

void Services::drain() {
  for (const auto& service : all_) service->drain();
}

void Services::stop() {
  for (auto service = all_.rbegin(); service != all_.rend(); ++service) (*service)->stop();
}

}  // namespace lapwing::server
