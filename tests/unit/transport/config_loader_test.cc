// Every way in which a person gets a kubeconfig right or wrong.

#include "operator/transport/config_loader.h"

#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/transport/base64.h"
#include "tests/unit/transport/temporary_folder.h"

namespace transport {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kCert[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
constexpr char kKey[] = "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n";

// Sets an environment variable for the time of a test; nullptr unsets it.
class ScopedEnvironment {
 public:
  ScopedEnvironment(const char* name, const char* value) : name_(name) {
    if (const char* old = getenv(name)) old_ = old;
    Set(value);
  }
  ~ScopedEnvironment() { Set(old_ ? old_->c_str() : nullptr); }
  ScopedEnvironment(const ScopedEnvironment&) = delete;
  ScopedEnvironment& operator=(const ScopedEnvironment&) = delete;

 private:
  void Set(const char* value) const {
    if (value != nullptr) {
      setenv(name_, value, 1);
    } else {
      unsetenv(name_);
    }
  }
  const char* const name_;
  std::optional<std::string> old_;
};

// A kubeconfig with one context, of which the cluster and the user are given as flow YAML.
std::string Kubeconfig(const std::string& cluster, const std::string& user) {
  return "apiVersion: v1\nkind: Config\ncurrent-context: x\n"
         "contexts: [{name: x, context: {cluster: c, user: u, namespace: serving}}]\n"
         "clusters: [{name: c, cluster: " +
         cluster +
         "}]\n"
         "users: [{name: u, user: " +
         user + "}]\n";
}

const std::string& GoodCluster() {
  static const std::string kCluster =
      "{server: 'https://10.0.0.1:6443', certificate-authority-data: " + EncodeBase64(kCert) + "}";
  return kCluster;
}

class ConfigLoaderTest : public ::testing::Test {
 protected:
  base::Result<kube::ClusterConfig> Load(const std::string& text) {
    return LoadKubeconfig(folder_.Write("kubeconfig", text), "");
  }

  TemporaryFolder folder_;
};

TEST_F(ConfigLoaderTest, ReadsAServerWithATokenAndANamespace) {
  const auto config = Load(Kubeconfig(GoodCluster(), "{token: secret}"));
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->scheme, "https");
  EXPECT_EQ(config->host, "10.0.0.1");
  EXPECT_EQ(config->port, "6443");
  EXPECT_EQ(config->ca_pem, kCert);
  EXPECT_EQ(config->token, "secret");
  EXPECT_EQ(config->default_namespace, "serving");
  EXPECT_EQ(config->source, "context \"x\" of " + folder_.path() + "/kubeconfig");
}

TEST_F(ConfigLoaderTest, ReadsFilesRelativeToTheKubeconfig) {
  folder_.Write("pki/ca.crt", kCert);
  folder_.Write("pki/admin.crt", kCert);
  const std::string key = folder_.Write("elsewhere/admin.key", kKey);
  const std::string token = folder_.Write("token", "secret");
  const auto config = Load(Kubeconfig(
      "{server: 'https://a', certificate-authority: pki/ca.crt, tls-server-name: kubernetes}",
      "{client-certificate: ./pki/admin.crt, client-key: " + key + ", tokenFile: token}"));
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->ca_pem, kCert);
  EXPECT_EQ(config->client_cert_pem, kCert);
  EXPECT_EQ(config->client_key_pem, kKey);
  EXPECT_EQ(config->token_file, token);
  EXPECT_EQ(config->tls_server_name, "kubernetes");
}

TEST_F(ConfigLoaderTest, DataCountsMoreThanAFile) {
  const auto config =
      Load(Kubeconfig("{server: 'https://a', certificate-authority: /no/such/file, "
                      "certificate-authority-data: " +
                          EncodeBase64(kCert) + "}",
                      "{}"));
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->ca_pem, kCert);
}

