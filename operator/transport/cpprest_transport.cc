#include "operator/transport/cpprest_transport.h"

#include <atomic>
#include <deque>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <cpprest/http_client.h>
#include <pplx/threadpool.h>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "operator/base/cond_var.h"
#include "operator/base/mutex.h"
#include "operator/base/system_clock.h"
#include "operator/base/thread_annotations.h"
#include "operator/transport/cpprest_message.h"
#include "operator/transport/credentials.h"
#include "operator/transport/endpoint.h"
#include "operator/transport/request_text.h"
#include "operator/transport/tls_settings.h"

namespace transport {
namespace {

namespace asio = boost::asio;
using web::http::client::http_client;

constexpr char kWriteFailed[] = "WriteFailed";
// The library opens a connection for each request that finds none free, and each costs some 25 ms.
constexpr std::size_t kMaxAtOnce = 8;
const base::SystemClock kClock;

// The library closes sockets under a mutex that its own TLS operations do not take. With one pool
// thread, and everything that may close a socket running on that thread, there is nobody to race
// with.
asio::io_service& PoolThread() {
  static const bool kOnce = [] {
    crossplat::threadpool::initialize_with_threads(1);
    return true;
  }();
  static_cast<void>(kOnce);
  return crossplat::threadpool::shared_instance().service();
}

// One request. Touched on the pool thread only.
struct Call {
  Call(Request with, Transport::Callback then)
      : request(std::move(with)), callback(std::move(then)), timer(PoolThread()) {}

  Request request;
  Transport::Callback callback;
  asio::steady_timer timer;  // the library's own time-out begins anew with every chunk
  pplx::cancellation_token_source cancel;
  Credentials credentials;
  bool credentials_known = false;
  bool renewed = false;  // the credentials were asked for again
  bool started = false;
  bool repeated = false;
  bool timed_out = false;
  bool ended = false;
};
using CallPtr = std::shared_ptr<Call>;

class Core : public std::enable_shared_from_this<Core> {
 public:
  Core(const kube::ClusterConfig& config, std::shared_ptr<TlsSettings> tls)
      : config_(config),
        endpoint_(EndpointOf(config)),
        credentials_(MakeCredentialSource(config_, kClock)),
        tls_(std::move(tls)) {}

  void Send(Request request, Transport::Callback callback);
  // Ends all calls and waits for them.
  void Shutdown();
  std::size_t requests_total() const { return requests_total_; }

 private:
  void Begin(const CallPtr& call, const base::Status& checked);
  void GetCredentials(const CallPtr& call, CredentialSource::Callback callback);
  void OnCredentials(const CallPtr& call, const base::Result<Credentials>& credentials);
  void RenewCredentials(const CallPtr& call, base::Result<Response> refusal);
  void StartNext();
  void Start(const CallPtr& call);
  void OnTimer(const CallPtr& call);
  void OnAnswer(const CallPtr& call, const pplx::task<Response>& answer);
  base::Result<Response> Read(const Call& call, const pplx::task<Response>& answer);
  bool MayBeRepeated(const Call& call, const base::Result<Response>& result) const;
  void End(const CallPtr& call, base::Result<Response> result);
  base::Status UseCertificate(const Credentials& credentials);
  std::shared_ptr<http_client> MakeClient() const;
  std::shared_ptr<http_client> ClientFor(const Request& request);
  base::Error Fail(const Call& call, base::ErrorCode code, const std::string& reason,
                   const std::string& what) const;
  base::Error Describe(const Call& call, const web::http::http_exception& exception) const;

