// Pages of lists: what was asked for, and the part that answers it. Each service has names of its
// own for these (NextToken and MaxResults, Marker and MaxItems), and says in its own words what is
// wrong; what a token holds for is aws/page_token.hpp's.
//
//   LAPWING_TRY(const PageAsk ask, page_ask("sqs.ListQueues " + prefix, in.next_token, limit));
//   auto page = page_records<QueueTable>(reader, ask, prefix, [](const Queue&) { return true; });
//   out.next_token = page.next;
//
// Thread-safety: pure functions; page_records as its Reader.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "resources/table.hpp"

namespace lapwing::resources {

struct PageAsk {
  std::string list;  // what its tokens hold for: the operation, and whose list
  std::size_t limit = 0;
  std::string after;  // the last item of the page before, or empty
};

// kInvalid where there is a token that is none of this list.
Result<PageAsk> page_ask(std::string list, const std::optional<std::string>& token,
                         std::size_t limit);
std::string token_after(const PageAsk& ask, std::string_view last);

template <class T>
struct Paged {
  std::vector<T> items;
  std::optional<std::string> next;  // the token; set when there is more
};

// Of items in their order that come after `ask.after`, more than `ask.limit` where there are more;
// `name` gives what the next page begins after.
template <class T, class Name>
Paged<T> cut_page(std::vector<T> items, const PageAsk& ask, Name name) {
  Paged<T> out{std::move(items), std::nullopt};
  if (out.items.size() <= ask.limit) return out;
  out.items.resize(ask.limit);
  // A page of none asks whether there are more.
  const std::string last(out.items.empty() ? ask.after : std::string(name(out.items.back())));
  out.next = token_after(ask, last);
  return out;
}

// Of all items, in any order. No two have the same name.
template <class T, class Name>
Paged<T> page_items(std::vector<T> items, const PageAsk& ask, Name name) {
  std::ranges::sort(items, {}, name);
  if (!ask.after.empty())
    std::erase_if(items, [&](const T& each) { return name(each) <= ask.after; });
  return cut_page(std::move(items), ask, name);
}

// Records whose keys begin with `prefix`, in their order, as far as `keep` says. As many are read
// as the page may hold, and then more at a time, where few are kept: what a page costs does not
// depend on how many records there are.
template <class Spec, class Keep>
Result<Paged<typename Spec::Record>> page_records(store::Reader& reader, const PageAsk& ask,
                                                  const std::string& prefix, Keep keep) {
  std::vector<typename Spec::Record> found;
  ListOptions options{.prefix = prefix, .limit = std::min(ask.limit + 1, store::kMaxScanLimit)};
  if (!ask.after.empty()) options.after = prefix + ask.after;
  while (found.size() <= ask.limit) {
    LAPWING_TRY(auto page, Table<Spec>::list(reader, options));
    for (auto& record : page.records) {
      if (found.size() <= ask.limit && keep(record)) found.push_back(std::move(record));
    }
    if (!page.next) break;
    options.after = *std::move(page.next);
    options.limit = std::min(options.limit * 2, store::kMaxScanLimit);
  }
  return cut_page(std::move(found), ask, [&](const typename Spec::Record& last) {
    return Spec::key(last).substr(prefix.size());
  });
}

}  // namespace lapwing::resources
