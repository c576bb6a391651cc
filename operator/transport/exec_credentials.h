#pragma once

// Credentials from a plugin (client.authentication.k8s.io), kept until shortly before they expire.
// The plugin is run on a thread of the source, at most once at a time; everyone who asks meanwhile
// gets the same answer. Answers of 401 make it run at most every five seconds.

#include <memory>
#include <optional>
#include <string>

#include "operator/base/clock.h"
#include "operator/base/result.h"
#include "operator/kube/cluster_config.h"
#include "operator/transport/credentials.h"

namespace transport {

std::unique_ptr<CredentialSource> MakeExecCredentials(const kube::ClusterConfig& config,
                                                      const base::Clock& clock);

struct ExecAnswer {
  Credentials credentials;
  std::optional<std::int64_t> expires_at;  // Unix seconds
};

// What the plugin is told in KUBERNETES_EXEC_INFO.
std::string ExecInfo(const kube::ClusterConfig& config);

// What it has printed: an ExecCredential with a token, a client certificate with its key, or both.
base::Result<ExecAnswer> ParseExecCredential(const std::string& json,
                                             const kube::ExecPlugin& plugin);

}  // namespace transport
