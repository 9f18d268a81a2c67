// A policy document: read, checked, and its faults told in IAM's words and order.
//
//   auto document = policy::parse(text, policy::Use::kTrust);
//   if (!document) return malformed(document.error().message);
//
// Sources: the IAM user guide's grammar of the JSON policy language; answers of the service as its
// users report them.
//
// Thread-safety: pure functions, plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace lapwing::policy {

// What a document is for: they differ in what must and must not stand in it.
enum class Use : std::uint8_t {
  kIdentity,  // managed and inline policies of users, groups, roles: resources, no principal
  kTrust,     // who may assume a role: principals, no resource, actions of STS
  // A resource's own (a queue's): principals. Of IAM's checks only the grammar: what actions and
  // resources may be is the business of the resource's service.
  kResource,
};

enum class Effect : std::uint8_t { kAllow, kDeny };

struct Principal {
  std::string type;  // "AWS", "Service", "Federated", "CanonicalUser"
  std::string name;
  // Where the name stands in the text, without its quotes; size 0 where it is written with
  // escapes.
  std::size_t offset = 0;
  std::size_t size = 0;
};

struct Condition {
  std::string test;  // "ForAnyValue:StringLikeIfExists"
  std::string key;
  std::vector<std::string> values;  // numbers and booleans as they are written
};

struct Statement {
  std::string sid = {};
  Effect effect = Effect::kDeny;
  bool everyone = false;       // "Principal": "*"
  bool not_principal = false;  // everyone but those named
  std::vector<Principal> principals = {};
  bool not_action = false;
  std::vector<std::string> actions = {};
  bool not_resource = false;
  std::vector<std::string> resources = {};
  std::vector<Condition> conditions = {};
};

struct Document {
  std::string version = {};  // empty: as 2008-10-17, where variables are text
  std::string id = {};
  std::vector<Statement> statements = {};
};

struct Fault {
  std::string message;
};

std::expected<Document, Fault> parse(std::string_view text, Use use);

// Characters that count against IAM's sizes: all but white space.
std::size_t counted_size(std::string_view text);

}  // namespace lapwing::policy
