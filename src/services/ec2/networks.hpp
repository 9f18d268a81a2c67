// What siblings ask of VPCs (ports/networks.hpp).
//
// Thread-safety: any thread that may block.
#pragma once

#include "ports/networks.hpp"
#include "services/ec2/core.hpp"

namespace lapwing::ec2 {

class Networks final : public ports::Networks {
 public:
  explicit Networks(Core& core) : core_(core) {}

  Result<std::vector<std::string>> vpcs_of_subnets(
      const AccountId& account, const Region& region,
      const std::vector<std::string>& subnets) override;
  Result<std::vector<std::string>> vpcs_of_groups(const AccountId& account, const Region& region,
                                                  const std::vector<std::string>& groups) override;
  Result<std::vector<os::EgressRule>> egress(const AccountId& account, const Region& region,
                                             const std::vector<std::string>& groups) override;
  void on_changed(Changed callback) override { core_.group_changed = std::move(callback); }

 private:
  Core& core_;
};

}  // namespace lapwing::ec2
