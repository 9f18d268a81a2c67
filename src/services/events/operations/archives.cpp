#include "services/events/operations/archives.hpp"

#include <utility>

#include "gen/events/enums.hpp"
#include "gen/events/errors.hpp"
#include "patterns/compile.hpp"
#include "services/events/limits.hpp"
#include "services/events/pages.hpp"

namespace lapwing::events {
namespace {

namespace errors = gen::events::errors;
using State = gen::events::ArchiveState;

Error no_such_archive(std::string_view name) {
  return errors::resource_not_found(fmt::format("Archive {} does not exist.", name));
}

Status check_pattern(const std::optional<std::string>& text) {
  if (!text || text->empty()) return {};
  const auto pattern = patterns::compile(*text, patterns::Dialect::kRule);
  if (pattern) return {};
  return fail(errors::invalid_event_pattern(pattern.error().message));
}

// A pattern, where the account has room for it.
Status check_room(const Core& core, const Archive& archive) {
  if (!archive.pattern) return {};
  const auto pattern = patterns::compile(*archive.pattern, patterns::Dialect::kRule);
  return !pattern || core.parts->matching.has_room(archive, *pattern) ? Status() : fail(too_many());
}

std::optional<std::string> unless_empty(const std::optional<std::string>& text) {
  return text && !text->empty() ? text : std::nullopt;
}

Result<ArchivePtr> find(Core& core, const aws::Call& call, const std::string& name) {
  ArchivePtr found =
      core.parts->archives.find(resources::scoped_key(aws::scope_of(call.caller), name));
  if (found == nullptr) return fail(no_such_archive(name));
  return found;
}

}  // namespace

Result<gen::events::CreateArchiveResponse> create_archive(
    Core& core, const aws::Call& call, const gen::events::CreateArchiveRequest& in) {
  const aws::Scope scope = aws::scope_of(call.caller);
  const auto bus = parse_bus_arn(in.event_source_arn);
  if (!bus || bus->scope != scope) {
    return fail(no_such_bus(bus ? bus->name : in.event_source_arn));
  }
  LAPWING_CHECK(check_pattern(in.event_pattern));
  LAPWING_CHECK(core.get_bus(*bus));
  Archive wanted{.scope = scope,
                 .name = in.archive_name,
                 .id = random_hex(*core.random, 32),
                 .bus_name = bus->name,
                 .pattern = unless_empty(in.event_pattern),
                 .description = in.description,
                 .retention_days = in.retention_days.value_or(0),
                 .created_ms = core.now_ms()};
  LAPWING_TRY(
      const ArchivePtr archive,
      core.parts->archives.change(wanted.key(), [&](const ArchivePtr& there) -> Result<ArchivePtr> {
        if (there != nullptr) {
          return fail(errors::resource_already_exists(
              fmt::format("Archive {} already exists.", in.archive_name)));
        }
        LAPWING_CHECK(check_room(core, wanted));
        return std::make_shared<const Archive>(wanted);
      }));
  gen::events::CreateArchiveResponse out;
  out.archive_arn = archive->arn();
  out.creation_time = wall_from_unix_ms(archive->created_ms);
  out.state = State::kEnabled;
  return out;
}

Result<gen::events::DescribeArchiveResponse> describe_archive(
    Core& core, const aws::Call& call, const gen::events::DescribeArchiveRequest& in) {
  LAPWING_TRY(const ArchivePtr archive, find(core, call, in.archive_name));
  LAPWING_TRY(const ArchiveFacts facts, core.parts->archive_log.facts(*archive));
  gen::events::DescribeArchiveResponse out;
  out.archive_name = archive->name;
  out.archive_arn = archive->arn();
  out.event_source_arn = archive->bus().arn();
  out.event_pattern = archive->pattern;
  out.description = archive->description;
  out.retention_days = archive->retention_days;
  out.creation_time = wall_from_unix_ms(archive->created_ms);
  out.event_count = facts.events;
  out.size_bytes = facts.bytes;
  out.state = State::kEnabled;
  return out;
}

Result<gen::events::ListArchivesResponse> list_archives(
    Core& core, const aws::Call& call, const gen::events::ListArchivesRequest& in) {
  const int filters = (in.name_prefix ? 1 : 0) + (in.event_source_arn ? 1 : 0) + (in.state ? 1 : 0);
  if (filters > 1) {
    return fail(invalid("At most one of NamePrefix, EventSourceArn or State may be provided."));
  }
  const aws::Scope scope = aws::scope_of(call.caller);
  if (in.event_source_arn) {
    const auto bus = parse_bus_arn(*in.event_source_arn);
    if (!bus || bus->scope != scope) {
      return fail(no_such_bus(bus ? bus->name : *in.event_source_arn));
    }
    LAPWING_CHECK(core.get_bus(*bus));
  }
  LAPWING_TRY(const resources::PageAsk ask,
              page_asked("events.ListArchives " + in.name_prefix.value_or("") +
                             in.event_source_arn.value_or("") + in.state.value_or(""),
                         in.next_token, in.limit));
  auto page =
      page_of(core.parts->archives, ask, resources::scoped_key(scope, ""), in.name_prefix,
              [&](const Archive& archive) {
                return (!in.event_source_arn || archive.bus().arn() == *in.event_source_arn) &&
                       (!in.state || *in.state == State::kEnabled);
              });
  gen::events::ListArchivesResponse out;
  out.next_token = std::move(page.next);
  auto& archives = out.archives.emplace();
  for (const ArchivePtr& archive : page.items) {
    LAPWING_TRY(const ArchiveFacts facts, core.parts->archive_log.facts(*archive));
    gen::events::Archive& each = archives.emplace_back();
    each.archive_name = archive->name;
    each.event_source_arn = archive->bus().arn();
    each.retention_days = archive->retention_days;
    each.creation_time = wall_from_unix_ms(archive->created_ms);
    each.event_count = facts.events;
    each.size_bytes = facts.bytes;
    each.state = State::kEnabled;
  }
  return out;
}

Result<gen::events::UpdateArchiveResponse> update_archive(
    Core& core, const aws::Call& call, const gen::events::UpdateArchiveRequest& in) {
  if (!in.event_pattern && !in.retention_days && !in.description) {
    return fail(
        invalid("At least one of EventPattern, RetentionDays or Description must be provided."));
  }
  LAPWING_CHECK(check_pattern(in.event_pattern));
  LAPWING_TRY(const ArchivePtr archive,
              core.parts->archives.change(
                  resources::scoped_key(aws::scope_of(call.caller), in.archive_name),
                  [&](const ArchivePtr& there) -> Result<ArchivePtr> {
                    if (there == nullptr) return fail(no_such_archive(in.archive_name));
                    auto changed = std::make_shared<Archive>(*there);
                    if (in.event_pattern) {
                      changed->pattern = unless_empty(in.event_pattern);
                      LAPWING_CHECK(check_room(core, *changed));
                    }
                    if (in.retention_days) changed->retention_days = *in.retention_days;
                    if (in.description) changed->description = in.description;
                    return changed;
                  }));
  gen::events::UpdateArchiveResponse out;
  out.archive_arn = archive->arn();
  out.creation_time = wall_from_unix_ms(archive->created_ms);
  out.state = State::kEnabled;
  return out;
}

Result<gen::events::DeleteArchive::Output> delete_archive(
    Core& core, const aws::Call& call, const gen::events::DeleteArchiveRequest& in) {
  LAPWING_TRY(const ArchivePtr archive, find(core, call, in.archive_name));
  LAPWING_CHECK(core.parts->archives.change(archive->key(),
                                            [&](const ArchivePtr& there) -> Result<ArchivePtr> {
                                              if (there == nullptr)
                                                return fail(no_such_archive(in.archive_name));
                                              return ArchivePtr();
                                            }));
  LAPWING_CHECK(core.parts->archive_log.drop(*archive));
  return gen::events::DeleteArchive::Output();
}

}  // namespace lapwing::events
