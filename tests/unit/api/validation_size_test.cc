#include <gtest/gtest.h>

#include "tests/unit/api/objects.h"

namespace disagg::api::test {
namespace {

// `count` variables of `size` characters each.
std::string Env(const char* owner, int count, int size, const std::string& character = "x") {
  std::string value;
  for (int i = 0; i < size; ++i) value += character;
  std::string list;
  for (int i = 0; i < count; ++i) {
    list += (i == 0 ? "" : ",") + (R"({"name": "V)" + std::to_string(i)) + R"(", "value": ")" +
            value + "\"}";
  }
  return std::string(R"({"spec": {")") + owner + R"(": {"env": [)" + list + "]}}}";
}

TEST(ValidateSize, OneBoundOnAllThatPodsAreMadeOf) {
  const struct {
    const char* sentence;
    std::string patch;
    const char* path;  // "": valid
  } rows[] = {
      {"much of one role", Env("decode", 15, 16000), ""},
      {"more than the bound", Env("decode", 17, 16000), "spec.decode.env"},
      {"the engine's are in the pods of each role", Env("engine", 9, 16000), "spec.engine.env"},
      {"the router's count, too", Env("router", 17, 16000), "spec.router.env"},
      {"templates count, too",
       R"({"spec": {"decode": {"podTemplate": {"spec": {"nodeSelector": {"a": ")" +
           std::string(270000, 'x') + R"("}}}}}})",
       "spec.decode.podTemplate"},
      {"characters count as they are written in JSON", Env("decode", 10, 16000, "\\\""),
       "spec.decode.env"},
      {"a flag that is repeated counts each time",
       R"({"spec": {"decode": {"args": {")" + std::string(120, 'f') + R"(": {"repeat": [)" +
           [] {
             std::string items = "1";
             for (int i = 0; i < 3000; ++i) items += ",1";
             return items;
           }() +
           "]}}}}}",
       "spec.decode.args"},
  };
  for (const auto& row : rows) {
    const auto messages = Messages(row.patch);
    if (*row.path == '\0') {
      EXPECT_EQ(messages, std::vector<std::string>()) << row.sentence;
      continue;
    }
    ASSERT_EQ(messages.size(), 1u) << row.sentence;
    EXPECT_TRUE(messages[0].starts_with(std::string(row.path) + ": has ")) << messages[0];
    EXPECT_NE(messages[0].find("at most 262144, because every revision keeps them"),
              std::string::npos)
        << messages[0];
  }
}

}  // namespace
}  // namespace disagg::api::test
