// Functions in the store: kind "lambda.function", key account NUL region NUL name, so that a
// scan of one account and region answers in the order of names.
//
// Thread-safety: any thread; calls block until the change is on disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.hpp"
#include "base/result.hpp"
#include "services/lambda/function_record.hpp"
#include "store/store.hpp"

namespace lapwing::lambda {

inline constexpr std::string_view kFunctionKind = "lambda.function";
inline constexpr std::string_view kSecretKind = "lambda.secret";

std::string encode_key(const FunctionKey& key);
std::optional<FunctionKey> decode_key(std::string_view key);

struct FunctionPage {
  std::vector<FunctionRecord> functions;
  std::string next_name;  // continue after this one; "" at the end
};

class Repository {
 public:
  explicit Repository(store::Store& store) : store_(store) {}

  Result<std::optional<FunctionRecord>> find(const FunctionKey& key);
  // `after`: names greater than this one.
  Result<FunctionPage> list(const AccountId& account, const Region& region, std::string_view after,
                            std::size_t limit);
  Status for_each(FunctionRef<Status(FunctionRecord&)> body);

  // ResourceConflictException when it exists.
  Status create(const FunctionRecord& record);
  // Reads, changes, writes, in one transaction. `change` may run more than once and gets a
  // fresh record each time; its error undoes everything. ResourceNotFoundException (with the
  // unqualified ARN) when there is no such function. Answers what was written.
  Result<FunctionRecord> update(const FunctionKey& key,
                                FunctionRef<Status(FunctionRecord&)> change);
  // ResourceNotFoundException when there is none.
  Status erase(const FunctionKey& key);

  // A secret of this installation, made by `candidate` on first use.
  Result<std::string> secret(std::string_view name, std::string_view candidate);

 private:
  store::Store& store_;
};

}  // namespace lapwing::lambda
