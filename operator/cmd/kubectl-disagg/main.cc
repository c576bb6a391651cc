// kubectl-disagg: what is deployed, what is wrong with it, what the operator waits for, and whether
// a manifest would be accepted. Reads, never writes.

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include "controllers/api/labels.h"
#include "operator/base/system_clock.h"
#include "operator/cmd/kubectl-disagg/cluster_reader.h"
#include "operator/cmd/kubectl-disagg/explain_command.h"
#include "operator/cmd/kubectl-disagg/session.h"
#include "operator/cmd/kubectl-disagg/status_command.h"
#include "operator/cmd/kubectl-disagg/validate_command.h"
#include "operator/transport/config_loader.h"
#include "operator/transport/cpprest_transport.h"

namespace {

using namespace kubectl_disagg;  // NOLINT(google-build-using-namespace): this file is its main

struct Flags {
  std::string kubeconfig, context, namespace_name;
  std::string name;
  std::vector<std::string> files;
  bool all_namespaces = false;
  bool ascii = false;
  bool offline = false;
  bool recursive = false;
};

void AddClusterFlags(CLI::App* command, Flags* flags) {
  command->add_option("-n,--namespace", flags->namespace_name, "namespace; absent: the context's");
  command->add_option("--kubeconfig", flags->kubeconfig,
                      "kubeconfig to use; absent: $KUBECONFIG, else ~/.kube/config");
  command->add_option("--context", flags->context, "context to use; absent: the current one");
}

CLI::App* AddStatus(CLI::App* app, Flags* flags) {
  CLI::App* status = app->add_subcommand(
      "status", "one deployment as a tree with its pods and problems, or all as a table");
  status->add_option("name", flags->name, "a DisaggDeployment; absent: one line for each");
  auto* everywhere =
      status->add_flag("-A,--all-namespaces", flags->all_namespaces, "the table of all namespaces");
  everywhere->excludes(status->get_option("name"));
  status->add_flag("--ascii", flags->ascii, "no line-drawing characters");
  AddClusterFlags(status, flags);
  return status;
}

CLI::App* AddExplain(CLI::App* app, Flags* flags) {
  CLI::App* explain = app->add_subcommand(
      "explain", "what the operator holds back for a deployment, and what it waits for");
  explain->add_option("name", flags->name, "a DisaggDeployment")->required();
  AddClusterFlags(explain, flags);
  return explain;
}

CLI::App* AddValidate(CLI::App* app, Flags* flags) {
  CLI::App* validate = app->add_subcommand("validate",
                                           "check manifests with the operator's own rules, against "
                                           "the models and accelerators of the cluster");
  validate->add_option("-f,--filename", flags->files, "files or folders; - is standard input")
      ->required();
  validate->add_flag("-R,--recursive", flags->recursive, "the sub-folders of folders, too");
  validate->add_flag(
      "--offline", flags->offline,
      "without a cluster: against the ServingModels and AcceleratorClasses in the files");
  AddClusterFlags(validate, flags);
  return validate;
}

// A reader with what it stands on.
struct Cluster {
  std::unique_ptr<transport::Transport> transport;
  std::unique_ptr<ClusterReader> reader;
  std::string default_namespace;
};

base::Result<Cluster> Connect(const Flags& flags) {
  auto config = transport::LoadKubeconfig(flags.kubeconfig, flags.context);
  if (!config) return config.error();
  auto connected = transport::MakeCpprestTransport(*config);
  if (!connected) return connected.error();
  Cluster cluster{std::move(*connected), nullptr, config->default_namespace};
  const std::string where = config->scheme + "://" + config->host + ":" + config->port +
                            config->path_prefix +
                            (config->source.empty() ? "" : " (" + config->source + ")");
  cluster.reader = std::make_unique<ClusterReader>(*cluster.transport, where);
  return cluster;
}

std::string Namespace(const Flags& flags, const std::string& otherwise) {
  return flags.namespace_name.empty() ? otherwise : flags.namespace_name;
}

// https://no-color.org
bool WantsColour() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const bool refused = no_color != nullptr && *no_color != '\0';
  return isatty(STDOUT_FILENO) == 1 && !refused && terminal != nullptr &&
         std::string_view(terminal) != "dumb";
}

Session MakeSession(const Flags& flags) {
  const auto now = std::chrono::floor<std::chrono::seconds>(base::SystemClock().Now());
  return {std::cout,
          std::cerr,
          {.ascii = flags.ascii, .colour = WantsColour()},
          now.time_since_epoch().count()};
}

// No kubeconfig is no cluster, however the loader calls it.
ExitCode FailToConnect(Session& session, const base::Error& error) {
  Fail(session, error);
  return kNoCluster;
}

ExitCode Status(const Flags& flags, Session& session) {
  auto cluster = Connect(flags);
  if (!cluster) return FailToConnect(session, cluster.error());
  const std::string namespace_name =
      flags.all_namespaces ? "" : Namespace(flags, cluster->default_namespace);
  return RunStatus(*cluster->reader, {.name = flags.name, .namespace_name = namespace_name},
                   session);
}

ExitCode Explain(const Flags& flags, Session& session) {
  auto cluster = Connect(flags);
  if (!cluster) return FailToConnect(session, cluster.error());
  return RunExplain(*cluster->reader, {Namespace(flags, cluster->default_namespace), flags.name},
                    session);
}

ExitCode Validate(const Flags& flags, Session& session) {
  if (flags.offline) {
    return RunValidate(nullptr, {flags.files, flags.recursive, Namespace(flags, "default")},
                       session);
  }
  auto cluster = Connect(flags);
  if (!cluster) return FailToConnect(session, cluster.error());
  return RunValidate(cluster->reader.get(),
                     {flags.files, flags.recursive, Namespace(flags, cluster->default_namespace)},
                     session);
}

ExitCode Version() {
  std::cout << "kubectl-disagg " << DISAGG_VERSION << ", API " << disagg::api::kApiVersion << "\n";
  return kOk;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app{
      "Disaggregated LLM serving: what is deployed, what is wrong, and whether a manifest is right",
      "kubectl disagg"};
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done, 1 not found or not valid, 2 wrong usage, 3 no answer from the cluster.");
  Flags flags;
  const CLI::App* status = AddStatus(&app, &flags);
  const CLI::App* explain = AddExplain(&app, &flags);
  const CLI::App* validate = AddValidate(&app, &flags);
  app.add_subcommand("version", "the version of this program and of the API that it knows");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kOk : kUsage;
  }
  Session session = MakeSession(flags);
  if (status->parsed()) return Status(flags, session);
  if (explain->parsed()) return Explain(flags, session);
  if (validate->parsed()) return Validate(flags, session);
  return Version();
}
