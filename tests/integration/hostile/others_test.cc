// What the API server serves of other tenants' objects is not what our writer sends.

#include <thread>

#include "tests/integration/hostile/main_job.h"
#include "tests/integration/hostile/scene.h"

namespace disagg::testing {
namespace {

class StrangeObjects : public Scene {
 protected:
  // JSON as it is written here: a DOM would change the numbers.
  static Answer CreateRaw(const std::string& manifest) {
    const CommandResult made = ChartEnvironment::cluster().Kubectl(
        {"create", "--raw", Path(manifest), "-f", "-"}, manifest);
    return {made.exit_code == 0 ? 201 : 422, {{"message", made.out + made.err}}};
  }
  static std::string Path(const std::string& manifest) {
    return manifest.find("ControllerRevision") != std::string::npos
               ? "/apis/apps/v1/namespaces/test-strange/controllerrevisions"
               : "/apis/disagg.dev/v1alpha1/namespaces/test-strange/disaggdeployments";
  }
};

std::string Tenant(const std::string& name, const std::string& number) {
  return R"({"apiVersion":"disagg.dev/v1alpha1","kind":"DisaggDeployment","metadata":{"name":")" +
         name +
         R"("},"spec":{"model":{"ref":"nvidia/Tiny-NVFP4"},)"
         R"("container":{"image":"registry.example/mocker:1"},"precision":"fp4",)"
         R"("accelerator":"b200","engine":{"type":"mocker"},"suspend":true,)"
         R"("prefill":{"replicas":1,"parallelism":{"data":1}},)"
         R"("decode":{"replicas":1,"parallelism":{"data":1},"args":{"seed":)" +
         number + "}}}}";
}

std::string Revision(const std::string& name, const std::string& number) {
  return R"({"apiVersion":"apps/v1","kind":"ControllerRevision","revision":1,"metadata":{"name":")" +
         name +
         R"(","labels":{"disagg.dev/deployment":"strange",)"
         R"("app.kubernetes.io/managed-by":"disagg-operator"}},"data":{"number":)" +
         number + "}}";
}

TEST_F(StrangeObjects, OfATenantBlindNobody) {
  MakeNamespace("strange", json::object());
  const std::string deep = std::string(500, '[') + std::string(500, ']');
  int served = 0;
  int i = 0;
  for (const std::string& number : {std::string("18446744073709551615"), std::string("1e21"),
                                    std::string("-9223372036854775809"), std::string("1e300"),
                                    std::string("0.1234567890123456789"), deep}) {
    const std::string suffix = std::to_string(i++);
    // A tenant's number may be refused, which is as good; a revision takes anything.
    CreateRaw(Tenant("tenant-" + suffix, number));
    const Answer made = CreateRaw(Revision("revision-" + suffix, number));
    served += made.ok() ? 1 : 0;
    EXPECT_TRUE(made.ok()) << made.message();
  }
  EXPECT_EQ(served, 6);
  RunMainJob("beside-strange");
  // Lists, too: an operator that starts now is ready as soon.
  StartOperator();
  RunMainJob("after-strange");
}

TEST_F(StrangeObjects, ThatAreLargeDelayNobody) {
  MakeNamespace("large", json::object());
  const std::string payload(1'400'000, 'x');
  for (int i = 0; i < 60; ++i) {
    const json revision{{"apiVersion", "apps/v1"},
                        {"kind", "ControllerRevision"},
                        {"revision", i},
                        {"metadata",
                         {{"name", "large-" + std::to_string(i)},
                          {"labels",
                           {{"disagg.dev/deployment", "large"},
                            {"app.kubernetes.io/managed-by", "disagg-operator"}}}}},
                        {"data", {{"payload", payload}}}};
    ASSERT_TRUE(
        TheApi().Create("/apis/apps/v1/namespaces/test-large/controllerrevisions", revision).ok());
  }
  StartOperator();
  RunMainJob("beside-large");
  TheApi().Delete("/api/v1/namespaces/test-large");
}

}  // namespace
}  // namespace disagg::testing
