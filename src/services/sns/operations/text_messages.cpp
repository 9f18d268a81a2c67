#include "services/sns/operations/text_messages.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "aws/operation_table.hpp"
#include "gen/sns/errors.hpp"
#include "services/sns/pages.hpp"
#include "services/sns/tables.hpp"
#include "services/sns/text_messages.hpp"
#include "services/sns/topic_attributes.hpp"
#include "services/sns/words.hpp"
#include "text/decimal.hpp"

namespace lapwing::sns {
namespace {

namespace errors = gen::sns::errors;

constexpr std::string_view kVerified = "Verified";
constexpr std::string_view kPending = "Pending";
constexpr std::size_t kCodeDigits = 6;

TextMessages settings_in(const aws::Scope& scope,
                         const std::optional<resources::Stored<TextMessages>>& stored) {
  return stored ? stored->record : TextMessages{.scope = scope};
}

Result<TextMessages> read_settings(Core& core, const aws::Call& call) {
  const aws::Scope scope = aws::scope_of(call.caller);
  TextMessages out;
  LAPWING_CHECK(core.store().read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(const auto stored,
                TextMessageSettings::find(reader, resources::scoped_key(scope, "")));
    out = settings_in(scope, stored);
    return {};
  }));
  return out;
}

Status change_settings(Core& core, const aws::Call& call,
                       FunctionRef<Status(store::Txn&, TextMessages&)> body) {
  const aws::Scope scope = aws::scope_of(call.caller);
  const auto written = core.store().transact([&](store::Txn& txn) -> Status {
    LAPWING_TRY(const auto stored,
                TextMessageSettings::find(txn, resources::scoped_key(scope, "")));
    TextMessages settings = settings_in(scope, stored);
    LAPWING_CHECK(body(txn, settings));
    const auto put = TextMessageSettings::put(txn, settings);
    if (!put) return fail(put.error());
    return {};
  });
  if (!written) return fail(store_failure(written.error()));
  return {};
}

Status check_number(std::string_view number) {
  if (is_phone_number(number)) return {};
  return fail(invalid(
      fmt::format("PhoneNumber Reason: {} is not a valid phone number", number.substr(0, 64))));
}

bool is_sender_id(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !text.empty() && text.size() <= 11 && std::ranges::any_of(text, is_letter) &&
         std::ranges::all_of(
             text, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-'; });
}

Status check_attribute(std::string_view name, std::string_view value) {
  const auto wrong = [&] { return fail(invalid(fmt::format("{}", name.substr(0, 256)))); };
  if (name == "MonthlySpendLimit") {
    const auto limit = text::integer_of(value);
    return limit && *limit >= 0 ? Status() : wrong();
  }
  if (name == "DefaultSenderID") {
    return value.empty() || is_sender_id(value) ? Status() : wrong();
  }
  if (name == "DefaultSMSType") {
    return value == "Promotional" || value == "Transactional" ? Status() : wrong();
  }
  // What reports deliveries: there are none.
  if (name == "DeliveryStatusIAMRole" || name == "DeliveryStatusSuccessSamplingRate" ||
      name == "UsageReportS3Bucket") {
    return value.empty() ? Status() : fail(aws::unsupported("sns", "SetSMSAttributes", name));
  }
  return fail(invalid("attributes"));
}

std::string make_code(Random& random) {
  std::string out;
  for (const char c : random_hex(random, kCodeDigits)) {
    out += static_cast<char>('0' + (c >= 'a' ? c - 'a' : c - '0') % 10);
  }
  return out;
}

}  // namespace

Result<CheckIfPhoneNumberIsOptedOut::Output> check_if_phone_number_is_opted_out(
    Core& core, const aws::Call& call, const CheckIfPhoneNumberIsOptedOut::Input& in) {
  LAPWING_CHECK(check_number(in.phone_number));
  LAPWING_TRY(const TextMessages settings, read_settings(core, call));
  const auto& all = settings.opted_out;
  return CheckIfPhoneNumberIsOptedOut::Output{
      .is_opted_out = std::ranges::find(all, in.phone_number) != all.end()};
}

Result<ListPhoneNumbersOptedOut::Output> list_phone_numbers_opted_out(
    Core& core, const aws::Call& call, const ListPhoneNumbersOptedOut::Input& in) {
  LAPWING_TRY(const auto ask, page_asked("sns.ListPhoneNumbersOptedOut", in.next_token));
  LAPWING_TRY(TextMessages settings, read_settings(core, call));
  auto page = resources::page_items(std::move(settings.opted_out), ask,
                                    [](const std::string& number) { return number; });
  return ListPhoneNumbersOptedOut::Output{.next_token = std::move(page.next),
                                          .phone_numbers = std::move(page.items)};
}

Result<OptInPhoneNumber::Output> opt_in_phone_number(Core& core, const aws::Call& call,
                                                     const OptInPhoneNumber::Input& in) {
  LAPWING_CHECK(check_number(in.phone_number));
  LAPWING_CHECK(change_settings(core, call, [&](store::Txn&, TextMessages& settings) -> Status {
    std::erase(settings.opted_out, in.phone_number);
    return {};
  }));
  return OptInPhoneNumber::Output();
}

