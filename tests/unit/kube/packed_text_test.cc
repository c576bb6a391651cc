#include "operator/kube/packed_text.h"

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace kube {
namespace {

// A text like a Service's: mostly the same from one to the next.
std::string Text(int i) {
  std::string text = R"({"metadata":{"labels":{)";
  for (const char* label : {"component", "instance", "managed-by", "name", "part-of", "version"}) {
    text += std::string("\"app.kubernetes.io/") + label + "\":\"disagg-" + label + "\",";
  }
  return text + R"("disagg.dev/deployment":"minimax-m3"},"name":"minimax-m3-)" + std::to_string(i) +
         R"(","namespace":"serving"},"spec":{"clusterIP":"None","selector":{}}})";
}

// Without two equal stretches of four bytes: nothing to gain.
std::string Noise(std::size_t size) {
  std::string noise;
  unsigned state = 1;
  while (noise.size() < size) {
    state = state * 1664525U + 1013904223U;
    noise += static_cast<char>(state >> 24);
  }
  return noise;
}

TEST(PackedText, GivesBackWhatWasPacked) {
  TextPacker packer;
  const std::vector<std::string> texts{
      "", "a", std::string(1, '\0'), Text(1), std::string(1 << 20, 'x'), Noise(100'000), Text(2)};
  for (const std::string& text : texts) {
    const PackedText packed = packer.Pack(text);
    EXPECT_EQ(packed.Unpack(), text);
    EXPECT_EQ(packed.size(), text.size());
    EXPECT_EQ(packed.empty(), text.empty());
  }
  EXPECT_EQ(PackedText().Unpack(), "");
}

TEST(PackedText, OfAKnownKindTakesATenthOfItsText) {
  TextPacker packer;
  packer.Pack(Text(1));
  const PackedText second = packer.Pack(Text(2));
  EXPECT_LT(second.packed_size() * 10, second.size());
}

TEST(PackedText, AnOddFirstTextDoesNotSpoilTheRest) {
  TextPacker packer;
  packer.Pack(Noise(1000));
  packer.Pack(Text(1));
  const PackedText third = packer.Pack(Text(2));
  EXPECT_LT(third.packed_size() * 10, third.size());
  EXPECT_EQ(third.Unpack(), Text(2));
}

TEST(PackedText, OutlivesItsPackerAndIsCopied) {
  PackedText copy;
  {
    TextPacker packer;
    packer.Pack(Text(1));
    const PackedText packed = packer.Pack(Text(2));
    copy = packed;
  }
  EXPECT_EQ(copy.Unpack(), Text(2));
}

TEST(TextPacker, MayBeUsedByManyThreads) {
  TextPacker packer;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&packer, t] {
      for (int i = 0; i < 500; ++i) EXPECT_EQ(packer.Pack(Text(t * i)).Unpack(), Text(t * i));
    });
  }
}

}  // namespace
}  // namespace kube
