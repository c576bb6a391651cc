#include "operator/transport/http_listener.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "operator/base/parse_number.h"

namespace transport {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::uint32_t kMaxHeader = 8 << 10;
constexpr std::size_t kMaxConnections = 64;
constexpr std::chrono::seconds kRequestTimeout{10};
constexpr std::chrono::seconds kAcceptRetry{1};
// While all places are taken, whoever has not asked for so long makes room: a kubelet that gets no
// answer would restart the operator.
constexpr std::chrono::milliseconds kPatience{250};

base::Error CannotListen(const std::string& address, const std::string& why) {
  return base::MakeError(base::ErrorCode::kInvalid, "CannotListen",
                         "cannot listen on " + address + ": " + why);
}

// One connection, which is closed after its answer: whoever asks a health probe does so every few
// seconds.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, const PlainHandler& handler, std::function<void()> ended)
      : stream_(std::move(socket)), handler_(handler), ended_(std::move(ended)) {
    parser_.header_limit(kMaxHeader);
    parser_.body_limit(0);
  }
  ~Session() { ended_(); }

  void Close() { stream_.close(); }

  void Start() {
    stream_.expires_after(kRequestTimeout);
    http::async_read(stream_, buffer_, parser_,
                     [self = shared_from_this()](const error_code& error, std::size_t) {
                       if (!error) self->Answer();
                     });
  }

 private:
  void Answer() {
    const auto& request = parser_.get();
    answer_.version(request.version());
    answer_.keep_alive(false);
    if (request.method() == http::verb::get) {
      const std::string target(request.target());
      PlainResponse response = handler_(target.substr(0, target.find('?')));
      answer_.result(static_cast<unsigned>(response.status));
      answer_.set(http::field::content_type, response.content_type);
      answer_.body() = std::move(response.body);
    } else {
      answer_.result(http::status::method_not_allowed);
      answer_.set(http::field::allow, "GET");
    }
    answer_.prepare_payload();
    http::async_write(stream_, answer_, [self = shared_from_this()](error_code error, std::size_t) {
      self->stream_.socket().shutdown(tcp::socket::shutdown_send, error);
    });
  }

  beast::tcp_stream stream_;
  const PlainHandler& handler_;
  const std::function<void()> ended_;
  beast::flat_buffer buffer_{std::size_t{kMaxHeader} * 2};
  http::request_parser<http::empty_body> parser_;
  http::response<http::string_body> answer_;
};

// A resolver would take "abc" for port 0, which is any port.
bool IsPort(const std::string& text) { return base::ParseNumber<std::uint16_t>(text).has_value(); }

// "[::1]:8080" as {"::1", "8080"}.
std::optional<std::pair<std::string, std::string>> SplitAddress(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == address.npos || !IsPort(address.substr(colon + 1))) return std::nullopt;
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return std::pair{host, address.substr(colon + 1)};
}

class BeastListener : public HttpListener {
 public:
  explicit BeastListener(PlainHandler handler)
      : handler_(std::move(handler)), acceptor_(io_), retry_(io_) {}

  ~BeastListener() override {
    asio::post(io_, [this] { io_.stop(); });
    if (thread_.joinable()) thread_.join();
  }

  int port() const override { return port_; }

  base::Status Start(const std::string& address) {
    error_code error;
    const auto parts = SplitAddress(address);
    if (!parts) {
      return CannotListen(address, "it must be HOST:PORT or :PORT, with a port from 0 to 65535");
    }
    if (parts->first.empty()) {
      // Both families through one socket, where the kernel has IPv6.
      Open(tcp::endpoint(tcp::v6(), 0), parts->second, error);
      if (error == asio::error::address_family_not_supported) {
        Open(tcp::endpoint(tcp::v4(), 0), parts->second, error);
      }
    } else {
      tcp::resolver resolver(io_);
      const auto found = resolver.resolve(parts->first, parts->second, error);
      if (!error) Open(found.begin()->endpoint(), parts->second, error);
    }
    if (error) return CannotListen(address, error.message());
    port_ = acceptor_.local_endpoint(error).port();
    Accept();
    thread_ = std::thread([this] { io_.run(); });
    return {};
  }

 private:
  struct Entry {
    Session* session;  // lives until its last handler has run, which erases the entry
    std::chrono::steady_clock::time_point since;
  };

  void Open(tcp::endpoint endpoint, const std::string& port, error_code& error) {
    endpoint.port(static_cast<unsigned short>(std::atoi(port.c_str())));
    acceptor_.close(error);
    acceptor_.open(endpoint.protocol(), error);
    if (error) return;
    acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (endpoint.address().is_v6()) acceptor_.set_option(asio::ip::v6_only(false), error);
    acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  }

  // More than the bound wait in the kernel until one of the sessions has ended.
  void Accept() {
    accepting_ = sessions_.size() < kMaxConnections;
    if (!accepting_) return MakeRoom();
    acceptor_.async_accept([this](const error_code& error, tcp::socket socket) {
      if (error) return RetryAccept();
      Begin(std::move(socket));
      Accept();
    });
  }

  void Begin(tcp::socket socket) {
    const std::uint64_t id = next_id_++;
    const auto session =
        std::make_shared<Session>(std::move(socket), handler_, [this, id] { EndSession(id); });
    sessions_[id] = {session.get(), std::chrono::steady_clock::now()};
    session->Start();
  }

  void MakeRoom() {
    retry_.expires_at(sessions_.begin()->second.since + kPatience);
    retry_.async_wait([this](const error_code& error) {
      if (error || accepting_) return;
      if (sessions_.size() == kMaxConnections) {
        Session* oldest = sessions_.begin()->second.session;
        sessions_.erase(sessions_.begin());
        oldest->Close();
      }
      Accept();
    });
  }

  // Out of file descriptors, say.
  void RetryAccept() {
    retry_.expires_after(kAcceptRetry);
    retry_.async_wait([this](const error_code& error) {
      if (!error) Accept();
    });
  }

  void EndSession(std::uint64_t id) {
    sessions_.erase(id);
    if (!accepting_ && !io_.stopped()) Accept();
  }

  const PlainHandler handler_;
  bool accepting_ = false;
  std::uint64_t next_id_ = 0;
  std::map<std::uint64_t, Entry> sessions_;  // the oldest first
  int port_ = 0;
  asio::io_context io_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer retry_;
  std::thread thread_;
};

}  // namespace

base::Result<std::unique_ptr<HttpListener>> Listen(const std::string& address,
                                                   PlainHandler handler) {
  auto listener = std::make_unique<BeastListener>(std::move(handler));
  const base::Status started = listener->Start(address);
  if (!started) return started.error();
  return std::unique_ptr<HttpListener>(std::move(listener));
}

}  // namespace transport
