#include "services/lambda/service.hpp"

#include <optional>

#include "services/lambda/operations/absent_settings.hpp"
#include "services/lambda/operations/operations.hpp"

namespace lapwing::lambda {

namespace {

namespace gl = gen::lambda;

constexpr std::string_view kCodeUrlSecret = "code-url";
constexpr std::size_t kSecretDigits = 64;

// What is not in these lists and carries content is refused by name. Values that are only
// partly built (PackageType ...) are refused by the operations.
void add_writers(aws::OperationTable& table, Context& c) {
  table.add<gl::CreateFunction>(
      [&c](const aws::Caller& caller, gl::CreateFunctionRequest in) {
        return create_function(c, caller, std::move(in));
      },
      {"FunctionName",  "Runtime",      "Role",        "Handler",       "Code.ZipFile",
       "Code.S3Bucket", "Code.S3Key",   "Description", "Code.ImageUri", "ImageConfig",
       "Timeout",       "MemorySize",   "Publish",     "PackageType",   "Environment",
       "TracingConfig", "Tags",         "Layers",      "Architectures", "EphemeralStorage",
       "SnapStart",     "LoggingConfig"});
  table.add<gl::UpdateFunctionCode>(
      [&c](const aws::Caller& caller, gl::UpdateFunctionCodeRequest in) {
        return update_function_code(c, caller, std::move(in));
      },
      {"FunctionName", "ZipFile", "S3Bucket", "S3Key", "ImageUri", "Publish", "DryRun",
       "RevisionId", "Architectures"});
  table.add<gl::UpdateFunctionConfiguration>(
      [&c](const aws::Caller& caller, const gl::UpdateFunctionConfigurationRequest& in) {
        return update_function_configuration(c, caller, in);
      },
      {"FunctionName", "Role", "Handler", "Description", "Timeout", "MemorySize", "Environment",
       "Runtime", "TracingConfig", "RevisionId", "Layers", "ImageConfig", "EphemeralStorage",
       "SnapStart", "LoggingConfig"});
  table.add<gl::DeleteFunction>(
      [&c](const aws::Caller& caller, const gl::DeleteFunctionRequest& in) {
        return delete_function(c, caller, in);
      });
  table.add<gl::TagResource>([&c](const aws::Caller& caller, const gl::TagResourceRequest& in) {
    return tag_resource(c, caller, in);
  });
  table.add<gl::UntagResource>([&c](const aws::Caller& caller, const gl::UntagResourceRequest& in) {
    return untag_resource(c, caller, in);
  });
}

void add_readers(aws::OperationTable& table, Context& c) {
  table.add<gl::GetFunction>([&c](const aws::Caller& caller, const gl::GetFunctionRequest& in) {
    return get_function(c, caller, in);
  });
  table.add<gl::GetFunctionConfiguration>(
      [&c](const aws::Caller& caller, const gl::GetFunctionConfigurationRequest& in) {
        return get_function_configuration(c, caller, in);
      });
  table.add<gl::ListFunctions>(
      [&c](const aws::Caller& caller, const gl::ListFunctionsRequest& in) {
        return list_functions(c, caller, in);
      },
      {"FunctionVersion", "Marker", "MaxItems"});
  table.add<gl::ListTags>([&c](const aws::Caller& caller, const gl::ListTagsRequest& in) {
    return list_tags(c, caller, in);
  });
  table.add<gl::GetAccountSettings>(
      [&c](const aws::Caller& caller, const gl::GetAccountSettings::Input&) {
        return get_account_settings(c, caller);
      });
}

void add_versions(aws::OperationTable& table, Context& c) {
  table.add<gl::PublishVersion>(
      [&c](const aws::Caller& caller, const gl::PublishVersionRequest& in) {
        return publish_version(c, caller, in);
      },
      {"FunctionName", "CodeSha256", "Description", "RevisionId"});
  table.add<gl::ListVersionsByFunction>(
      [&c](const aws::Caller& caller, const gl::ListVersionsByFunctionRequest& in) {
        return list_versions_by_function(c, caller, in);
      });
  table.add<gl::CreateAlias>([&c](const aws::Caller& caller, const gl::CreateAliasRequest& in) {
    return create_alias(c, caller, in);
  });
  table.add<gl::GetAlias>([&c](const aws::Caller& caller, const gl::GetAliasRequest& in) {
    return get_alias(c, caller, in);
  });
  table.add<gl::UpdateAlias>([&c](const aws::Caller& caller, const gl::UpdateAliasRequest& in) {
    return update_alias(c, caller, in);
  });
  table.add<gl::DeleteAlias>([&c](const aws::Caller& caller, const gl::DeleteAliasRequest& in) {
    return delete_alias(c, caller, in);
  });
  table.add<gl::ListAliases>([&c](const aws::Caller& caller, const gl::ListAliasesRequest& in) {
    return list_aliases(c, caller, in);
  });
}

void add_layers(aws::OperationTable& table, Context& c) {
  table.add<gl::PublishLayerVersion>(
      [&c](const aws::Caller& caller, gl::PublishLayerVersionRequest in) {
        return publish_layer_version(c, caller, std::move(in));
      },
      {"LayerName", "Description", "Content.ZipFile", "Content.S3Bucket", "Content.S3Key",
       "CompatibleRuntimes", "CompatibleArchitectures", "LicenseInfo"});
  table.add<gl::GetLayerVersion>(
      [&c](const aws::Caller& caller, const gl::GetLayerVersionRequest& in) {
        return get_layer_version(c, caller, in);
      });
  table.add<gl::GetLayerVersionByArn>(
      [&c](const aws::Caller& caller, const gl::GetLayerVersionByArnRequest& in) {
        return get_layer_version_by_arn(c, caller, in);
      });
  table.add<gl::DeleteLayerVersion>(
      [&c](const aws::Caller& caller, const gl::DeleteLayerVersionRequest& in) {
        return delete_layer_version(c, caller, in);
      });
  table.add<gl::ListLayers>([&c](const aws::Caller& caller, const gl::ListLayersRequest& in) {
    return list_layers(c, caller, in);
  });
  table.add<gl::ListLayerVersions>(
      [&c](const aws::Caller& caller, const gl::ListLayerVersionsRequest& in) {
        return list_layer_versions(c, caller, in);
      });
  table.add<gl::AddLayerVersionPermission>(
      [&c](const aws::Caller& caller, const gl::AddLayerVersionPermissionRequest& in) {
        return add_layer_version_permission(c, caller, in);
      },
      {"LayerName", "VersionNumber", "StatementId", "Action", "Principal", "RevisionId"});
  table.add<gl::GetLayerVersionPolicy>(
      [&c](const aws::Caller& caller, const gl::GetLayerVersionPolicyRequest& in) {
        return get_layer_version_policy(c, caller, in);
      });
  table.add<gl::RemoveLayerVersionPermission>(
      [&c](const aws::Caller& caller, const gl::RemoveLayerVersionPermissionRequest& in) {
        return remove_layer_version_permission(c, caller, in);
      });
}

void add_concurrency(aws::OperationTable& table, Context& c) {
  table.add<gl::PutFunctionConcurrency>(
      [&c](const aws::Caller& caller, const gl::PutFunctionConcurrencyRequest& in) {
        return put_function_concurrency(c, caller, in);
      });
  table.add<gl::GetFunctionConcurrency>(
      [&c](const aws::Caller& caller, const gl::GetFunctionConcurrencyRequest& in) {
        return get_function_concurrency(c, caller, in);
      });
  table.add<gl::DeleteFunctionConcurrency>(
      [&c](const aws::Caller& caller, const gl::DeleteFunctionConcurrencyRequest& in) {
        return delete_function_concurrency(c, caller, in);
      });
  table.add<gl::PutProvisionedConcurrencyConfig>(
      [&c](const aws::Caller& caller, const gl::PutProvisionedConcurrencyConfigRequest& in) {
        return put_provisioned_concurrency_config(c, caller, in);
      });
  table.add<gl::GetProvisionedConcurrencyConfig>(
      [&c](const aws::Caller& caller, const gl::GetProvisionedConcurrencyConfigRequest& in) {
        return get_provisioned_concurrency_config(c, caller, in);
      });
  table.add<gl::ListProvisionedConcurrencyConfigs>(
      [&c](const aws::Caller& caller, const gl::ListProvisionedConcurrencyConfigsRequest& in) {
        return list_provisioned_concurrency_configs(c, caller, in);
      });
  table.add<gl::DeleteProvisionedConcurrencyConfig>(
      [&c](const aws::Caller& caller, const gl::DeleteProvisionedConcurrencyConfigRequest& in) {
        return delete_provisioned_concurrency_config(c, caller, in);
      });
}

void limit_bodies(aws::OperationTable& table) {
  table.limit_body<gl::CreateFunction>(kMaxCreateRequestBytes);
  table.limit_body<gl::PublishLayerVersion>(kMaxCreateRequestBytes);
  table.limit_body<gl::UpdateFunctionCode>(kMaxUpdateCodeRequestBytes);
  table.limit_body<gl::UpdateFunctionConfiguration>(kMaxUpdateConfigurationRequestBytes);
}

}  // namespace

struct Service::Parts {
  Parts(const Environment& in, Options given)
      : environment(in),
        options(std::move(given)),
        functions(in.store),
        packages(options.data_dir, in.blobs, in.random, in.logger, options.disk),
        images({options.data_dir, options.registries, options.image_layouts, options.disk},
               in.clock, in.random, in.logger),
        code{packages, images},
        catalog(functions, code, in.random, in.logger),
        concurrency(functions, catalog, in.scaling, options.concurrency_limit),
        transitions(functions, catalog, code, in.snapshots, in.executor, in.pullers, in.random,
                    in.logger) {}

