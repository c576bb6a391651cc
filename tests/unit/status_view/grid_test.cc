#include "controllers/status_view/grid.h"

#include <gtest/gtest.h>

namespace disagg::status_view {
namespace {

Branch Tree() {
  return {{{"root"}, {"of all"}},
          {{{{"first"}, {"1/1", Tone::kGood}, {"x"}}, {{{{"leaf"}, {"Ready"}}, {}}}},
           {{{"second"}, {"10/10"}, {"y"}},
            {{{{"longer leaf"}, {"NotReady", Tone::kBad}}, {}}, {{{"z"}, {""}}, {}}}}}};
}

TEST(RenderTree, AlignsTheRowsOfOneDepth) {
  EXPECT_EQ("\n" + RenderTree(Tree(), {}), R"(
root   of all
├─ first    1/1     x
│  └─ leaf          Ready
└─ second   10/10   y
   ├─ longer leaf   NotReady
   └─ z
)");
}

TEST(RenderTree, WorksWithoutLineDrawingCharacters) {
  EXPECT_EQ("\n" + RenderTree(Tree(), {.ascii = true}), R"(
root   of all
|- first    1/1     x
|  `- leaf          Ready
`- second   10/10   y
   |- longer leaf   NotReady
   `- z
)");
}

TEST(RenderTree, ColoursOnlyWhatMatters) {
  const std::string text = RenderTree(Tree(), {.colour = true});
  EXPECT_NE(text.find("\x1b[32m1/1\x1b[0m     x"), std::string::npos) << "padding is not coloured";
  EXPECT_NE(text.find("\x1b[31mNotReady\x1b[0m\n"), std::string::npos);
  EXPECT_EQ(text.find("\x1b[32mroot"), std::string::npos);
}

TEST(RenderTable, LeavesOutColumnsThatAreEmptyInEveryRow) {
  EXPECT_EQ(RenderTable({{{"a"}, {""}, {"b"}}, {{"aa"}, {""}, {"c"}}}, {}), "a    b\naa   c\n");
}

TEST(RenderTable, CountsCharactersNotBytes) {
  EXPECT_EQ(RenderTable({{{"é"}, {"x"}}, {{"ab"}, {"y"}}}, {}), "é    x\nab   y\n");
}

}  // namespace
}  // namespace disagg::status_view
