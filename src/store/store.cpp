#include "store/store.hpp"

#include <utility>

namespace lapwing::store {

Result<Revision> Store::put(std::string_view kind, std::string_view key, std::string_view value,
                            const PutOptions& options, const TransactOptions& transact_options) {
  Revision revision = 0;
  LAPWING_TRY(const Committed committed, transact(
                                             [&](Txn& txn) -> Status {
                                               LAPWING_TRY(revision,
                                                           txn.put(kind, key, value, options));
                                               txn.set_outcome(std::to_string(revision));
                                               return {};
                                             },
                                             transact_options));
  return committed.replayed ? std::stoull(committed.outcome) : revision;
}

Status Store::erase(std::string_view kind, std::string_view key, Expect expect,
                    const TransactOptions& transact_options) {
  LAPWING_CHECK(transact([&](Txn& txn) { return txn.erase(kind, key, expect); }, transact_options));
  return {};
}

Status for_each_record(Store& store, ScanQuery query, FunctionRef<Status(Record&)> body) {
  query.limit = kMaxScanLimit;
  while (true) {
    LAPWING_TRY(ScanPage page, store.scan(query));
    for (Record& record : page.records) LAPWING_CHECK(body(record));
    if (!page.next) return {};
    query.after = std::move(*page.next);
  }
}

}  // namespace lapwing::store
