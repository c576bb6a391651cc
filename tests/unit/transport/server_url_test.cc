#include "operator/transport/server_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace transport {
namespace {

TEST(ServerUrl, IsTakenApart) {
  struct Case {
    const char* url;
    const char *scheme, *host, *port, *path;
  };
  const Case kCases[] = {
      {"https://kube.example", "https", "kube.example", "443", ""},
      {"https://kube.example/", "https", "kube.example", "443", ""},
      {"https://10.0.0.1:6443", "https", "10.0.0.1", "6443", ""},
      {"https://[::1]:6443", "https", "::1", "6443", ""},
      {"https://[fd00::1]", "https", "fd00::1", "443", ""},
      {"https://rancher.example/k8s/clusters/c-1", "https", "rancher.example", "443",
       "/k8s/clusters/c-1"},
      {"https://rancher.example:8443/k8s/", "https", "rancher.example", "8443", "/k8s"},
      {"http://127.0.0.1:8001", "http", "127.0.0.1", "8001", ""},
      {"http://localhost", "http", "localhost", "80", ""},
  };
  for (const Case& c : kCases) {
    kube::ClusterConfig config;
    const base::Status parsed = ParseServerUrl(c.url, config);
    ASSERT_TRUE(parsed.ok()) << c.url << " " << parsed.error().message;
    EXPECT_EQ(config.scheme, c.scheme) << c.url;
    EXPECT_EQ(config.host, c.host) << c.url;
    EXPECT_EQ(config.port, c.port) << c.url;
    EXPECT_EQ(config.path_prefix, c.path) << c.url;
  }
}

TEST(ServerUrl, IsRefusedWithTheReason) {
  const std::pair<const char*, const char*> kCases[] = {
      {"", "must begin with https://"},
      {"kube.example:6443", "must begin with https://"},
      {"ftp://kube.example", "must begin with https://"},
      {"http://kube.example", "plain http is for this machine only"},
      {"http://localhost.example", "plain http is for this machine only"},
      {"http://127.0.0.1.example", "plain http is for this machine only"},
      {"https://", "names no host"},
      {"https://:6443", "names no host"},
      {"https://me:secret@kube.example", "holds a user"},
      {"https://kube.example:x", "no valid port"},
      {"https://kube.example:", "no valid port"},
      {"https://kube.example:0", "no valid port"},
      {"https://kube.example:65536", "no valid port"},
      {"https://fd00::1:6443", "needs [ and ]"},
      {"https://[fd00::1", "a [ without a ]"},
      {"https://[fd00::1]x", "something after its ]"},
      {"https://kube.example/?x=y", "a query"},
      {"https://kube.example/a b", "white space"},
  };
  for (const auto& [url, reason] : kCases) {
    kube::ClusterConfig config;
    const base::Status parsed = ParseServerUrl(url, config);
    ASSERT_FALSE(parsed.ok()) << url;
    EXPECT_THAT(parsed.error().message, ::testing::HasSubstr(reason)) << url;
  }
}

}  // namespace
}  // namespace transport
