// Virtual MFA devices: authenticator apps. Nothing asks for their codes yet, but when one is
// enabled or brought back into step they must be right. Devices of other kinds (keys that are
// plugged in) cannot be enabled: they are made by their vendors.
#pragma once

#include "aws/call.hpp"
#include "aws/empty.hpp"
#include "base/result.hpp"
#include "gen/iam/create_virtual_mfa_device.hpp"
#include "gen/iam/deactivate_mfa_device.hpp"
#include "gen/iam/delete_virtual_mfa_device.hpp"
#include "gen/iam/enable_mfa_device.hpp"
#include "gen/iam/get_mfa_device.hpp"
#include "gen/iam/list_mfa_devices.hpp"
#include "gen/iam/list_virtual_mfa_devices.hpp"
#include "gen/iam/resync_mfa_device.hpp"
#include "services/iam/core.hpp"

namespace lapwing::iam {

// The picture of the seed (QRCodePNG) is left out: who wants one makes it from the seed.
Result<gen::iam::CreateVirtualMFADeviceResponse> create_virtual_mfa_device(
    Core& core, const aws::Call& call, gen::iam::CreateVirtualMFADeviceRequest in);
Result<gen::iam::ListVirtualMFADevicesResponse> list_virtual_mfa_devices(
    Core& core, const aws::Call& call, const gen::iam::ListVirtualMFADevicesRequest& in);
Result<aws::Empty> delete_virtual_mfa_device(Core& core, const aws::Call& call,
                                             const gen::iam::DeleteVirtualMFADeviceRequest& in);
Result<aws::Empty> enable_mfa_device(Core& core, const aws::Call& call,
                                     const gen::iam::EnableMFADeviceRequest& in);
Result<aws::Empty> resync_mfa_device(Core& core, const aws::Call& call,
                                     const gen::iam::ResyncMFADeviceRequest& in);
Result<aws::Empty> deactivate_mfa_device(Core& core, const aws::Call& call,
                                         const gen::iam::DeactivateMFADeviceRequest& in);
Result<gen::iam::GetMFADeviceResponse> get_mfa_device(Core& core, const aws::Call& call,
                                                      const gen::iam::GetMFADeviceRequest& in);
Result<gen::iam::ListMFADevicesResponse> list_mfa_devices(
    Core& core, const aws::Call& call, const gen::iam::ListMFADevicesRequest& in);

}  // namespace lapwing::iam
