#include "server/service_part.hpp"

#include "delivery/http_settings.hpp"

namespace lapwing::server {
namespace {

constexpr auto kSweepEvery = std::chrono::seconds(60);
// Of one request to an address that a subscription or a rule names.
constexpr auto kHttpTimeout = std::chrono::seconds(15);
constexpr std::size_t kNameThreads = 2;
// Longer than any time between storing a package and the record that names it.
constexpr auto kBlobAgeMin = std::chrono::hours(1);

const Clock& service_clock(const ServiceNeeds& needs) {
  return needs.manual != nullptr ? static_cast<const Clock&>(*needs.manual) : needs.clock;
}

background::RunnerOptions background_options(const ServiceNeeds& needs) {
  background::RunnerOptions out;
  if (needs.manual != nullptr) out.pace = background::Pace::kManual;
  return out;
}

std::vector<net::Loop*> all_of(net::LoopGroup& loops) {
  std::vector<net::Loop*> out;
  for (std::size_t i = 0; i < loops.size(); ++i) out.push_back(&loops.at(i));
  return out;
}

bool loopback_allowed(const ServiceNeeds& needs) {
  const auto settings = needs.settings != nullptr ? needs.settings->read<delivery::HttpSettings>()
                                                  : delivery::HttpSettings();
  return settings.loopback_allowed(needs.on_loopback);
}

std::unique_ptr<delivery::MailDestination> mail_destination(const ServiceNeeds& needs,
                                                            net::WorkerPool& names) {
  if (needs.settings == nullptr) return nullptr;
  auto settings = needs.settings->read<delivery::MailSettings>();
  if (settings.host.empty()) return nullptr;
  return std::make_unique<delivery::MailDestination>(std::move(settings), service_clock(needs),
                                                     names);
}

}  // namespace

ServicePart::ServicePart(const ServiceNeeds& needs, const std::vector<std::string>& names)
    : needs_(needs),
      pipeline_{patterns_, needs.logger, needs.clock, authoriser_, needs.workers},
      background_(service_clock(needs), needs.logger, background_options(needs)),
      upkeep_(needs.clock, needs.logger, {.threads = 1}),
      keys_(needs.server_key),
      calls_(needs.loops, needs.random, needs.memory),
      journal_(needs.store.bulk_log(), service_clock(needs), needs.clock, needs.logger),
      names_(kNameThreads),
      reach_(loopback_allowed(needs)),
      http_caller_(names_, reach_),
      http_(http_caller_, kHttpTimeout),
      mail_(mail_destination(needs, names_)),
      streams_(needs.streams),
      ports_{.api = &calls_,
             .sessions = &needs.sessions,
             .engine = &needs.engine,
             .http = &http_caller_,
             .destinations = &destinations_,
             .streams = &streams_},
      services_({needs.store, service_clock(needs), needs.clock, needs.random, needs.logger,
                 background_, needs.loops, pipeline_, keys_, ports_, needs.data_dir, needs.disk,
                 needs.settings, &journal_},
                ports_, names) {
  for (const char* const scheme : {"http", "https"}) destinations_.add(scheme, http_);
  if (mail_ != nullptr) destinations_.add("mailto", *mail_);
  if (needs.manual != nullptr) {
    time_.emplace(*needs.manual, background_, needs.store.store(), all_of(needs.loops));
  }
}

Status ServicePart::start() {
  if (time_) LAPWING_CHECK(time_->load());
  background_.start();
  upkeep_.start();
  journal_.start(upkeep_);
  LAPWING_CHECK(services_.start(calls_));
  sweeping_ = upkeep_.every("server.sweep", kSweepEvery, [this] { return sweep(); });
  return {};
}

void ServicePart::drain() {
  if (time_) time_->stop();
  sweeping_.reset();
  services_.drain();
}

void ServicePart::stop() {
  services_.stop();
  journal_.stop();
  upkeep_.stop();
  background_.stop();
}

std::vector<background::TaskFacts> ServicePart::tasks() const {
  std::vector<background::TaskFacts> out = background_.tasks();
  for (background::TaskFacts& task : upkeep_.tasks()) out.push_back(std::move(task));
  return out;
}

// What services keep beside their records, then blobs that no record names.
Status ServicePart::sweep() {
  LAPWING_CHECK(services_.sweep());
  LAPWING_TRY(const auto swept, needs_.store.collect_blobs(kBlobAgeMin));
  if (swept.removed > 0) {
    needs_.logger.info("maintenance", "swept blobs",
                       {{"removed", swept.removed}, {"bytes", swept.bytes}});
  }
  return {};
}

}  // namespace lapwing::server