TEST_F(ConfigLoaderTest, ReadsAPlugin) {
  const auto config = Load(Kubeconfig(GoodCluster(), R"({exec: {
    apiVersion: client.authentication.k8s.io/v1, command: aws, args: [eks, get-token, 1],
    env: [{name: AWS_PROFILE, value: prod}], provideClusterInfo: true, interactiveMode: IfAvailable,
    installHint: get it}})"));
  ASSERT_TRUE(config.ok()) << config.error().message;
  ASSERT_TRUE(config->exec.has_value());
  EXPECT_EQ(config->exec->command, "aws") << "looked up in PATH";
  EXPECT_THAT(config->exec->args, ElementsAre("eks", "get-token", "1"));
  EXPECT_THAT(config->exec->env, ElementsAre(::testing::Pair("AWS_PROFILE", "prod")));
  EXPECT_TRUE(config->exec->provide_cluster_info);
  EXPECT_EQ(config->exec->install_hint, "get it");
}

TEST_F(ConfigLoaderTest, APluginWithASlashIsRelativeToTheKubeconfig) {
  const auto config = Load(
      Kubeconfig(GoodCluster(),
                 "{exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: ./bin/p}}"));
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->exec->command, folder_.path() + "/bin/p");
}

TEST_F(ConfigLoaderTest, AContextMayDoWithoutAUserAndANamespace) {
  const auto config = Load(
      "current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\n"
      "clusters: [{name: c, cluster: {server: 'http://localhost:8001'}}]\n");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->default_namespace, "default");
  EXPECT_EQ(config->scheme, "http");
}

TEST_F(ConfigLoaderTest, AnotherContextCanBeChosen) {
  const std::string path =
      folder_.Write("kubeconfig", Kubeconfig(GoodCluster(), "{token: a}") + "preferences: {}\n");
  EXPECT_TRUE(LoadKubeconfig(path, "x").ok());
  const auto other = LoadKubeconfig(path, "prod");
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().message, path + " has no context \"prod\"; there are: x");
}

struct Mistake {
  const char* sentence;
  std::string cluster, user;
  const char* message;
};

TEST_F(ConfigLoaderTest, MistakesInEntriesAreNamed) {
  const std::string ca = EncodeBase64(kCert), key = EncodeBase64(kKey);
  const std::string server = "server: 'https://a'";
  const std::string exec = "{exec: {apiVersion: client.authentication.k8s.io/v1, ";
  const Mistake kMistakes[] = {
      {"no server", "{}", "{}", "cluster \"c\" of"},
      {"a cluster that is empty", "", "{}", "has no server"},
      {"a server without a scheme", "{server: 'a:6443'}", "{}", "must begin with https://"},
      {"http to another machine", "{server: 'http://a'}", "{}",
       "plain http is for this machine only"},
      {"no CA", "{" + server + "}", "{}", "has no certificate-authority"},
      {"a CA file that is not there", "{" + server + ", certificate-authority: ca.crt}", "{}",
       "kubeconfig has an unusable certificate-authority: cannot read "},
      {"a folder for a CA", "{" + server + ", certificate-authority: /}", "{}",
       "not a regular file"},
      {"a CA that is not base64", "{" + server + ", certificate-authority-data: '%%%'}", "{}",
       "certificate-authority-data that is not base64"},
      {"a CA that is base64 twice",
       "{" + server + ", certificate-authority-data: " + EncodeBase64(ca) + "}", "{}",
       "holds no PEM CERTIFICATE"},
      {"a key for a CA", "{" + server + ", certificate-authority-data: " + key + "}", "{}",
       "holds no PEM CERTIFICATE"},
      {"no verification", "{" + server + ", insecure-skip-tls-verify: true}", "{}",
       "insecure-skip-tls-verify, which is not supported"},
      {"no verification, in another word", "{" + server + ", insecure-skip-tls-verify: Yes}", "{}",
       "insecure-skip-tls-verify, which is not supported"},
      {"a proxy", "{" + server + ", proxy-url: 'http://p', certificate-authority-data: " + ca + "}",
       "{}", "has proxy-url"},
      {"a password", GoodCluster(), "{username: me, password: secret}",
       "basic auth is not supported"},
      {"an auth provider", GoodCluster(), "{auth-provider: {name: gcp}}", "use an exec plugin"},
      {"impersonation", GoodCluster(), "{token: a, as: admin}", "impersonation is not supported"},
      {"impersonation of groups", GoodCluster(), "{token: a, as-groups: [x]}", "impersonation"},
      {"a certificate without a key", GoodCluster(), "{client-certificate-data: " + ca + "}",
       "has a client-certificate but no client-key"},
      {"a key without a certificate", GoodCluster(), "{client-key-data: " + key + "}",
       "has a client-key but no client-certificate"},
      {"certificate and key mixed up", GoodCluster(),
       "{client-certificate-data: " + key + ", client-key-data: " + ca + "}",
       "holds no PEM CERTIFICATE"},
      {"a token file that is not there", GoodCluster(), "{tokenFile: token}", "unusable tokenFile"},
      {"a token of two words", GoodCluster(), "{token: 'Bearer x'}", "a token with white space"},
      {"a plugin without a command", GoodCluster(), exec + "}}", "exec without a command"},
      {"a plugin of an old version", GoodCluster(),
       "{exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: p}}",
       "v1 and v1beta1 are supported"},
      {"a plugin of no version", GoodCluster(), "{exec: {command: p}}", "exec of apiVersion \"\""},
      {"a plugin that asks questions", GoodCluster(),
       exec + "command: p, interactiveMode: Always}}", "needs a terminal"},
      {"a plugin with odd arguments", GoodCluster(), exec + "command: p, args: [{a: b}]}}",
       "bad conversion"},
  };
  for (const Mistake& mistake : kMistakes) {
    const auto config = Load(Kubeconfig(mistake.cluster, mistake.user));
    ASSERT_FALSE(config.ok()) << mistake.sentence;
    EXPECT_EQ(config.error().code, base::ErrorCode::kInvalid) << mistake.sentence;
    EXPECT_THAT(config.error().message, HasSubstr(mistake.message)) << mistake.sentence;
    EXPECT_THAT(config.error().message, HasSubstr(folder_.path())) << mistake.sentence;
  }
}

