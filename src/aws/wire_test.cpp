// Runs data/wire/*.json through the engines: request -> input, output -> response, error ->
// response, over the toy service of codegen/golden.
#include <algorithm>
#include <dirent.h>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "aws/engine.hpp"
#include "aws/service.hpp"
#include "aws/testing/value_json.hpp"
#include "gen/toy/model.hpp"
#include "source_dir.hpp"
#include "text/hex.hpp"
#include "text/json.hpp"
#include "text/json_writer.hpp"

namespace lapwing::aws {
namespace {

struct Case {
  std::string file;
  std::string protocol;
  std::string name;
  std::string json;
};

std::string read_file(const std::string& path) {
  std::ifstream in(path);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

std::vector<Case> load_cases() {
  const std::string folder = std::string(kSourceDir) + "/src/aws/data/wire";
  std::vector<std::string> names;
  DIR* directory = opendir(folder.c_str());
  while (const dirent* entry = directory ? readdir(directory) : nullptr) {
    const std::string name = entry->d_name;
    if (name.ends_with(".json")) names.push_back(name);
  }
  if (directory != nullptr) closedir(directory);
  std::ranges::sort(names);
  std::vector<Case> out;
  for (const std::string& name : names) {
    const auto document = text::parse_json_copy(read_file(folder + "/" + name));
    if (!document) {
      out.push_back({name, "", document.error().message(), ""});
      continue;
    }
    const text::JsonValue& root = document->root();
    for (const text::JsonValue& item : root.find("cases")->items()) {
      out.push_back({name, std::string(root.find("protocol")->as_string()),
                     std::string(item.find("name")->as_string()), text::to_json(item)});
    }
  }
  return out;
}

Protocol protocol_of(const std::string& name) {
  for (const Protocol protocol :
       {Protocol::kRestJson, Protocol::kJson10, Protocol::kJson11, Protocol::kQuery,
        Protocol::kRestXml, Protocol::kEc2, Protocol::kCbor}) {
    if (to_string(protocol) == name) return protocol;
  }
  ADD_FAILURE() << "no protocol " << name;
  return Protocol::kRestJson;
}

std::string text_of(const text::JsonValue& json, std::string_view key, std::string otherwise) {
  const text::JsonValue* found = json.find(key);
  return found == nullptr ? otherwise : std::string(found->as_string());
}

// Text, or hexadecimal for what is none.
std::string body_of(const text::JsonValue& json) {
  if (json.find("body_hex") == nullptr) return text_of(json, "body", "");
  return text::hex_decode(text_of(json, "body_hex", "")).value();
}

class Wire : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    document_ = *text::parse_json_copy(GetParam().json);
    protocol_ = protocol_of(GetParam().protocol);
    engine_ = find_engine(protocol_);
  }

  const text::JsonValue* part(std::string_view key) { return document_.root().find(key); }
  const OperationRow& operation() { return *model_.find_operation(part("operation")->as_string()); }

  Result<Value> read(const text::JsonValue& request) {
    method_ = text_of(request, "method", "POST");
    path_ = text_of(request, "path", "/");
    query_ = text_of(request, "query", "");
    body_ = body_of(request);
    if (const text::JsonValue* headers = request.find("headers")) {
      for (const text::JsonMember& header : headers->members()) {
        headers_.push_back({header.key, header.value.as_string()});
      }
    }
    return engine_->read_input(model_, operation(),
                               Request{.method = method_,
                                       .raw_path = path_,
                                       .raw_query = query_,
                                       .headers = headers_,
                                       .body = body_},
                               arena_);
  }

  void expect_response(const Response& response) {
    const text::JsonValue& expected = *part("response");
    EXPECT_EQ(response.status, expected.find("status")->as_int64());
    if (const text::JsonValue* headers = expected.find("headers")) {
      for (const text::JsonMember& header : headers->members()) {
        if (header.value.is_null()) {
          EXPECT_FALSE(response.header(header.key)) << header.key;
        } else {
          EXPECT_EQ(response.header(header.key).value_or("(absent)"), header.value.as_string())
              << header.key;
        }
      }
    }
    if (expected.find("body_hex") != nullptr) {
      EXPECT_EQ(text::hex_encode(std::string_view(response.body)),
                text_of(expected, "body_hex", ""));
    } else {
      EXPECT_EQ(response.body, expected.find("body")->as_string());
    }
  }

  const ServiceModel& model_ = gen::toy::kModel;
  text::JsonDocument document_;
  Protocol protocol_ = Protocol::kRestJson;
  const ProtocolEngine* engine_ = nullptr;
  std::string method_, path_, query_, body_;
  std::vector<HeaderView> headers_;
  Arena arena_;
};

TEST_P(Wire, Case) {
  ASSERT_NE(engine_, nullptr);
  if (const text::JsonValue* request = part("request")) {
    const auto input = read(*request);
    if (const text::JsonValue* error = part("error")) {
      ASSERT_FALSE(input) << "accepted";
      EXPECT_EQ(input.error().code(), error->find("code")->as_string());
      EXPECT_EQ(input.error().http_status(), 400);
      if (error->find("message") != nullptr) {
        EXPECT_EQ(input.error().message(), error->find("message")->as_string());
      }
      return;
    }
    ASSERT_TRUE(input) << input.error().to_log();
    EXPECT_EQ(testing::dump(model_, model_.shape(operation().input), *input),
              text::to_json(*part("input")));
  } else if (const text::JsonValue* output = part("output")) {
    const Value value =
        operation().output == kNone
            ? Value()
            : testing::load(model_, model_.shape(operation().output), *output, arena_);
    expect_response(engine_->write_output(model_, operation(), value, "req-1"));
  } else {
    const text::JsonValue* failure = part("failure");
    ASSERT_NE(failure, nullptr) << "a case has a request, an output or a failure";
    Error error(
        text_of(*failure, "kind", "") == "internal" ? ErrorKind::kInternal : ErrorKind::kInvalid,
        text_of(*failure, "code", ""), text_of(*failure, "message", ""));
    if (const text::JsonValue* fields = failure->find("fields")) {
      for (const text::JsonMember& field : fields->members()) {
        error = std::move(error).with_field(std::string(field.key),
                                            std::string(field.value.as_string()));
      }
    }
    expect_response(error_response(model_, protocol_, error, RequestId("req-1")));
  }
}

std::string case_name(const ::testing::TestParamInfo<Case>& info) {
  std::string out = info.param.protocol + "_" + info.param.name;
  for (char& c : out) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return out;
}

INSTANTIATE_TEST_SUITE_P(Data, Wire, ::testing::ValuesIn(load_cases()), case_name);

}  // namespace
}  // namespace lapwing::aws
