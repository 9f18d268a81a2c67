#include "store/checks.hpp"

#include <fmt/core.h>

namespace lapwing::store {
namespace {

Error invalid(std::string message) { return make_error(ErrorKind::kInvalid, std::move(message)); }
Error conflict(std::string message) { return make_error(ErrorKind::kConflict, std::move(message)); }

Status check_size(std::string_view what, std::size_t size, std::size_t limit) {
  if (size <= limit) return {};
  return fail(make_error(ErrorKind::kTooLarge,
                         fmt::format("The {} has {} bytes; {} is the limit.", what, size, limit)));
}

Status check_text(std::string_view what, std::string_view text, std::size_t limit) {
  if (text.empty()) return fail(invalid(fmt::format("The {} is empty.", what)));
  return check_size(what, text.size(), limit);
}

Status check_count(std::string_view what, std::size_t count, std::size_t limit) {
  if (count >= 1 && count <= limit) return {};
  return fail(invalid(fmt::format("The {} is {}; it must be from 1 to {}.", what, count, limit)));
}

}  // namespace

Error changed_error(std::string_view kind, std::string_view key) {
  return conflict("The record exists already or has changed since it was read.")
      .with_detail(fmt::format("{}/{}", kind, key));
}
Error no_record_error(std::string_view kind, std::string_view key) {
  return make_error(ErrorKind::kNotFound, "There is no such record.")
      .with_detail(fmt::format("{}/{}", kind, key));
}
Error late_receipt_error() {
  return conflict(
      "The receipt is superseded: the message was completed, moved, released or claimed again.");
}
Error no_such_message_error() {
  return make_error(ErrorKind::kNotFound, "The message is not in the queue (any more).");
}

Error held_message_error() { return make_error(ErrorKind::kConflict, "The message is claimed."); }

Error lapsed_receipt_error() {
  return conflict("The receipt is late: the visibility that it was given has ended.");
}
Error backlog_error() {
  return make_error(ErrorKind::kThrottled, "Too many transactions wait to be written.");
}
Error foreign_blobs_error() {
  return invalid("Only records of the engine's own store name blobs.");
}
Error stale_lease_error(std::string_view name) {
  return conflict("The lease is no longer held with this epoch.").with_detail(std::string(name));
}
Error held_lease_error(std::string_view name, std::string_view owner) {
  return conflict("The lease is held by another owner.")
      .with_detail(fmt::format("{} by {}", name, owner));
}
Error no_shard_error(std::string_view stream, std::string_view shard) {
  return make_error(ErrorKind::kNotFound, "There is no such shard.")
      .with_detail(fmt::format("{}/{}", stream, shard));
}
Error sealed_error(std::string_view shard) {
  return conflict("The shard is sealed.").with_detail(std::string(shard));
}
Error log_moved_error(std::string_view shard) {
  return conflict("The shard has another next sequence than was expected.")
      .with_detail(std::string(shard));
}
Error timed_out_error() {
  return make_error(ErrorKind::kTimeout, "The deadline passed before the change was begun.");
}
Error shut_down_error() {
  return make_error(ErrorKind::kUnavailable, "The store is shutting down.");
}
Error nested_call_error() {
  return internal_error("the body of a transaction called the store instead of its Txn");
}

Status check_name(std::string_view kind, std::string_view key) {
  LAPWING_CHECK(check_text("kind", kind, kMaxKindBytes));
  return check_text("key", key, kMaxKeyBytes);
}

Status check_put(std::string_view kind, std::string_view key, std::string_view value,
                 const PutOptions& options) {
  LAPWING_CHECK(check_name(kind, key));
  LAPWING_CHECK(check_size("value", value.size(), kMaxValueBytes));
  if (options.terms.size() > kMaxTermsPerRecord) {
    return fail(make_error(ErrorKind::kTooLarge,
                           fmt::format("The record has {} index terms; {} is the limit.",
                                       options.terms.size(), kMaxTermsPerRecord)));
  }
  for (const IndexTerm& term : options.terms) {
    LAPWING_CHECK(check_text("index name", term.index, kMaxKindBytes));
    LAPWING_CHECK(check_size("index term", term.term.size(), kMaxTermBytes));
  }
  if (options.blobs.size() > kMaxBlobsPerRecord) {
    return fail(
        make_error(ErrorKind::kTooLarge, fmt::format("The record names {} blobs; {} is the limit.",
                                                     options.blobs.size(), kMaxBlobsPerRecord)));
  }
  return {};
}

Status check_scan(const ScanQuery& query) {
  LAPWING_CHECK(check_text("kind", query.kind, kMaxKindBytes));
  LAPWING_CHECK(check_size("index name", query.index.size(), kMaxKindBytes));
  return check_count("scan limit", query.limit, kMaxScanLimit);
}

Status check_transact(const TransactOptions& options) {
  return check_size("idempotency key", options.idempotency_key.size(), kMaxIdempotencyKeyBytes);
}

Status check_outcome(std::string_view outcome) {
  return check_size("outcome", outcome.size(), kMaxOutcomeBytes);
}

Status check_delay(Duration delay) {
  if (delay >= Duration::zero() && delay <= kMaxDelay) return {};
  return fail(invalid("The delay is negative or above the limit."));
}

Status check_enqueue(const EnqueueRequest& request) {
  LAPWING_CHECK(check_text("queue name", request.queue, kMaxQueueNameBytes));
  LAPWING_CHECK(check_size("payload", request.payload.size(), kMaxMessageBytes));
  LAPWING_CHECK(check_size("group", request.group.size(), kMaxGroupBytes));
  LAPWING_CHECK(check_size("deduplication id", request.dedup_id.size(), kMaxDedupBytes));
  LAPWING_CHECK(check_size("deduplication note", request.dedup_note.size(), kMaxDedupNoteBytes));
  return check_delay(request.delay);
}

Status check_queue(std::string_view queue) {
  return check_text("queue name", queue, kMaxQueueNameBytes);
}

Status check_page(std::size_t limit) { return check_count("page", limit, kMaxScanLimit); }

Status check_claim(const ClaimRequest& request) {
  for (const std::string& queue : request.queues) LAPWING_CHECK(check_queue(queue));
  LAPWING_CHECK(check_count("number of messages", request.max, kMaxClaim));
  LAPWING_CHECK(check_delay(request.age_max));
  return check_delay(request.visibility);
}

Status check_move(std::string_view to_queue, const MoveOptions& options) {
  LAPWING_CHECK(check_queue(to_queue));
  if (options.payload) {
    LAPWING_CHECK(check_size("payload", options.payload->size(), kMaxMessageBytes));
  }
  return check_delay(options.delay);
}

Status check_space_name(std::string_view name) {
  LAPWING_CHECK(check_text("space's name", name, kMaxSpaceNameBytes));
  for (const char c : name) {
    if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-') {
      return fail(invalid("A space's name has letters from a to z, digits and hyphens only."));
    }
  }
  return {};
}

