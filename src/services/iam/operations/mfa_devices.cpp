#include "services/iam/operations/mfa_devices.hpp"

#include <span>
#include <utility>

#include <fmt/core.h>

#include "base/bytes.hpp"
#include "gen/iam/enums.hpp"
#include "gen/iam/errors.hpp"
#include "services/iam/errors.hpp"
#include "services/iam/limits.hpp"
#include "services/iam/lookup.hpp"
#include "services/iam/one_time_codes.hpp"
#include "services/iam/pages.hpp"
#include "services/iam/sealing.hpp"
#include "services/iam/show.hpp"
#include "services/iam/tags.hpp"
#include "services/iam/user_credentials.hpp"

namespace lapwing::iam {
namespace {

constexpr char kCounted[] = "MFADevices";

Status check_codes(const Core& core, const MfaDevice& device, std::string_view first,
                   std::string_view second) {
  LAPWING_TRY(const std::string seed, core.sealer.open(device.sealed_seed, arn_of(device)));
  if (are_consecutive_codes(seed, first, second, core.real_clock.wall())) return {};
  return fail(gen::iam::errors::invalid_authentication_code(
      "Authentication code for device is not valid."));
}

// A device that this user has enabled.
Result<MfaDevice> find_device_of(store::Reader& reader, const aws::Call& call,
                                 const std::string& user_name, const std::string& serial) {
  LAPWING_TRY(const Identity user, find_identity(reader, account_of(call), Kind::kUser, user_name));
  LAPWING_TRY(MfaDevice device, find_mfa_device(reader, user.account, serial));
  if (device.user == user.id) return device;
  return fail(
      gen::iam::errors::no_such_entity(fmt::format("MFA Device invalid for user {}.", user.name)));
}

Result<gen::iam::VirtualMFADevice> show_device(store::Reader& reader, const MfaDevice& device) {
  gen::iam::VirtualMFADevice out;
  out.serial_number = arn_of(device);
  if (device.user.empty()) return out;
  LAPWING_TRY(const auto user, find_identity_by_id(reader, device.account, device.user));
  if (user) out.user = show_user(*user, Detail::kListed);
  out.enable_date = wall_from_unix_ms(device.enabled_ms);
  return out;
}

}  // namespace

Result<gen::iam::CreateVirtualMFADeviceResponse> create_virtual_mfa_device(
    Core& core, const aws::Call& call, gen::iam::CreateVirtualMFADeviceRequest in) {
  MfaDevice device;
  device.account = account_of(call);
  device.path = in.path.value_or("/");
  device.name = std::move(in.virtual_mfa_device_name);
  LAPWING_CHECK(check_name("virtualMFADeviceName", device.name));
  LAPWING_CHECK(check_path(device.path));
  LAPWING_CHECK(put_tags(device.tags, in.tags.value_or(TagList()), KeyCase::kTells));
  std::string seed(kMfaSeedBytes, '\0');
  core.random.fill(std::as_writable_bytes(std::span(seed.data(), seed.size())));
  device.sealed_seed = core.sealer.seal(seed, arn_of(device));
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(const auto found, MfaDevices::find(txn, MfaDeviceTable::key(device)));
    if (found) {
      return fail(gen::iam::errors::entity_already_exists(
          "MFADevice entity at the same path and name already exists."));
    }
    LAPWING_CHECK(count(txn, device.account, kCounted, 1, kMfaDevicesMax));
    LAPWING_CHECK(MfaDevices::insert(txn, device));
    return {};
  }));
  gen::iam::CreateVirtualMFADeviceResponse out;
  out.virtual_mfa_device.serial_number = arn_of(device);
  out.virtual_mfa_device.base32_string_seed = base32(seed);
  out.virtual_mfa_device.tags = show_some_tags(device.tags);
  return out;
}

Result<gen::iam::ListVirtualMFADevicesResponse> list_virtual_mfa_devices(
    Core& core, const aws::Call& call, const gen::iam::ListVirtualMFADevicesRequest& in) {
  using Out = gen::iam::ListVirtualMFADevicesResponse;
  using Assignment = gen::iam::assignmentStatusType;
  const std::string wanted = in.assignment_status.value_or(std::string(Assignment::kAny));
  LAPWING_TRY(const PageAsk ask,
              page_ask("ListVirtualMFADevices" + wanted, in.marker, in.max_items));
  return read<Out>(core, [&](store::Reader& reader) -> Result<Out> {
    const auto keep = [&](const MfaDevice& device) {
      return wanted == Assignment::kAny || (wanted == Assignment::kAssigned) != device.user.empty();
    };
    LAPWING_TRY(const auto page,
                page_records<MfaDeviceTable>(reader, ask, account_key(account_of(call), ""), keep));
    Out out;
    for (const MfaDevice& device : page.items) {
      LAPWING_TRY(auto shown, show_device(reader, device));
      out.virtual_mfa_devices.push_back(std::move(shown));
    }
    set_page(out, page);
    return out;
  });
}

