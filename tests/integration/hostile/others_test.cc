// What the API server serves of other tenants' objects is not what our writer sends.

#include "tests/integration/hostile/main_job.h"
#include "tests/integration/hostile/scene.h"

namespace disagg::testing {
namespace {

class StrangeObjects : public Scene {
 protected:
  static void DeleteNamespace(const std::string& name) {
    TheApi().Delete("/api/v1/namespaces/" + name);
    Eventually(name + " is gone", seconds(90),
               [&] { return TheApi().Get("/api/v1/namespaces/" + name).status == 404; });
  }
};

TEST_F(StrangeObjects, OfATenantBlindNobody) {
  MakeNamespace("strange", json::object());
  const CommandResult stored = ChartEnvironment::cluster().StoreCorpus("test-strange");
  ASSERT_EQ(stored.exit_code, 0) << stored.err;
  // Admission may refuse a tenant's deployment, which is as good; a revision takes any payload.
  EXPECT_NE(stored.out.find("created ControllerRevision unsigned-most"), std::string::npos)
      << stored.out;
  RunMainJob("beside-strange");
  // Lists, too: an operator that starts now is ready as soon.
  StartOperator();
  RunMainJob("after-strange");
  DeleteNamespace("test-strange");
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
  DeleteNamespace("test-large");
}

}  // namespace
}  // namespace disagg::testing
