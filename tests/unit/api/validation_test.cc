#include "controllers/api/validation.h"

#include <gtest/gtest.h>

#include "controllers/api/decode.h"
#include "tests/unit/api/objects.h"

namespace disagg::api::test {
namespace {

TEST(Validate, TellsEverythingAtOnceInTheOrderOfTheFields) {
  const auto deployment = Deployment(R"({"metadata": {"name": "m3-decode"}, "spec": {
    "model": {"ref": "minimax"}, "container": {"image": "vllm"}, "precision": "fp4",
    "engine": {"args": {"tp": 1}}, "prefill": {"minReady": 9},
    "decode": {"accelerator": "b20", "args": {"block-size": 1}},
    "router": {"replicas": 0}, "rollout": {"drainSeconds": -1}}})");
  std::vector<std::string> paths;
  const Resolution resolution = Resolve(*deployment, TestCatalogue(), {});
  for (const FieldError& error : Validate(*deployment, resolution)) {
    paths.push_back(error.path);
    EXPECT_TRUE(error.message.starts_with(error.path)) << error.message;
    EXPECT_FALSE(error.reason.empty());
  }
  EXPECT_EQ(paths,
            std::vector<std::string>({"metadata.name", "spec.model.ref", "spec.container.image",
                                      "spec.engine.args.tp", "spec.prefill.minReady",
                                      "spec.decode.accelerator", "spec.decode.args.block-size",
                                      "spec.router.replicas", "spec.rollout.drainSeconds"}));
}

TEST(Validate, TellsOnceWhatTwoRolesShare) {
  const auto messages = Messages(R"({"spec": {"accelerator": "b2000"}})");
  EXPECT_EQ(messages,
            std::vector<std::string>({R"(spec.accelerator "b2000": no AcceleratorClass has )"
                                      R"(this name; did you mean "b200"?)"}));
}

TEST(Validate, SaysNothingMoreAboutWhatCannotBeRead) {
  DisaggDeployment deployment;
  deployment.meta.name = "m3";
  deployment.meta.annotations.Set(kDecodeError, "spec.suspend: must be true or false, is 1");
  const auto errors = Validate(deployment, Resolve(deployment, TestCatalogue(), {}));
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].message, "spec.suspend: must be true or false, is 1");
  EXPECT_EQ(errors[0].reason, "InvalidSpec");
  deployment.meta.annotations.Erase(kDecodeError);
  deployment.meta.decode_error = "more than 1024 levels";
  const auto unread = Validate(deployment, Resolve(deployment, TestCatalogue(), {}));
  ASSERT_EQ(unread.size(), 1u);
  EXPECT_EQ(unread[0].message, "more than 1024 levels");
}

TEST(Validate, SaysNothingMoreAboutWhatIsNestedTooDeeply) {
  DisaggDeployment deployment;
  deployment.meta.name = "m3";
  deployment.meta.decode_error = "field \"spec\" cannot be read: it is nested too deeply";
  deployment.meta.annotations.Set(kDecodeError, "spec.model: must be an object");
  const auto errors = Validate(deployment, Resolve(deployment, TestCatalogue(), {}));
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].message, deployment.meta.decode_error.get());
}

TEST(Validate, KeepsTheReasonsOfResolution) {
  const auto deployment = Deployment(R"({"spec": {"model": {"ref": "none-such"}}})");
  const auto errors = Validate(*deployment, Resolve(*deployment, TestCatalogue(), {}));
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].reason, "ModelNotFound");
}

}  // namespace
}  // namespace disagg::api::test
