// The certificate of what messages are signed with, for everybody:
// GET /SimpleNotificationService-<32 hex>.pem.
//
// Thread-safety: any loop.
#pragma once

#include <string_view>

#include "hosting/data_plane.hpp"
#include "services/sns/signer.hpp"

namespace lapwing::sns {

class CertificatePlane final : public hosting::DataPlane {
 public:
  explicit CertificatePlane(const Signer& signer) : signer_(signer) {}

  bool owns_path(std::string_view path) const override;
  net::Task<void> handle(http::RequestContext& context, hosting::Arrival arrival) override;

 private:
  const Signer& signer_;
};

}  // namespace lapwing::sns
