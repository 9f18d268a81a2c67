// What an execution environment is made from: one published version (or $LATEST) of one
// function, as an immutable snapshot. services/lambda makes these from its records; the
// execution floors share them by shared_ptr and never look anything up elsewhere.
//
// Thread-safety: immutable after construction.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "os/egress_rule.hpp"
#include "runtime/image_program.hpp"

namespace lapwing::runtime {

enum class LogFormat { kText, kJson };

struct LoggingConfig {
  LogFormat format = LogFormat::kText;
  std::string application_log_level;  // "" unless JSON: TRACE DEBUG INFO WARN ERROR FATAL
  std::string system_log_level;       // "" unless JSON: DEBUG INFO WARN
  std::string log_group;              // "/aws/lambda/<name>" unless configured
  friend bool operator==(const LoggingConfig&, const LoggingConfig&) = default;
};

struct FunctionVersion {
  AccountId account;
  Region region;
  FunctionName name;
  std::string version = "$LATEST";  // "$LATEST" or a number
  std::string arn;                  // unqualified function ARN
  std::string runtime;              // "python3.12", "nodejs20.x", "provided.al2023"
  std::string handler;
  std::string role_arn;
  std::string description;
  std::string code_sha256;  // base64, as in the API
  std::string code_dir;     // absolute path of the unpacked package on this machine
  std::string revision_id;  // changes on every mutation
  std::string layers_dir;   // merged /opt, or empty
  std::uint32_t memory_mb = 128;
  std::uint32_t timeout_s = 3;
  std::uint32_t ephemeral_storage_mb = 512;
  std::map<std::string, std::string> environment;
  LoggingConfig logging;
  // Of a function that is a container image; it has neither runtime, handler, code nor layers.
  std::optional<ImageProgram> image;
  bool snap_start = false;    // SnapStart applies to this version
  bool trace_active = false;  // TracingConfig; of no concern to an environment
  std::string network;        // "none", "nat", "host"; "" as the server is configured
  // Of a function in a VPC: what its security groups let out. Nothing: all that its network
  // reaches.
  std::optional<std::vector<os::EgressRule>> egress;
  bool per_tenant = false;  // an environment serves one tenant
  std::string endpoint;     // whether it reaches our API: "open", "closed"; "" likewise
};

using FunctionVersionPtr = std::shared_ptr<const FunctionVersion>;

// Whether an environment made from `a` may serve `b`: everything an environment can see is
// equal. A change of description or tags keeps environments alive, though it is a new
// revision.
bool same_environment(const FunctionVersion& a, const FunctionVersion& b);

}  // namespace lapwing::runtime
