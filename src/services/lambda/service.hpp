// AWS Lambda: control plane and the way in for invocations. The only header server/ includes
// from this folder (with what it includes).
//
//   lambda::Service lambda(given, engine, options);
//   LAPWING_CHECK(lambda.start());            // reads the store, finishes what was begun
//   lambda.api().serve(...)                   // on any loop
//   lambda.catalog().resolve(...)             // on any loop: the way of an invocation
//   lambda.open_code(path, query)             // GET kCodePath..., on a worker thread
//   lambda.stop();                            // background steps have ended when it returns
//
// Changes answer Pending or InProgress at once; a background step on the executor unpacks the
// package and finishes the transition. A transition cut by a crash is taken up again by
// start(): every acknowledged change is either finished or marked failed with a reason.
//
// Thread-safety: api(), catalog(), open_code(), sweep() from any thread
// between start() and stop().
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "hosting/service.hpp"
#include "services/lambda/attachments.hpp"
#include "services/lambda/catalog.hpp"
#include "services/lambda/executor.hpp"
#include "services/lambda/options.hpp"
#include "services/lambda/scaling.hpp"
#include "services/lambda/settings.hpp"
#include "services/lambda/snapshots.hpp"
#include "store/blob.hpp"
#include "store/store.hpp"

namespace lapwing::lambda {

// Where GetFunction's Code.Location points: a path of our own, signed, valid for ten minutes.
inline constexpr std::string_view kCodePath = "/_lapwing/code/";

// What Lambda is given beside what every service is. All outlive the service.
struct EngineSide {
  Executor& executor;
  Executor& pullers;  // of images: each step may take as long as a registry does
  Scaling& scaling;
  Snapshots& snapshots;
};

struct CodeDownload {
  std::unique_ptr<store::BlobReader> reader;
  std::uint64_t size = 0;
  std::string file_name;  // "HelloWorldFunction.zip"
};

class Service final : public hosting::Service {
 public:
  using Settings = ServiceSettings;

  Service(const hosting::Dependencies& given, const EngineSide& engine, Options options);
  ~Service() override;
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  Status start() override;
  void stop() override;

  const aws::Service& api() const override;  // from start() on
  void metrics(hosting::MetricsText& text) const override;
  Catalog& catalog();
  // Who may invoke what, and how it is invoked asynchronously.
  const Attachments& attachments() const;

  // The zip behind a Code.Location. 403 AccessDeniedException for a wrong signature or an
  // expired one, 404 when the code is gone.
  Result<CodeDownload> open_code(std::string_view raw_path, std::string_view raw_query) const;

  // What waits for a registry ends, with an error; also done by stop().
  void cancel_pulls();

  // Removes unpacked packages that nothing uses any more; also done after deletes and updates.
  Result<std::size_t> sweep();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace lapwing::lambda
