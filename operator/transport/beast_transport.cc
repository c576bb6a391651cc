#include "operator/transport/beast_transport.h"

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "operator/base/system_clock.h"
#include "operator/transport/connection_pool.h"
#include "operator/transport/credentials.h"
#include "operator/transport/exchange.h"
#include "operator/transport/request_text.h"

namespace transport {
namespace {

namespace asio = boost::asio;

constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};
const base::SystemClock kClock;

// Makes a Response out of what a stream of one answer brings.
class ResponseCollector : public StreamSink {
 public:
  explicit ResponseCollector(Transport::Callback callback) : callback_(std::move(callback)) {}

  void OnHead(int status, const Headers& headers) override {
    response_.status = status;
    response_.headers = headers;
  }
  bool OnData(std::string_view bytes) override {
    response_.body += bytes;
    return true;
  }
  void OnEnd(base::Status status) override {
    const Transport::Callback callback = std::move(callback_);
    if (status) {
      callback(std::move(response_));
    } else {
      callback(status.error());
    }
  }

 private:
  Transport::Callback callback_;
  Response response_;
};

// Everything that lives on the I/O thread. Handles of streams may outlive the transport, so they
// share it.
class Core : public ExchangeHost, public std::enable_shared_from_this<Core> {
 public:
  Core(const kube::ClusterConfig& config, BeastOptions options, std::shared_ptr<TlsSettings> tls)
      : config_(config),
        options_(std::move(options)),
        endpoint_(EndpointOf(config)),
        io_(1),
        work_(asio::make_work_guard(io_)),
        pool_(io_, endpoint_,
              {options_.max_connections, options_.connect_timeout, options_.keep_alive}),
        credentials_(MakeCredentialSource(config_, kClock)) {
    if (tls) pool_.SetTls(std::make_shared<TlsContext>(std::move(tls)));
  }

  asio::io_context& io() override { return io_; }
  ConnectionPool& pool() override { return pool_; }
  const Endpoint& endpoint() const override { return endpoint_; }

  std::shared_ptr<Exchange> Start(ExchangeKind kind, Request request,
                                  const std::shared_ptr<StreamSink>& sink);
  void Shutdown();

  // Runs the I/O thread until Shutdown.
  void Run() { io_.run(); }
  PoolStats stats() const {
    return {pool_.open_connections(), pool_.connects_total(), requests_total_};
  }

  void GetCredentials(CredentialSource::Callback callback) override;
  void OnUnauthorized(const std::string& token) override { credentials_->OnUnauthorized(token); }
  void OnEnded(const std::shared_ptr<Exchange>& exchange) override { exchanges_.erase(exchange); }
  std::string Serialize(const Request& request, const std::string& token) const override {
    return SerializeRequest(request, config_.path_prefix, endpoint_.HostHeader(),
                            options_.user_agent, token);
  }

 private:
  void Admit(const std::shared_ptr<Exchange>& exchange, ExchangeKind kind,
             const std::shared_ptr<StreamSink>& sink, const base::Status& checked);
  base::Status UseCertificate(const Credentials& credentials);

