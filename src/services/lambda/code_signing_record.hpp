// A code signing configuration: whose signatures functions take, and what becomes of other code.
//
//   arn:aws:lambda:REGION:ACCOUNT:code-signing-config:csc-0123456789abcdef0
//
// Thread-safety: plain values, pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "resources/table.hpp"

namespace lapwing::lambda {

struct CodeSigningRecord {
  aws::Scope scope;
  std::string id;  // "csc-" and 17 characters
  std::optional<std::string> description;
  std::vector<std::string> publishers;  // ARNs of versions of signing profiles
  bool enforce = false;                 // else code that is not signed by them is only told of
  std::int64_t last_modified_ms = 0;

  std::string arn() const;
};

// account NUL region NUL id
struct CodeSigningTable {
  using Record = CodeSigningRecord;
  static constexpr std::string_view kKind = "lambda.code_signing";
  static constexpr int kFormat = 1;

  static std::string key(const CodeSigningRecord& record);

  template <class Fields, class R>
  static void fields(Fields& f, R& record) {
    resources::scope_fields(f, record.scope);
    f("id", record.id);
    f("description", record.description);
    f("publishers", record.publishers);
    f("enforce", record.enforce);
    f("last_modified_ms", record.last_modified_ms);
  }
};
using CodeSigningRecords = resources::Table<CodeSigningTable>;

// The key of the configuration of that ARN; none for what is none.
std::optional<std::string> code_signing_key(std::string_view arn);

}  // namespace lapwing::lambda