TEST_F(ConfigLoaderTest, MistakesInFilesAreNamed) {
  const std::pair<const char*, const char*> kCases[] = {
      {"", "has no current-context: choose a context; there are none"},
      {"{", "not a kubeconfig: yaml-cpp: error"},
      {"- a\n- b\n", "its YAML is not a map"},
      {"clusters: 3\n", "clusters is not a list"},
      {"clusters: [{cluster: {server: a}}]\n", "an entry of clusters has no name"},
      {"users: [x]\n", "an entry of users has no name"},
      {"contexts: [{name: x, context: [1]}]\n", "context of \"x\" is not a map"},
      {"contexts: [{name: a}, {name: b}]\n",
       "has no current-context: choose a context; there are: a, b"},
      {"current-context: y\ncontexts: [{name: x}]\n", "has no context \"y\"; there are: x"},
      {"current-context: x\ncontexts: [{name: x}]\n", "context \"x\" of"},
      {"current-context: x\ncontexts: [{name: x, context: {cluster: d}}]\nclusters: [{name: c}]\n",
       "has no cluster \"d\"; there are: c"},
      {"current-context: x\ncontexts: [{name: x, context: {cluster: c, user: v}}]\n"
       "clusters: [{name: c, cluster: {server: 'http://localhost'}}]\nusers: [{name: u}]\n",
       "has no user \"v\"; there are: u"},
  };
  for (const auto& [text, message] : kCases) {
    const auto config = Load(text);
    ASSERT_FALSE(config.ok()) << text;
    EXPECT_THAT(config.error().message, HasSubstr(message)) << text;
    EXPECT_THAT(config.error().message, HasSubstr(folder_.path())) << text;
  }
}

TEST_F(ConfigLoaderTest, AFileThatIsNotThereIsNamed) {
  const auto absent = LoadKubeconfig(folder_.path() + "/absent", "");
  ASSERT_FALSE(absent.ok());
  EXPECT_EQ(absent.error().message,
            "cannot read " + folder_.path() + "/absent: No such file or directory");
}

TEST_F(ConfigLoaderTest, AListOfFilesIsMergedAndTheFirstWins) {
  const std::string first = folder_.Write("a/config",
                                          "current-context: x\n"
                                          "contexts: [{name: x, context: {cluster: c, user: "
                                          "u}}]\nusers: [{name: u, user: {token: first}}]\n");
  folder_.Write("b/ca.crt", kCert);
  const std::string second = folder_.Write(
      "b/config",
      "current-context: other\n"
      "clusters: [{name: c, cluster: {server: 'https://b', certificate-authority: ca.crt}}]\n"
      "users: [{name: u, user: {token: second}}]\n");
  const std::string list = first + "::" + folder_.path() + "/absent:" + second;
  const ScopedEnvironment environment("KUBECONFIG", list.c_str());
  const auto config = LoadKubeconfig("", "");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->host, "b");
  EXPECT_EQ(config->ca_pem, kCert) << "relative to the file that names it";
  EXPECT_EQ(config->token, "first");
}

