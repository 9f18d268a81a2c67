// Amazon SNS. The only header server/ includes from this folder.
//
// Thread-safety: as hosting::Service.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aws/service.hpp"
#include "hosting/service.hpp"
#include "services/sns/certificate_plane.hpp"
#include "services/sns/core.hpp"
#include "services/sns/topic_destination.hpp"

namespace lapwing::sns {

class Service final : public hosting::Service {
 public:
  using Settings = sns::Settings;

  explicit Service(const hosting::Dependencies& given)
      : Service(given, given.read<sns::Settings>()) {}
  Service(const hosting::Dependencies& given, const sns::Settings& settings);

  const aws::Service& api() const override { return api_; }
  void publish(hosting::Ports& ports) override;
  Status start() override;
  void drain() override;
  void stop() override;
  void metrics(hosting::MetricsText& text) const override;
  Result<journal::EventPage> events(const journal::EventAsk& ask) override;
  Result<std::size_t> replay(std::string_view event) override;
  Result<hosting::OutboxPage> outbox(const hosting::OutboxAsk& ask) override;

  std::vector<hosting::DataPlane*> data_planes() override { return {certificates_.get()}; }

  // E-mail, text messages and push notifications with larger numbers than `after`.
  Result<std::vector<KeptMessage>> kept(std::uint64_t after, std::size_t max) const;

 private:
  Status start_outbox();

  hosting::Dependencies given_;
  ports::Destinations nowhere_;  // where none are given
  Core core_;
  aws::Service api_;
  TopicDestination topics_{core_};
  std::unique_ptr<CertificatePlane> certificates_;
};

}  // namespace lapwing::sns
