#include "services/lambda/operations/common.hpp"

#include <algorithm>

#include "aws/arn.hpp"
#include "aws/page_token.hpp"
#include "ports/roles.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/limits.hpp"
#include "services/lambda/runtimes.hpp"

namespace lapwing::lambda {

namespace {

// The version that a qualifier means: 0 for $LATEST, nullopt for an alias that is not there.
Result<std::optional<std::uint64_t>> resolve_qualifier(Records& records, const FunctionKey& key,
                                                       std::string_view qualifier) {
  if (const std::optional<std::uint64_t> version = parse_version(qualifier)) return version;
  LAPWING_TRY(const std::optional<AliasRecord> alias, records.find_alias(key, qualifier));
  if (!alias) return std::nullopt;
  return alias->target.version;
}

}  // namespace

Result<FunctionIdentifier> identify(const aws::Caller& caller, std::string_view function_name,
                                    const std::optional<std::string>& qualifier,
                                    std::string_view action) {
  return parse_function_identifier(function_name, qualifier,
                                   {caller.account, caller.region, caller.principal_arn, action});
}

Result<FunctionKey> identify_function(const aws::Caller& caller, std::string_view function_name,
                                      std::string_view action) {
  LAPWING_TRY(FunctionIdentifier id, identify(caller, function_name, std::nullopt, action));
  if (!id.qualifier.empty() && id.qualifier != kLatest) return fail(errors::functions_only());
  return std::move(id.key);
}

Result<FunctionKey> identify_unqualified(const aws::Caller& caller, std::string_view function_name,
                                         std::string_view action) {
  LAPWING_TRY(FunctionIdentifier id, identify(caller, function_name, std::nullopt, action));
  if (!id.qualifier.empty()) return fail(errors::functions_only());
  return std::move(id.key);
}

Result<FunctionRecord> find_function(Core& core, const FunctionIdentifier& id) {
  std::optional<FunctionRecord> record;
  LAPWING_CHECK(core.functions.read([&](Records& records) -> Status {
    LAPWING_TRY(const std::optional<std::uint64_t> version,
                resolve_qualifier(records, id.key, id.qualifier));
    if (!version) return {};
    LAPWING_TRY(record, records.find(id.key, *version));
    return {};
  }));
  if (!record) return fail(errors::function_not_found(function_arn(id.key, id.qualifier)));
  return *std::move(record);
}

void log_retired_runtime(Core& core, const FunctionKey& key,
                         const std::optional<std::string>& runtime) {
  if (!runtime || !is_retired(*runtime)) return;
  const std::string_view what = core.options.refuse_retired
                                    ? "retired runtime refused, as runtimes.retired says"
                                    : "retired runtime accepted, which AWS refuses";
  core.logger.warn("lambda", what, {{"function", function_arn(key)}, {"runtime", *runtime}});
}

namespace {

// Why Lambda could not assume it; empty where it can.
Result<std::string_view> role_fault(Core& core, const std::string& role) {
  if (core.ports.roles == nullptr) return std::string_view();
  LAPWING_TRY(const ports::Role found, core.ports.roles->find(role));
  if (!found.known) return std::string_view("IAM has no such role");
  return std::string_view(
      found.trusts("lambda.amazonaws.com") ? "" : "its trust policy does not name Lambda");
}

}  // namespace

Status check_role(Core& core, const aws::Caller& caller, const std::string& role) {
  if (core.ports.roles == nullptr || !core.ports.roles->known_only()) return {};
  if (const auto arn = aws::Arn::parse(role); arn && arn->account != caller.account) {
    return fail(errors::role_of_another_account());
  }
  LAPWING_TRY(const std::string_view fault, role_fault(core, role));
  return fault.empty() ? Status() : fail(errors::role_not_assumable());
}

void log_role(Core& core, const FunctionKey& key, const std::string& role) {
  const auto fault = role_fault(core, role);
  if (!fault || fault->empty()) return;
  core.logger.info("lambda",
                   "an execution role that Lambda could not assume on AWS; iam.roles=known refuses "
                   "it",
                   {{"function", function_arn(key)}, {"role", role}, {"why", *fault}});
}

namespace {

void log_foreign_modules(Core& core, const NativeFiles& native, std::string_view of) {
  const std::vector<std::string>& here = core.options.architectures;
  for (const auto& [path, machine] : native.modules) {
    if (std::ranges::find(here, machine) != here.end()) continue;
    core.logger.warn("lambda", "a native module is made for another machine: it will not load here",
                     {{"of", of}, {"module", path}, {"machine", machine}});
  }
}

}  // namespace

Result<CodeRef> keep_package(Core& core, std::string_view zip, std::string_view of) {
  LAPWING_TRY(const PackageInfo info, PackageStore::check(zip));
  log_foreign_modules(core, info.native, of);
  if (core.options.disk != nullptr) {
    const Status room = core.options.disk->check(zip.size() + info.unpacked_bytes);
    if (!room) return fail(errors::code_storage_exceeded(room.error().message()));
  }
  auto kept = core.blobs.put(as_bytes(zip));
  if (!kept && os::is_disk_full(kept.error()))
    return fail(errors::code_storage_exceeded(kept.error().message()));
  if (!kept) return fail(std::move(kept).error().context("keep a package"));
  return CodeRef{kept->id.hex(), kept->size, info.unpacked_bytes, info.native.bootstrap};
}

Result<CodeRef> look_up_image(Core& core, const std::string& uri, ImageRef& image) {
  if (core.options.disk != nullptr) {
    const Status room = core.options.disk->check(0);
    if (!room) return fail(errors::code_storage_exceeded(room.error().message()));
  }
  auto resolved = core.images.resolve(uri);
  if (resolved) {
    image.uri = uri;
    image.resolved_uri = resolved->uri;
    return CodeRef{resolved->digest.hex(), 0, 0};
  }
  Error error = std::move(resolved).error();
  switch (error.kind()) {
    case ErrorKind::kInvalid:
      return fail(errors::image_not_valid(uri).with_detail(error.to_log()));
    case ErrorKind::kNotFound:
      return fail(errors::image_not_there(uri).with_detail(error.to_log()));
    case ErrorKind::kDenied:
      if (images::is_local_reference(uri)) return fail(errors::image_layout_denied(uri));
      return fail(errors::image_access_denied(error.to_log()));
    case ErrorKind::kUnsupported:
    case ErrorKind::kTooLarge:
      return fail(errors::image_not_supported(uri, error.to_log()));
    case ErrorKind::kThrottled:
      return fail(errors::too_many_requests());
    default:
      return fail(std::move(error).context("look up image " + uri));
  }
}

void begin_update(FunctionRecord& record, Settings settings, const std::string& revision_id,
                  std::int64_t now_ms) {
  // After a failed update the older settings are still the ones that serve.
  if (!record.serving) record.serving = std::move(record.settings);
  record.settings = std::move(settings);
  record.update = UpdateStatus::kInProgress;
  record.update_reason = {"Creating", "The function is being created."};
  record.revision_id = revision_id;
  record.last_modified_ms = now_ms;
}

Status check_changeable(const FunctionRecord& record,
                        const std::optional<std::string>& revision_id) {
  if (record.state != State::kActive) return fail(errors::wrong_state(to_string(record.state)));
  if (record.update == UpdateStatus::kInProgress) {
    return fail(errors::update_in_progress(function_arn(record.key)));
  }
  if (revision_id && *revision_id != record.revision_id) return fail(errors::revision_mismatch());
  return {};
}

Result<Published> publish(RecordTxn& txn, const FunctionRecord& latest,
                          const std::optional<std::string>& description,
                          const std::string& revision_id) {
  LAPWING_TRY(std::optional<FunctionRecord> newest, txn.newest_version(latest.key));
  if (newest && unchanged(newest->settings, latest.settings)) {
    return Published{*std::move(newest), false};
  }
  FunctionRecord out;
  out.key = latest.key;
  LAPWING_TRY(out.version, txn.next_version(latest.key));
  out.settings = latest.settings;
  out.own_description = description;
  out.last_modified_ms = latest.last_modified_ms;
  out.revision_id = revision_id;
  // What $LATEST serves is what it shows: the code is on disk.
  // A snapshot is taken first.
  if (latest.state == State::kActive && !latest.serving && !out.settings.snap_start) {
    out.state = State::kActive;
    out.update = UpdateStatus::kSuccessful;
  } else {
    out.state = State::kPending;
    out.state_reason = {"Creating", "The function is being created."};
  }
  LAPWING_CHECK(txn.put(out));
  return Published{std::move(out), true};
}

Result<std::string> read_marker(std::string_view list, const std::optional<std::string>& marker) {
  if (!marker || marker->empty()) return std::string();
  auto position = aws::read_page_token(list, *marker);
  if (!position || position->empty()) return fail(errors::invalid_marker());
  return *std::move(position);
}

Result<resources::PageAsk> ask_page(std::string list, const std::optional<std::string>& marker,
                                    const std::optional<std::int32_t>& max_items) {
  const bool first = !marker || marker->empty();
  auto ask =
      resources::page_ask(std::move(list), first ? std::nullopt : marker, page_size(max_items));
  if (!ask) return fail(errors::invalid_marker());
  return *std::move(ask);
}

std::size_t page_size(const std::optional<std::int32_t>& max_items) {
  const auto wanted = max_items ? static_cast<std::size_t>(std::max(*max_items, 1)) : kMaxPerPage;
  return std::min(wanted, kMaxPerPage);
}

}  // namespace lapwing::lambda
