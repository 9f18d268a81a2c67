#include "services/lambda/service.hpp"

#include <optional>

#include "services/lambda/operations/operations.hpp"

namespace lapwing::lambda {

namespace {

namespace gl = gen::lambda;

constexpr std::string_view kCodeUrlSecret = "code-url";
constexpr std::size_t kSecretDigits = 64;

// What is not in these lists and carries content is refused by name. Values that are only
// partly built (Publish, PackageType ...) are refused by the operations.
void add_writers(aws::OperationTable& table, Context& c) {
  table.add<gl::CreateFunction>(
      [&c](const aws::Caller& caller, gl::CreateFunctionRequest in) {
        return create_function(c, caller, std::move(in));
      },
      {"FunctionName", "Runtime", "Role", "Handler", "Code.ZipFile", "Code.S3Bucket", "Code.S3Key",
       "Description", "Timeout", "MemorySize", "Publish", "PackageType", "Environment",
       "TracingConfig", "Tags", "Architectures", "EphemeralStorage", "SnapStart", "LoggingConfig"});
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
       "Runtime", "TracingConfig", "RevisionId", "EphemeralStorage", "SnapStart", "LoggingConfig"});
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

}  // namespace

struct Service::Parts {
  Parts(const Environment& in, Options given)
      : environment(in),
        options(std::move(given)),
        functions(in.store),
        packages(options.data_dir, in.blobs, in.random, in.logger),
        catalog(functions, packages, in.logger),
        transitions(functions, catalog, packages, in.executor, in.random, in.logger) {}

  Environment environment;
  Options options;
  Repository functions;
  PackageStore packages;
  Catalog catalog;
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
  p.context.emplace(Context{p.functions, p.catalog, in.blobs, p.transitions, *p.code_urls, in.clock,
                            in.random, p.options});
  aws::OperationTable table(gl::kModel);
  add_writers(table, *p.context);
  add_readers(table, *p.context);
  p.aws.emplace(std::move(table), in.patterns, in.logger);

  LAPWING_CHECK(p.packages.prepare());
  LAPWING_CHECK(p.transitions.resume());
  p.transitions.schedule_sweep();
  return {};
}

void Service::stop() { parts_->transitions.stop(); }

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

Result<std::vector<store::BlobId>> Service::referenced_blobs() const {
  std::vector<store::BlobId> out;
  LAPWING_CHECK(parts_->functions.for_each([&](FunctionRecord& record) -> Status {
    for (const std::string& sha256 : {record.settings.code.sha256, record.served().code.sha256}) {
      LAPWING_TRY(const store::BlobId id, store::BlobId::from_hex(sha256));
      out.push_back(id);
    }
    return {};
  }));
  return out;
}

Result<std::size_t> Service::sweep() { return parts_->transitions.sweep(); }

}  // namespace lapwing::lambda
