// The domain model: one function as it is kept in the store.
//
// `settings` is what the API shows for $LATEST. While an update is being applied, or after it
// failed, `serving` holds what invocations go on using; otherwise they use `settings`.
//
//   State: Pending -> Active | Failed          (creation)
//   LastUpdateStatus: InProgress -> Successful | Failed   (each update)
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "runtime/function_version.hpp"
#include "services/lambda/function_identifier.hpp"

namespace lapwing::lambda {

enum class State { kPending, kActive, kFailed };
std::string_view to_string(State state);  // "Pending"

enum class UpdateStatus { kNone, kInProgress, kSuccessful, kFailed };
std::string_view to_string(UpdateStatus status);  // "InProgress"; "" for kNone

struct CodeRef {
  std::string sha256;  // 64 hexadecimal digits of the zip; its name in Blob and on disk
  std::uint64_t size = 0;
  friend bool operator==(const CodeRef&, const CodeRef&) = default;
};

// CodeSha256 of the API.
std::string code_sha256_base64(const CodeRef& code);

struct Settings {
  // Changes with every change of anything below, and only then: execution environments are
  // kept while it stays the same.
  std::string id;
  std::string runtime;
  std::string handler;
  std::string role;
  std::string description;
  std::string architecture = "x86_64";
  std::optional<std::map<std::string, std::string>> environment;
  std::uint32_t memory_mb = 128;
  std::uint32_t timeout_s = 3;
  std::uint32_t ephemeral_storage_mb = 512;
  std::string log_group;  // "" means "/aws/lambda/<name>"
  runtime::LogFormat log_format = runtime::LogFormat::kText;
  std::string application_log_level;  // "" unless JSON
  std::string system_log_level;       // "" unless JSON
  CodeRef code;
};

struct Reason {
  std::string code;  // "Creating"
  std::string text;  // "The function is being created."
};

struct FunctionRecord {
  FunctionKey key;
  Settings settings;
  std::optional<Settings> serving;
  State state = State::kPending;
  Reason state_reason;
  UpdateStatus update = UpdateStatus::kNone;
  Reason update_reason;
  std::string revision_id;
  std::int64_t last_modified_ms = 0;
  std::map<std::string, std::string> tags;

  bool in_transition() const {
    return state == State::kPending || update == UpdateStatus::kInProgress;
  }
  const Settings& served() const { return serving ? *serving : settings; }
};

// What the store keeps: JSON with a version number. A newer version is refused.
std::string encode_record(const FunctionRecord& record);
Result<FunctionRecord> decode_record(const FunctionKey& key, std::string_view bytes);

// "/aws/lambda/name" unless another one is set.
std::string log_group_of(const FunctionRecord& record, const Settings& settings);

}  // namespace lapwing::lambda
