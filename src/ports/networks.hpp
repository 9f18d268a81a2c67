// The networks of VPCs, as those see them who put something into one: Lambda its functions.
// Implemented by services/ec2. And who uses them, as EC2 asks before something is deleted:
// implemented by services/lambda.
//
// Errors: kInvalid with EC2's code and words (InvalidSubnetID.NotFound), those of the store.
//
// Thread-safety: any thread that may block: the store is read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/unique_function.hpp"
#include "os/egress_rule.hpp"

namespace lapwing::ports {

class Networks {
 public:
  virtual ~Networks() = default;
  // The VPC of each of them, in their order; one that does not exist is the error.
  virtual Result<std::vector<std::string>> vpcs_of_subnets(
      const AccountId& account, const Region& region, const std::vector<std::string>& subnets) = 0;
  virtual Result<std::vector<std::string>> vpcs_of_groups(
      const AccountId& account, const Region& region, const std::vector<std::string>& groups) = 0;
  // What those groups together let out. A group that is gone lets out nothing.
  virtual Result<std::vector<os::EgressRule>> egress(const AccountId& account, const Region& region,
                                                     const std::vector<std::string>& groups) = 0;
  // Called, on the thread of the change, when what a group lets out is another. Said before the
  // services start.
  using Changed = UniqueFunction<void(const AccountId& account, const Region& region,
                                      const std::string& group)>;
  virtual void on_changed(Changed callback) = 0;
};

class NetworkUsers {
 public:
  virtual ~NetworkUsers() = default;
  // Whether something stands in the subnet, or under the group, of this id.
  virtual bool uses(const AccountId& account, const Region& region, std::string_view id) const = 0;
};

}  // namespace lapwing::ports
