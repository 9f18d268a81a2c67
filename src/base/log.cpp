#include "base/log.hpp"

#include <ctime>
#include <unistd.h>

namespace lapwing {
namespace {

class NullOutput final : public LogOutput {
 public:
  void write(std::string_view) override {}
};

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (u < 0x20 || u == 0x7f) {
      out += fmt::format("\\u{:04x}", u);
    } else {
      out += c;
    }
  }
  out += '"';
}

std::string timestamp(WallTime time) {
  const std::int64_t ms = unix_ms(time);
  const std::time_t seconds = ms / 1000;
  std::tm tm{};
  gmtime_r(&seconds, &tm);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", tm.tm_year + 1900, tm.tm_mon + 1,
                     tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, ms % 1000);
}

constexpr std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
    case LogLevel::kOff:
      return "error";
  }
  return "error";
}

}  // namespace

void StderrOutput::write(std::string_view line) {
  while (!line.empty()) {
    const ssize_t n = ::write(STDERR_FILENO, line.data(), line.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      return;  // nowhere left to say that the log cannot be written
    }
    line.remove_prefix(static_cast<std::size_t>(n));
  }
}

void Logger::write(LogLevel level, std::string_view mod, std::string_view msg,
                   std::initializer_list<LogField> fields) {
  std::string line = fmt::format(R"({{"ts":"{}","level":"{}","mod":"{}","msg":)",
                                 timestamp(clock_->wall()), level_name(level), mod);
  append_json_string(line, msg);
  for (const LogField& field : fields) {
    line += ',';
    append_json_string(line, field.key);
    line += ':';
    append_json_string(line, field.value);
  }
  line += "}\n";
  sink_->write(line);
}

Logger& null_logger() {
  static NullOutput output;
  static SystemClock clock;
  static Logger logger(output, clock, LogLevel::kOff);
  return logger;
}

}  // namespace lapwing
