// What the three batches have in common: checks of the whole, and answers for each entry.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "base/result.hpp"
#include "gen/sqs/errors.hpp"
#include "gen/sqs/shape/batch_result_error_entry.hpp"
#include "services/sqs/limits.hpp"
#include "services/sqs/words.hpp"

namespace lapwing::sqs {

inline bool is_entry_id(std::string_view id) {
  if (id.empty() || id.size() > kEntryIdCharactersMax) return false;
  for (const char c : id) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_';
    if (!fits) return false;
  }
  return true;
}

// `kind`: "SendMessageBatchRequestEntry".
template <class Entry>
Status check_entries(const std::vector<Entry>& entries, std::string_view kind) {
  namespace errors = gen::sqs::errors;
  if (entries.empty()) {
    return fail(errors::empty_batch_request(
        fmt::format("There should be at least one {} in the request.", kind)));
  }
  if (entries.size() > kBatchEntriesMax) {
    return fail(errors::too_many_entries_in_batch_request(
        fmt::format("Maximum number of entries per request are {}. You have sent {}.",
                    kBatchEntriesMax, entries.size())));
  }
  std::set<std::string_view> seen;
  for (const Entry& entry : entries) {
    if (!is_entry_id(entry.id)) {
      return fail(errors::invalid_batch_entry_id(
          "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It "
          "can be at most 80 letters long."));
    }
    if (!seen.insert(entry.id).second) {
      return fail(errors::batch_entry_ids_not_distinct(fmt::format("Id {} repeated.", entry.id)));
    }
  }
  return {};
}

inline gen::sqs::BatchResultErrorEntry failed_entry(const std::string& id, const Error& error) {
  return {.code = query_code(error),
          .id = id,
          .message = error.message(),
          .sender_fault = error.kind() != ErrorKind::kInternal};
}

// Answers leave an empty list out.
template <class T>
void append(std::optional<std::vector<T>>& list, T item) {
  if (!list) list.emplace();
  list->push_back(std::move(item));
}

}  // namespace lapwing::sqs
