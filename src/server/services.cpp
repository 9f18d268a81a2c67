#include "server/services.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "server/rooms.hpp"
#include "services/iam/service.hpp"
#include "services/sns/service.hpp"
#include "services/sqs/service.hpp"
#include "services/sts/service.hpp"

namespace lapwing::server {
namespace {

struct Entry {
  std::string_view name;
  std::unique_ptr<hosting::Service> (*make)(const hosting::Dependencies& given,
                                            const Beside& beside, iam::Service* iam);
  void (*visit)(SettingValues& values, SettingVisitor& to);
  Status (*check)(const SettingValues& values);
};

std::unique_ptr<hosting::Service> make_iam(const hosting::Dependencies& given, const Beside& beside,
                                           iam::Service*) {
  return std::make_unique<iam::Service>(given, beside.server_key);
}

std::unique_ptr<hosting::Service> make_lambda(const hosting::Dependencies& given,
                                              const Beside& beside, iam::Service* iam) {
  lambda::Options options = beside.lambda;
  options.roles = &iam->roles();
  options.known_roles_only = given.read<iam::Settings>().known_roles_only();
  return std::make_unique<lambda::Service>(given, beside.engine, std::move(options));
}

std::unique_ptr<hosting::Service> make_sns(const hosting::Dependencies& given, const Beside& beside,
                                           iam::Service*) {
  return std::make_unique<sns::Service>(given, beside.server_key);
}

std::unique_ptr<hosting::Service> make_sts(const hosting::Dependencies& given, const Beside& beside,
                                           iam::Service* iam) {
  return std::make_unique<sts::Service>(
      given,
      sts::Options{beside.sessions, iam->roles(), given.read<iam::Settings>().known_roles_only()});
}

template <class S>
std::unique_ptr<hosting::Service> make_plain(const hosting::Dependencies& given, const Beside&,
                                             iam::Service*) {
  return std::make_unique<S>(given);
}

template <class S>
Entry entry(std::string_view name, decltype(Entry::make) make) {
  Entry out{name, make, [](SettingValues&, SettingVisitor&) {},
            [](const SettingValues&) { return Status(); }};
  if constexpr (requires { typename S::Settings; }) {
    out.visit = visit_owner<typename S::Settings>;
    out.check = check_owner<typename S::Settings>;
  }
  return out;
}

template <class S>
Entry entry(std::string_view name) {
  return entry<S>(name, make_plain<S>);
}

// In the order of their start; IAM first, which others ask.
const Entry kEntries[] = {
    entry<iam::Service>("iam", make_iam),
    entry<logs::Service>("logs"),
    entry<lambda::Service>("lambda", make_lambda),
    entry<sns::Service>("sns", make_sns),
    entry<sqs::Service>("sqs"),
    entry<sts::Service>("sts", make_sts),
};

}  // namespace

Services::Services(const hosting::Dependencies& given, const Beside& beside,
                   const std::vector<std::string>& names) {
  for (const Entry& each : kEntries) {
    const bool wanted = names.empty() || std::ranges::find(names, each.name) != names.end();
    if (!wanted && iam_ != nullptr) continue;
    all_.push_back(each.make(given, beside, iam_));
    if (auto* iam = dynamic_cast<iam::Service*>(all_.back().get())) iam_ = iam;
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
