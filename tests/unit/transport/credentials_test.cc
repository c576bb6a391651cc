#include "operator/transport/credentials.h"

#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "operator/transport/base64.h"
#include "operator/transport/exec_credentials.h"
#include "tests/unit/transport/temporary_folder.h"

namespace transport {
namespace {

using ::testing::HasSubstr;

constexpr char kV1[] = "client.authentication.k8s.io/v1";

class CredentialsTest : public ::testing::Test {
 protected:
  std::string Token(CredentialSource& source) {
    std::promise<base::Result<Credentials>> promise;
    source.Get(
        [&](base::Result<Credentials> credentials) { promise.set_value(std::move(credentials)); });
    const auto credentials = promise.get_future().get();
    return credentials.ok() ? credentials->token : "error: " + credentials.error().message;
  }

  TemporaryFolder folder_;
  base::ManualClock clock_{base::SystemTime(std::chrono::seconds(1'790'000'000))};
};

TEST_F(CredentialsTest, AFixedTokenStaysAsItIs) {
  kube::ClusterConfig config;
  config.token = "fixed";
  const auto source = MakeCredentialSource(config, clock_);
  EXPECT_EQ(Token(*source), "fixed");
  source->OnUnauthorized("fixed");
  EXPECT_EQ(Token(*source), "fixed");
}

TEST_F(CredentialsTest, ATokenFileIsReadOnceAMinute) {
  kube::ClusterConfig config;
  config.token_file = folder_.Write("token", " one\n");
  const auto source = MakeCredentialSource(config, clock_);
  EXPECT_EQ(Token(*source), "one");
  folder_.Write("token", "two");
  clock_.Advance(std::chrono::seconds(59));
  EXPECT_EQ(Token(*source), "one");
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(Token(*source), "two");
}

TEST_F(CredentialsTest, ATokenFileIsReadAtOnceAfterA401ToTheCurrentToken) {
  kube::ClusterConfig config;
  config.token_file = folder_.Write("token", "one");
  const auto source = MakeCredentialSource(config, clock_);
  EXPECT_EQ(Token(*source), "one");
  folder_.Write("token", "two");
  source->OnUnauthorized("one");
  EXPECT_EQ(Token(*source), "two");
  folder_.Write("token", "three");
  source->OnUnauthorized("one");  // a late answer to a request of before
  EXPECT_EQ(Token(*source), "two");
}

// A plugin that counts its runs and prints "token-<run>" with the given expiry.
kube::ClusterConfig CountingPlugin(const TemporaryFolder& folder, const std::string& expiry) {
  kube::ClusterConfig config;
  config.exec = kube::ExecPlugin{};
  config.exec->api_version = kV1;
  config.exec->command = folder.Write("plugin", R"(#!/bin/sh
    echo x >> "$1"; n=$(wc -l < "$1")
    printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"token-%s"%s}}' $n "$2")",
                                      0700);
  config.exec->args = {folder.path() + "/runs",
                       expiry.empty() ? "" : R"(,"expirationTimestamp":")" + expiry + "\""};
  return config;
}

TEST_F(CredentialsTest, APluginIsRunAgainShortlyBeforeItsTokenExpires) {
  const std::string expiry = base::FormatTime(1'790'000'000 + 100);
  const auto source = MakeCredentialSource(CountingPlugin(folder_, expiry), clock_);
  EXPECT_EQ(Token(*source), "token-1");
  clock_.Advance(std::chrono::seconds(89));
  EXPECT_EQ(Token(*source), "token-1");
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(Token(*source), "token-2");
}

TEST_F(CredentialsTest, APluginWhoseTokenDoesNotExpireIsRunAgainAfterA401Only) {
  const auto source = MakeCredentialSource(CountingPlugin(folder_, ""), clock_);
  EXPECT_EQ(Token(*source), "token-1");
  clock_.Advance(std::chrono::hours(1000));
  EXPECT_EQ(Token(*source), "token-1");
  source->OnUnauthorized("another");
  EXPECT_EQ(Token(*source), "token-1");
  source->OnUnauthorized("token-1");
  EXPECT_EQ(Token(*source), "token-2");
}

TEST_F(CredentialsTest, APluginIsRunAgainAtMostEveryFiveSecondsHoweverMany401sCome) {
  const auto source = MakeCredentialSource(CountingPlugin(folder_, ""), clock_);
  for (int i = 0; i < 10; ++i) source->OnUnauthorized(Token(*source));
  EXPECT_EQ(Token(*source), "token-2");
  clock_.Advance(std::chrono::seconds(5));
  source->OnUnauthorized("token-2");
  EXPECT_EQ(Token(*source), "token-3");
}

TEST_F(CredentialsTest, AFailureOfAPluginIsNotKept) {
  kube::ClusterConfig config = CountingPlugin(folder_, "");
  const std::string plugin = config.exec->command;
  config.exec->command = folder_.path() + "/later";
  const auto source = MakeCredentialSource(config, clock_);
  EXPECT_THAT(Token(*source), HasSubstr("cannot be started"));
  std::filesystem::rename(plugin, config.exec->command);
  EXPECT_EQ(Token(*source), "token-1");
}

TEST_F(CredentialsTest, AWaitingCallerIsToldWhenTheSourceGoes) {
  kube::ClusterConfig config;
  config.exec = kube::ExecPlugin{};
  config.exec->api_version = kV1;
  config.exec->command = "sleep";
  config.exec->args = {"60"};
  auto source = MakeCredentialSource(config, clock_);
  std::promise<std::string> told;
  source->Get([&](base::Result<Credentials> credentials) {
    told.set_value(credentials.ok() ? "" : credentials.error().message);
  });
  source.reset();
  EXPECT_THAT(told.get_future().get(), HasSubstr("\"sleep\" was stopped"));
}

TEST(ExecInfo, TellsAPluginWhatItAsksFor) {
  kube::ClusterConfig config;
  config.host = "::1";
  config.port = "6443";
  config.path_prefix = "/p";
  config.ca_pem = "CA";
  config.tls_server_name = "kubernetes";
  config.exec = kube::ExecPlugin{};
  config.exec->api_version = kV1;
  EXPECT_EQ(nlohmann::json::parse(ExecInfo(config)),
            nlohmann::json::parse(R"({"apiVersion":"client.authentication.k8s.io/v1",
              "kind":"ExecCredential","spec":{"interactive":false}})"));
  config.exec->provide_cluster_info = true;
  const auto cluster = nlohmann::json::parse(ExecInfo(config))["spec"]["cluster"];
  EXPECT_EQ(cluster["server"], "https://[::1]:6443/p");
  EXPECT_EQ(cluster["certificate-authority-data"], EncodeBase64("CA"));
  EXPECT_EQ(cluster["tls-server-name"], "kubernetes");
}

TEST(ExecCredential, IsRefusedWithTheReason) {
  kube::ExecPlugin plugin;
  plugin.api_version = kV1;
  plugin.command = "aws";
  const std::string head =
      R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":)";
  const std::pair<std::string, const char*> kCases[] = {
      {"", "has not printed a JSON object"},
      {"Please log in", "has not printed a JSON object"},
      {R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1"})",
       "has not printed an ExecCredential of client.authentication.k8s.io/v1 but a ExecCredential"},
      {R"({"kind":"Token","apiVersion":"v1"})", "but a Token of v1"},
      {R"({"kind":"T\u001b[31m","apiVersion":"v1"})", "but a T [31m of v1"},
      {"{\"kind\":\"T\xff\"}", "has not printed a JSON object"},
      {head + "null}", "printed no status"},
      {head + "{}}", "neither a token nor a client certificate"},
      {head + R"({"clientCertificateData":"c"}})", "without its key"},
      {head + R"({"token":"a\nb"}})", "white space"},
      {head + R"({"token":"a","expirationTimestamp":"tomorrow"}})",
       "unreadable expirationTimestamp"},
  };
  for (const auto& [json, message] : kCases) {
    const auto answer = ParseExecCredential(json, plugin);
    ASSERT_FALSE(answer.ok()) << json;
    EXPECT_THAT(answer.error().message, HasSubstr("the credential plugin \"aws\"")) << json;
    EXPECT_THAT(answer.error().message, HasSubstr(message)) << json;
  }
}

}  // namespace
}  // namespace transport
