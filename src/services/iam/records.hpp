// What IAM has: identities (users, groups, roles) and what belongs to them. Kept by account; there
// are no regions. An id (AROA..., AIDA...) is never given twice, and is what records refer to one
// another by: a name may be changed, or given to another identity later.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/iam/limits.hpp"

namespace lapwing::iam {

enum class Kind : std::uint8_t { kUser, kGroup, kRole };

struct Tag {
  std::string key;
  std::string value;

  template <class Fields, class R>
  static void fields(Fields& f, R& tag) {
    f("key", tag.key);
    f("value", tag.value);
  }
};
using Tags = std::vector<Tag>;  // in the order they were given

// A user or role that a trust document names: where its name stands, and whom it meant then.
struct Pin {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::string id;

  template <class Fields, class R>
  static void fields(Fields& f, R& pin) {
    f("offset", pin.offset);
    f("size", pin.size);
    f("id", pin.id);
  }
};

struct Identity {
  std::string account;
  Kind kind = Kind::kUser;
  std::string name;
  std::string path;
  std::string id;
  std::int64_t created_ms = 0;
  Tags tags;
  std::vector<std::string> attached;  // ARNs of managed policies
  std::string boundary;               // ARN of one, or empty
  // Of roles.
  std::string trust;  // as it was given
  std::vector<Pin> pins;
  std::string description;
  std::int32_t max_session_s = kMaxSessionSecondsDefault;
  // Of users: ids of groups.
  std::vector<std::string> groups;
};

struct InlinePolicy {
  std::string account;
  std::string owner;  // an identity's id
  std::string name;
  std::string document;
};

struct CustomerPolicy {
  std::string account;
  std::string name;
  std::string path;
  std::string id;
  std::int64_t created_ms = 0;
  std::int64_t updated_ms = 0;
  std::string description;
  Tags tags;
  std::int64_t default_version = 1;
  std::int64_t last_version = 1;  // numbers are never used again
};

struct PolicyVersion {
  std::string account;
  std::string policy;  // its id
  std::int64_t number = 1;
  std::int64_t created_ms = 0;
  std::string document;
};

struct InstanceProfile {
  std::string account;
  std::string name;
  std::string path;
  std::string id;
  std::int64_t created_ms = 0;
  std::string role;  // its id, or empty
  Tags tags;
};

// When something was used last, and where.
struct LastUse {
  std::int64_t at_ms = 0;
  std::string service;  // "lambda"
  std::string region;

  template <class Fields, class R>
  static void fields(Fields& f, R& use) {
    f("at", use.at_ms);
    f("service", use.service);
    f("region", use.region);
  }
};

struct AccessKey {
  std::string id;
  std::string account;
  std::string user;    // its id
  std::string sealed;  // its secret (Sealer::seal)
  // Of records of format 1, which kept it as it is.
  std::optional<std::string> plain_secret;
  bool active = true;
  std::int64_t created_ms = 0;
  std::optional<LastUse> last_use;
};

// An OpenID Connect provider: GitHub's, a cluster's.
struct OidcProvider {
  std::string account;
  std::string host;  // with its path, without scheme: what its ARN ends with
  std::int64_t created_ms = 0;
  std::vector<std::string> client_ids;
  std::vector<std::string> thumbprints;
  Tags tags;
};

// A SAML provider: who signs people in elsewhere.
struct SamlProvider {
  std::string account;
  std::string name;
  std::string id;
  std::string document;  // its metadata
  std::int64_t created_ms = 0;
  std::int64_t valid_until_ms = 0;
  Tags tags;
};

struct PasswordPolicy {
  bool allow_change = false;
  bool hard_expiry = false;
  std::int32_t max_age = 0;
  std::int32_t minimum_length = 6;
  std::int32_t reuse_prevention = 0;
  bool lowercase = false;
  bool numbers = false;
  bool symbols = false;
  bool uppercase = false;

  template <class Fields, class R>
  static void fields(Fields& f, R& policy) {
    f("allow_change", policy.allow_change);
    f("hard_expiry", policy.hard_expiry);
    f("max_age", policy.max_age);
    f("minimum_length", policy.minimum_length);
    f("reuse_prevention", policy.reuse_prevention);
    f("lowercase", policy.lowercase);
    f("numbers", policy.numbers);
    f("symbols", policy.symbols);
    f("uppercase", policy.uppercase);
  }
};

// What is counted against quotas.
struct Account {
  std::string id;
  std::string alias;
  std::vector<PasswordPolicy> password_policy;  // none or one
  std::int64_t report_ms = 0;                   // when a credential report was asked for last
  std::int32_t token_version = 1;               // of sessions of the global endpoint
  std::map<std::string, std::int64_t> counts;
};

}  // namespace lapwing::iam