Status check_shard_name(std::string_view stream, std::string_view shard) {
  LAPWING_CHECK(check_text("stream name", stream, kMaxStreamBytes));
  return check_text("shard name", shard, kMaxShardBytes);
}

Status check_append(std::string_view stream, std::string_view shard,
                    std::span<const LogInput> records) {
  const LogAppend part{stream, shard, records};
  return check_append_all({&part, 1});
}

Status check_append_all(std::span<const LogAppend> parts) {
  std::size_t count = 0;
  std::size_t bytes = 0;
  for (const LogAppend& part : parts) {
    LAPWING_CHECK(check_shard_name(part.stream, part.shard));
    count += part.records.size();
    for (const LogInput& record : part.records) {
      LAPWING_CHECK(check_size("log record", record.data.size(), kMaxLogRecordBytes));
      bytes += record.data.size();
    }
  }
  if (count > kMaxAppendRecords) {
    return fail(make_error(
        ErrorKind::kTooLarge,
        fmt::format("The batch has {} records; {} is the limit.", count, kMaxAppendRecords)));
  }
  return check_size("batch", bytes, kMaxAppendBytes);
}

Status check_log_page(std::size_t max_records, std::size_t max_bytes) {
  LAPWING_CHECK(check_count("number of log records", max_records, kMaxLogReadRecords));
  return check_count("number of log bytes", max_bytes, kMaxLogReadBytes);
}

Status check_lease(std::string_view name, std::string_view owner, Duration ttl) {
  LAPWING_CHECK(check_text("lease name", name, kMaxLeaseNameBytes));
  LAPWING_CHECK(check_text("owner", owner, kMaxOwnerBytes));
  if (ttl > Duration::zero() && ttl <= kMaxLeaseTtl) return {};
  return fail(invalid("The lease's time is not positive or above the limit."));
}

std::optional<std::string> prefix_end(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty()) {
    const auto last = static_cast<unsigned char>(end.back());
    if (last != 0xff) {
      end.back() = static_cast<char>(last + 1);
      return end;
    }
    end.pop_back();
  }
  return std::nullopt;
}

std::string encode_cursor(std::string_view term, std::string_view key) {
  // The term's length in front, in two bytes: kMaxTermBytes fits.
  std::string out;
  out += static_cast<char>((term.size() >> 8) & 0xff);
  out += static_cast<char>(term.size() & 0xff);
  out += term;
  out += key;
  return out;
}

Result<IndexCursor> decode_cursor(std::string_view cursor) {
  if (cursor.size() >= 2) {
    const std::size_t size = static_cast<unsigned char>(cursor[0]) * std::size_t{256} +
                             static_cast<unsigned char>(cursor[1]);
    if (cursor.size() >= 2 + size) {
      return IndexCursor{std::string(cursor.substr(2, size)), std::string(cursor.substr(2 + size))};
    }
  }
  return fail(invalid("The scan's position is not one that a page ended with."));
}

}  // namespace lapwing::store
