#include "operator/observability/log.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <exception>
#include <memory>

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "operator/base/mutex.h"
#include "operator/base/thread_annotations.h"

namespace observability {
namespace {

constexpr std::size_t kQueuedLines = 8192;

constexpr std::string_view kNames[] = {"debug", "info", "warn", "error"};

std::string_view Name(Level level) { return kNames[static_cast<int>(level)]; }

// Until InitLog, and in programs that never call it: warnings and errors as text, written at once.
struct State {
  base::Mutex mutex;
  std::shared_ptr<spdlog::details::thread_pool> pool GUARDED_BY(mutex);
  std::shared_ptr<spdlog::logger> logger GUARDED_BY(mutex);
  std::atomic<Level> level{Level::kWarn};
  std::atomic<LogFormat> format{LogFormat::kText};
};

State& Global() {
  static State state;
  return state;
}

std::shared_ptr<spdlog::logger> Logger() {
  State& state = Global();
  base::MutexLock lock(state.mutex);
  return state.logger;
}

struct TimeParts {
  std::tm utc{};
  int milliseconds = 0;
};

TimeParts NowParts() {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  const std::time_t time = std::chrono::system_clock::to_time_t(seconds);
  TimeParts parts;
  gmtime_r(&time, &parts.utc);
  parts.milliseconds = static_cast<int>((now - seconds).count());
  return parts;
}

std::string FormatNow(const char* format) {
  const TimeParts now = NowParts();
  char text[40];
  const std::size_t length = std::strftime(text, sizeof text, format, &now.utc);
  char fraction[8];
  std::snprintf(fraction, sizeof fraction, ".%03d", now.milliseconds % 1000);
  return std::string(text, length) + fraction;
}

// JSON's quoting; bytes that are not UTF-8 become U+FFFD, so that a line is always valid.
std::string Quote(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool NeedsQuotes(std::string_view value) {
  return value.empty() || value.find_first_of(" \t\r\n\"=") != std::string_view::npos;
}

// One line stays one line, whatever a message of the API server holds.
std::string OneLine(std::string_view message) {
  std::string line(message);
  for (char& c : line) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return line;
}

std::string TextLine(Level level, std::string_view message, std::initializer_list<Field> fields) {
  std::string line = FormatNow("%H:%M:%S");
  line.append(" ").append(Name(level)).append(Name(level).size() < 5 ? "  " : " ");
  for (const auto& [key, value] : fields) {
    if (value.empty()) continue;
    line.append(key)
        .append("=")
        .append(NeedsQuotes(value) ? Quote(value) : std::string(value))
        .append(" ");
  }
  return line.append(OneLine(message));
}

std::string JsonLine(Level level, std::string_view message, std::initializer_list<Field> fields) {
  std::string line = "{\"ts\":\"" + FormatNow("%Y-%m-%dT%H:%M:%S") + "Z\",\"level\":\"";
  line.append(Name(level)).append("\",\"msg\":").append(Quote(message));
  for (const auto& [key, value] : fields) {
    if (!value.empty()) line.append(",").append(Quote(key)).append(":").append(Quote(value));
  }
  return line.append("}");
}

template <typename Value>
base::Result<Value> ParseName(const std::string& text,
                              std::initializer_list<std::pair<const char*, Value>> names,
                              const std::string& what) {
  std::string known;
  for (const auto& [name, value] : names) {
    if (text == name) return value;
    known += (known.empty() ? "" : ", ") + std::string(name);
  }
  return base::MakeError(base::ErrorCode::kInvalid, "InvalidFlag",
                         what + " \"" + text + "\" is unknown: one of " + known);
}

}  // namespace

void InitLog(LogFormat format, Level level) {
  State& state = Global();
  state.format = format;
  state.level = level;
  try {
    auto pool = std::make_shared<spdlog::details::thread_pool>(kQueuedLines, 1);
    auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    auto logger = std::make_shared<spdlog::async_logger>(
        "operator", sink, pool, spdlog::async_overflow_policy::overrun_oldest);
    logger->set_pattern("%v");
    logger->set_level(spdlog::level::trace);
    base::MutexLock lock(state.mutex);
    state.logger = std::move(logger);
    state.pool = std::move(pool);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "the log cannot be set up, lines are written as they come: %s\n",
                 e.what());
  }
}

void ShutdownLog() {
  State& state = Global();
  std::shared_ptr<spdlog::logger> logger;
  std::shared_ptr<spdlog::details::thread_pool> pool;
  {
    base::MutexLock lock(state.mutex);
    logger.swap(state.logger);
    pool.swap(state.pool);
  }
  // The last owner of the pool writes what is queued and joins its thread.
}

base::Result<Level> ParseLevel(const std::string& text) {
  return ParseName<Level>(text,
                          {{"debug", Level::kDebug},
                           {"info", Level::kInfo},
                           {"warn", Level::kWarn},
                           {"error", Level::kError}},
                          "log level");
}

base::Result<LogFormat> ParseLogFormat(const std::string& text) {
  return ParseName<LogFormat>(text, {{"text", LogFormat::kText}, {"json", LogFormat::kJson}},
                              "log format");
}

void Log(Level level, std::string_view message, std::initializer_list<Field> fields) {
  if (!Enabled(level)) return;
  const bool json = Global().format == LogFormat::kJson;
  const std::string line =
      json ? JsonLine(level, message, fields) : TextLine(level, message, fields);
  if (const auto logger = Logger(); logger != nullptr) {
    // As an argument: braces in the line are no format.
    logger->log(spdlog::level::info, "{}", line);
  } else {
    std::fprintf(stderr, "%s\n", line.c_str());
  }
}

bool Enabled(Level level) { return level >= Global().level.load(std::memory_order_relaxed); }

}  // namespace observability
