// What users have beside access keys: passwords, MFA devices, SSH keys, certificates, credentials
// of single services. Records, and what keeps them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "resources/table.hpp"
#include "services/iam/records.hpp"
#include "services/iam/tables.hpp"

namespace lapwing::iam {

// Keys are "ACCOUNT/USER-ID/NAME": a user's own are those with one prefix.
inline std::string user_prefix(std::string_view account, std::string_view user_id) {
  return account_key(account, user_id) + "/";
}

// A password, which nothing signs in with yet.
struct LoginProfile {
  std::string account;
  std::string user;                // its id
  std::vector<std::string> marks;  // Sealer::mark of passwords, the newest first
  bool reset_required = false;
  std::int64_t created_ms = 0;
  std::int64_t changed_ms = 0;
};

struct LoginProfileTable {
  using Record = LoginProfile;
  static constexpr std::string_view kKind = "iam.login-profile";
  static constexpr int kFormat = 1;
  static std::string key(const LoginProfile& profile) {
    return account_key(profile.account, profile.user);
  }
  template <class Fields, class R>
  static void fields(Fields& f, R& profile) {
    f("account", profile.account);
    f("user", profile.user);
    f("marks", profile.marks);
    f("reset_required", profile.reset_required);
    f("created", profile.created_ms);
    f("changed", profile.changed_ms);
  }
};
using LoginProfiles = resources::Table<LoginProfileTable>;

struct MfaDevice {
  std::string account;
  std::string path;
  std::string name;
  std::string sealed_seed;  // Sealer::seal, of its ARN
  std::string user;         // the id of its user, or empty
  std::int64_t enabled_ms = 0;
  Tags tags;
};

struct MfaDeviceTable {
  using Record = MfaDevice;
  static constexpr std::string_view kKind = "iam.mfa-device";
  static constexpr int kFormat = 1;
  static constexpr std::string_view kByUser = "user";
  static std::string key(const MfaDevice& device) {
    return account_key(device.account, device.path + device.name);
  }
  static void terms(const MfaDevice& device, resources::Terms& terms) {
    if (device.user.empty()) return;
    terms.push_back({std::string(kByUser), account_key(device.account, device.user)});
  }
  template <class Fields, class R>
  static void fields(Fields& f, R& device) {
    f("account", device.account);
    f("path", device.path);
    f("name", device.name);
    f("sealed_seed", device.sealed_seed);
    f("user", device.user);
    f("enabled", device.enabled_ms);
    f("tags", device.tags);
  }
};
using MfaDevices = resources::Table<MfaDeviceTable>;

struct SshKey {
  std::string account;
  std::string user;  // its id
  std::string id;    // "APKA..."
  std::string body;  // "ssh-rsa AAAA... comment"
  std::string fingerprint;
  bool active = true;
  std::int64_t uploaded_ms = 0;
};

struct SshKeyTable {
  using Record = SshKey;
  static constexpr std::string_view kKind = "iam.ssh-key";
  static constexpr int kFormat = 1;
  static std::string key(const SshKey& key) { return user_prefix(key.account, key.user) + key.id; }
  template <class Fields, class R>
  static void fields(Fields& f, R& key) {
    f("account", key.account);
    f("user", key.user);
    f("id", key.id);
    f("body", key.body);
    f("fingerprint", key.fingerprint);
    f("active", key.active);
    f("uploaded", key.uploaded_ms);
  }
};
using SshKeys = resources::Table<SshKeyTable>;

struct ServiceCredential {
  std::string account;
  std::string user;     // its id
  std::string id;       // "ACCA..."
  std::string service;  // "codecommit.amazonaws.com"
  std::string name;     // what is signed in with: "ann-at-000000000000"
  std::string mark;     // Sealer::mark of its password
  bool active = true;
  std::int64_t created_ms = 0;
};

struct ServiceCredentialTable {
  using Record = ServiceCredential;
  static constexpr std::string_view kKind = "iam.service-credential";
  static constexpr int kFormat = 1;
  static std::string key(const ServiceCredential& credential) {
    return user_prefix(credential.account, credential.user) + credential.id;
  }
  template <class Fields, class R>
  static void fields(Fields& f, R& credential) {
    f("account", credential.account);
    f("user", credential.user);
    f("id", credential.id);
    f("service", credential.service);
    f("name", credential.name);
    f("mark", credential.mark);
    f("active", credential.active);
    f("created", credential.created_ms);
  }
};
using ServiceCredentials = resources::Table<ServiceCredentialTable>;

struct SigningCertificate {
  std::string account;
  std::string user;  // its id
  std::string id;
  std::string body;
  bool active = true;
  std::int64_t uploaded_ms = 0;
};

struct SigningCertificateTable {
  using Record = SigningCertificate;
  static constexpr std::string_view kKind = "iam.signing-certificate";
  static constexpr int kFormat = 1;
  static std::string key(const SigningCertificate& certificate) {
    return user_prefix(certificate.account, certificate.user) + certificate.id;
  }
  template <class Fields, class R>
  static void fields(Fields& f, R& certificate) {
    f("account", certificate.account);
    f("user", certificate.user);
    f("id", certificate.id);
    f("body", certificate.body);
    f("active", certificate.active);
    f("uploaded", certificate.uploaded_ms);
  }
};
using SigningCertificates = resources::Table<SigningCertificateTable>;

// All of a user's. They are few (limits.hpp).
template <class Spec>
Result<std::vector<typename Spec::Record>> records_of_user(store::Reader& reader,
                                                           std::string_view account,
                                                           std::string_view user_id) {
  LAPWING_TRY(auto page,
              resources::Table<Spec>::list(reader, {.prefix = user_prefix(account, user_id),
                                                    .limit = store::kMaxScanLimit}));
  return std::move(page.records);
}
Result<std::vector<MfaDevice>> mfa_devices_of(store::Reader& reader, std::string_view account,
                                              std::string_view user_id);

// Whether a user has any of these: they are deleted before the user.
Result<bool> has_credentials(store::Reader& reader, const Identity& user);

std::string arn_of(const MfaDevice& device);
// By its serial number, which is its ARN; NoSuchEntity.
Result<MfaDevice> find_mfa_device(store::Reader& reader, std::string_view account,
                                  std::string_view serial);

}  // namespace lapwing::iam
