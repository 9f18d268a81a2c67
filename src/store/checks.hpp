// What every engine checks before it touches anything, and the errors all of them answer.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "store/queue.hpp"
#include "store/store.hpp"

namespace lapwing::store {

Error changed_error(std::string_view kind, std::string_view key);
Error no_record_error(std::string_view kind, std::string_view key);
Error late_receipt_error();
Error lapsed_receipt_error();
Error no_such_message_error();
Error held_message_error();
Error backlog_error();
Error foreign_blobs_error();
Error stale_lease_error(std::string_view name);
Error held_lease_error(std::string_view name, std::string_view owner);
Error no_shard_error(std::string_view stream, std::string_view shard);
Error sealed_error(std::string_view shard);
Error log_moved_error(std::string_view shard);
Error timed_out_error();
Error shut_down_error();
Error nested_call_error();

Status check_name(std::string_view kind, std::string_view key);
Status check_put(std::string_view kind, std::string_view key, std::string_view value,
                 const PutOptions& options);
Status check_scan(const ScanQuery& query);
Status check_transact(const TransactOptions& options);
Status check_outcome(std::string_view outcome);
Status check_enqueue(const EnqueueRequest& request);
Status check_claim(const ClaimRequest& request);
Status check_queue(std::string_view queue);
// Of a page of names.
Status check_page(std::size_t limit);
Status check_move(std::string_view to_queue, const MoveOptions& options);
Status check_space_name(std::string_view name);
Status check_delay(Duration delay);
Status check_shard_name(std::string_view stream, std::string_view shard);
Status check_append(std::string_view stream, std::string_view shard,
                    std::span<const LogInput> records);
Status check_append_all(std::span<const LogAppend> parts);
Status check_log_page(std::size_t max_records, std::size_t max_bytes);
Status check_lease(std::string_view name, std::string_view owner, Duration ttl);

// The least byte string greater than every one that starts with `prefix`; none when there
// is no such string.
std::optional<std::string> prefix_end(std::string_view prefix);

// Where a page over an index ended.
struct IndexCursor {
  std::string term;
  std::string key;
};
std::string encode_cursor(std::string_view term, std::string_view key);
Result<IndexCursor> decode_cursor(std::string_view cursor);

}  // namespace lapwing::store
