#include "services/lambda/testing/harness.hpp"

#include <stdlib.h>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "services/lambda/package_tree.hpp"
#include "services/lambda/testing/zip_builder.hpp"
#include "store/memory/memory_engine.hpp"
#include "text/base64.hpp"

namespace lapwing::lambda::testing {

void ManualExecutor::run_all() {
  while (!jobs_.empty()) {
    UniqueFunction<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    job();
  }
}

std::string FakeScaling::orders(const std::string& name) const {
  std::string out;
  for (const auto& [arn, plan] : plans) {
    if (!arn.ends_with(":" + name)) continue;
    for (const engine::ProvisionOrder& order : plan.provisioned) {
      out += fmt::format("{}{}={}", out.empty() ? "" : " ", order.version->version, order.count);
    }
  }
  return out;
}

const text::JsonValue* Answer::find(std::string_view path) const {
  if (!json) return nullptr;
  const text::JsonValue* value = &json->root();
  while (value != nullptr && !path.empty()) {
    const std::string_view part = path.substr(0, path.find('.'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (value->is_array()) {
      const auto index = static_cast<std::size_t>(std::stoul(std::string(part)));
      value = index < value->items().size() ? &value->items()[index] : nullptr;
    } else {
      value = value->find(part);
    }
  }
  return value;
}

std::string Answer::at(std::string_view path) const {
  const text::JsonValue* value = find(path);
  if (value == nullptr) return "";
  if (value->is_bool()) return value->as_bool() ? "true" : "false";
  return std::string(value->is_number() ? value->number_text() : value->as_string());
}

bool Answer::has(std::string_view path) const { return find(path) != nullptr; }

std::string Answer::message() const { return has("message") ? at("message") : at("Message"); }

void FakeSnapshots::answer(runtime::SnapshotResult::Kind kind, std::string code, std::string text) {
  ASSERT_FALSE(asked.empty());
  Asked oldest = std::move(asked.front());
  asked.pop_front();
  oldest.done({kind, std::move(code), std::move(text), nullptr});
}

Harness::Harness() {
  char path[] = "/tmp/lapwing-lambda-XXXXXX";
  EXPECT_NE(mkdtemp(path), nullptr);
  data_dir = path;
  engine = store::make_memory_engine(clock);
  caller.host = "localhost:4566";
  caller.principal_arn = "arn:aws:iam::000000000000:root";
  caller.request_id = RequestId("3f2504e0-4f89-41d3-9a0c-0305e82c3301");
  restart();
}

Harness::~Harness() {
  service.reset();
  EXPECT_TRUE(remove_tree(data_dir));
}

void Harness::restart() {
  service.reset();
  executor.forget();
  snapshots.asked.clear();
  Options options;
  options.data_dir = data_dir;
  options.image_layouts = {data_dir + "/layouts"};
  options.refuse_retired = refuse_retired;
  options.catalogue = catalogue;
  options.disk = disk;
  options.network_modes = {{"none", ""}, {"nat", ""}, {"host", "not here"}};
  side.emplace(engine::EngineSide{executor, executor, scaling, snapshots, invoker});
  ports.engine = &*side;
  ports.roles = roles;
  service =
      std::make_unique<Service>(hosting::Dependencies{*engine, clock, clock, random, logger,
                                                      background, loops, pipeline, keys, ports},
                                options);
  service->publish(ports);
  const Status started = service->start();
  EXPECT_TRUE(started) << started.error().to_log();
}

Result<CodeDownload> Harness::open_code(std::string_view raw_path,
                                        std::string_view raw_query) const {
  // The only one there is.
  return static_cast<CodeDownloads&>(*service->data_planes().front()).open(raw_path, raw_query);
}

Answer Harness::send(std::string_view operation, std::string_view method, std::string_view path,
                     std::string_view query, std::string_view body) {
  const aws::ServiceModel& model = service->api().model();
  const aws::OperationRow* row = nullptr;
  for (const aws::OperationRow& candidate : model.operations) {
    if (model.name(candidate) == operation) row = &candidate;
  }
  aws::Request request;
  request.method = method;
  request.raw_path = path;
  request.raw_query = query;
  request.body = body;
  aws::Response response =
      service->api().handle({row, aws::Protocol::kRestJson, request, {caller}});
  Answer out;
  out.status = response.status;
  out.error = response.header("x-amzn-ErrorType").value_or("");
  out.body = std::move(response.body);
  if (auto parsed = text::parse_json_copy(out.body)) {
    out.json = std::make_shared<text::JsonDocument>(*std::move(parsed));
  }
  return out;
}

Answer Harness::create(std::string_view name, std::string_view zip, std::string_view more) {
  return send("CreateFunction", "POST", "/2015-03-31/functions", "",
              fmt::format(R"({{"FunctionName":"{}","Runtime":"python3.8","Handler":"f.h",)"
                          R"("Role":"arn:aws:iam::000000000000:role/lambda-ex",)"
                          R"("Code":{{"ZipFile":"{}"}}{}{}}})",
                          name, text::base64_encode(zip), more.empty() ? "" : ",", more));
}

Answer Harness::create_active(std::string_view name, std::string_view more) {
  Answer out = create(name, hello_zip(), more);
  executor.run_all();
  return out;
}

Answer Harness::get(std::string_view name) {
  return send("GetFunction", "GET", fmt::format("/2015-03-31/functions/{}", name));
}

Answer Harness::put_code(std::string_view name, std::string_view zip, std::string_view more) {
  return send("UpdateFunctionCode", "PUT", fmt::format("/2015-03-31/functions/{}/code", name), "",
              fmt::format(R"({{"ZipFile":"{}"{}{}}})", text::base64_encode(zip),
                          more.empty() ? "" : ",", more));
}

Answer Harness::put_configuration(std::string_view name, std::string_view body) {
  return send("UpdateFunctionConfiguration", "PUT",
              fmt::format("/2015-03-31/functions/{}/configuration", name), "", body);
}

Answer Harness::get_configuration(std::string_view name, std::string_view qualifier) {
  return send("GetFunctionConfiguration", "GET",
              fmt::format("/2015-03-31/functions/{}/configuration", name),
              fmt::format("Qualifier={}", qualifier));
}

Answer Harness::publish(std::string_view name, std::string_view body) {
  return send("PublishVersion", "POST", fmt::format("/2015-03-31/functions/{}/versions", name), "",
              body);
}

Answer Harness::put_alias(std::string_view name, std::string_view alias, std::string_view version,
                          std::string_view more) {
  return send("CreateAlias", "POST", fmt::format("/2015-03-31/functions/{}/aliases", name), "",
              fmt::format(R"({{"Name":"{}","FunctionVersion":"{}"{}{}}})", alias, version,
                          more.empty() ? "" : ",", more));
}

Answer Harness::publish_layer(std::string_view layer, std::string_view zip, std::string_view more) {
  return send("PublishLayerVersion", "POST", fmt::format("/2018-10-31/layers/{}/versions", layer),
              "",
              fmt::format(R"({{"Content":{{"ZipFile":"{}"}}{}{}}})", text::base64_encode(zip),
                          more.empty() ? "" : ",", more));
}

Result<runtime::FunctionVersionPtr> Harness::resolve(std::string_view name,
                                                     std::string_view qualifier) const {
  return service->catalog().resolve(caller.account, caller.region, name, qualifier);
}

}  // namespace lapwing::lambda::testing
