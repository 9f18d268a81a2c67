// The domain model: one function, or one published version of it, as it is kept in the store.
//
// `settings` is what the API shows for $LATEST. While an update is being applied, or after it
// failed, `serving` holds what invocations go on using; otherwise they use `settings`.
//
//   State: Pending -> Active | Failed          (creation)
//   LastUpdateStatus: InProgress -> Successful | Failed   (each update)
//
// A published version is a copy of $LATEST that only changes its state, and its number is never
// used again, not even by a function made again under the same name (developer guide, "Lambda
// function versions").
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
  std::uint64_t unpacked_bytes = 0;
  std::string machine = {};  // what its `bootstrap` is made for (native_files.hpp)
  friend bool operator==(const CodeRef&, const CodeRef&) = default;
};

std::string code_sha256_base64(const CodeRef& code);

// A layer version as a function uses it: what it needs to go on when the version is deleted.
struct LayerRef {
  std::string arn;  // of the version
  CodeRef content;
  friend bool operator==(const LayerRef&, const LayerRef&) = default;
};

// ImageConfig: what a function says over its image. An empty list or text says nothing.
struct ImageOverrides {
  std::vector<std::string> entry_point;
  std::vector<std::string> command;
  std::string working_directory;
  bool empty() const { return entry_point.empty() && command.empty() && working_directory.empty(); }
  friend bool operator==(const ImageOverrides&, const ImageOverrides&) = default;
};

// The code of a function of PackageType Image; CodeRef::sha256 is the digest then.
struct ImageRef {
  std::string uri;           // as it was given
  std::string resolved_uri;  // by digest
  ImageOverrides overrides;
  friend bool operator==(const ImageRef&, const ImageRef&) = default;
};

// VpcConfig. Without subnets: it was taken out of its VPC.
struct VpcPlace {
  std::vector<std::string> subnets;
  std::vector<std::string> groups;
  std::string vpc;
  bool ipv6 = false;  // Ipv6AllowedForDualStack
  friend bool operator==(const VpcPlace&, const VpcPlace&) = default;
};

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
  bool snap_start = false;            // of published versions
  bool trace_active = false;          // TracingConfig
  std::string dead_letter;            // ARN of what takes events that failed; "" for none
  std::vector<LayerRef> layers;       // in the order of extraction
  CodeRef code;
  std::optional<VpcPlace> vpc;    // nothing: it never was in one
  bool per_tenant = false;        // TenancyConfig; as it was created
  std::optional<ImageRef> image;  // then neither runtime, handler nor layers
  friend bool operator==(const Settings&, const Settings&) = default;
};

// CodeSha256 of the API: in base64 for a zip, the digest in hexadecimal for an image.
std::string code_sha256(const Settings& settings);

// Whether publishing `now` after `published` would make nothing new.
bool unchanged(const Settings& published, Settings now);

struct Reason {
  std::string code;  // "Creating"
  std::string text;  // "The function is being created."
};

struct FunctionRecord {
  FunctionKey key;
  std::uint64_t version = 0;  // 0: $LATEST
  // What a published version is described by, if not by the description it was copied with.
  std::optional<std::string> own_description;
  Settings settings;
  std::optional<Settings> serving;
  // SnapStart: a snapshot of this version was taken. It is taken again when it is lost.
  bool optimized = false;
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
  std::string version_name() const { return lapwing::lambda::version_name(version); }
  const std::string& description() const {
    return own_description ? *own_description : settings.description;
  }
};

// What the store keeps: JSON with a version number. A newer version is refused.
std::string encode_record(const FunctionRecord& record);
Result<FunctionRecord> decode_record(const FunctionKey& key, std::uint64_t version,
                                     std::string_view bytes);

// "/aws/lambda/name" unless another one is set.
std::string log_group_of(const FunctionRecord& record, const Settings& settings);

}  // namespace lapwing::lambda
