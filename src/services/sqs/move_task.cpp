#include "services/sqs/move_task.hpp"

#include <fmt/core.h>

#include "text/base64.hpp"
#include "text/json.hpp"
#include "text/json_writer.hpp"

namespace lapwing::sqs {

std::string MoveTask::key() const { return fmt::format("{}/{:020}/{}", place, started_ms, id); }

std::string MoveTask::handle() const {
  std::string text;
  text::JsonWriter json(text);
  json.begin_object();
  json.member("taskId", id);
  json.member("sourceArn", source_arn);
  json.end_object();
  return text::base64_encode(text);
}

Result<MoveHandle> read_move_handle(std::string_view text) {
  LAPWING_TRY(const std::string bytes, text::base64_decode(text));
  LAPWING_TRY(const text::JsonDocument document, text::parse_json(bytes));
  const text::JsonValue* const id = document.root().find("taskId");
  const text::JsonValue* const source = document.root().find("sourceArn");
  if (id == nullptr || source == nullptr || !id->is_string() || !source->is_string()) {
    return fail(make_error(ErrorKind::kInvalid, "no handle of a task"));
  }
  return MoveHandle{std::string(id->as_string()), std::string(source->as_string())};
}

}  // namespace lapwing::sqs