  Environment environment;
  Options options;
  Repository functions;
  PackageStore packages;
  images::ImageStore images;
  CodeStores code;
  Catalog catalog;
  Concurrency concurrency;
  Transitions transitions;
  std::optional<CodeUrls> code_urls;  // from start() on
  std::optional<Context> context;
  std::optional<aws::Service> aws;
};

Service::Service(const Environment& environment, Options options)
    : parts_(std::make_unique<Parts>(environment, std::move(options))) {}

Service::~Service() { stop(); }

Status Service::start() {
  Parts& p = *parts_;
  const Environment& in = p.environment;
  LAPWING_TRY(std::string secret,
              p.functions.secret(kCodeUrlSecret, random_hex(in.random, kSecretDigits)));
  p.code_urls.emplace(std::move(secret), p.options.url_scheme, in.clock);
  p.context.emplace(Context{p.functions, p.catalog, p.concurrency, in.blobs, p.images,
                            p.transitions, *p.code_urls, in.clock, in.random, in.logger,
                            p.options});
  aws::OperationTable table(gl::kModel);
  add_writers(table, *p.context);
  add_readers(table, *p.context);
  add_versions(table, *p.context);
  add_layers(table, *p.context);
  add_concurrency(table, *p.context);
  add_absent_settings(table, *p.context);
  limit_bodies(table);
  p.aws.emplace(std::move(table), in.patterns, in.logger);

  LAPWING_CHECK(p.functions.declare_blobs());
  LAPWING_CHECK(p.packages.prepare());
  LAPWING_CHECK(p.images.prepare());
  p.catalog.on_changed([&p](const FunctionKey& key) { return p.concurrency.refresh(key); });
  LAPWING_CHECK(p.transitions.resume());
  LAPWING_CHECK(p.concurrency.load());
  p.transitions.schedule_sweep();
  return {};
}

void Service::stop() {
  // First: a step that waits for a registry must not be waited for.
  parts_->images.stop();
  parts_->transitions.stop();
}

const aws::Service& Service::aws() const { return *parts_->aws; }

Catalog& Service::catalog() { return parts_->catalog; }

Result<CodeDownload> Service::open_code(std::string_view raw_path,
                                        std::string_view raw_query) const {
  LAPWING_TRY(const CodeUrlTarget target, parts_->code_urls->verify(raw_path, raw_query));
  LAPWING_TRY(const store::BlobId id, store::BlobId::from_hex(target.sha256));
  LAPWING_TRY(const store::BlobInfo info, parts_->environment.blobs.stat(id));
  CodeDownload out;
  LAPWING_TRY(out.reader, parts_->environment.blobs.open(id));
  out.size = info.size;
  out.file_name = target.name + ".zip";
  return out;
}

Result<std::size_t> Service::sweep() { return parts_->transitions.sweep(); }

}  // namespace lapwing::lambda
