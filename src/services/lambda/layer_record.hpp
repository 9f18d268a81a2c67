// A layer version as it is kept in the store, and how requests name layers.
//
//   arn:aws:lambda:REGION:ACCOUNT:layer:NAME            the layer
//   arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION    a version of it
//
// Layer versions never change but for their policy, and their numbers are never used again.
//
// Thread-safety: plain values, pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "services/lambda/function_record.hpp"

namespace lapwing::lambda {

struct LayerKey {
  AccountId account;
  Region region;
  std::string name;
  friend auto operator<=>(const LayerKey&, const LayerKey&) = default;
};

struct LayerVersionKey {
  LayerKey layer;
  std::uint64_t version = 0;
  friend auto operator<=>(const LayerVersionKey&, const LayerVersionKey&) = default;
};

// Who may use a layer version beside its owner. Lapwing knows no organizations, so the account
// is all there is to a principal.
struct LayerStatement {
  std::string id;
  std::string principal;  // as in the policy: "*" or "arn:aws:iam::ACCOUNT:root"
};

struct LayerVersionRecord {
  LayerVersionKey key;
  CodeRef content;
  std::string description;
  std::optional<std::string> license;
  // Absent and empty are shown as they were given.
  std::optional<std::vector<std::string>> runtimes;
  std::optional<std::vector<std::string>> architectures;
  std::int64_t created_ms = 0;
  std::vector<LayerStatement> statements;
  std::string policy_revision_id;  // changes with the statements
};

std::string layer_arn(const LayerKey& key);
std::string layer_version_arn(const LayerVersionKey& key);

// A layer's name or its ARN; nullopt for what is neither.
std::optional<LayerKey> parse_layer(std::string_view name_or_arn, const AccountId& account,
                                    const Region& region);
std::optional<LayerVersionKey> parse_layer_version_arn(std::string_view arn);

// Whether the statements let `account` have the version.
bool allows(const LayerVersionRecord& record, const AccountId& account);
// The statement and the whole policy as the API shows them: JSON text.
std::string statement_json(const LayerVersionRecord& record, const LayerStatement& statement);
std::string policy_json(const LayerVersionRecord& record);

std::string encode_layer_version(const LayerVersionRecord& record);
Result<LayerVersionRecord> decode_layer_version(const LayerVersionKey& key, std::string_view bytes);

}  // namespace lapwing::lambda
