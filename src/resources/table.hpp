// Table: the records of one kind.
//
//   struct QueueTable {
//     using Record = Queue;
//     static constexpr std::string_view kKind = "sqs.queue";
//     static constexpr int kFormat = 1;
//     static std::string key(const Queue& queue);                      // see scoped_key()
//     template <class Fields, class R> static void fields(Fields& f, R& queue);
//     // Where wanted:
//     static void terms(const Queue& queue, Terms& terms);             // index terms
//     static void upgrade(Queue& queue, int from);                     // of an older format
//     static std::vector<store::BlobId> blobs(const Queue& queue);     // kept with the record
//   };
//   using Queues = resources::Table<QueueTable>;
//
//   LAPWING_TRY(auto queue, Queues::find(reader, key));                // optional<Stored<Queue>>
//   LAPWING_CHECK(Queues::insert(txn, queue));                         // kConflict: it is there
//   LAPWING_CHECK(Queues::put(txn, queue));
//
// Errors are the store's kinds (store/store.hpp). A record that a newer program wrote is
// kInternal.
//
// Thread-safety: static functions; as the Reader or Txn they are given.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/scope.hpp"
#include "base/result.hpp"
#include "resources/record_codec.hpp"
#include "store/store.hpp"

namespace lapwing::resources {

template <class Record>
struct Stored {
  Record record;
  store::Revision revision = 0;

  Record* operator->() { return &record; }
  const Record* operator->() const { return &record; }
  Record& operator*() { return record; }
  const Record& operator*() const { return record; }
};

template <class Record>
struct Page {
  std::vector<Record> records;
  std::optional<std::string> next;  // pass as `after`: set when there may be more
};

struct ListOptions {
  std::string prefix = {};  // of the key, or of the term where `index` is set
  std::string index = {};
  store::Match match = store::Match::kPrefix;
  std::string after = {};
  std::size_t limit = 100;
  store::Order order = store::Order::kAscending;
};

// "ACCOUNT/REGION/NAME": keys of what is kept by account and region. A name may hold slashes, as
// it comes last.
std::string scoped_key(const aws::Scope& scope, std::string_view name);

// What is kept by account and region begins with these fields.
template <class Fields, class Scope>
void scope_fields(Fields& f, Scope& scope) {
  f("account", scope.account);
  f("region", scope.region);
}

using Terms = std::vector<store::IndexTerm>;

template <class Spec>
class Table {
 public:
  using Record = typename Spec::Record;

  static Result<std::optional<Stored<Record>>> find(store::Reader& reader, std::string_view key) {
    if (key.size() > store::kMaxKeyBytes) return std::optional<Stored<Record>>();  // nothing has it
    LAPWING_TRY(const std::optional<store::Record> found, reader.get(Spec::kKind, key));
    if (!found) return std::optional<Stored<Record>>();
    LAPWING_TRY(Record record, decode(found->value));
    return std::optional(Stored<Record>{std::move(record), found->revision});
  }

  static Result<store::Revision> put(store::Txn& txn, const Record& record,
                                     store::Expect expect = store::Expect::any()) {
    store::PutOptions options{.expect = expect};
    if constexpr (requires { Spec::terms(record, options.terms); }) {
      Spec::terms(record, options.terms);
    }
    if constexpr (requires { Spec::blobs(record); }) options.blobs = Spec::blobs(record);
    return txn.put(Spec::kKind, Spec::key(record), encode(record), options);
  }
  // kConflict when there is one.
  static Result<store::Revision> insert(store::Txn& txn, const Record& record) {
    return put(txn, record, store::Expect::absent());
  }
  // One that is not there is erased already.
  static Status erase(store::Txn& txn, std::string_view key) {
    return txn.erase(Spec::kKind, key, store::Expect::any());
  }

  static Result<Page<Record>> list(store::Reader& reader, const ListOptions& options) {
    LAPWING_TRY(store::ScanPage found, reader.scan({.kind = std::string(Spec::kKind),
                                                    .prefix = options.prefix,
                                                    .index = options.index,
                                                    .match = options.match,
                                                    .after = options.after,
                                                    .limit = options.limit,
                                                    .order = options.order}));
    Page<Record> page;
    for (const store::Record& each : found.records) {
      LAPWING_TRY(Record record, decode(each.value));
      page.records.push_back(std::move(record));
    }
    page.next = std::move(found.next);
    return page;
  }
  // Every record of the kind, page by page; stops at the first error, the body's included.
  static Status for_each(store::Store& store, FunctionRef<Status(Record&)> body) {
    return store::for_each_record(store, {.kind = std::string(Spec::kKind)},
                                  [&](store::Record& each) -> Status {
                                    LAPWING_TRY(Record record, decode(each.value));
                                    return body(record);
                                  });
  }

  static std::string encode(const Record& record) {
    std::string out;
    text::JsonWriter json(out);
    json.begin_object();
    json.member(kFormatField, static_cast<std::int64_t>(Spec::kFormat));
    FieldWriter writer(json);
    Spec::fields(writer, record);
    json.end_object();
    return out;
  }

  static Result<Record> decode(std::string_view bytes) {
    LAPWING_TRY(const text::JsonDocument document, parse_record(Spec::kKind, bytes, Spec::kFormat));
    Record record{};
    FieldReader reader(document.root());
    Spec::fields(reader, record);
    if constexpr (requires { Spec::upgrade(record, 0); }) {
      if (const int format = format_of(document); format < Spec::kFormat) {
        Spec::upgrade(record, format);
      }
    }
    return record;
  }
};

}  // namespace lapwing::resources
