#include "services/pipes/operations/pipes.hpp"

#include <utility>

#include "gen/pipes/enums.hpp"
#include "resources/pages.hpp"
#include "services/pipes/checks.hpp"
#include "services/pipes/limits.hpp"
#include "services/pipes/operations/showing.hpp"
#include "services/pipes/operations/tags.hpp"
#include "services/pipes/plan.hpp"
#include "services/pipes/tables.hpp"
#include "services/pipes/words.hpp"

namespace lapwing::pipes {
namespace {

namespace gp = gen::pipes;

std::string key_of(const aws::Call& call, std::string_view name) {
  return resources::scoped_key(aws::scope_of(call.caller), name);
}

Result<Pipe> find_pipe(store::Reader& reader, const aws::Call& call, std::string_view name) {
  LAPWING_TRY(auto found, Pipes::find(reader, key_of(call, name)));
  if (!found) return fail(no_such_pipe(name));
  return std::move(found->record);
}

Result<Pipe> read_pipe(Core& core, const aws::Call& call, std::string_view name) {
  Pipe out;
  LAPWING_CHECK(core.store.read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(out, find_pipe(reader, call, name));
    return {};
  }));
  return out;
}

// Of one that is not on its way; `change` may run more than once.
template <class Change>
Result<Pipe> change_pipe(Core& core, const aws::Call& call, std::string_view name, Change change) {
  Pipe out;
  const std::int64_t now = core.now_ms();
  const auto done = core.store.transact([&](store::Txn& txn) -> Status {
    LAPWING_TRY(out, find_pipe(txn, call, name));
    if (is_changing(out.state)) return fail(pipe_is_changing(name, to_string(out.state)));
    LAPWING_TRY(const bool changed, change(out));
    if (!changed) return {};
    out.modified_ms = now;
    out.reason.clear();
    LAPWING_CHECK(Pipes::put(txn, out));
    return {};
  });
  if (!done) return fail(store_failure(done.error()));
  core.works.changed();
  return out;
}

Wanted wanted_of(std::string_view state) {
  return state == gp::RequestedPipeState::kStopped ? Wanted::kStopped : Wanted::kRunning;
}

// What the request says, into the pipe.
Status apply(Core& core, const gp::UpdatePipeRequest& in, Pipe& pipe) {
  LAPWING_TRY(Parameters parameters, parameters_of(pipe));
  if (in.description) pipe.description = in.description;
  if (in.desired_state) pipe.wanted = wanted_of(*in.desired_state);
  pipe.role_arn = in.role_arn;
  if (in.target && *in.target != pipe.target_arn) {
    pipe.target_arn = *in.target;
    drop_foreign(kind_of(pipe.target_arn), parameters);
  }
  if (in.enrichment) {
    pipe.enrichment_arn = *in.enrichment;
    if (pipe.enrichment_arn.empty()) parameters.enrichment.reset();
  }
  if (in.source_parameters) merge(*in.source_parameters, parameters);
  if (in.enrichment_parameters) merge(*in.enrichment_parameters, parameters);
  if (in.target_parameters) merge(*in.target_parameters, parameters);
  if (in.log_configuration) parameters.log = in.log_configuration;
  LAPWING_CHECK(check_pipe(core.ports, gp::UpdatePipe::kName, pipe, parameters));
  keep(parameters, pipe);
  return {};
}

}  // namespace

Result<gp::CreatePipeResponse> create_pipe(Core& core, const aws::Call& call,
                                           gp::CreatePipeRequest in) {
  Pipe pipe;
  pipe.scope = aws::scope_of(call.caller);
  pipe.name = std::move(in.name);
  pipe.id = make_uuid(core.random);
  pipe.source_arn = std::move(in.source);
  pipe.enrichment_arn = in.enrichment.value_or("");
  pipe.target_arn = std::move(in.target);
  pipe.role_arn = std::move(in.role_arn);
  pipe.description = std::move(in.description);
  if (in.desired_state) pipe.wanted = wanted_of(*in.desired_state);
  if (in.tags) pipe.tags = *std::move(in.tags);
  const Parameters parameters{std::move(in.source_parameters), std::move(in.enrichment_parameters),
                              std::move(in.target_parameters), std::move(in.log_configuration)};
  LAPWING_CHECK(check_pipe(core.ports, gp::CreatePipe::kName, pipe, parameters));
  LAPWING_CHECK(check_tags(pipe.tags));
  keep(parameters, pipe);
  pipe.created_ms = pipe.modified_ms = core.now_ms();
  const auto done = core.store.transact([&](store::Txn& txn) -> Status {
    LAPWING_TRY(const auto there, Pipes::find(txn, PipeTable::key(pipe)));
    if (there) return fail(pipe_exists(pipe.name));
    LAPWING_CHECK(Pipes::insert(txn, pipe));
    return {};
  });
  if (!done) return fail(store_failure(done.error()));
  core.works.changed();
  return shown<gp::CreatePipeResponse>(pipe);
}

