// AWS Identity and Access Management: its records, and who its keys and roles are. Nothing is
// evaluated yet. The only header server/ includes from this folder.
//
// Thread-safety: any thread.
#pragma once

#include "aws/credentials.hpp"
#include "aws/service.hpp"
#include "hosting/service.hpp"
#include "services/iam/core.hpp"
#include "services/iam/key_ring.hpp"
#include "services/iam/role_directory.hpp"
#include "services/iam/sealing.hpp"
#include "services/iam/settings.hpp"

namespace lapwing::iam {

class Service final : public hosting::Service {
 public:
  using Settings = iam::Settings;

  explicit Service(const hosting::Dependencies& given);

  void publish(hosting::Ports& ports) override;
  Status start() override;
  void stop() override;

  const aws::Service& api() const override { return api_; }
  // From start() on.
  const aws::CredentialStore& keys() const { return keys_; }
  // The same: roles.
  RoleDirectory& roles() { return roles_; }

 private:
  background::Runner& background_;
  Logger& log_;
  Sealer sealer_;
  KeyRing keys_;
  RoleDirectory roles_;
  Core core_;
  aws::Service api_;
};

}  // namespace lapwing::iam
