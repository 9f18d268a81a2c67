// AWS Lambda: control plane and the way in for invocations. The only header server/ includes
// from this folder, but for the edge of Invoke's fast path (invoke_edge.hpp).
//
//   lambda::Service lambda(given);
//   lambda.publish(ports);                    // the functions there are, for those who run them
//   LAPWING_CHECK(lambda.start());            // reads the store, finishes what was begun
//   lambda.api().serve(...)                   // on any loop
//   lambda.stop();                            // background steps have ended when it returns
//
// Changes answer Pending or InProgress at once; a background step on the executor unpacks the
// package and finishes the transition. A transition cut by a crash is taken up again by
// start(): every acknowledged change is either finished or marked failed with a reason.
//
// Thread-safety: api(), catalog(), sweep() from any thread between start() and stop().
#pragma once

#include <memory>
#include <vector>

#include "base/result.hpp"
#include "hosting/service.hpp"
#include "services/lambda/attachments.hpp"
#include "services/lambda/catalog.hpp"
#include "services/lambda/options.hpp"
#include "services/lambda/settings.hpp"

namespace lapwing::lambda {

class Service final : public hosting::Service {
 public:
  using Settings = ServiceSettings;

  // given.ports.engine is what its functions run on, and there from the beginning.
  explicit Service(const hosting::Dependencies& given);
  Service(const hosting::Dependencies& given, Options options);
  ~Service() override;
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  void publish(hosting::Ports& ports) override;
  Status start() override;
  // No event is begun any more.
  void drain() override;
  // What waits for a registry ends, with an error; also done by stop().
  void cancel() override;
  void stop() override;

  const aws::Service& api() const override;
  void metrics(hosting::MetricsText& text) const override;
  Result<journal::EventPage> events(const journal::EventAsk& ask) override;
  Result<std::size_t> replay(std::string_view event) override;
  // Downloads of code (code_download.hpp).
  std::vector<hosting::DataPlane*> data_planes() override;
  Status sweep() override;
  // Removes unpacked packages that nothing uses any more, and tells how many; also done after
  // deletes and updates.
  Result<std::size_t> sweep_code();

  Catalog& catalog();
  // Who may invoke what, and how it is invoked asynchronously.
  const Attachments& attachments() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace lapwing::lambda