TEST_F(ConfigLoaderTest, WithoutAnythingItIsTheFileOfTheUser) {
  folder_.Write(".kube/config", Kubeconfig(GoodCluster(), "{token: home}"));
  const ScopedEnvironment kubeconfig("KUBECONFIG", nullptr), home("HOME", folder_.path().c_str());
  const auto config = LoadKubeconfig("", "");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->token, "home");
}

TEST_F(ConfigLoaderTest, WhenNoneOfTheListExistsAllAreNamed) {
  const ScopedEnvironment environment("KUBECONFIG", "/no/a:/no/b");
  const auto config = LoadKubeconfig("", "");
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.error().message, "/no/a:/no/b: none of these files of KUBECONFIG exists");
}

TEST_F(ConfigLoaderTest, WithoutAHomeItSaysWhatToDo) {
  const ScopedEnvironment kubeconfig("KUBECONFIG", nullptr), home("HOME", nullptr);
  const auto config = LoadKubeconfig("", "");
  ASSERT_FALSE(config.ok());
  EXPECT_THAT(config.error().message, HasSubstr("pass --kubeconfig"));
}

TEST_F(ConfigLoaderTest, InAPodTheMountedFilesCount) {
  folder_.Write("ca.crt", kCert);
  folder_.Write("token", "pod-token");
  folder_.Write("namespace", "disagg-system\n");
  const ScopedEnvironment host("KUBERNETES_SERVICE_HOST", "fd00::1"),
      port("KUBERNETES_SERVICE_PORT", "443");
  const auto config = LoadInCluster(folder_.path());
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->host, "fd00::1");
  EXPECT_EQ(config->port, "443");
  EXPECT_EQ(config->ca_pem, kCert);
  EXPECT_EQ(config->token_file, folder_.path() + "/token");
  EXPECT_EQ(config->default_namespace, "disagg-system");
  EXPECT_EQ(config->source, "in-cluster");
}

TEST_F(ConfigLoaderTest, InAPodAMissingMountIsNamed) {
  const ScopedEnvironment host("KUBERNETES_SERVICE_HOST", "10.0.0.1"),
      port("KUBERNETES_SERVICE_PORT", "443");
  const auto no_ca = LoadInCluster(folder_.path());
  ASSERT_FALSE(no_ca.ok());
  EXPECT_THAT(no_ca.error().message, HasSubstr(folder_.path() + "/ca.crt"));
  folder_.Write("ca.crt", kCert);
  const auto no_token = LoadInCluster(folder_.path());
  ASSERT_FALSE(no_token.ok());
  EXPECT_THAT(no_token.error().message, HasSubstr(folder_.path() + "/token"));
}

TEST_F(ConfigLoaderTest, OutsideAPodItSaysSo) {
  const ScopedEnvironment host("KUBERNETES_SERVICE_HOST", nullptr);
  const auto config = LoadInCluster(folder_.path());
  ASSERT_FALSE(config.ok());
  EXPECT_THAT(config.error().message, HasSubstr("this is not a pod"));
}

TEST_F(ConfigLoaderTest, TheOperatorPrefersItsFlagToThePod) {
  const std::string path = folder_.Write("kubeconfig", Kubeconfig(GoodCluster(), "{token: flag}"));
  const ScopedEnvironment host("KUBERNETES_SERVICE_HOST", "10.0.0.1"),
      port("KUBERNETES_SERVICE_PORT", "443");
  EXPECT_EQ(LoadClusterConfig(path)->token, "flag");
  const auto in_pod = LoadClusterConfig("");
  ASSERT_FALSE(in_pod.ok()) << "it does not fall back to a kubeconfig";
  EXPECT_THAT(in_pod.error().message, HasSubstr("serviceaccount"));
}

}  // namespace
}  // namespace transport