Result<aws::Empty> delete_virtual_mfa_device(Core& core, const aws::Call& call,
                                             const gen::iam::DeleteVirtualMFADeviceRequest& in) {
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(const MfaDevice device, find_mfa_device(txn, account_of(call), in.serial_number));
    if (!device.user.empty()) {
      return fail(
          gen::iam::errors::delete_conflict("MFA VirtualDevice in use. Must deactivate first."));
    }
    LAPWING_CHECK(count(txn, device.account, kCounted, -1, kMfaDevicesMax));
    return MfaDevices::erase(txn, MfaDeviceTable::key(device));
  }));
  return aws::Empty();
}

Result<aws::Empty> enable_mfa_device(Core& core, const aws::Call& call,
                                     const gen::iam::EnableMFADeviceRequest& in) {
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(const Identity user,
                find_identity(txn, account_of(call), Kind::kUser, in.user_name));
    LAPWING_TRY(MfaDevice device, find_mfa_device(txn, user.account, in.serial_number));
    if (!device.user.empty()) {
      return fail(gen::iam::errors::entity_already_exists("MFA Device is already in use."));
    }
    LAPWING_TRY(const auto others, mfa_devices_of(txn, user.account, user.id));
    if (others.size() >= kMfaDevicesOfUserMax) {
      return fail(errors::quota("MFADevicesPerUser", kMfaDevicesOfUserMax));
    }
    LAPWING_CHECK(check_codes(core, device, in.authentication_code1, in.authentication_code2));
    device.user = user.id;
    device.enabled_ms = core.now_ms();
    LAPWING_CHECK(MfaDevices::put(txn, device));
    return {};
  }));
  return aws::Empty();
}

Result<aws::Empty> resync_mfa_device(Core& core, const aws::Call& call,
                                     const gen::iam::ResyncMFADeviceRequest& in) {
  LAPWING_TRY(const MfaDevice device, read<MfaDevice>(core, [&](store::Reader& reader) {
                return find_device_of(reader, call, in.user_name, in.serial_number);
              }));
  LAPWING_CHECK(check_codes(core, device, in.authentication_code1, in.authentication_code2));
  return aws::Empty();
}

Result<aws::Empty> deactivate_mfa_device(Core& core, const aws::Call& call,
                                         const gen::iam::DeactivateMFADeviceRequest& in) {
  LAPWING_TRY(const std::string name, user_or_caller(call, in.user_name));
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(MfaDevice device, find_device_of(txn, call, name, in.serial_number));
    device.user.clear();
    device.enabled_ms = 0;
    LAPWING_CHECK(MfaDevices::put(txn, device));
    return {};
  }));
  return aws::Empty();
}

Result<gen::iam::GetMFADeviceResponse> get_mfa_device(Core& core, const aws::Call& call,
                                                      const gen::iam::GetMFADeviceRequest& in) {
  using Out = gen::iam::GetMFADeviceResponse;
  return read<Out>(core, [&](store::Reader& reader) -> Result<Out> {
    MfaDevice device;
    if (in.user_name) {
      LAPWING_TRY(device, find_device_of(reader, call, *in.user_name, in.serial_number));
    } else {
      LAPWING_TRY(device, find_mfa_device(reader, account_of(call), in.serial_number));
    }
    Out out;
    out.serial_number = arn_of(device);
    LAPWING_TRY(const auto shown, show_device(reader, device));
    out.enable_date = shown.enable_date;
    if (shown.user) out.user_name = shown.user->user_name;
    return out;
  });
}

Result<gen::iam::ListMFADevicesResponse> list_mfa_devices(
    Core& core, const aws::Call& call, const gen::iam::ListMFADevicesRequest& in) {
  using Out = gen::iam::ListMFADevicesResponse;
  Out none;
  none.is_truncated = false;
  // The account's own user has none here.
  if (!in.user_name && call.caller.principal_arn.ends_with(":root")) return none;
  LAPWING_TRY(const std::string name, user_or_caller(call, in.user_name));
  LAPWING_TRY(const PageAsk ask, page_ask("ListMFADevices" + lower(name), in.marker, in.max_items));
  return read<Out>(core, [&](store::Reader& reader) -> Result<Out> {
    LAPWING_TRY(const Identity user, find_identity(reader, account_of(call), Kind::kUser, name));
    LAPWING_TRY(auto devices, mfa_devices_of(reader, user.account, user.id));
    const auto page =
        page_items(std::move(devices), ask, [](const MfaDevice& device) { return arn_of(device); });
    Out out;
    for (const MfaDevice& device : page.items) {
      out.mfa_devices.push_back({.enable_date = wall_from_unix_ms(device.enabled_ms),
                                 .serial_number = arn_of(device),
                                 .user_name = user.name});
    }
    set_page(out, page);
    return out;
  });
}

}  // namespace lapwing::iam
