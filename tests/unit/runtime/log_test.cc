#include "operator/observability/log.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace observability {
namespace {

using ::testing::MatchesRegex;
using ::testing::internal::CaptureStderr;
using ::testing::internal::GetCapturedStderr;

std::string Logged(LogFormat format, Level level, void (*write)()) {
  CaptureStderr();
  InitLog(format, level);
  write();
  ShutdownLog();
  const std::string text = GetCapturedStderr();
  InitLog(LogFormat::kText, Level::kWarn);  // for the tests that follow
  ShutdownLog();
  return text;
}

TEST(Log, TextIsForPeople) {
  const std::string text = Logged(LogFormat::kText, Level::kInfo, [] {
    Log(Level::kInfo, "create {decode-0}\nnow",
        {{"deployment", "serving/m3"}, {"why", "two words"}, {"no", ""}});
    Log(Level::kDebug, "not shown");
  });
  EXPECT_THAT(text,
              MatchesRegex("[0-9][0-9]:[0-9][0-9]:[0-9][0-9]\\.[0-9][0-9][0-9] info  "
                           "deployment=serving/m3 why=\"two words\" create \\{decode-0\\} now\n"));
}

TEST(Log, JsonIsForMachines) {
  const std::string text = Logged(LogFormat::kJson, Level::kDebug, [] {
    Log(Level::kWarn, "a \"quoted\" \xff message", {{"object", "ns/a"}});
  });
  const auto line = nlohmann::json::parse(text);
  EXPECT_EQ(line["level"], "warn");
  EXPECT_EQ(line["msg"], "a \"quoted\" \xEF\xBF\xBD message");
  EXPECT_EQ(line["object"], "ns/a");
  EXPECT_THAT(line["ts"].get<std::string>(), MatchesRegex("20.*T.*\\.[0-9][0-9][0-9]Z"));
}

TEST(Log, NamesAreParsed) {
  EXPECT_EQ(*ParseLevel("warn"), Level::kWarn);
  EXPECT_EQ(*ParseLogFormat("json"), LogFormat::kJson);
  EXPECT_EQ(ParseLevel("loud").error().message,
            "log level \"loud\" is unknown: one of debug, info, warn, error");
}

}  // namespace
}  // namespace observability
