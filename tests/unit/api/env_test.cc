#include "controllers/api/env.h"

#include <gtest/gtest.h>

namespace disagg::api {
namespace {

using Names = std::vector<std::string>;

TEST(ReferencesIn, Table) {
  const struct {
    const char* sentence;
    const char* value;
    Names names;
  } cases[] = {
      {"none", "plain", {}},
      {"one", "x$(A)y", {"A"}},
      {"several", "$(A):$(B)", {"A", "B"}},
      {"an escaped one is none", "$$(A)", {}},
      {"one behind an escaped dollar", "$$$(A)", {"A"}},
      {"an open parenthesis refers to nothing", "$(A", {}},
      {"a lone dollar", "5$", {}},
      {"a shell's spelling is none", "$A ${A}", {}},
  };
  for (const auto& c : cases) EXPECT_EQ(ReferencesIn(c.value), c.names) << c.sentence;
}

TEST(MergeEnv, LaterWinsAtTheFirstPlace) {
  const std::vector<EnvVar> merged =
      MergeEnv({{{"A", "1", ""}, {"B", "1", ""}}, {{"C", "2", ""}, {"A", "", "{}"}}, {}});
  ASSERT_EQ(merged.size(), 3u);
  EXPECT_EQ(merged[0].name, "A");
  EXPECT_EQ(merged[0].value, "");
  EXPECT_EQ(merged[0].value_from, "{}");
  EXPECT_EQ(merged[1].name, "B");
  EXPECT_EQ(merged[2].name, "C");
}

TEST(InOrderOfReferences, PutsWhatIsReferredToFirst) {
  const struct {
    const char* sentence;
    std::vector<std::vector<EnvVar>> layers;
    Names order;
  } cases[] = {
      {"an order that is right already stays",
       {{{"B", "1", ""}, {"A", "$(B)", ""}, {"C", "", ""}}},
       {"B", "A", "C"}},
      {"a role's value that refers to another of the role",
       {{{"A", "0", ""}, {"B", "1", ""}}, {{"C", "2", ""}, {"A", "$(C)", ""}}},
       {"C", "A", "B"}},
      {"a chain", {{{"A", "$(B)", ""}, {"B", "$(C)", ""}, {"C", "", ""}}}, {"C", "B", "A"}},
      {"a circle is cut where it begins", {{{"A", "$(B)", ""}, {"B", "$(A)", ""}}}, {"B", "A"}},
      {"a name that nobody defines", {{{"A", "$(X)", ""}, {"B", "", ""}}}, {"A", "B"}},
      {"an escaped reference moves nothing", {{{"A", "$$(B)", ""}, {"B", "", ""}}}, {"A", "B"}},
  };
  for (const auto& c : cases) {
    Names order;
    for (const EnvVar& variable : InOrderOfReferences(MergeEnv(c.layers))) {
      order.push_back(variable.name);
    }
    EXPECT_EQ(order, c.order) << c.sentence;
  }
}

// What the kubelet makes of a word (k8s.io/kubernetes/third_party/forked/golang/expansion), where
// every variable has the value "!".
std::string Expanded(const std::string& word) {
  std::string text;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] != '$' || i + 1 == word.size()) {
      text += word[i];
    } else if (word[++i] == '$') {
      text += '$';
    } else if (word[i] == '(' && word.find(')', i) != word.npos) {
      text += '!';
      i = word.find(')', i);
    } else {
      text += '$';
      text += word[i];
    }
  }
  return text;
}

TEST(EscapeReferences, LeavesEveryCharacterAsItIs) {
  for (const std::string word :
       {"", "plain", "$", "a$", "$a", "$(A)", "$$(A)", "$$$(A)", "$$", "$$$", "$$$$", "$(", "$(A",
        "(A)", "$($(A))", "{\"a\": \"$(x)$$\"}", "\xf0\x9f\x98\x80$(A)"}) {
    EXPECT_EQ(Expanded(EscapeReferences(word)), word);
  }
  EXPECT_EQ(EscapeReferences("a$b"), "a$b") << "what needs no escape has none";
}

}  // namespace
}  // namespace disagg::api
