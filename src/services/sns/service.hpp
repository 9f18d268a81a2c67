// Amazon SNS. The only header server/ includes from this folder.
//
// Thread-safety: as hosting::Service.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aws/service.hpp"
#include "crypto/aes_gcm.hpp"
#include "hosting/service.hpp"
#include "services/sns/core.hpp"

namespace lapwing::sns {

class Service final : public hosting::Service {
 public:
  using Settings = Options;

  // `server_key` seals what messages are signed with.
  Service(const hosting::Dependencies& given, const crypto::AesKey& server_key)
      : Service(given, server_key, given.read<Options>()) {}
  Service(const hosting::Dependencies& given, const crypto::AesKey& server_key,
          const Options& options);

  const aws::Service& api() const override { return api_; }
  Status start() override;
  void stop() override;

  // The certificate that a path of links in messages names
  // ("/SimpleNotificationService-<32 hex>.pem"), PEM; empty for other paths. It is public.
  std::string certificate_at(std::string_view path) const;
  // E-mail, text messages and push notifications with larger numbers than `after`.
  Result<std::vector<KeptMessage>> kept(std::uint64_t after, std::size_t max) const;

 private:
  hosting::Dependencies given_;
  crypto::AesKey server_key_;
  Core core_;
  aws::Service api_;
};

}  // namespace lapwing::sns