  const kube::ClusterConfig config_;
  const Endpoint endpoint_;
  std::unique_ptr<CredentialSource> credentials_;
  // The rest but the last three belongs to the pool thread.
  std::shared_ptr<TlsSettings> tls_;  // null for plain TCP
  std::string plugin_certificate_;
  std::shared_ptr<http_client> reader_;
  std::deque<CallPtr> waiting_;
  std::size_t at_once_ = 0;  // calls that the library has
  bool closing_ = false;
  std::atomic<std::size_t> requests_total_{0};
  base::Mutex mutex_;
  base::CondVar changed_;
  std::set<CallPtr> calls_ GUARDED_BY(mutex_);
};

void Core::Send(Request request, Transport::Callback callback) {
  ++requests_total_;
  const base::Status checked = CheckRequest(request);
  const auto call = std::make_shared<Call>(std::move(request), std::move(callback));
  {
    base::MutexLock lock(mutex_);
    calls_.insert(call);
  }
  asio::post(PoolThread(),
             [self = shared_from_this(), call, checked] { self->Begin(call, checked); });
}

void Core::Begin(const CallPtr& call, const base::Status& checked) {
  if (closing_) {
    return End(call, Fail(*call, base::ErrorCode::kCancelled, "Cancelled", "not sent"));
  }
  if (!checked) return End(call, checked.error());
  call->timer.expires_after(call->request.total_timeout);
  call->timer.async_wait([self = shared_from_this(), call](const boost::system::error_code& error) {
    if (!error) self->OnTimer(call);
  });
  GetCredentials(call, [this, call](const base::Result<Credentials>& credentials) {
    OnCredentials(call, credentials);
  });
}

// Calls back on the pool thread, unless the call or all of this has ended by then.
void Core::GetCredentials(const CallPtr& call, CredentialSource::Callback callback) {
  credentials_->Get([weak = weak_from_this(), call,
                     callback = std::move(callback)](const base::Result<Credentials>& credentials) {
    asio::post(PoolThread(), [weak, call, callback, credentials] {
      const auto self = weak.lock();
      if (self && !call->ended) callback(credentials);
    });
  });
}

void Core::OnCredentials(const CallPtr& call, const base::Result<Credentials>& credentials) {
  if (!credentials) return End(call, CredentialsError(credentials.error()));
  if (const base::Status used = UseCertificate(*credentials); !used) {
    return End(call, CredentialsError(used.error()));
  }
  call->credentials = *credentials;
  call->credentials_known = true;
  waiting_.push_back(call);
  StartNext();
}

// A 401 is the answer only if there are no other credentials.
void Core::RenewCredentials(const CallPtr& call, base::Result<Response> refusal) {
  call->renewed = true;
  call->started = false;
  GetCredentials(call, [this, call, refusal = std::move(refusal)](
                           const base::Result<Credentials>& credentials) {
    if (!credentials || *credentials == call->credentials) return End(call, refusal);
    OnCredentials(call, credentials);
  });
}

void Core::StartNext() {
  while (at_once_ < kMaxAtOnce && !waiting_.empty()) {
    const CallPtr call = waiting_.front();
    waiting_.pop_front();
    if (!call->ended) Start(call);
  }
}

void Core::Start(const CallPtr& call) {
  const Request& request = call->request;
  if (request.may_send && !request.may_send()) {
    return End(call, Fail(*call, base::ErrorCode::kFenced, "Fenced",
                          "not sent: the sender may not write any more"));
  }
  try {
    const auto client = ClientFor(request);
    client
        ->request(MakeRequest(config_, request, call->credentials.token), call->cancel.get_token())
        .then([](const web::http::http_response& answer) {
          return answer.extract_vector().then([answer](const std::vector<unsigned char>& body) {
            return MakeResponse(answer, body);
          });
        })
        // Takes the task and not its value, so that no exception is left to end the process.
        .then([self = shared_from_this(), call, client](const pplx::task<Response>& answer) {
          self->OnAnswer(call, answer);
        });
    call->started = true;
    ++at_once_;
  } catch (const std::exception& error) {
    End(call, Fail(*call, base::ErrorCode::kInvalid, "MalformedRequest", error.what()));
  }
}

base::Status Core::UseCertificate(const Credentials& credentials) {
  if (!tls_ || credentials.client_cert_pem == plugin_certificate_) return {};
  auto tls = TlsSettings::Make(config_, credentials.client_cert_pem, credentials.client_key_pem);
  if (!tls) return tls.error();
  plugin_certificate_ = credentials.client_cert_pem;
  tls_ = std::move(*tls);
  reader_.reset();
  return {};
}

std::shared_ptr<http_client> Core::MakeClient() const {
  web::http::client::http_client_config config;
  config.set_max_redirects(0);  // the code that follows them races with the request itself
  config.set_timeout(std::chrono::seconds(60));
  if (tls_) {
    config.set_ssl_context_callback(
        [tls = tls_](asio::ssl::context& context) { tls->ApplyTo(context.native_handle()); });
  }
  return std::make_shared<http_client>(config_.scheme + "://" + endpoint_.ToString(), config);
}

// Reads share connections. A write gets a client, and so a connection, of its own: when a
// kept-alive connection turns out to be closed, the library sends again whatever the request was.
std::shared_ptr<http_client> Core::ClientFor(const Request& request) {
  if (request.method != Method::kGet) return MakeClient();
  if (!reader_) reader_ = MakeClient();
  return reader_;
}

void Core::OnTimer(const CallPtr& call) {
  if (call->ended) return;
  call->timed_out = true;
  if (call->started) return call->cancel.cancel();
  const char* what = call->credentials_known ? "no connection in time" : "no credentials in time";
  End(call, Fail(*call, base::ErrorCode::kTimeout, "Timeout", what));
}

void Core::OnAnswer(const CallPtr& call, const pplx::task<Response>& answer) {
  --at_once_;
  base::Result<Response> result = Read(*call, answer);
  if (MayBeRepeated(*call, result)) {
    call->repeated = true;
    call->started = false;
    reader_.reset();
    waiting_.push_front(call);
  } else if (result.ok() && result->status == 401 && !call->renewed && !closing_) {
    RenewCredentials(call, std::move(result));
  } else {
    End(call, std::move(result));
  }
  StartNext();
}

base::Result<Response> Core::Read(const Call& call, const pplx::task<Response>& answer) {
  try {
    Response response = answer.get();
    if (response.status == 401) credentials_->OnUnauthorized(call.credentials.token);
    if (response.status < 100 || response.status >= 200) return response;
    // The library takes it for the answer. What follows on its connections would be taken for the
    // next one.
    reader_.reset();
    return Fail(call, base::ErrorCode::kProtocol, "InvalidAnswer",
                "an informational answer, which cpprestsdk cannot skip");
  } catch (const BodyTooLarge&) {
    return Fail(call, base::ErrorCode::kTooLarge, kBodyTooLarge,
                "the answer is larger than " + std::to_string(kMaxBodyBytes) + " bytes");
  } catch (const web::http::http_exception& error) {
    return Describe(call, error);
  } catch (const std::exception& error) {
    return Fail(call, base::ErrorCode::kConnection, "ConnectionLost", error.what());
  }
}

// The library itself repeats what fails while it waits for an answer on a kept-alive connection,
// but not what fails while it writes.
bool Core::MayBeRepeated(const Call& call, const base::Result<Response>& result) const {
  return !result.ok() && result.error().reason == kWriteFailed && !call.repeated &&
         call.request.method == Method::kGet && !call.timed_out && !closing_;
}

base::Error Core::Describe(const Call& call, const web::http::http_exception& exception) const {
  const std::string what = exception.what();
  if (call.timed_out) {
    return Fail(call, base::ErrorCode::kTimeout, "Timeout", "no complete answer in time");
  }
  if (closing_) return Fail(call, base::ErrorCode::kCancelled, "Cancelled", "given up");
  if (what == "Error in SSL handshake" && CertificateRefused(exception.error_code().value())) {
    base::Error error = Fail(call, base::ErrorCode::kConnection, "CertificateRefused",
                             "the certificate of the server is refused: " + tls_->refusal());
    error.outcome_unknown = false;
    return error;
  }
  // It reports a refused connection as an unreachable host.
  const bool connect = what == "Failed to connect to any resolved endpoint";
  const bool write = what.starts_with("Failed to write request");
  base::Error error = Fail(
      call, base::ErrorCode::kConnection,
      connect ? "ConnectFailed"
      : write ? kWriteFailed
              : "ConnectionLost",
      connect ? what + " (refused, or no route)" : what + ": " + exception.error_code().message());
  if (NothingWasSent(what)) error.outcome_unknown = false;
  return error;
}

base::Error Core::Fail(const Call& call, base::ErrorCode code, const std::string& reason,
                       const std::string& what) const {
  base::Error error = base::MakeError(code, reason,
                                      std::string(ToString(call.request.method)) + " " +
                                          endpoint_.ToString() + call.request.target + ": " + what);
  error.outcome_unknown = call.started && call.request.method != Method::kGet;
  return error;
}

void Core::End(const CallPtr& call, base::Result<Response> result) {
  call->ended = true;
  call->timer.cancel();
  call->callback(std::move(result));
  base::MutexLock lock(mutex_);
  calls_.erase(call);
  changed_.NotifyAll();
}

void Core::Shutdown() {
  asio::post(PoolThread(), [self = shared_from_this()] {
    self->closing_ = true;
    std::set<CallPtr> calls;
    {
      base::MutexLock lock(self->mutex_);
      calls = self->calls_;
    }
    for (const CallPtr& call : calls) {
      if (call->ended) continue;
      if (call->started) {
        call->cancel.cancel();
      } else {
        self->End(call, self->Fail(*call, base::ErrorCode::kCancelled, "Cancelled", "not sent"));
      }
    }
  });
  base::MutexLock lock(mutex_);
  while (!calls_.empty()) changed_.Wait(mutex_);
}

class CpprestTransport : public Transport {
 public:
  explicit CpprestTransport(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  ~CpprestTransport() override { core_->Shutdown(); }

  void Send(Request request, Callback callback) override {
    core_->Send(std::move(request), std::move(callback));
  }

  std::shared_ptr<StreamHandle> Stream(Request, std::shared_ptr<StreamSink> sink) override {
    sink->OnEnd(base::MakeError(base::ErrorCode::kInternal, "NoStreams",
                                "this transport carries unary requests only"));
    return std::make_shared<NoStream>();
  }

  PoolStats stats() const override { return {0, 0, core_->requests_total()}; }

 private:
  class NoStream : public StreamHandle {
    void Cancel() override {}
    void Resume() override {}
  };

  const std::shared_ptr<Core> core_;
};

}  // namespace

base::Result<std::unique_ptr<Transport>> MakeCpprestTransport(const kube::ClusterConfig& config) {
  if (config.host.find(':') != std::string::npos) {
    return base::MakeError(base::ErrorCode::kInvalid, "Ipv6NotSupported",
                           "cpprestsdk cannot connect to the IPv6 address " + config.host + " of " +
                               config.source + ": give the server a name");
  }
  std::shared_ptr<TlsSettings> tls;
  if (config.scheme == "https") {
    auto made = TlsSettings::Make(config, "", "");
    if (!made) return made.error();
    tls = std::move(*made);
  }
  return std::unique_ptr<Transport>(
      std::make_unique<CpprestTransport>(std::make_shared<Core>(config, std::move(tls))));
}

}  // namespace transport
