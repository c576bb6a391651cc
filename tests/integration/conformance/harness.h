#pragma once

// What the cases of the suite share: a certificate authority, a configuration for a peer of this
// machine, requests.

#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/kube/cluster_config.h"
#include "operator/transport/transport.h"
#include "tests/integration/conformance/backend.h"
#include "tests/support/misbehaving_peer.h"
#include "tests/support/test_certificates.h"

namespace transport {

using disagg::testing::AlwaysAnswer;
using disagg::testing::Answer;
using disagg::testing::MisbehavingPeer;
using disagg::testing::PeerConnection;
using disagg::testing::PeerOptions;
using disagg::testing::TestAuthority;
using disagg::testing::TestKeyPair;

// The one that the configurations trust.
const TestAuthority& Authority();

// TLS with a certificate for 127.0.0.1, ::1 and localhost.
PeerOptions TrustedPeer();

kube::ClusterConfig ConfigFor(const MisbehavingPeer& peer, bool tls = true);

// Fails the test and returns null when the backend cannot be made.
std::unique_ptr<Transport> MakeOrFail(const kube::ClusterConfig& config,
                                      const BackendOptions& options = {});

Request Get(const std::string& target,
            std::chrono::milliseconds timeout = std::chrono::seconds(20));
Request Post(const std::string& target, const std::string& body,
             std::chrono::milliseconds timeout = std::chrono::seconds(20));

// One request over a transport of its own.
base::Result<Response> SendTo(const MisbehavingPeer& peer, Request request);

// Waits for something that another thread brings about.
template <typename Condition>
bool Eventually(Condition condition, std::chrono::milliseconds limit = std::chrono::seconds(10)) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

// Matches a Result that is an error with this code, and with this text in its message.
MATCHER_P2(IsError, code, text, "") {
  if (arg.ok()) {
    *result_listener << "which is no error";
    return false;
  }
  *result_listener << "which is " << static_cast<int>(arg.error().code) << " " << arg.error().reason
                   << ": " << arg.error().message;
  return arg.error().code == code && arg.error().message.find(text) != std::string::npos;
}

// Matches a Result that is a Response with this status and body.
MATCHER_P2(IsAnswer, status, body, "") {
  if (!arg.ok()) {
    *result_listener << "which is " << arg.error().reason << ": " << arg.error().message;
    return false;
  }
  *result_listener << "which is " << arg->status << " " << arg->body.substr(0, 200);
  return arg->status == status && arg->body == body;
}

}  // namespace transport
