#include "services/iam/operations/credential_report.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <fmt/format.h>

#include "gen/iam/enums.hpp"
#include "gen/iam/errors.hpp"
#include "services/iam/key_ring.hpp"
#include "services/iam/limits.hpp"
#include "services/iam/lookup.hpp"
#include "services/iam/pages.hpp"
#include "services/iam/user_credentials.hpp"
#include "text/time_format.hpp"

namespace lapwing::iam {
namespace {

constexpr std::string_view kHeader =
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,"
    "password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,"
    "access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,"
    "access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,"
    "access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,"
    "cert_1_last_rotated,cert_2_active,cert_2_last_rotated";
constexpr char kNone[] = "N/A";

// "2015-02-06T18:39:46+00:00"
std::string show_time(std::int64_t ms) {
  std::string text = text::format_iso8601(wall_from_unix_ms(ms));
  text.pop_back();
  return text + "+00:00";
}

std::string show_bool(bool value) { return value ? "true" : "false"; }

class Line {
 public:
  void add(std::string field) { fields_.push_back(std::move(field)); }
  void add(std::initializer_list<std::string_view> fields) {
    for (const std::string_view field : fields) fields_.emplace_back(field);
  }
  std::string str() const { return fmt::format("{}", fmt::join(fields_, ",")); }

 private:
  std::vector<std::string> fields_;
};

void add_access_key(Line& line, const KeyRing& ring, const AccessKey* key) {
  if (key == nullptr) return line.add({"false", kNone, kNone, kNone, kNone});
  std::optional<LastUse> use = ring.last_use(key->id);
  if (!use) use = key->last_use;
  line.add(show_bool(key->active));
  line.add(show_time(key->created_ms));
  line.add(use ? show_time(use->at_ms) : kNone);
  line.add(use ? use->region : kNone);
  line.add(use ? use->service : kNone);
}

std::string next_rotation(const Account& account, const LoginProfile& profile) {
  if (account.password_policy.empty() || account.password_policy.front().max_age == 0) return kNone;
  const std::chrono::milliseconds age =
      std::chrono::hours(24) * account.password_policy.front().max_age;
  return show_time(profile.changed_ms + age.count());
}

Result<std::string> line_of(store::Reader& reader, const Core& core, const Account& account,
                            const Identity& user) {
  LAPWING_TRY(const auto profile, LoginProfiles::find(reader, account_key(user.account, user.id)));
  LAPWING_TRY(const auto devices, mfa_devices_of(reader, user.account, user.id));
  LAPWING_TRY(auto keys, access_keys_of(reader, user.account, user.id));
  std::ranges::sort(keys, {}, &AccessKey::created_ms);
  Line line;
  line.add(user.name);
  line.add(arn_of(user));
  line.add(show_time(user.created_ms));
  line.add(show_bool(profile.has_value()));
  line.add(profile ? "no_information" : kNone);
  line.add(profile ? show_time(profile->record.changed_ms) : kNone);
  line.add(profile ? next_rotation(account, profile->record) : kNone);
  line.add(show_bool(!devices.empty()));
  for (std::size_t i = 0; i < kAccessKeysOfUserMax; ++i) {
    add_access_key(line, core.keys, i < keys.size() ? &keys[i] : nullptr);
  }
  LAPWING_TRY(const auto certificates,
              records_of_user<SigningCertificateTable>(reader, user.account, user.id));
  for (std::size_t i = 0; i < kSigningCertificatesOfUserMax; ++i) {
    const bool there = i < certificates.size();
    line.add(show_bool(there && certificates[i].active));
    line.add(there ? show_time(certificates[i].uploaded_ms) : kNone);
  }
  return line.str();
}

std::string root_line(const std::string& account, std::int64_t created_ms) {
  Line line;
  line.add("<root_account>");
  line.add(fmt::format("arn:aws:iam::{}:root", account));
  line.add(show_time(created_ms));
  line.add({"not_supported", "no_information", "not_supported", "not_supported", "false"});
  for (int i = 0; i < 2; ++i) line.add({"false", kNone, kNone, kNone, kNone});
  line.add({"false", kNone, "false", kNone});
  return line.str();
}

std::int64_t age_ms(const Core& core, const Account& account) {
  return unix_ms(core.clock.wall()) - account.report_ms;
}

bool is_old(const Core& core, const Account& account) {
  return age_ms(core, account) >=
         std::chrono::duration_cast<std::chrono::milliseconds>(kReportLife).count();
}

}  // namespace

Result<gen::iam::GenerateCredentialReportResponse> generate_credential_report(Core& core,
                                                                              const aws::Call& call,
                                                                              const aws::Empty&) {
  using Out = gen::iam::GenerateCredentialReportResponse;
  using State = gen::iam::ReportStateType;
  return change<Out>(core, [&](store::Txn& txn) -> Result<Out> {
    LAPWING_TRY(Account account, find_account(txn, account_of(call)));
    Out out;
    if (account.report_ms != 0 && !is_old(core, account)) {
      out.state = State::kComplete;
      return out;
    }
    out.state = State::kStarted;
    out.description = account.report_ms == 0
                          ? "No report exists. Starting a new report generation task"
                          : "Starting a new report generation task";
    account.report_ms = core.now_ms();
    LAPWING_CHECK(Accounts::put(txn, account));
    return out;
  });
}

Result<gen::iam::GetCredentialReportResponse> get_credential_report(Core& core,
                                                                    const aws::Call& call,
                                                                    const aws::Empty&) {
  using Out = gen::iam::GetCredentialReportResponse;
  return read<Out>(core, [&](store::Reader& reader) -> Result<Out> {
    LAPWING_TRY(const Account account, find_account(reader, account_of(call)));
    if (account.report_ms == 0) {
      return fail(gen::iam::errors::credential_report_not_present(
          "There is no credential report: call GenerateCredentialReport first."));
    }
    if (is_old(core, account)) {
      return fail(gen::iam::errors::credential_report_expired(
          "The credential report has expired: call GenerateCredentialReport again."));
    }
    const PageAsk all{"", static_cast<std::size_t>(kUsersMax), ""};
    LAPWING_TRY(const auto users,
                page_records<IdentityTable>(reader, all, kind_prefix(account.id, Kind::kUser),
                                            [](const Identity&) { return true; }));
    std::int64_t first_ms = account.report_ms;
    for (const Identity& user : users.items) first_ms = std::min(first_ms, user.created_ms);
    std::string content = fmt::format("{}\n{}", kHeader, root_line(account.id, first_ms));
    for (const Identity& user : users.items) {
      LAPWING_TRY(const std::string line, line_of(reader, core, account, user));
      content += '\n';
      content += line;
    }
    Out out;
    out.content = std::move(content);
    out.report_format = gen::iam::ReportFormatType::kText_csv;
    out.generated_time = wall_from_unix_ms(account.report_ms);
    return out;
  });
}

}  // namespace lapwing::iam
