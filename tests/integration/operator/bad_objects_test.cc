// Every field wrong in each way a person gets it wrong: refused by schema, CEL, policy or Stalled
// with the field's path, and nothing else is disturbed. The cases are data:
// tests/integration/bad_objects.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/golden/yaml.h"
#include "tests/support/operator.h"

namespace disagg::testing {
namespace {

using nlohmann::json;

const std::string kFolder = DISAGG_BAD_OBJECTS;

Api& TheApi() { return ChartEnvironment::api(); }

json Base(const std::string& name) {
  return golden::ParseYaml(ReadFile(kFolder + "/bases/" + name + ".yaml")).at(0);
}

std::string CollectionOf(const json& object) {
  const std::string kind = object["kind"];
  if (kind == "ServingModel") return "/apis/disagg.dev/v1alpha1/servingmodels";
  if (kind == "AcceleratorClass") return "/apis/disagg.dev/v1alpha1/acceleratorclasses";
  return "/apis/disagg.dev/v1alpha1/namespaces/" +
         object["metadata"].value("namespace", "serving") + "/disaggdeployments";
}

// A JSON pointer's parent is made where it is missing, as a person writing YAML would.
json Changed(json object, const json& bad) {
  const json removed = bad.value("remove", json::array()), set = bad.value("set", json::object());
  for (const json& path : removed) {
    const json::json_pointer pointer(path.get<std::string>());
    object[pointer.parent_pointer()].erase(pointer.back());
  }
  for (const auto& [path, value] : set.items()) object[json::json_pointer(path)] = value;
  return object;
}

void ExpectText(const json& bad, const std::string& said) {
  for (const json& text : bad["expect"]) {
    EXPECT_NE(said.find(text.get<std::string>()), std::string::npos)
        << "expected: " << text << "\nsaid: " << said;
  }
  for (const json& text : bad.value("absent", json::array())) {
    EXPECT_EQ(said.find(text.get<std::string>()), std::string::npos)
        << "must not say: " << text << "\nsaid: " << said;
  }
}

std::string StalledMessage(const std::string& path) {
  for (const json& condition :
       TheApi().Get(path).body["status"].value("conditions", json::array())) {
    if (condition["type"] == "Stalled" && condition["status"] == "True")
      return condition["message"];
  }
  return "";
}

void TryStalled(const json& object, const json& bad) {
  const Answer made = TheApi().Create(CollectionOf(object), object);
  ASSERT_TRUE(made.ok()) << "only the operator can refuse this, but the API server said: "
                         << made.message();
  const std::string path =
      CollectionOf(object) + "/" + object["metadata"]["name"].get<std::string>();
  std::string said;
  Eventually("Stalled", std::chrono::seconds(20),
             [&] { return !(said = StalledMessage(path)).empty(); });
  ExpectText(bad, said);
  EXPECT_TRUE(TheApi().List("/api/v1/namespaces/serving/pods").empty())
      << "a bad object made a pod";
  TheApi().Delete(path);
  Eventually("it is gone", std::chrono::seconds(20),
             [&] { return TheApi().Get(path).status == 404; });
}

void TryRefused(const json& object, const json& bad) {
  const Answer answer = TheApi().Create(CollectionOf(object) + "?fieldValidation=Strict", object);
  EXPECT_GE(answer.status, 400) << "was accepted";
  EXPECT_LT(answer.status, 500) << answer.message();
  ExpectText(bad, answer.message());
  if (answer.ok())
    TheApi().Delete(CollectionOf(object) + "/" + object["metadata"]["name"].get<std::string>());
}

std::vector<std::string> Groups() {
  std::vector<std::string> groups;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".yaml" && entry.path().stem() != "catalogue")
      groups.push_back(entry.path().stem());
  }
  std::sort(groups.begin(), groups.end());
  return groups;
}

// The chart's classes are replaced, not merged with.
void MakeCatalogue() {
  for (const json& object : golden::ParseYaml(ReadFile(kFolder + "/catalogue.yaml"))) {
    const bool owned = object["kind"] == "Namespace";
    const std::string collection = owned ? "/api/v1/namespaces" : CollectionOf(object);
    if (!owned) TheApi().Delete(collection + "/" + object["metadata"]["name"].get<std::string>());
    const Answer made = TheApi().Create(collection, object);
    ASSERT_TRUE(made.ok() || made.status == 409) << made.message();
  }
}

class GoodObjects : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { MakeCatalogue(); }
};

class BadObjects : public ::testing::TestWithParam<std::string> {
 protected:
  static void SetUpTestSuite() {
    MakeCatalogue();
    operator_ = std::make_unique<Operator>();
  }
  static void TearDownTestSuite() { operator_.reset(); }

  static inline std::unique_ptr<Operator> operator_;
};

TEST_P(BadObjects, EachIsRefusedWithItsPath) {
  const json cases =
      golden::ParseYaml(ReadFile(kFolder + "/" + GetParam() + ".yaml")).at(0)["cases"];
  ASSERT_FALSE(cases.empty());
  for (const json& bad : cases) {
    SCOPED_TRACE(bad["name"].get<std::string>());
    const json object = Changed(Base(bad["base"]), bad);
    if (bad["refusedBy"] == "stalled") {
      TryStalled(object, bad);
    } else {
      TryRefused(object, bad);
    }
  }
  EXPECT_TRUE(operator_->Running());
}

INSTANTIATE_TEST_SUITE_P(Groups, BadObjects, ::testing::ValuesIn(Groups()),
                         [](const auto& group) { return group.param; });

TEST_F(GoodObjects, EveryBaseIsAccepted) {
  for (const char* base : {"disagg", "aggregated", "mocker", "class", "model"}) {
    const json object = Base(base);
    const Answer answer =
        TheApi().Create(CollectionOf(object) + "?dryRun=All&fieldValidation=Strict", object);
    EXPECT_TRUE(answer.ok()) << base << ": " << answer.message();
  }
}

}  // namespace
}  // namespace disagg::testing
