#pragma once

// The process's structured log (spdlog behind it). One line per decision: a message and fields.
// Text for people, JSON for machines; the same content. Thread-safe.
//
//   14:02:11.031 info  deployment=serving/minimax-m3 revision w7c3h5dn: create decode-0
//   {"ts":"2026-11-24T14:02:11.031Z","level":"info","msg":"...","deployment":"serving/minimax-m3"}

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "operator/base/result.h"

namespace observability {

enum class Level { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kText, kJson };

using Field = std::pair<std::string_view, std::string_view>;

// Once, at start. Bounded asynchronous queue; the oldest lines are dropped when it is full.
void InitLog(LogFormat format, Level level);
void ShutdownLog();

base::Result<Level> ParseLevel(const std::string& text);
base::Result<LogFormat> ParseLogFormat(const std::string& text);

void Log(Level level, std::string_view message, std::initializer_list<Field> fields = {});
bool Enabled(Level level);

}  // namespace observability
