#include "services/logs/deliveries.hpp"

#include <optional>
#include <string>
#include <utility>

#include "aws/arn.hpp"
#include "services/logs/chunk.hpp"
#include "services/logs/core.hpp"
#include "services/logs/errors.hpp"
#include "services/logs/following/chain.hpp"
#include "services/logs/limits.hpp"
#include "services/logs/resource_policies.hpp"
#include "text/json.hpp"
#include "text/time_format.hpp"

namespace lapwing::logs {
namespace {

using ports::Delivered;
using ports::Parcel;

struct LogLine {
  std::int64_t time_ms = 0;
  std::string message;
};

LogLine line_of(const Parcel& parcel, std::int64_t now_ms) {
  LogLine out{parcel.time_ms.value_or(now_ms), parcel.body};
  if (parcel.time_ms) return out;
  const auto document = text::parse_json(parcel.body);
  if (!document || !document->root().is_object() || document->root().size() != 2) return out;
  const text::JsonValue* const time = document->root().find("timestamp");
  const text::JsonValue* const message = document->root().find("message");
  if (time == nullptr || message == nullptr || !time->as_int64() || !message->is_string()) {
    return out;
  }
  return {*time->as_int64(), std::string(message->as_string())};
}

Status write(Core& core, const Parcel& parcel) {
  const auto arn = aws::Arn::parse(parcel.target);
  if (!arn) return fail(group_not_found());
  const Scope scope{arn->account, arn->region};
  const auto name = name_in_arn(scope, parcel.target);
  if (!name) return fail(group_not_found());
  const std::int64_t now_ms = core.now_ms();
  const LogLine line = line_of(parcel, now_ms);
  if (line.message.size() + kEventOverheadBytes > kEventBytesMax) {
    return fail(invalid_parameter("Log event too large."));
  }
  const DeletionGate::Passed passed = core.deletion.pass();
  LAPWING_TRY(const Group group, core.repository.group(scope, *name));
  const std::string stream = parcel.log_stream.empty()
                                 ? "events/" + text::format_day_path(wall_from_unix_ms(now_ms))
                                 : parcel.log_stream;
  if (!parcel.as.service.empty()) {
    LAPWING_TRY(const bool may, may_write(core.repository, scope, group.name, stream, parcel.as));
    if (!may) {
      return fail(access_denied(fmt::format(
          "{} is not authorized to perform: logs:PutLogEvents on resource: {}: no resource policy "
          "allows it",
          parcel.as.service, group_arn(scope, group.name))));
    }
  }
  LAPWING_TRY(const std::vector<StreamTarget> targets,
              core.repository.ensure_streams({{scope, *name, stream}}, now_ms));
  const GroupBudgetPtr budget = core.budget.group(scope, *name);
  const MonoTime now = core.clock->mono();
  core.budget.refresh(now);
  if (const auto why = budget->take(line.message.size(), now)) {
    return fail(rate_exceeded(describe(*why, core.budget.limits())));
  }
  std::string_view chain = chain_of(parcel.trace);
  if (!chain.empty() && !core.follows.follows(scope, *name)) chain = {};
  ChunkBuilder chunk;
  chunk.add(line.time_ms, line.message, now_ms, chain);
  ChunkBuilder::Finished finished = chunk.finish();
  const std::size_t bytes = finished.data.size();
  const store::LogInput input[] = {{finished.newest_ms, std::move(finished.data)}};
  if (auto written = core.events.append(targets.at(0), input); !written) {
    return fail(service_unavailable(written.error().to_log()));
  }
  core.budget.note_written(*budget, group.uid, bytes);
  core.follows.wrote(targets.at(0), stream);
  return {};
}

Delivered outcome(const Status& written) {
  if (written) return {};
  const ErrorKind kind = written.error().kind();
  const bool hopeless = kind == ErrorKind::kNotFound || kind == ErrorKind::kInvalid;
  return {.kind = hopeless ? Delivered::Kind::kRefused : Delivered::Kind::kLater,
          .code = written.error().code(),
          .message = written.error().message()};
}

}  // namespace

net::Task<std::vector<Delivered>> Deliveries::deliver(net::Loop& loop,
                                                      const std::vector<Parcel>& parcels) {
  auto done = co_await workers_.run(loop, [core = &core_, copied = parcels] {
    std::vector<Delivered> out;
    for (const Parcel& parcel : copied) out.push_back(outcome(write(*core, parcel)));
    return out;
  });
  if (done) co_return *std::move(done);
  co_return std::vector<Delivered>(parcels.size(), Delivered{.kind = Delivered::Kind::kLater,
                                                             .code = done.error().code(),
                                                             .message = done.error().message()});
}

}  // namespace lapwing::logs
