#include "services/lambda/service.hpp"

#include <atomic>
#include <optional>

#include "services/lambda/operations/operations.hpp"
#include "services/lambda/table.hpp"

namespace lapwing::lambda {

namespace {

constexpr std::string_view kCodeUrlSecret = "code-url";
constexpr std::size_t kSecretDigits = 64;

}  // namespace

struct Service::Parts {
  Parts(const hosting::Dependencies& in, const EngineSide& engine, Options asked)
      : given(in),
        options(std::move(asked)),
        functions(in.store.store()),
        packages(options.data_dir, in.store.blobs(), in.random, in.log, options.disk),
        images({options.data_dir, options.registries, options.image_layouts, options.disk},
               in.clock, in.random, in.log),
        code{packages, images},
        catalog(functions, code, in.random, in.log),
        concurrency(functions, catalog, engine.scaling, options.concurrency_limit),
        attachments(functions, in.log),
        transitions(functions, catalog, code, engine.snapshots, engine.executor, engine.pullers,
                    in.random, in.log) {}

  hosting::Dependencies given;
  Options options;
  Repository functions;
  PackageStore packages;
  images::ImageStore images;
  CodeStores code;
  Catalog catalog;
  Concurrency concurrency;
  Attachments attachments;
  std::atomic<std::uint64_t> unsigned_deployments{0};
  Transitions transitions;
  std::optional<CodeUrls> code_urls;  // from start() on
  std::optional<Core> core;
  std::optional<aws::Service> api;
};

Service::Service(const hosting::Dependencies& given, const EngineSide& engine, Options options)
    : parts_(std::make_unique<Parts>(given, engine, std::move(options))) {}

Service::~Service() { stop(); }

Status Service::start() {
  Parts& p = *parts_;
  const hosting::Dependencies& in = p.given;
  LAPWING_TRY(std::string secret,
              p.functions.secret(kCodeUrlSecret, random_hex(in.random, kSecretDigits)));
  p.code_urls.emplace(std::move(secret), p.options.url_scheme, in.clock);
  p.core.emplace(Core{p.functions, p.catalog, p.concurrency, p.attachments, in.store.blobs(),
                      p.images, p.transitions, *p.code_urls, in.clock, in.random, in.log, p.options,
                      p.unsigned_deployments});
  p.api.emplace(make_table(*p.core), in.pipeline);

  LAPWING_CHECK(p.functions.declare_blobs());
  LAPWING_CHECK(p.packages.prepare());
  LAPWING_CHECK(p.images.prepare());
  p.catalog.on_changed([&p](const FunctionKey& key) -> Status {
    LAPWING_CHECK(p.attachments.refresh(key));
    return p.concurrency.refresh(key);
  });
  LAPWING_CHECK(p.attachments.load());
  LAPWING_CHECK(p.transitions.resume());
  LAPWING_CHECK(p.concurrency.load());
  p.transitions.schedule_sweep();
  return {};
}

void Service::cancel_pulls() { parts_->images.stop(); }

void Service::stop() {
  // First: a step that waits for a registry must not be waited for.
  parts_->images.stop();
  parts_->transitions.stop();
}

const aws::Service& Service::api() const { return *parts_->api; }

void Service::metrics(hosting::MetricsText& text) const {
  text.add("functions", "gauge", "Functions stored.", parts_->catalog.size());
  text.add("signature_validation_errors_total", "counter",
           "Deployments of unsigned code that a code signing configuration only warns of.",
           parts_->unsigned_deployments.load(std::memory_order_relaxed));
}

Catalog& Service::catalog() { return parts_->catalog; }

const Attachments& Service::attachments() const { return parts_->attachments; }

Result<CodeDownload> Service::open_code(std::string_view raw_path,
                                        std::string_view raw_query) const {
  LAPWING_TRY(const CodeUrlTarget target, parts_->code_urls->verify(raw_path, raw_query));
  LAPWING_TRY(const store::BlobId id, store::BlobId::from_hex(target.sha256));
  LAPWING_TRY(const store::BlobInfo info, parts_->given.store.blobs().stat(id));
  CodeDownload out;
  LAPWING_TRY(out.reader, parts_->given.store.blobs().open(id));
  out.size = info.size;
  out.file_name = target.name + ".zip";
  return out;
}

Result<std::size_t> Service::sweep() { return parts_->transitions.sweep(); }

}  // namespace lapwing::lambda
