#include "server/services.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "server/rooms.hpp"
#include "services/iam/service.hpp"
#include "services/sqs/service.hpp"
#include "services/sts/service.hpp"

namespace lapwing::server {
namespace {

struct Entry {
  std::string_view name;
  std::unique_ptr<hosting::Service> (*make)(const hosting::Dependencies& given,
                                            const Beside& beside);
  void (*visit)(SettingValues& values, SettingVisitor& to);
  Status (*check)(const SettingValues& values);
};

template <class S>
Entry entry(std::string_view name) {
  Entry out{name,
            [](const hosting::Dependencies& given,
               const Beside& beside) -> std::unique_ptr<hosting::Service> {
              if constexpr (std::is_constructible_v<S, const hosting::Dependencies&>) {
                return std::make_unique<S>(given);
              } else {
                return std::make_unique<S>(given, beside.engine, beside.lambda);
              }
            },
            [](SettingValues&, SettingVisitor&) {}, [](const SettingValues&) { return Status(); }};
  if constexpr (requires { typename S::Settings; }) {
    out.visit = visit_owner<typename S::Settings>;
    out.check = check_owner<typename S::Settings>;
  }
  return out;
}

// In the order of their start.
const Entry kEntries[] = {
    entry<logs::Service>("logs"), entry<lambda::Service>("lambda"), entry<sqs::Service>("sqs"),
    entry<sts::Service>("sts"),   entry<iam::Service>("iam"),
};

}  // namespace

Services::Services(const hosting::Dependencies& given, const Beside& beside,
                   const std::vector<std::string>& names) {
  for (const Entry& each : kEntries) {
    if (!names.empty() && std::ranges::find(names, each.name) == names.end()) continue;
    all_.push_back(each.make(given, beside));
    if (auto* logs = dynamic_cast<logs::Service*>(all_.back().get())) logs_ = logs;
    if (auto* lambda = dynamic_cast<lambda::Service*>(all_.back().get())) lambda_ = lambda;
  }
}

void visit_services(SettingValues& values, SettingVisitor& to) {
  for (const Entry& each : kEntries) each.visit(values, to);
}

Status check_services(const SettingValues& values) {
  for (const Entry& each : kEntries) LAPWING_CHECK(each.check(values));
  return {};
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
