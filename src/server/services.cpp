#include "server/services.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "server/rooms.hpp"
#include "server/service_calls.hpp"
#include "services/ec2/service.hpp"
#include "services/events/service.hpp"
#include "services/iam/service.hpp"
#include "services/lambda/service.hpp"
#include "services/logs/service.hpp"
#include "services/pipes/service.hpp"
#include "services/scheduler/service.hpp"
#include "services/schemas/service.hpp"
#include "services/sns/service.hpp"
#include "services/sqs/service.hpp"
#include "services/sts/service.hpp"

namespace lapwing::server {
namespace {

enum class Needed { kWhereNamed, kAlways };

struct Entry {
  std::string_view name;
  Needed needed;
  std::unique_ptr<hosting::Service> (*make)(const hosting::Dependencies& given);
  void (*visit)(SettingValues& values, SettingVisitor& to);
  Status (*check)(const SettingValues& values);
};

template <class S>
Entry entry(std::string_view name, Needed needed = Needed::kWhereNamed) {
  Entry out{name, needed,
            [](const hosting::Dependencies& given) -> std::unique_ptr<hosting::Service> {
              return std::make_unique<S>(given);
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
    entry<iam::Service>("iam", Needed::kAlways),  // whom the others ask who a role is
    entry<logs::Service>("logs"),
    entry<sqs::Service>("sqs"),  // from which Lambda's mappings take messages
    entry<ec2::Service>("ec2"),  // which Lambda asks what functions in VPCs reach
    entry<lambda::Service>("lambda"),
    entry<sns::Service>("sns"),
    entry<events::Service>("events"),
    entry<sts::Service>("sts"),
    entry<scheduler::Service>("scheduler"),
    entry<schemas::Service>("schemas"),
    entry<pipes::Service>("pipes"),  // behind those it takes from and sends to
};

}  // namespace

Services::Services(const hosting::Dependencies& given, hosting::Ports& ports,
                   const std::vector<std::string>& names) {
  for (const Entry& each : kEntries) {
    const bool named = names.empty() || std::ranges::find(names, each.name) != names.end();
    if (!named && each.needed != Needed::kAlways) continue;
    all_.push_back(each.make(given));
    all_.back()->publish(ports);
  }
}

void visit_services(SettingValues& values, SettingVisitor& to) {
  for (const Entry& each : kEntries) each.visit(values, to);
}

Status check_services(const SettingValues& values) {
  for (const Entry& each : kEntries) LAPWING_CHECK(each.check(values));
  return {};
}

Status Services::start(ServiceCalls& calls) {
  for (const auto& service : all_) {
    LAPWING_CHECK(service->start());
    const aws::Service& api = service->api();
    if (const auto uncovered = api.table().uncovered(); !uncovered.empty()) {
      return fail(internal_error(fmt::format("the table of {} has neither row nor refusal for {}",
                                             api.id(), fmt::join(uncovered, ", "))));
    }
    calls.add(api);
  }
  return {};
}

void Services::drain() {
  for (const auto& service : all_) service->drain();
}

void Services::cancel() {
  for (const auto& service : all_) service->cancel();
}

void Services::stop() {
  for (auto service = all_.rbegin(); service != all_.rend(); ++service) (*service)->stop();
}

Status Services::sweep() {
  for (const auto& service : all_) LAPWING_CHECK(service->sweep());
  return {};
}

}  // namespace lapwing::server
