// Settings of text messages, numbers that opted out, and the sandbox.
#pragma once

#include "gen/sns/check_if_phone_number_is_opted_out.hpp"
#include "gen/sns/create_sms_sandbox_phone_number.hpp"
#include "gen/sns/delete_sms_sandbox_phone_number.hpp"
#include "gen/sns/get_sms_attributes.hpp"
#include "gen/sns/get_sms_sandbox_account_status.hpp"
#include "gen/sns/list_origination_numbers.hpp"
#include "gen/sns/list_phone_numbers_opted_out.hpp"
#include "gen/sns/list_sms_sandbox_phone_numbers.hpp"
#include "gen/sns/opt_in_phone_number.hpp"
#include "gen/sns/set_sms_attributes.hpp"
#include "gen/sns/verify_sms_sandbox_phone_number.hpp"
#include "services/sns/core.hpp"

namespace lapwing::sns {

using gen::sns::CheckIfPhoneNumberIsOptedOut;
using gen::sns::CreateSMSSandboxPhoneNumber;
using gen::sns::DeleteSMSSandboxPhoneNumber;
using gen::sns::GetSMSAttributes;
using gen::sns::GetSMSSandboxAccountStatus;
using gen::sns::ListOriginationNumbers;
using gen::sns::ListPhoneNumbersOptedOut;
using gen::sns::ListSMSSandboxPhoneNumbers;
using gen::sns::OptInPhoneNumber;
using gen::sns::SetSMSAttributes;
using gen::sns::VerifySMSSandboxPhoneNumber;

Result<CheckIfPhoneNumberIsOptedOut::Output> check_if_phone_number_is_opted_out(
    Core& core, const aws::Call& call, const CheckIfPhoneNumberIsOptedOut::Input& in);
Result<ListPhoneNumbersOptedOut::Output> list_phone_numbers_opted_out(
    Core& core, const aws::Call& call, const ListPhoneNumbersOptedOut::Input& in);
Result<OptInPhoneNumber::Output> opt_in_phone_number(Core& core, const aws::Call& call,
                                                     const OptInPhoneNumber::Input& in);
Result<GetSMSAttributes::Output> get_sms_attributes(Core& core, const aws::Call& call,
                                                    const GetSMSAttributes::Input& in);
Result<SetSMSAttributes::Output> set_sms_attributes(Core& core, const aws::Call& call,
                                                    const SetSMSAttributes::Input& in);
Result<GetSMSSandboxAccountStatus::Output> get_sms_sandbox_account_status(
    Core& core, const aws::Call& call, const GetSMSSandboxAccountStatus::Input& in);
// Its code is kept as a text message (kept.hpp).
Result<CreateSMSSandboxPhoneNumber::Output> create_sms_sandbox_phone_number(
    Core& core, const aws::Call& call, const CreateSMSSandboxPhoneNumber::Input& in);
Result<VerifySMSSandboxPhoneNumber::Output> verify_sms_sandbox_phone_number(
    Core& core, const aws::Call& call, const VerifySMSSandboxPhoneNumber::Input& in);
Result<DeleteSMSSandboxPhoneNumber::Output> delete_sms_sandbox_phone_number(
    Core& core, const aws::Call& call, const DeleteSMSSandboxPhoneNumber::Input& in);
Result<ListSMSSandboxPhoneNumbers::Output> list_sms_sandbox_phone_numbers(
    Core& core, const aws::Call& call, const ListSMSSandboxPhoneNumbers::Input& in);
// None exist here.
Result<ListOriginationNumbers::Output> list_origination_numbers(
    Core& core, const aws::Call& call, const ListOriginationNumbers::Input& in);

}  // namespace lapwing::sns
