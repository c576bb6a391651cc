#pragma once

// One TCP or TLS connection. It reads all the time, also while nobody uses it: that is how the end
// of an idle connection is noticed before a request is lost on it. Lives on the I/O thread; kept
// alive by its operations.

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>

#include "operator/base/result.h"
#include "operator/transport/dialer.h"
#include "operator/transport/endpoint.h"
#include "operator/transport/tls_settings.h"

namespace transport {

// An SSL_CTX, shared by the connections that were made with the same credentials.
struct TlsContext {
  explicit TlsContext(std::shared_ptr<TlsSettings> with);

  std::shared_ptr<TlsSettings> settings;
  boost::asio::ssl::context context;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // Whoever has the connection at the moment.
  class User {
   public:
    virtual ~User() = default;
    virtual void OnBytes(Connection& connection, std::string_view bytes) = 0;
    // Nothing more will come. `orderly`: the peer said so, rather than that something broke.
    virtual void OnLost(Connection& connection, bool orderly, const std::string& why) = 0;
    // `may_send` of Write said no before the last byte was out.
    virtual void OnForbidden(Connection&) {}
  };

  // `tls` null: plain TCP.
  Connection(boost::asio::io_context& io, Endpoint endpoint, std::shared_ptr<TlsContext> tls);

  // Calls back once, from the I/O thread, never before it has returned.
  void Open(std::chrono::milliseconds timeout, std::function<void(base::Status)> opened);

  // Null: nobody; bytes that come then are dropped with the connection.
  void SetUser(User* user) { user_ = user; }

  // One at a time. A failure shows in OnLost. `may_send`, unless empty, is asked before each piece
  // that the socket takes.
  void Write(std::string bytes, std::function<bool()> may_send);
  bool writing() const { return writing_; }

  void PauseReading() { paused_ = true; }
  void ResumeReading();

  // Something is there to be read (the peer's farewell, on an idle connection) that has not been
  // read yet.
  bool Readable();

  bool open() const { return open_; }
  void Close();
  // Also drops what the socket has taken and the peer has not: a request that is given up must not
  // arrive seconds later, when the network is back and somebody else may write.
  void Abort();

  const std::shared_ptr<TlsContext>& tls() const { return tls_; }
  const Endpoint& endpoint() const { return endpoint_; }

 private:
  using ErrorCode = boost::system::error_code;

  void Handshake();
  void OnHandshake(const ErrorCode& error);
  void EndOpening(base::Status status);
  void Read();
  void OnRead(const ErrorCode& error, std::size_t size);
  void OnWritten(const ErrorCode& error, std::size_t sent);
  base::Error TlsError(const ErrorCode& error) const;

  boost::asio::io_context& io_;
  const Endpoint endpoint_;
  const std::shared_ptr<TlsContext> tls_;
  boost::asio::ip::tcp::socket socket_;
  std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> secure_;
  std::shared_ptr<Dialer> dialer_;
  boost::asio::steady_timer timer_;
  std::chrono::steady_clock::time_point deadline_;
  std::function<void(base::Status)> opened_;
  User* user_ = nullptr;
  std::array<char, 16 << 10> input_;
  std::string output_;
  std::string write_failure_;
  bool open_ = false;
  bool late_ = false;
  bool reading_ = false;
  bool writing_ = false;
  bool paused_ = false;
};

}  // namespace transport
