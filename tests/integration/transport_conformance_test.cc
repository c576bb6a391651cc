// The conformance suite of transport::Transport, and its part against a real kube-apiserver. The
// same cases are linked with each backend; the rest is in conformance/:
//   tls_test          whom a transport trusts and presents itself as
//   fault_test        odd and wrong answers, silence, no connection
//   keep_alive_test   connections that are used again; no write is sent twice
//   credentials_test  token files and credential plugins
//   bound_test        connections, queue (the operator's backend only, as all below)
//   stream_test       cancelling, back-pressure, time-outs of streams
//   watch_test        watches of a real kube-apiserver

#include <csignal>
#include <fstream>
#include <future>
#include <vector>

#include <nlohmann/json.hpp>

#include "operator/transport/config_loader.h"
#include "tests/integration/conformance/harness.h"
#include "tests/support/cluster.h"

namespace transport {
namespace {

using base::ErrorCode;
using disagg::testing::ClusterEnvironment;
using Json = nlohmann::json;

constexpr char kConfigMaps[] = "/api/v1/namespaces/default/configmaps";

std::unique_ptr<Transport> ToCluster() {
  const auto config = LoadKubeconfig(ClusterEnvironment::cluster().kubeconfig(), "");
  if (config.ok()) return MakeOrFail(*config);
  ADD_FAILURE() << config.error().message;
  return nullptr;
}

Json ConfigMap(const std::string& name, const std::string& value) {
  return {{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata", {{"name", name}}},
          {"data", {{"key", value}}}};
}

Request Write(Method method, const std::string& target, const Json& body,
              const std::string& type = "application/json") {
  Request request = Get(target);
  request.method = method;
  request.headers.emplace_back("Content-Type", type);
  if (!body.is_null()) request.body = body.dump();
  return request;
}

int StatusOf(const base::Result<Response>& answer) {
  if (answer.ok()) return answer->status;
  ADD_FAILURE() << answer.error().message;
  return 0;
}

TEST(ApiServer, AnswersEveryVerb) {
  const auto transport = ToCluster();
  ASSERT_NE(transport, nullptr);
  const std::string name = std::string(kConfigMaps) + "/verbs";
  const std::string apply = "application/apply-patch+yaml";
  struct Case {
    const char* sentence;
    Request request;
    int status;
  };
  const Case kCases[] = {
      {"nothing is there", Get(name), 404},
      {"it is created", Write(Method::kPost, kConfigMaps, ConfigMap("verbs", "ü")), 201},
      {"it cannot be created twice", Write(Method::kPost, kConfigMaps, ConfigMap("verbs", "ü")),
       409},
      {"it is read", Get(name), 200},
      {"it is replaced", Write(Method::kPut, name, ConfigMap("verbs", "b")), 200},
      {"a conflict of appliers is seen",
       Write(Method::kPatch, name + "?fieldManager=other", ConfigMap("verbs", "c"), apply), 409},
      {"it is applied by force",
       Write(Method::kPatch, name + "?fieldManager=other&force=true", ConfigMap("verbs", "c"),
             apply),
       200},
      {"a wrong patch is refused",
       Write(Method::kPatch, name + "?fieldManager=other", Json::array(), apply), 400},
      {"a wrong precondition is refused",
       Write(Method::kDelete, name, {{"preconditions", {{"uid", "no such"}}}}), 409},
      {"it is deleted", Write(Method::kDelete, name, nullptr), 200},
      {"nothing is left", Get(name), 404},
  };
  for (const Case& c : kCases) {
    const auto answer = SendAndWait(*transport, c.request);
    EXPECT_EQ(StatusOf(answer), c.status) << c.sentence;
    EXPECT_TRUE(answer.ok() && Json::accept(answer->body)) << c.sentence;
  }
}

TEST(ApiServer, SendsListsOfMegabytes) {
  const auto transport = ToCluster();
  ASSERT_NE(transport, nullptr);
  constexpr int kObjects = 40;
  std::vector<std::future<int>> created;
  for (int i = 0; i < kObjects; ++i) {
    auto status = std::make_shared<std::promise<int>>();
    created.push_back(status->get_future());
    transport->Send(
        Write(Method::kPost, kConfigMaps,
              ConfigMap("big-" + std::to_string(i), std::string(100'000, 'x'))),
        [status](base::Result<Response> answer) { status->set_value(StatusOf(answer)); });
  }
  for (auto& status : created) EXPECT_EQ(status.get(), 201);
  const auto list = SendAndWait(*transport, Get(kConfigMaps));
  ASSERT_EQ(StatusOf(list), 200);
  const Json items = Json::parse(list->body)["items"];
  EXPECT_GE(items.size(), static_cast<std::size_t>(kObjects));
  EXPECT_GT(list->body.size(), 4'000'000u);
  EXPECT_EQ(StatusOf(SendAndWait(*transport, Write(Method::kDelete, kConfigMaps, nullptr))), 200);
}

TEST(ApiServer, KnowsATokenOfAServiceAccount) {
  const auto& cluster = ClusterEnvironment::cluster();
  ASSERT_EQ(cluster.Kubectl({"create", "serviceaccount", "robot"}).exit_code, 0);
  const std::string kubeconfig = cluster.ServiceAccountKubeconfig("default", "robot");
  ASSERT_NE(kubeconfig, "");
  auto config = LoadKubeconfig(kubeconfig, "");
  ASSERT_TRUE(config.ok()) << config.error().message;
  const auto robot = MakeOrFail(*config);
  ASSERT_NE(robot, nullptr);
  const auto forbidden = SendAndWait(*robot, Get(kConfigMaps));
  ASSERT_EQ(StatusOf(forbidden), 403);
  EXPECT_THAT(forbidden->body, ::testing::HasSubstr("system:serviceaccount:default:robot"));

  config->token = "nonsense";
  config->token_file.clear();
  const auto stranger = MakeOrFail(*config);
  ASSERT_NE(stranger, nullptr);
  EXPECT_EQ(StatusOf(SendAndWait(*stranger, Get(kConfigMaps))), 401);
}

TEST(ApiServer, IsReachedByItsNameToo) {
  auto config = LoadKubeconfig(ClusterEnvironment::cluster().kubeconfig(), "");
  ASSERT_TRUE(config.ok());
  config->host = "localhost";
  const auto transport = MakeOrFail(*config);
  ASSERT_NE(transport, nullptr);
  const auto version = SendAndWait(*transport, Get("/version"));
  ASSERT_EQ(StatusOf(version), 200);
  EXPECT_THAT(version->body, ::testing::HasSubstr("gitVersion"));
  EXPECT_EQ(version->Header("content-type"), "application/json");
}

TEST(ApiServer, ThatIsNotTheOneOfTheConfigurationIsRefused) {
  auto config = LoadKubeconfig(ClusterEnvironment::cluster().kubeconfig(), "");
  ASSERT_TRUE(config.ok());
  config->ca_pem = Authority().ca_pem();
  const auto transport = MakeOrFail(*config);
  ASSERT_NE(transport, nullptr);
  EXPECT_THAT(SendAndWait(*transport, Get("/version")),
              IsError(ErrorCode::kConnection, "the certificate of the server is refused"));
}

}  // namespace
}  // namespace transport

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  ::testing::InitGoogleMock(&argc, argv);
  disagg::testing::ClusterOptions cluster;
  cluster.control_plane_only = true;
  ::testing::AddGlobalTestEnvironment(new disagg::testing::ClusterEnvironment(cluster));
  return RUN_ALL_TESTS();
}
