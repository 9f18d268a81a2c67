// What the operations use. Each change is one transaction, and is seen at once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "aws/call.hpp"
#include "base/clock.hpp"
#include "base/function_ref.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "resources/pages.hpp"
#include "services/schemas/schema.hpp"
#include "services/schemas/tables.hpp"
#include "services/schemas/words.hpp"
#include "store/store.hpp"

namespace lapwing::schemas {

struct Core {
  store::Store& store;
  const Clock& clock;
  Random& random;

  std::int64_t now_ms() const { return unix_ms(clock.wall()); }

  // One snapshot.
  template <class T>
  Result<T> read(FunctionRef<Result<T>(store::Reader&)> body) {
    std::optional<T> out;
    LAPWING_CHECK(store.read([&](store::Reader& reader) -> Status {
      LAPWING_TRY(out, body(reader));
      return {};
    }));
    return *std::move(out);
  }
  // One transaction; `body` may run more than once.
  template <class T>
  Result<T> change(FunctionRef<Result<T>(store::Txn&)> body) {
    std::optional<T> out;
    const auto written = store.transact([&](store::Txn& txn) -> Status {
      LAPWING_TRY(out, body(txn));
      return {};
    });
    if (!written) return fail(store_failure(written.error()));
    return *std::move(out);
  }
};

// Those of the caller's; NotFound.
Result<Registry> get_registry(store::Reader& reader, const aws::Scope& scope,
                              std::string_view name);
Result<Schema> get_schema(store::Reader& reader, const aws::Scope& scope, std::string_view registry,
                          std::string_view name);
// The newest where no number is said.
Result<Version> get_version(store::Reader& reader, const Schema& of,
                            const std::optional<std::string>& number);

// "Limit" and "NextToken".
Result<resources::PageAsk> page_asked(std::string list, const std::optional<std::string>& token,
                                      const std::optional<std::int32_t>& limit);

// Checked in the service's words.
Status check_tags(const resources::Tags& tags);

}  // namespace lapwing::schemas
