#include "tests/support/webhook_server.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <utility>

#include "tests/support/cluster.h"

namespace disagg::testing {

using nlohmann::json;

std::unique_ptr<WebhookServer> WebhookServer::Start(const std::string& log) {
  ProcessOptions talk{.env = {}, .output_file = log, .talk = true};
  auto process = Process::Start({LocalClusterProgram(), "webhook"}, talk);
  const auto ready = process ? WaitUntilReady(*process) : std::nullopt;
  if (!ready) {
    ADD_FAILURE() << "the webhook server does not start: see " << log;
    return nullptr;
  }
  const std::size_t space = ready->find(' ');
  return std::unique_ptr<WebhookServer>(
      new WebhookServer(std::move(process), ready->substr(0, space), ready->substr(space + 1)));
}

json WebhookServer::ClientConfig(const std::string& path) const {
  return {{"url", url_ + path}, {"caBundle", ca_}};
}

int WebhookServer::Calls(const std::string& path) {
  std::optional<std::string> answer;
  if (process_->WriteLine("calls " + path)) answer = process_->ReadLine(std::chrono::seconds(10));
  EXPECT_TRUE(answer) << "the webhook server does not answer";
  return std::atoi(answer.value_or("").c_str());
}

json PodWebhook(const std::string& kind, const std::string& name, const std::string& operation,
                const json& client_config) {
  return {{"apiVersion", "admissionregistration.k8s.io/v1"},
          {"kind", kind},
          {"metadata", {{"name", name}}},
          {"webhooks", json::array({{{"name", name + ".example.com"},
                                     {"admissionReviewVersions", {"v1"}},
                                     {"sideEffects", "None"},
                                     {"timeoutSeconds", 30},
                                     {"failurePolicy", "Fail"},
                                     {"namespaceSelector", {{"matchLabels", {{"scene", name}}}}},
                                     {"clientConfig", client_config},
                                     {"rules", json::array({{{"apiGroups", {""}},
                                                             {"apiVersions", {"v1"}},
                                                             {"operations", {operation}},
                                                             {"resources", {"pods"}}}})}}})}};
}

json DeadService() {
  return {{"service", {{"name", "policy-webhook"}, {"namespace", "policy-system"}, {"port", 443}}}};
}

}  // namespace disagg::testing
