// Marker, MaxItems and IsTruncated.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "resources/pages.hpp"

namespace lapwing::iam {

using resources::page_items;
using resources::page_records;
using resources::PageAsk;
using resources::Paged;

// ValidationError for a marker of another list.
Result<PageAsk> page_ask(std::string list, const std::optional<std::string>& marker,
                         const std::optional<std::int32_t>& max_items);

template <class Out, class T>
void set_page(Out& out, const Paged<T>& page) {
  out.is_truncated = page.next.has_value();
  out.marker = page.next;
}

}  // namespace lapwing::iam
