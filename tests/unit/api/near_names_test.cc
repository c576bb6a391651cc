#include <gtest/gtest.h>

#include "controllers/api/resolution.h"

namespace disagg::api {
namespace {

using Names = std::vector<std::string>;

TEST(NearNames, Table) {
  const struct {
    const char* sentence;
    const char* wrong;
    Names known;
    Names near;
  } cases[] = {
      {"two letters swapped",
       "nvidia/MiniMax-M3-NVPF4",
       {"nvidia/MiniMax-M3-NVFP4", "qwen3-32b"},
       {"nvidia/MiniMax-M3-NVFP4"}},
      {"a word too much at the end",
       "minimax-m3-nvfp4-typo",
       {"minimax-m3-nvfp4", "deepseek-r1"},
       {"minimax-m3-nvfp4"}},
      {"a long ending still is a prefix relation",
       "minimax-m3-with-a-very-long-ending-that-nobody-asked-for",
       {"minimax-m3"},
       {"minimax-m3"}},
      {"a name cut short", "qwen", {"qwen3-32b", "kimi-k2"}, {"qwen3-32b"}},
      {"case does not matter", "B200", {"b200"}, {"b200"}},
      {"punctuation does not matter",
       "minimax_m3.nvfp4",
       {"minimax-m3-nvfp4"},
       {"minimax-m3-nvfp4"}},
      {"the owner may be missing",
       "MiniMax-M3-NVFP4",
       {"nvidia/MiniMax-M3-NVFP4"},
       {"nvidia/MiniMax-M3-NVFP4"}},
      {"the owner may be another",
       "lukealonso/MiniMax-M3-NVFP4",
       {"nvidia/MiniMax-M3-NVFP4"},
       {"nvidia/MiniMax-M3-NVFP4"}},
      {"a cut name without its owner",
       "minimax-m3",
       {"nvidia/MiniMax-M3-NVFP4"},
       {"nvidia/MiniMax-M3-NVFP4"}},
      {"one letter of a short name", "b300", {"b200", "h200"}, {"b200"}},
      {"another GPU is not a typing error", "h100", {"b200"}, {}},
      {"nothing like it", "llama-4-scout", {"minimax-m3-nvfp4", "qwen3-32b"}, {}},
      {"two characters are the prefix of everything", "mi", {"minimax-m3-nvfp4"}, {}},
      {"an empty name is near to nothing", "", {"a", "b200"}, {}},
      {"nothing is known", "b200", {}, {}},
      {"the nearest first", "kimi-k2.5", {"kimi-k2.61", "kimi-k2.6"}, {"kimi-k2.6", "kimi-k2.61"}},
      {"beside one that differs in case only, nothing else was meant",
       "GB200",
       {"b200", "gb200", "gb300"},
       {"gb200"}},
      {"at most three", "b20", {"b200", "b201", "b202", "b203"}, {"b200", "b201", "b202"}},
      {"the same name once", "b20", {"b200", "b200"}, {"b200"}},
      {"not ASCII, and not a crash", "qwén3-32b", {"qwen3-32b"}, {"qwen3-32b"}},
  };
  for (const auto& c : cases) EXPECT_EQ(NearNames(c.wrong, c.known), c.near) << c.sentence;
}

TEST(NearNames, KnowsASwapFromTwoReplacements) {
  // 1 against 2 for a name of five: only the swap is within a third.
  EXPECT_EQ(NearNames("ab-cd", {"ba-cd", "xy-cd"}), Names({"ba-cd"}));
}

}  // namespace
}  // namespace disagg::api
