// Tokens from files and from plugins, as the server sees them.

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/integration/conformance/harness.h"

namespace transport {
namespace {

using base::ErrorCode;

class CredentialsTest : public ::testing::Test {
 protected:
  CredentialsTest() {
    std::string name = ::testing::TempDir() + "/credentials-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~CredentialsTest() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text, mode_t mode = 0600) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return path;
  }

  std::string folder_;
};

// Answers 200 to the token "good" and 401 to anything else; the body is who one is.
void CheckToken(PeerConnection& connection) {
  while (const auto request = connection.ReadRequest()) {
    const bool good = request->find("Authorization: Bearer good\r\n") != std::string::npos;
    connection.Write(Answer(good ? 200 : 401, connection.client_name()));
  }
}

TEST_F(CredentialsTest, ATokenFileIsReadAgainAfterA401) {
  const MisbehavingPeer peer(TrustedPeer(), CheckToken);
  kube::ClusterConfig config = ConfigFor(peer);
  config.token = "never used";
  config.token_file = Write("token", "old\n");
  const auto transport = MakeOrFail(config);
  ASSERT_NE(transport, nullptr);
  EXPECT_THAT(SendAndWait(*transport, Get("/x")), IsAnswer(401, ""));
  EXPECT_EQ(peer.requests(), 1) << "there were no other credentials to try";
  Write("token", "good\n");
  EXPECT_THAT(SendAndWait(*transport, Post("/x", "{}")), IsAnswer(200, ""));
  EXPECT_EQ(peer.requests(), 3) << "once with the old token, once with the new";
}

TEST_F(CredentialsTest, ARequestIsSentOnceMoreAtMost) {
  const MisbehavingPeer peer(TrustedPeer(), [](PeerConnection& connection) {
    while (connection.ReadRequest()) connection.Write(Answer(401, "no"));
  });
  kube::ClusterConfig config = ConfigFor(peer);
  config.exec = kube::ExecPlugin{};
  config.exec->api_version = "client.authentication.k8s.io/v1";
  config.exec->command = Write("plugin", R"(#!/bin/sh
    echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"'$$'"}}')",
                               0700);
  const auto transport = MakeOrFail(config);
  ASSERT_NE(transport, nullptr);
  EXPECT_THAT(SendAndWait(*transport, Post("/x", "{}")), IsAnswer(401, "no"));
  EXPECT_EQ(peer.requests(), 2);
}

TEST_F(CredentialsTest, WhileATokenFileCannotBeReadTheLastTokenServes) {
  const MisbehavingPeer peer(TrustedPeer(), CheckToken);
  kube::ClusterConfig config = ConfigFor(peer);
  config.token_file = Write("token", "good");
  const auto transport = MakeOrFail(config);
  ASSERT_NE(transport, nullptr);
  EXPECT_THAT(SendAndWait(*transport, Get("/x")), IsAnswer(200, ""));
  std::filesystem::remove(config.token_file);
  EXPECT_THAT(SendAndWait(*transport, Get("/x")), IsAnswer(200, ""));
}

TEST_F(CredentialsTest, ATokenFileThatIsUnusableIsAnErrorThatNamesIt) {
  const MisbehavingPeer peer(TrustedPeer(), CheckToken);
  kube::ClusterConfig config = ConfigFor(peer);
  config.token_file = folder_ + "/absent";
  auto transport = MakeOrFail(config);
  EXPECT_THAT(SendAndWait(*transport, Get("/x")),
              IsError(ErrorCode::kUnauthorized, config.token_file));
  config.token_file = Write("lines", "good\nX-Evil: 1\n");
  transport = MakeOrFail(config);
  EXPECT_THAT(SendAndWait(*transport, Get("/x")),
              IsError(ErrorCode::kUnauthorized, "more than one word"));
  EXPECT_EQ(peer.requests(), 0);
}

TEST_F(CredentialsTest, APluginProvidesTheToken) {
  const MisbehavingPeer peer(TrustedPeer(), CheckToken);
  kube::ClusterConfig config = ConfigFor(peer);
  const std::string runs = folder_ + "/runs";
  config.exec = kube::ExecPlugin{};
  config.exec->api_version = "client.authentication.k8s.io/v1";
  config.exec->command = Write("plugin", "#!/bin/sh\necho run >> " + runs + R"(
    echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"'$1'"}}')",
                               0700);
  config.exec->args = {"good"};
  const auto transport = MakeOrFail(config);
  ASSERT_NE(transport, nullptr);
  EXPECT_THAT(SendAndWait(*transport, Get("/x")), IsAnswer(200, ""));
  EXPECT_THAT(SendAndWait(*transport, Get("/x")), IsAnswer(200, ""));
  EXPECT_EQ(std::filesystem::file_size(runs), 4u) << "it is run once";
}

