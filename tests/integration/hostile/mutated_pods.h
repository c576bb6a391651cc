#pragma once

// Pods that a webhook of somebody else changes at their creation.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/integration/hostile/scene.h"
#include "tests/support/webhook_server.h"

namespace disagg::testing {

// A mutating webhook of the platform team changes every pod at its creation.
class MutatedPods : public Scene {
 protected:
  void Mutate(const std::string& scene, const std::string& path) {
    MakeNamespace(scene, {{"scene", scene}});
    path_ = path;
    server_ = WebhookServer::Start(ChartEnvironment::cluster().dir() + "/webhook-" + scene);
    ASSERT_NE(server_, nullptr);
    webhook_ = std::make_unique<Object>(
        "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
        PodWebhook("MutatingWebhookConfiguration", scene, "CREATE", server_->ClientConfig(path)));
  }
  int Calls() { return server_->Calls(path_); }

  std::unique_ptr<WebhookServer> server_;
  std::unique_ptr<Object> webhook_;
  std::string path_;
};

}  // namespace disagg::testing
