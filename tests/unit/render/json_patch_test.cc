#include "controllers/render/json_patch.h"

#include <gtest/gtest.h>

#include <string>

namespace disagg::render {
namespace {

using nlohmann::json;

TEST(DiffJson, TurnsOneDocumentIntoTheOther) {
  struct Case {
    const char* sentence;
    const char* from;
    const char* to;
    std::size_t operations;
  };
  for (const Case& c : {
           Case{"equal documents need nothing", R"({"a": [1, {"b": 2}]})",
                R"({"a": [1, {"b": 2}]})", 0},
           Case{"an item in front of others is one operation", R"([1, 2, 3])", R"([0, 1, 2, 3])",
                1},
           Case{"so is one that is taken from the middle", R"([1, 2, 3, 4])", R"([1, 2, 4])", 1},
           Case{"lists of other items are emptied from the back", R"([1, 2, 3])", R"([4, 5])", 5},
           Case{"a list that repeats an item keeps its count", R"([1, 1, 1])", R"([1, 1])", 1},
           Case{"from an empty list and to one", R"({"a": [], "b": [1, 2]})",
                R"({"a": [1], "b": []})", 3},
           Case{"items of lists of one length are compared in pairs",
                R"([{"name": "engine", "ports": [1]}, 5])", R"([{"name": "engine"}, 5])", 1},
           Case{"keys with the characters of a pointer", R"({"a/b": 1, "c~d": 2})",
                R"({"a/b": 2, "e/~f": 3})", 3},
           Case{"a value of another type is replaced", R"({"a": {"b": 1}})", R"({"a": [1]})", 1},
           Case{"null is a value", R"({"a": 1})", R"({"a": null})", 1},
           Case{"the whole document", R"([1])", R"({"a": 1})", 1},
       }) {
    SCOPED_TRACE(c.sentence);
    const json from = json::parse(c.from), to = json::parse(c.to);
    const json patch = DiffJson(from, to);
    EXPECT_EQ(from.patch(patch), to) << patch;
    EXPECT_EQ(patch.size(), c.operations) << patch;
  }
}

}  // namespace
}  // namespace disagg::render