Result<GetSMSAttributes::Output> get_sms_attributes(Core& core, const aws::Call& call,
                                                    const GetSMSAttributes::Input& in) {
  LAPWING_TRY(TextMessages settings, read_settings(core, call));
  settings.attributes.emplace("MonthlySpendLimit", "1");
  if (in.attributes && !in.attributes->empty()) {
    std::erase_if(settings.attributes, [&](const auto& each) {
      return std::ranges::find(*in.attributes, each.first) == in.attributes->end();
    });
  }
  return GetSMSAttributes::Output{.attributes = std::move(settings.attributes)};
}

Result<SetSMSAttributes::Output> set_sms_attributes(Core& core, const aws::Call& call,
                                                    const SetSMSAttributes::Input& in) {
  for (const auto& [name, value] : in.attributes) LAPWING_CHECK(check_attribute(name, value));
  LAPWING_CHECK(change_settings(core, call, [&](store::Txn&, TextMessages& settings) -> Status {
    for (const auto& [name, value] : in.attributes) {
      if (value.empty()) {
        settings.attributes.erase(name);
      } else {
        settings.attributes[name] = value;
      }
    }
    return {};
  }));
  return SetSMSAttributes::Output();
}

Result<GetSMSSandboxAccountStatus::Output> get_sms_sandbox_account_status(
    Core&, const aws::Call&, const GetSMSSandboxAccountStatus::Input&) {
  return GetSMSSandboxAccountStatus::Output{.is_in_sandbox = false};
}

Result<CreateSMSSandboxPhoneNumber::Output> create_sms_sandbox_phone_number(
    Core& core, const aws::Call& call, const CreateSMSSandboxPhoneNumber::Input& in) {
  LAPWING_CHECK(check_number(in.phone_number));
  const std::string code = make_code(*core.random);
  KeptMessage kept{.time_ms = core.now_ms(),
                   .protocol = "sms",
                   .endpoint = in.phone_number,
                   .message_id = make_uuid(*core.random),
                   .body = fmt::format("Your verification code is {}", code),
                   .account = call.caller.account};
  LAPWING_CHECK(change_settings(core, call, [&](store::Txn& txn, TextMessages& settings) -> Status {
    std::string& state = settings.sandbox[in.phone_number];
    if (state == kVerified) return fail(invalid("PhoneNumber Reason: it is verified already"));
    if (settings.sandbox.size() > kSandboxNumbersMax) {
      return fail(errors::user_error(
          fmt::format("The sandbox holds {} phone numbers at most", kSandboxNumbersMax)));
    }
    state = fmt::format("{} {}", kPending, code);
    return core.parts->kept.add(txn, {kept});
  }));
  core.parts->kept.added();
  return CreateSMSSandboxPhoneNumber::Output();
}

Result<VerifySMSSandboxPhoneNumber::Output> verify_sms_sandbox_phone_number(
    Core& core, const aws::Call& call, const VerifySMSSandboxPhoneNumber::Input& in) {
  LAPWING_CHECK(change_settings(core, call, [&](store::Txn&, TextMessages& settings) -> Status {
    const auto found = settings.sandbox.find(in.phone_number);
    if (found == settings.sandbox.end()) {
      return fail(errors::resource_not_found("Phone number does not exist in the sandbox"));
    }
    if (found->second == kVerified) return {};
    if (found->second != fmt::format("{} {}", kPending, in.one_time_password)) {
      return fail(Error(ErrorKind::kInvalid, "VerificationException",
                        "The one-time password is not the one that was sent")
                      .with_status(400));
    }
    found->second = kVerified;
    return {};
  }));
  return VerifySMSSandboxPhoneNumber::Output();
}

Result<DeleteSMSSandboxPhoneNumber::Output> delete_sms_sandbox_phone_number(
    Core& core, const aws::Call& call, const DeleteSMSSandboxPhoneNumber::Input& in) {
  LAPWING_CHECK(change_settings(core, call, [&](store::Txn&, TextMessages& settings) -> Status {
    if (settings.sandbox.erase(in.phone_number) != 0) return {};
    return fail(errors::resource_not_found("Phone number does not exist in the sandbox"));
  }));
  return DeleteSMSSandboxPhoneNumber::Output();
}

Result<ListSMSSandboxPhoneNumbers::Output> list_sms_sandbox_phone_numbers(
    Core& core, const aws::Call& call, const ListSMSSandboxPhoneNumbers::Input& in) {
  LAPWING_TRY(const auto ask, page_asked("sns.ListSMSSandboxPhoneNumbers", in.next_token,
                                         static_cast<std::size_t>(in.max_results.value_or(
                                             static_cast<std::int32_t>(kPageMax)))));
  LAPWING_TRY(const TextMessages settings, read_settings(core, call));
  std::vector<gen::sns::SMSSandboxPhoneNumber> all;
  for (const auto& [number, state] : settings.sandbox) {
    all.push_back(
        {.phone_number = number, .status = std::string(state == kVerified ? kVerified : kPending)});
  }
  auto page = resources::page_items(std::move(all), ask,
                                    [](const auto& each) { return *each.phone_number; });
  return ListSMSSandboxPhoneNumbers::Output{.next_token = std::move(page.next),
                                            .phone_numbers = std::move(page.items)};
}

Result<ListOriginationNumbers::Output> list_origination_numbers(
    Core&, const aws::Call&, const ListOriginationNumbers::Input& in) {
  LAPWING_CHECK(page_asked("sns.ListOriginationNumbers", in.next_token));
  ListOriginationNumbers::Output out;
  out.phone_numbers.emplace();
  return out;
}

}  // namespace lapwing::sns
