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

    {"ContainersGoByName", R"({"containers":[{"name":"b","x":1},{"name":"a"}]})",
     R"({"containers":[{"name":"a","y":1},{"name":"b","x":1},{"name":"side"}]})", true},
    {"AContainerThatIsMissing", R"({"containers":[{"name":"a"}]})", R"({"containers":[]})", false},
    {"AContainerThatDiffers", R"({"containers":[{"name":"a","image":"1"}]})",
     R"({"containers":[{"name":"a","image":"2"}]})", false},
    {"VariablesGoByName", R"({"env":[{"name":"A","value":"1"}]})",
     R"({"env":[{"name":"B"},{"name":"A","value":"1"}]})", true},
    {"VariableSourcesAreDefaulted",
     R"({"env":[{"name":"A","valueFrom":{"fieldRef":{"fieldPath":"p"}}}]})",
     R"({"env":[{"name":"A","valueFrom":{"fieldRef":{"apiVersion":"v1","fieldPath":"p"}}}]})",
     true},
    {"PortsOfAServiceGoByPort", R"({"ports":[{"port":80,"protocol":"TCP","targetPort":"http"}]})",
     R"({"ports":[{"port":81,"protocol":"TCP"},
                  {"port":80,"protocol":"TCP","targetPort":"http","nodePort":30000}]})",
     true},
    {"PortsOfAContainerGoByContainerPort", R"({"ports":[{"containerPort":80,"protocol":"TCP"}]})",
     R"({"ports":[{"containerPort":80,"protocol":"UDP"}]})", false},
    {"MountsGoByPath", R"({"volumeMounts":[{"mountPath":"/a","name":"x"}]})",
     R"({"volumeMounts":[{"mountPath":"/b","name":"x"},{"mountPath":"/a","name":"x"}]})", true},
    {"OwnersGoByUid", R"({"ownerReferences":[{"uid":"1","controller":true}]})",
     R"({"ownerReferences":[{"uid":"2"},{"uid":"1","controller":true}]})", true},
    {"SpreadGoesByKeyAndAction",
     R"({"topologySpreadConstraints":[{"topologyKey":"a","whenUnsatisfiable":"X","maxSkew":1}]})",
     R"({"topologySpreadConstraints":[{"topologyKey":"a","whenUnsatisfiable":"Y","maxSkew":1}]})",
     false},

    {"OtherListsAreOrdered", R"({"args":["a","b"]})", R"({"args":["b","a"]})", false},
    {"OtherListsAreWhole", R"({"args":["a"]})", R"({"args":["a","b"]})", false},
    {"OtherListsMayBeDefaultedInside", R"({"tolerations":[{"key":"a"}]})",
     R"({"tolerations":[{"key":"a","operator":"Equal"}]})", true},

    {"AmountsAreCompared", R"({"resources":{"limits":{"memory":"1024Mi","cpu":"1000m"}}})",
     R"({"resources":{"limits":{"memory":"1Gi","cpu":1}}})", true},
    {"AmountsThatDiffer", R"({"resources":{"requests":{"cpu":"1"}}})",
     R"({"resources":{"requests":{"cpu":"1m"}}})", false},
    {"SizesOfVolumesAreAmounts", R"({"emptyDir":{"sizeLimit":"1024Mi"}})",
     R"({"emptyDir":{"sizeLimit":"1Gi"}})", true},
    {"TextElsewhereIsNoAmount", R"({"a":"1024Mi"})", R"({"a":"1Gi"})", false},
    {"TextThatIsNoAmountIsCompared", R"({"limits":{"a":"x"}})", R"({"limits":{"a":"x"}})", true},
    {"AnAmountOfNothingMayBeAbsent", R"({"limits":{}})", R"({})", true},
};

INSTANTIATE_TEST_SUITE_P(Rows, SubsetTest, testing::ValuesIn(kRows),
                         [](const auto& row) { return row.param.sentence; });

}  // namespace
}  // namespace disagg::render