Result<gp::UpdatePipeResponse> update_pipe(Core& core, const aws::Call& call,
                                           gp::UpdatePipeRequest in) {
  LAPWING_TRY(const Pipe changed, change_pipe(core, call, in.name, [&](Pipe& pipe) -> Result<bool> {
                LAPWING_CHECK(apply(core, in, pipe));
                pipe.state = State::kUpdating;
                return true;
              }));
  return shown<gp::UpdatePipeResponse>(changed);
}

Result<gp::StartPipeResponse> start_pipe(Core& core, const aws::Call& call,
                                         gp::StartPipeRequest in) {
  LAPWING_TRY(const Pipe changed, change_pipe(core, call, in.name, [](Pipe& pipe) -> Result<bool> {
                if (pipe.state == State::kRunning) return false;
                pipe.wanted = Wanted::kRunning;
                pipe.state = State::kStarting;
                return true;
              }));
  return shown<gp::StartPipeResponse>(changed);
}

Result<gp::StopPipeResponse> stop_pipe(Core& core, const aws::Call& call, gp::StopPipeRequest in) {
  LAPWING_TRY(const Pipe changed, change_pipe(core, call, in.name, [](Pipe& pipe) -> Result<bool> {
                if (pipe.state == State::kStopped) return false;
                pipe.wanted = Wanted::kStopped;
                pipe.state = State::kStopping;
                return true;
              }));
  return shown<gp::StopPipeResponse>(changed);
}

Result<gp::DeletePipeResponse> delete_pipe(Core& core, const aws::Call& call,
                                           gp::DeletePipeRequest in) {
  LAPWING_TRY(const Pipe changed, change_pipe(core, call, in.name, [](Pipe& pipe) -> Result<bool> {
                pipe.wanted = Wanted::kDeleted;
                pipe.state = State::kDeleting;
                return true;
              }));
  return shown<gp::DeletePipeResponse>(changed);
}

Result<gp::DescribePipeResponse> describe_pipe(Core& core, const aws::Call& call,
                                               gp::DescribePipeRequest in) {
  LAPWING_TRY(const Pipe pipe, read_pipe(core, call, in.name));
  LAPWING_TRY(gp::DescribePipeResponse out, described(pipe));
  out.state_reason = reason_shown(core, pipe);
  return out;
}

Result<gp::ListPipesResponse> list_pipes(Core& core, const aws::Call& call,
                                         gp::ListPipesRequest in) {
  const auto text = [](const std::optional<std::string>& given) { return given.value_or(""); };
  auto ask = resources::page_ask(
      "pipes.ListPipes " + text(in.name_prefix) + ' ' + text(in.desired_state) + ' ' +
          text(in.current_state) + ' ' + text(in.source_prefix) + ' ' + text(in.target_prefix),
      in.next_token,
      static_cast<std::size_t>(in.limit.value_or(static_cast<std::int32_t>(kPageMax))));
  if (!ask) return fail(invalid("The NextToken provided is not valid."));
  resources::Paged<Pipe> page;
  LAPWING_CHECK(core.store.read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(
        page,
        resources::page_records<PipeTable>(reader, *ask, key_of(call, ""), [&](const Pipe& each) {
          return each.name.starts_with(text(in.name_prefix)) &&
                 (!in.desired_state || *in.desired_state == to_string(each.wanted)) &&
                 (!in.current_state || *in.current_state == to_string(each.state)) &&
                 each.source_arn.starts_with(text(in.source_prefix)) &&
                 each.target_arn.starts_with(text(in.target_prefix));
        }));
    return {};
  }));
  gp::ListPipesResponse out;
  auto& pipes = out.pipes.emplace();
  for (const Pipe& each : page.items) {
    gp::Pipe& shown_one = pipes.emplace_back(shown<gp::Pipe>(each));
    shown_one.source = each.source_arn;
    shown_one.target = each.target_arn;
    if (!each.enrichment_arn.empty()) shown_one.enrichment = each.enrichment_arn;
    shown_one.state_reason = reason_shown(core, each);
  }
  out.next_token = std::move(page.next);
  return out;
}

}  // namespace lapwing::pipes
