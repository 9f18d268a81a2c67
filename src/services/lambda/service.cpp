#include "services/lambda/service.hpp"

#include <atomic>

#include "base/bytes.hpp"
#include "ports/destination.hpp"
#include "ports/networks.hpp"
#include "services/lambda/async/async_invocations.hpp"
#include "services/lambda/code_download.hpp"
#include "services/lambda/operations/operations.hpp"
#include "services/lambda/table.hpp"

namespace lapwing::lambda {

namespace {

class NetworkUsers final : public ports::NetworkUsers {
 public:
  explicit NetworkUsers(const Catalog& catalog) : catalog_(catalog) {}
  bool uses(const AccountId& account, const Region& region, std::string_view id) const override {
    return catalog_.uses_network(account, region, id);
  }

 private:
  const Catalog& catalog_;
};

}  // namespace

struct Service::Parts {
  Parts(const hosting::Dependencies& given, Options asked)
      : side(*given.ports.engine),
        options(std::move(asked)),
        functions(given.store.store()),
        packages(options.data_dir, given.store.blobs(), given.random, given.log, options.disk),
        images({options.data_dir, options.registries, options.image_layouts, options.disk},
               given.clock, given.random, given.log),
        code{packages, images},
        log(given.log),
        networks(given.ports),
        catalog(functions, code, given.random, given.log, &given.ports),
        network_users(catalog),
        concurrency(functions, catalog, side.scaling, options.concurrency_limit),
        attachments(functions, given.log),
        transitions(functions, catalog, code, side.snapshots, side.steps, side.pulls, given.random,
                    given.log),
        code_urls(std::string(as_text(given.key("lambda code urls"))), options.url_scheme,
                  given.clock),
        downloads(code_urls, given.store.blobs(), given.pipeline.workers),
        async(given, {side.invoker, catalog, concurrency, attachments}),
        runs({given.clock, given.random, given.log, catalog, concurrency, attachments,
              side.invoker}),
        mappings(given, {runs, async}),
        core{functions,
             catalog,
             concurrency,
             attachments,
             given.store.blobs(),
             images,
             transitions,
             code_urls,
             given.clock,
             given.random,
             given.log,
             options,
             given.ports,
             side.invoker,
             async,
             mappings,
             given.pipeline.workers,
             unsigned_deployments},
        api(make_table(core), given.pipeline) {}

  const engine::EngineSide& side;
  Options options;
  Repository functions;
  PackageStore packages;
  images::ImageStore images;
  CodeStores code;
  Logger& log;
  const hosting::Ports& networks;
  Catalog catalog;
  NetworkUsers network_users;
  Concurrency concurrency;
  Attachments attachments;
  std::atomic<std::uint64_t> unsigned_deployments{0};
  Transitions transitions;
  CodeUrls code_urls;
  CodeDownloads downloads;
  AsyncInvocations async;
  FunctionRuns runs;
  EventSourceMappings mappings;
  Core core;
  aws::Service api;
};

Service::Service(const hosting::Dependencies& given) : Service(given, options_of(given)) {}

Service::Service(const hosting::Dependencies& given, Options options)
    : parts_(std::make_unique<Parts>(given, std::move(options))) {}

Service::~Service() { stop(); }

void Service::publish(hosting::Ports& ports) {
  ports.functions = &parts_->catalog;
  ports.events = &parts_->async;
  ports.network_users = &parts_->network_users;
  ports.runner = &parts_->runs;
  if (ports.destinations != nullptr) ports.destinations->add("lambda", parts_->async);
}

Status Service::start() {
  Parts& p = *parts_;
  LAPWING_CHECK(p.functions.declare_blobs());
  LAPWING_CHECK(p.packages.prepare());
  LAPWING_CHECK(p.images.prepare());
  p.catalog.on_changed([&p](const FunctionKey& key) -> Status {
    LAPWING_CHECK(p.attachments.refresh(key));
    if (p.catalog.find(key.account.view(), key.region.view(), key.name.view()) == nullptr) {
      p.async.forget(key);
    }
    LAPWING_CHECK(p.concurrency.refresh(key));
    p.mappings.function_changed(key);
    return {};
  });
  if (p.networks.networks != nullptr) {
    p.networks.networks->on_changed(
        [&p](const AccountId& account, const Region& region, const std::string& group) {
          if (const Status done = p.catalog.reload_under(account, region, group); !done) {
            p.log.error("lambda", "functions under a changed security group",
                        {{"group", group}, {"error", done.error().to_log()}});
          }
        });
  }
  LAPWING_CHECK(p.attachments.load());
  LAPWING_CHECK(p.transitions.resume());
  LAPWING_CHECK(p.concurrency.load());
  p.transitions.schedule_sweep();
  LAPWING_CHECK(p.async.start());
  return p.mappings.start();
}

void Service::drain() {
  parts_->async.drain();
  parts_->mappings.drain();
}

void Service::cancel() { parts_->images.stop(); }

void Service::stop() {
  // First: a step that waits for a registry must not be waited for.
  parts_->images.stop();
  parts_->transitions.stop();
  parts_->async.stop();
  parts_->mappings.stop();
}

const aws::Service& Service::api() const { return parts_->api; }

void Service::metrics(hosting::MetricsText& text) const {
  text.add("functions", "gauge", "Functions stored.", parts_->catalog.size());
  text.add("signature_validation_errors_total", "counter",
           "Deployments of unsigned code that a code signing configuration only warns of.",
           parts_->unsigned_deployments.load(std::memory_order_relaxed));
  parts_->async.metrics(text);
  parts_->mappings.metrics(text);
}

Result<journal::EventPage> Service::events(const journal::EventAsk& ask) {
  const auto async = [this](const journal::EventAsk& part) { return parts_->async.facts(part); };
  const auto mappings = [this](const journal::EventAsk& part) {
    return parts_->mappings.facts(part);
  };
  const journal::EventPart all[] = {async, mappings};
  return journal::events_of_all(ask, all);
}

Result<std::size_t> Service::replay(std::string_view event) { return parts_->async.replay(event); }

std::vector<hosting::DataPlane*> Service::data_planes() { return {&parts_->downloads}; }

Status Service::sweep() {
  LAPWING_CHECK(sweep_code());
  return {};
}

Result<std::size_t> Service::sweep_code() { return parts_->transitions.sweep(); }

Catalog& Service::catalog() { return parts_->catalog; }

const Attachments& Service::attachments() const { return parts_->attachments; }

}  // namespace lapwing::lambda
