// Archives, and replays of what they hold.
#pragma once

#include "gen/events/cancel_replay.hpp"
#include "gen/events/create_archive.hpp"
#include "gen/events/delete_archive.hpp"
#include "gen/events/describe_archive.hpp"
#include "gen/events/describe_replay.hpp"
#include "gen/events/list_archives.hpp"
#include "gen/events/list_replays.hpp"
#include "gen/events/start_replay.hpp"
#include "gen/events/update_archive.hpp"
#include "services/events/core.hpp"

namespace lapwing::events {

Result<gen::events::CreateArchiveResponse> create_archive(
    Core& core, const aws::Call& call, const gen::events::CreateArchiveRequest& in);
Result<gen::events::DescribeArchiveResponse> describe_archive(
    Core& core, const aws::Call& call, const gen::events::DescribeArchiveRequest& in);
Result<gen::events::ListArchivesResponse> list_archives(Core& core, const aws::Call& call,
                                                        const gen::events::ListArchivesRequest& in);
Result<gen::events::UpdateArchiveResponse> update_archive(
    Core& core, const aws::Call& call, const gen::events::UpdateArchiveRequest& in);
Result<gen::events::DeleteArchive::Output> delete_archive(
    Core& core, const aws::Call& call, const gen::events::DeleteArchiveRequest& in);
Result<gen::events::StartReplayResponse> start_replay(Core& core, const aws::Call& call,
                                                      const gen::events::StartReplayRequest& in);
Result<gen::events::DescribeReplayResponse> describe_replay(
    Core& core, const aws::Call& call, const gen::events::DescribeReplayRequest& in);
Result<gen::events::ListReplaysResponse> list_replays(Core& core, const aws::Call& call,
                                                      const gen::events::ListReplaysRequest& in);
Result<gen::events::CancelReplayResponse> cancel_replay(Core& core, const aws::Call& call,
                                                        const gen::events::CancelReplayRequest& in);

}  // namespace lapwing::events
