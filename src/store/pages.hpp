// Builds pages within their limits, the same way in every engine.
#pragma once

#include <string>
#include <utility>

#include "store/checks.hpp"
#include "store/log_types.hpp"
#include "store/store.hpp"

namespace lapwing::store {

class ScanPageBuilder {
 public:
  explicit ScanPageBuilder(const ScanQuery& query) : query_(&query) {}
  // Answers false when the page is full: `record` was not taken, and there is a next page.
  bool add(Record record) {
    const std::size_t bytes = bytes_ + record.value.size();
    if (page_.records.size() == query_->limit || (bytes_ > 0 && bytes > kMaxScanBytes)) {
      const Record& last = page_.records.back();
      page_.next = query_->index.empty() ? last.key : encode_cursor(last.term, last.key);
      return false;
    }
    bytes_ = bytes;
    page_.records.push_back(std::move(record));
    return true;
  }
  ScanPage take() { return std::move(page_); }

 private:
  const ScanQuery* query_;
  ScanPage page_;
  std::size_t bytes_ = 0;
};

class LogPageBuilder {
 public:
  LogPageBuilder(std::size_t max_records, std::size_t max_bytes)
      : max_records_(max_records), max_bytes_(max_bytes) {}
  bool add(LogRecord record) {
    const std::size_t bytes = bytes_ + record.data.size();
    page_.more =
        page_.records.size() == max_records_ || (!page_.records.empty() && bytes > max_bytes_);
    if (page_.more) return false;
    bytes_ = bytes;
    page_.records.push_back(std::move(record));
    return true;
  }
  LogPage take() { return std::move(page_); }

 private:
  std::size_t max_records_;
  std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  LogPage page_;
};

}  // namespace lapwing::store
