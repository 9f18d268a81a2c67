#include "delivery/packing.hpp"

#include <cstddef>
#include <utility>

#include "base/packed.hpp"
#include "delivery/limits.hpp"
#include "text/utf8.hpp"

namespace lapwing::delivery {
namespace {

constexpr char kPostingFormat = 1;
constexpr char kWaitingFormat = 1;
constexpr std::size_t kFieldBytes = 8;  // of a length or a number, at most

Error unknown_format(const char* what) {
  return internal_error(std::string(what) + " of an unknown format");
}

void put_event(PackedWriter& out, const Posting& posting) {
  out.text(posting.id);
  out.text(posting.event);
  out.text(posting.group);
  out.text(posting.trace);
  out.number(static_cast<std::uint64_t>(posting.accepted_ms));
}

void get_event(PackedReader& in, Posting& posting) {
  posting.id = in.text();
  posting.event = in.text();
  posting.group = in.text();
  posting.trace = in.text();
  posting.accepted_ms = static_cast<std::int64_t>(in.number());
}

std::size_t event_bytes(const Posting& posting) {
  return posting.id.size() + posting.event.size() + posting.group.size() + posting.trace.size() +
         6 * kFieldBytes;
}

std::string_view cut(std::string_view text) { return text::truncate_utf8(text, kFailureTextMax); }

}  // namespace

std::string pack(const Posting& posting) {
  std::size_t size = event_bytes(posting) + kFieldBytes;
  for (const std::string& each : posting.addressees) size += each.size() + kFieldBytes;
  PackedWriter out(kPostingFormat);
  out.reserve(size);
  put_event(out, posting);
  out.length(posting.addressees.size());
  for (const std::string& each : posting.addressees) out.text(each);
  return std::move(out).take();
}

Result<Posting> unpack_posting(std::string_view bytes) {
  PackedReader in(bytes, kPostingFormat);
  Posting out;
  get_event(in, out);
  const std::size_t count = in.length();
  for (std::size_t i = 0; i < count && !in.broken(); ++i) out.addressees.push_back(in.text());
  if (in.broken() || !in.at_end()) return fail(unknown_format("a posting"));
  return out;
}

std::string pack_waiting(const Posting& posting, std::string_view addressee, std::uint32_t attempts,
                         const Failure* failure, std::int64_t died_ms) {
  PackedWriter out(kWaitingFormat);
  out.reserve(event_bytes(posting) + addressee.size() + 4 * kFieldBytes);
  put_event(out, posting);
  out.text(addressee);
  out.number(attempts);
  out.length(failure != nullptr ? 1 : 0);
  if (failure == nullptr) return std::move(out).take();
  out.number(static_cast<std::uint64_t>(failure->why));
  out.number(failure->attempts);
  out.number(static_cast<std::uint64_t>(failure->last.kind));
  out.text(cut(failure->last.code));
  out.text(cut(failure->last.message));
  out.text(cut(failure->last.answer));
  out.number(static_cast<std::uint64_t>(died_ms));
  return std::move(out).take();
}

Result<Waiting> unpack_waiting(std::string_view bytes) {
  PackedReader in(bytes, kWaitingFormat);
  Waiting out;
  get_event(in, out.posting);
  out.posting.addressees.push_back(in.text());
  out.attempts = static_cast<std::uint32_t>(in.number());
  if (in.length() > 0) {
    Failure& failure = out.failure.emplace();
    failure.why = static_cast<Why>(in.number());
    failure.attempts = static_cast<std::uint32_t>(in.number());
    failure.last.kind = static_cast<ports::Delivered::Kind>(in.number());
    failure.last.code = in.text();
    failure.last.message = in.text();
    failure.last.answer = in.text();
    out.died_ms = static_cast<std::int64_t>(in.number());
  }
  if (in.broken() || !in.at_end()) return fail(unknown_format("what waits in a lane"));
  return out;
}

}  // namespace lapwing::delivery
