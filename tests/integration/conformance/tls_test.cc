// Whom a transport trusts, and whom it presents itself as.

#include <cstdlib>
#include <fstream>

#include "tests/integration/conformance/harness.h"

namespace transport {
namespace {

using base::ErrorCode;

PeerOptions PeerWith(const TestKeyPair& certificate) {
  PeerOptions options;
  options.certificate = certificate;
  return options;
}

base::Result<Response> GetWith(const kube::ClusterConfig& config) {
  const auto transport = MakeOrFail(config);
  if (!transport) return base::MakeError(ErrorCode::kInternal, "", "no transport");
  return SendAndWait(*transport, Get("/x"));
}

TEST(Tls, AnAddressIsVerifiedAgainstTheAddressesOfTheCertificate) {
  const MisbehavingPeer peer(PeerWith(Authority().Issue("p", "IP:127.0.0.1")), AlwaysAnswer("{}"));
  EXPECT_THAT(GetWith(ConfigFor(peer)), IsAnswer(200, "{}"));
}

TEST(Tls, ANameIsVerifiedAgainstTheNamesOfTheCertificate) {
  const MisbehavingPeer peer(PeerWith(Authority().Issue("p", "DNS:localhost")), AlwaysAnswer("{}"));
  kube::ClusterConfig config = ConfigFor(peer);
  config.host = "localhost";
  EXPECT_THAT(GetWith(config), IsAnswer(200, "{}"));
}

TEST(Tls, AnIpv6AddressNeedsNoName) {
  PeerOptions options = TrustedPeer();
  options.ipv6 = true;
  const MisbehavingPeer peer(options, AlwaysAnswer("{}"));
  kube::ClusterConfig config = ConfigFor(peer);
  config.host = "::1";
  if (Traits().ipv6_addresses) {
    EXPECT_THAT(GetWith(config), IsAnswer(200, "{}"));
  } else {
    EXPECT_THAT(MakeBackend(config), IsError(ErrorCode::kInvalid, "give the server a name"));
  }
}

TEST(Tls, TheServerNameOfTheConfigurationStandsInForTheHost) {
  const MisbehavingPeer peer(PeerWith(Authority().Issue("p", "DNS:kubernetes.default")),
                             AlwaysAnswer("{}"));
  kube::ClusterConfig config = ConfigFor(peer);
  EXPECT_THAT(GetWith(config), IsError(ErrorCode::kConnection, "for kubernetes.default, not for"));
  config.tls_server_name = "kubernetes.default";
  EXPECT_THAT(GetWith(config), IsAnswer(200, "{}"));
}

TEST(Tls, ACertificateThatCannotBeTrustedIsRefusedWithTheReason) {
  static const TestAuthority kOther("other-ca");
  struct Case {
    const char* sentence;
    TestKeyPair certificate;
    const char* reason;
  };
  const Case kCases[] = {
      {"made by a CA that is not the one of the configuration", kOther.Issue("p", "IP:127.0.0.1"),
       "unable to get local issuer certificate"},
      {"for another address", Authority().Issue("p", "IP:127.0.0.2"),
       "the certificate is for 127.0.0.2, not for 127.0.0.1"},
      {"for a name where an address is asked for", Authority().Issue("p", "DNS:localhost"),
       "the certificate is for localhost, not for 127.0.0.1"},
      {"with the address as its common name only", Authority().Issue("127.0.0.1", ""),
       "the certificate is for no name, not for 127.0.0.1"},
      {"expired", Authority().Issue("p", "IP:127.0.0.1", -1), "certificate has expired"},
  };
  for (const Case& c : kCases) {
    const MisbehavingPeer peer(PeerWith(c.certificate), AlwaysAnswer("{}"));
    const auto transport = MakeOrFail(ConfigFor(peer));
    ASSERT_NE(transport, nullptr);
    const auto answer = SendAndWait(*transport, Post("/x", "{}"));
    EXPECT_THAT(answer, IsError(ErrorCode::kConnection, c.reason)) << c.sentence;
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().reason, "CertificateRefused") << c.sentence;
    EXPECT_FALSE(answer.error().outcome_unknown) << c.sentence;
    EXPECT_EQ(peer.requests(), 0) << c.sentence;
  }
}

TEST(Tls, TheCertificateOfTheServerItselfMayBeTheOneThatIsTrusted) {
  const TestKeyPair server = Authority().Issue("p", "IP:127.0.0.1");
  const MisbehavingPeer peer(PeerWith(server), AlwaysAnswer("{}"));
  kube::ClusterConfig config = ConfigFor(peer);
  config.ca_pem = server.cert_pem;
  EXPECT_THAT(GetWith(config), IsAnswer(200, "{}"));
}

TEST(Tls, TheRootsOfThisMachineAreNotTrusted) {
  // SSL_CERT_FILE stands for them.
  static const TestAuthority kSystem("system-ca");
  const std::string file = ::testing::TempDir() + "/system-roots.pem";
  std::ofstream(file) << kSystem.ca_pem();
  setenv("SSL_CERT_FILE", file.c_str(), 1);
  const MisbehavingPeer peer(PeerWith(kSystem.Issue("p", "IP:127.0.0.1")), AlwaysAnswer("{}"));
  EXPECT_THAT(GetWith(ConfigFor(peer)),
              IsError(ErrorCode::kConnection, "unable to get local issuer"));
  unsetenv("SSL_CERT_FILE");
}

TEST(Tls, AClientCertificateIsPresented) {
  PeerOptions options = TrustedPeer();
  options.client_ca_pem = Authority().ca_pem();
  const MisbehavingPeer peer(options, [](PeerConnection& connection) {
    while (connection.ReadRequest()) connection.Write(Answer(200, connection.client_name()));
  });
  kube::ClusterConfig config = ConfigFor(peer);
  const TestKeyPair client = Authority().Issue("admin", "");
  config.client_cert_pem = client.cert_pem;
  config.client_key_pem = client.key_pem;
  EXPECT_THAT(GetWith(config), IsAnswer(200, "admin"));
}

TEST(Tls, APeerThatWantsACertificateAndGetsNoneIsAnErrorOfTls) {
  PeerOptions options = TrustedPeer();
  options.client_ca_pem = Authority().ca_pem();
  const MisbehavingPeer peer(options, AlwaysAnswer("{}"));
  EXPECT_THAT(GetWith(ConfigFor(peer)), IsError(ErrorCode::kConnection, ""));
  EXPECT_TRUE(Eventually([&] { return peer.failed_handshakes() > 0; }));
}

TEST(Tls, UnusableMaterialIsNoticedWhenTheTransportIsMade) {
  const MisbehavingPeer peer(TrustedPeer(), AlwaysAnswer("{}"));
  const TestKeyPair one = Authority().Issue("one", ""), other = Authority().Issue("other", "");
  struct Case {
    const char* sentence;
    std::string ca, cert, key;
    const char* message;
  };
  const Case kCases[] = {
      {"no CA", "", "", "", "the CA certificate of the test"},
      {"a CA that is no PEM", "junk", "", "", "the CA certificate of the test"},
      {"a certificate that is no PEM", Authority().ca_pem(), "junk", one.key_pem,
       "the client certificate of the test: no readable certificate"},
      {"a key that is no PEM", Authority().ca_pem(), one.cert_pem, "junk",
       "no readable private key"},
      {"a certificate without a key", Authority().ca_pem(), one.cert_pem, "",
       "no readable private"},
      {"the key of another one", Authority().ca_pem(), one.cert_pem, other.key_pem,
       "its key does not belong to it"},
  };
  for (const Case& c : kCases) {
    kube::ClusterConfig config = ConfigFor(peer);
    config.ca_pem = c.ca;
    config.client_cert_pem = c.cert;
    config.client_key_pem = c.key;
    EXPECT_THAT(MakeBackend(config), IsError(ErrorCode::kInvalid, c.message)) << c.sentence;
  }
}

TEST(Tls, APeerThatDoesNotSpeakTlsIsAnErrorOfTls) {
  PeerOptions options;
  options.tls = false;
  const MisbehavingPeer peer(options, [](PeerConnection& connection) {
    connection.Write("HTTP/1.1 400 Bad Request\r\n\r\n");
    connection.Finish();
    connection.WaitForClose(std::chrono::seconds(5));
  });
  const auto transport = MakeOrFail(ConfigFor(peer));
  ASSERT_NE(transport, nullptr);
  const auto answer = SendAndWait(*transport, Post("/x", "{}"));
  EXPECT_THAT(answer, IsError(ErrorCode::kConnection, ""));
  ASSERT_FALSE(answer.ok());
  EXPECT_FALSE(answer.error().outcome_unknown);
}

}  // namespace
}  // namespace transport