  const kube::ClusterConfig config_;
  const BeastOptions options_;
  const Endpoint endpoint_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  ConnectionPool pool_;
  std::unique_ptr<CredentialSource> credentials_;
  std::string
      plugin_certificate_;  // with which the pool connects; "" is the one of the configuration
  std::set<std::shared_ptr<Exchange>> exchanges_;
  bool closing_ = false;
  std::atomic<std::size_t> requests_total_{0};
};

std::shared_ptr<Exchange> Core::Start(ExchangeKind kind, Request request,
                                      const std::shared_ptr<StreamSink>& sink) {
  ++requests_total_;
  const base::Status checked = CheckRequest(request);
  AnswerLimits limits;
  limits.body_bytes = kind == ExchangeKind::kUnary ? options_.max_body_bytes : kNoLimit;
  auto exchange = std::make_shared<Exchange>(*this, kind, std::move(request), sink, limits);
  asio::post(io_, [self = shared_from_this(), kind, exchange, sink, checked] {
    self->Admit(exchange, kind, sink, checked);
  });
  return exchange;
}

void Core::Admit(const std::shared_ptr<Exchange>& exchange, ExchangeKind kind,
                 const std::shared_ptr<StreamSink>& sink, const base::Status& checked) {
  if (closing_) {
    return sink->OnEnd(
        base::MakeError(base::ErrorCode::kCancelled, "Cancelled", "the transport is being closed"));
  }
  if (!checked) return sink->OnEnd(checked);
  const std::size_t bound = options_.max_connections + options_.max_queued_requests;
  if (kind == ExchangeKind::kUnary && exchanges_.size() >= bound) {
    return sink->OnEnd(base::MakeError(
        base::ErrorCode::kTooManyRequests, "QueueFull",
        "not sent: " + std::to_string(bound) + " requests to " + endpoint_.ToString() + " wait"));
  }
  exchanges_.insert(exchange);
  exchange->Start();
}

void Core::GetCredentials(CredentialSource::Callback callback) {
  credentials_->Get([this, callback = std::move(callback)](base::Result<Credentials> credentials) {
    // Of a plugin they come from another thread.
    asio::dispatch(io_, [this, callback, credentials = std::move(credentials)] {
      if (!credentials) return callback(credentials);
      const base::Status used = UseCertificate(*credentials);
      callback(used ? credentials : used.error());
    });
  });
}

base::Status Core::UseCertificate(const Credentials& credentials) {
  if (!pool_.tls() || credentials.client_cert_pem == plugin_certificate_) return {};
  auto tls = TlsSettings::Make(config_, credentials.client_cert_pem, credentials.client_key_pem);
  if (!tls) return tls.error();
  plugin_certificate_ = credentials.client_cert_pem;
  pool_.SetTls(std::make_shared<TlsContext>(std::move(*tls)));
  return {};
}

void Core::Shutdown() {
  asio::post(io_, [this] {
    closing_ = true;
    const auto exchanges = exchanges_;
    for (const auto& exchange : exchanges) exchange->Cancel("the transport is being closed");
    pool_.Close();
    work_.reset();
  });
}

class BeastStreamHandle : public StreamHandle {
 public:
  BeastStreamHandle(std::weak_ptr<Core> core, std::weak_ptr<Exchange> exchange)
      : core_(std::move(core)), exchange_(std::move(exchange)) {}

  void Cancel() override {
    Post([](Exchange& exchange) { exchange.Cancel("cancelled"); });
  }
  void Resume() override {
    Post([](Exchange& exchange) { exchange.Resume(); });
  }

 private:
  template <typename Action>
  void Post(Action action) {
    const auto core = core_.lock();
    if (!core) return;
    asio::post(core->io(), [exchange = exchange_, action] {
      if (const auto alive = exchange.lock()) action(*alive);
    });
  }

  const std::weak_ptr<Core> core_;
  const std::weak_ptr<Exchange> exchange_;
};

class BeastTransport : public Transport {
 public:
  explicit BeastTransport(std::shared_ptr<Core> core)
      : core_(std::move(core)), thread_([core = core_] { core->Run(); }) {}

  ~BeastTransport() override {
    core_->Shutdown();
    thread_.join();
  }

  void Send(Request request, Callback callback) override {
    core_->Start(ExchangeKind::kUnary, std::move(request),
                 std::make_shared<ResponseCollector>(std::move(callback)));
  }

  std::shared_ptr<StreamHandle> Stream(Request request, std::shared_ptr<StreamSink> sink) override {
    return std::make_shared<BeastStreamHandle>(
        core_, core_->Start(ExchangeKind::kStream, std::move(request), sink));
  }

  PoolStats stats() const override { return core_->stats(); }

 private:
  const std::shared_ptr<Core> core_;
  std::thread thread_;
};

}  // namespace

base::Result<std::unique_ptr<Transport>> MakeBeastTransport(const kube::ClusterConfig& config,
                                                            BeastOptions options) {
  std::shared_ptr<TlsSettings> tls;
  if (config.scheme == "https") {
    auto made = TlsSettings::Make(config, "", "");
    if (!made) return made.error();
    tls = std::move(*made);
  }
  auto core = std::make_shared<Core>(config, std::move(options), std::move(tls));
  return std::unique_ptr<Transport>(std::make_unique<BeastTransport>(std::move(core)));
}

}  // namespace transport
