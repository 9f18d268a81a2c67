// Marker, MaxItems and IsTruncated, for lists of records and for lists that are at hand.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "resources/table.hpp"

namespace lapwing::iam {

struct PageAsk {
  std::string list;  // what a marker holds for: operation and whose
  std::size_t limit = 0;
  std::string after;  // the last one of the page before, or empty
};

// ValidationError for a marker of another list.
Result<PageAsk> page_ask(std::string list, const std::optional<std::string>& marker,
                         const std::optional<std::int32_t>& max_items);
std::string marker_after(const PageAsk& ask, std::string_view last);

template <class T>
struct Paged {
  std::vector<T> items;
  std::optional<std::string> marker;
};

template <class Out, class T>
void set_page(Out& out, const Paged<T>& page) {
  out.is_truncated = page.marker.has_value();
  out.marker = page.marker;
}

// Records whose keys begin with `prefix`, in their order, as far as `keep` says.
template <class Spec, class Keep>
Result<Paged<typename Spec::Record>> page_records(store::Reader& reader, const PageAsk& ask,
                                                  const std::string& prefix, Keep keep) {
  Paged<typename Spec::Record> out;
  resources::ListOptions options{.prefix = prefix, .limit = store::kMaxScanLimit};
  if (!ask.after.empty()) options.after = prefix + ask.after;
  while (true) {
    LAPWING_TRY(auto page, resources::Table<Spec>::list(reader, options));
    for (auto& record : page.records) {
      if (!keep(record)) continue;
      if (out.items.size() == ask.limit) {
        const std::string last = out.items.empty()
                                     ? ask.after  // a page of none asks whether there are more
                                     : Spec::key(out.items.back()).substr(prefix.size());
        out.marker = marker_after(ask, last);
        return out;
      }
      out.items.push_back(std::move(record));
    }
    if (!page.next) return out;
    options.after = *std::move(page.next);
  }
}

// `name` gives what items are ordered by; no two have the same.
template <class T, class Name>
Paged<T> page_items(std::vector<T> items, const PageAsk& ask, Name name) {
  std::ranges::sort(items, {}, name);
  Paged<T> out;
  for (T& item : items) {
    if (!ask.after.empty() && name(item) <= ask.after) continue;
    if (out.items.size() == ask.limit) {
      out.marker = marker_after(ask, name(out.items.back()));
      break;
    }
    out.items.push_back(std::move(item));
  }
  return out;
}

}  // namespace lapwing::iam
