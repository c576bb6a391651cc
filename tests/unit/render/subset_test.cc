#include "controllers/render/subset.h"

#include <gtest/gtest.h>

namespace disagg::render {
namespace {

struct Row {
  const char* sentence;
  const char* desired;
  const char* observed;
  bool subset;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.sentence; }

class SubsetTest : public testing::TestWithParam<Row> {};

TEST_P(SubsetTest, Holds) {
  const auto parse = [](const char* text) { return nlohmann::json::parse(text); };
  EXPECT_EQ(IsSubset(parse(GetParam().desired), parse(GetParam().observed)), GetParam().subset);
}

const Row kRows[] = {
    {"EqualObjects", R"({"a":1})", R"({"a":1})", true},
    {"AddedFieldsDoNotMatter", R"({"a":1})", R"({"a":1,"b":2})", true},
    {"AMissingFieldDoes", R"({"a":1,"b":2})", R"({"a":1})", false},
    {"AnotherValueDoes", R"({"spec":{"a":1}})", R"({"spec":{"a":2}})", false},
    {"AnotherTypeDoes", R"({"a":{"b":1}})", R"({"a":[1]})", false},
    {"ItemsOfAListHaveNoKind", R"({"apiVersion":"v1","kind":"Service","a":1})", R"({"a":1})", true},
    {"KindsFurtherInsideCount", R"({"roleRef":{"kind":"ClusterRole"}})", R"({"roleRef":{}})",
     false},
    {"FalseIsStoredAsNothing", R"({"a":false,"b":"","c":[],"d":{},"e":0,"f":null})", R"({})", true},
    {"FalseIsNotTrue", R"({"a":false})", R"({"a":true})", false},
    {"ZeroIsNotOne", R"({"minAvailable":0})", R"({"minAvailable":1})", false},
    {"TrueIsNotNothing", R"({"a":true})", R"({})", false},

    {"PortsOfAServiceGoByPort", R"({"ports":[{"port":80,"protocol":"TCP","targetPort":"http"}]})",
     R"({"ports":[{"port":81,"protocol":"TCP"},
                  {"port":80,"protocol":"TCP","targetPort":"http","nodePort":30000}]})",
     true},
    {"APortThatDiffers", R"({"ports":[{"port":80,"protocol":"TCP"}]})",
     R"({"ports":[{"port":80,"protocol":"UDP"}]})", false},
    {"OwnersGoByUid", R"({"ownerReferences":[{"uid":"1","controller":true}]})",
     R"({"ownerReferences":[{"uid":"2"},{"uid":"1","controller":true}]})", true},

    {"OtherListsAreOrdered", R"({"args":["a","b"]})", R"({"args":["b","a"]})", false},
    {"OtherListsAreWhole", R"({"args":["a"]})", R"({"args":["a","b"]})", false},
    {"OtherListsMayBeDefaultedInside", R"({"tolerations":[{"key":"a"}]})",
     R"({"tolerations":[{"key":"a","operator":"Equal"}]})", true},
};

INSTANTIATE_TEST_SUITE_P(Rows, SubsetTest, testing::ValuesIn(kRows),
                         [](const auto& row) { return row.param.sentence; });

}  // namespace
}  // namespace disagg::render
