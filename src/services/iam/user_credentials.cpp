#include "services/iam/user_credentials.hpp"

#include <fmt/core.h>

#include "gen/iam/errors.hpp"
#include "services/iam/names.hpp"

namespace lapwing::iam {

Result<std::vector<MfaDevice>> mfa_devices_of(store::Reader& reader, std::string_view account,
                                              std::string_view user_id) {
  LAPWING_TRY(auto page, MfaDevices::list(reader, {.prefix = account_key(account, user_id),
                                                   .index = std::string(MfaDeviceTable::kByUser),
                                                   .match = store::Match::kExact,
                                                   .limit = store::kMaxScanLimit}));
  return std::move(page.records);
}

Result<bool> has_credentials(store::Reader& reader, const Identity& user) {
  LAPWING_TRY(const auto profile, LoginProfiles::find(reader, account_key(user.account, user.id)));
  LAPWING_TRY(const auto devices, mfa_devices_of(reader, user.account, user.id));
  LAPWING_TRY(const auto keys, records_of_user<SshKeyTable>(reader, user.account, user.id));
  LAPWING_TRY(const auto others,
              records_of_user<ServiceCredentialTable>(reader, user.account, user.id));
  LAPWING_TRY(const auto certificates,
              records_of_user<SigningCertificateTable>(reader, user.account, user.id));
  return profile || !devices.empty() || !keys.empty() || !others.empty() || !certificates.empty();
}

std::string arn_of(const MfaDevice& device) {
  return arn_of(device.account, "mfa", device.path, device.name);
}

Result<MfaDevice> find_mfa_device(store::Reader& reader, std::string_view account,
                                  std::string_view serial) {
  const std::string prefix = arn_of(account, "mfa", "", "");
  if (serial.starts_with(prefix)) {
    LAPWING_TRY(auto found,
                MfaDevices::find(reader, account_key(account, serial.substr(prefix.size()))));
    if (found) return std::move(found->record);
  }
  return fail(gen::iam::errors::no_such_entity(
      fmt::format("VirtualMFADevice with serial number {} does not exist.", serial)));
}

}  // namespace lapwing::iam