TEST_F(CredentialsTest, APluginIsRunAgainAfterA401) {
  const MisbehavingPeer peer(TrustedPeer(), CheckToken);
  kube::ClusterConfig config = ConfigFor(peer);
  const std::string token = Write("token", "old");
  config.exec = kube::ExecPlugin{};
  config.exec->api_version = "client.authentication.k8s.io/v1";
  config.exec->command = Write("plugin", R"(#!/bin/sh
    echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"'$(cat $1)'"}}')",
                               0700);
  config.exec->args = {token};
  const auto transport = MakeOrFail(config);
  ASSERT_NE(transport, nullptr);
  EXPECT_THAT(SendAndWait(*transport, Get("/x")), IsAnswer(401, ""));
  Write("token", "good");
  EXPECT_TRUE(Eventually([&] {  // it is run every five seconds at most
    const auto answer = SendAndWait(*transport, Get("/x"));
    return answer.ok() && answer->status == 200;
  }));
}

TEST_F(CredentialsTest, APluginProvidesAClientCertificate) {
  PeerOptions options = TrustedPeer();
  options.client_ca_pem = Authority().ca_pem();
  const MisbehavingPeer peer(options, [](PeerConnection& connection) {
    while (connection.ReadRequest()) connection.Write(Answer(200, connection.client_name()));
  });
  const TestKeyPair client = Authority().Issue("from-plugin", "");
  const auto escape = [](std::string pem) {
    for (std::size_t at = 0; (at = pem.find('\n', at)) != pem.npos; at += 2)
      pem.replace(at, 1, "\\n");
    return pem;
  };
  const std::string json = Write(
      "credential.json",
      R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{)"
      R"("clientCertificateData":")" +
          escape(client.cert_pem) + R"(","clientKeyData":")" + escape(client.key_pem) + R"("}})");
  kube::ClusterConfig config = ConfigFor(peer);
  config.exec = kube::ExecPlugin{};
  config.exec->api_version = "client.authentication.k8s.io/v1";
  config.exec->command = "cat";
  config.exec->args = {json};
  const auto transport = MakeOrFail(config);
  ASSERT_NE(transport, nullptr);
  EXPECT_THAT(SendAndWait(*transport, Get("/x")), IsAnswer(200, "from-plugin"));
}

TEST_F(CredentialsTest, AFailingPluginIsAnErrorThatNamesItAndSaysHowToGetIt) {
  const MisbehavingPeer peer(TrustedPeer(), CheckToken);
  kube::ClusterConfig config = ConfigFor(peer);
  config.exec = kube::ExecPlugin{};
  config.exec->api_version = "client.authentication.k8s.io/v1";
  config.exec->command = "no-such-plugin";
  config.exec->install_hint = "install it with X";
  auto transport = MakeOrFail(config);
  const auto answer = SendAndWait(*transport, Get("/x"));
  EXPECT_THAT(answer, IsError(ErrorCode::kUnauthorized, "\"no-such-plugin\" cannot be started"));
  EXPECT_THAT(answer, IsError(ErrorCode::kUnauthorized, "install it with X"));
}

TEST_F(CredentialsTest, ASlowPluginHoldsUpItsRequestsOnlyUntilTheirTimeOut) {
  const MisbehavingPeer peer(TrustedPeer(), CheckToken);
  kube::ClusterConfig config = ConfigFor(peer);
  config.exec = kube::ExecPlugin{};
  config.exec->api_version = "client.authentication.k8s.io/v1";
  config.exec->command = "sleep";
  config.exec->args = {"60"};
  const auto transport = MakeOrFail(config);
  ASSERT_NE(transport, nullptr);
  const auto answer = SendAndWait(*transport, Post("/x", "{}", std::chrono::milliseconds(200)));
  EXPECT_THAT(answer, IsError(ErrorCode::kTimeout, "no credentials"));
  ASSERT_FALSE(answer.ok());
  EXPECT_FALSE(answer.error().outcome_unknown);
}

}  // namespace
}  // namespace transport
