// A list of events' facts (journal/event_facts.hpp) out of the records of a table, a page at a
// time.
//
//   return hosting::events_of_table<DueTable>(store, {.index = "due"}, ask, [&](const Due& each) {
//     return journal::EventRow{...};
//   });
//
// Thread-safety: any thread that may block.
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "journal/event_facts.hpp"
#include "resources/table.hpp"

namespace lapwing::hosting {

// `row_of`: a row, or an error. `options` say which records, and in which order.
template <class Spec, class RowOf>
Result<journal::EventPage> events_of_table(store::Store& store, resources::ListOptions options,
                                           const journal::EventAsk& ask, RowOf row_of) {
  journal::EventPage out;
  options.after = ask.after;
  std::size_t left = std::max(ask.max, journal::looked_at(ask));
  while (true) {
    options.limit = std::min(ask.max - out.rows.size(), store::kMaxScanLimit);
    resources::Page<typename Spec::Record> page;
    LAPWING_CHECK(store.read([&](store::Reader& reader) -> Status {
      LAPWING_TRY(page, resources::Table<Spec>::list(reader, options));
      return {};
    }));
    for (const auto& record : page.records) {
      Result<journal::EventRow> row = row_of(record);
      if (!row) return fail(std::move(row).error());
      if (passes(ask, *row)) out.rows.push_back(*std::move(row));
    }
    if (!page.next) return out;
    options.after = *page.next;
    left -= std::min(left, options.limit);
    if (out.rows.size() < ask.max && left > 0) continue;
    out.next = *std::move(page.next);
    return out;
  }
}

}  // namespace lapwing::hosting
