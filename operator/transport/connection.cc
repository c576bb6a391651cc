#include "operator/transport/connection.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/write.hpp>

namespace transport {
namespace {

namespace asio = boost::asio;

// Some load balancers want a protocol to be named.
constexpr unsigned char kAlpn[] = "\x08http/1.1";

// What is given to the socket at a time: no more than this leaves after the last look at
// `may_send`.
constexpr std::size_t kPiece = 64 << 10;

bool CertificateRefused(const boost::system::error_code& error) {
  return error.category() == asio::error::get_ssl_category() &&
         ERR_GET_REASON(static_cast<unsigned long>(error.value())) ==
             SSL_R_CERTIFICATE_VERIFY_FAILED;
}

}  // namespace

TlsContext::TlsContext(std::shared_ptr<TlsSettings> with)
    : settings(std::move(with)), context(asio::ssl::context::tls_client) {
  settings->ApplyTo(context.native_handle());
  SSL_CTX_set_alpn_protos(context.native_handle(), kAlpn, sizeof(kAlpn) - 1);
}

Connection::Connection(asio::io_context& io, Endpoint endpoint, std::shared_ptr<TlsContext> tls)
    : io_(io), endpoint_(std::move(endpoint)), tls_(std::move(tls)), socket_(io), timer_(io) {}

void Connection::Open(std::chrono::milliseconds timeout, std::function<void(base::Status)> opened) {
  deadline_ = std::chrono::steady_clock::now() + timeout;
  opened_ = std::move(opened);
  dialer_ = std::make_shared<Dialer>(io_, endpoint_);
  asio::post(io_, [self = shared_from_this()] {
    if (!self->dialer_) return;  // closed already
    self->dialer_->Start(self->deadline_, [self](base::Result<Dialer::Socket> socket) {
      self->dialer_.reset();
      if (!socket) return self->EndOpening(socket.error());
      if (!self->opened_) return;
      self->socket_ = std::move(*socket);
      if (!self->tls_) return self->EndOpening({});
      self->Handshake();
    });
  });
}

void Connection::Handshake() {
  try {
    secure_.emplace(socket_, tls_->context);
  } catch (const boost::system::system_error& error) {
    return EndOpening(TlsError(error.code()));
  }
  const TlsSettings& settings = *tls_->settings;
  if (!settings.server_name_is_ip()) {
    SSL_set_tlsext_host_name(secure_->native_handle(), settings.server_name().c_str());
  }
  timer_.expires_at(deadline_);
  timer_.async_wait([self = shared_from_this()](const ErrorCode& error) {
    if (error || !self->opened_) return;
    self->late_ = true;
    ErrorCode ignored;
    self->socket_.close(ignored);
  });
  secure_->async_handshake(
      asio::ssl::stream_base::client,
      [self = shared_from_this()](const ErrorCode& error) { self->OnHandshake(error); });
}

void Connection::OnHandshake(const ErrorCode& error) {
  timer_.cancel();
  if (error || late_) return EndOpening(TlsError(error));
  EndOpening({});
}

void Connection::EndOpening(base::Status status) {
  if (!opened_) return;
  open_ = status.ok();
  if (open_) Read();
  std::exchange(opened_, nullptr)(std::move(status));
}

base::Error Connection::TlsError(const ErrorCode& error) const {
  const bool refused = CertificateRefused(error);
  std::string why = error.message();
  if (late_) why = "no answer in time";
  if (refused) why = tls_->settings->refusal();
  return base::MakeError(base::ErrorCode::kConnection, refused ? "CertificateRefused" : "TlsFailed",
                         "TLS with " + endpoint_.ToString() + " failed: " +
                             (refused ? "the certificate of the server is refused: " : "") + why);
}

void Connection::Write(std::string bytes, std::function<bool()> may_send) {
  output_ = std::move(bytes);
  writing_ = true;
  // How much the socket may be given next; 0 ends the operation.
  auto next = [may_send = std::move(may_send)](const ErrorCode& error, std::size_t) {
    return !error && (!may_send || may_send()) ? kPiece : 0;
  };
  auto done = [self = shared_from_this()](const ErrorCode& error, std::size_t sent) {
    self->OnWritten(error, sent);
  };
  if (secure_) {
    asio::async_write(*secure_, asio::buffer(output_), std::move(next), std::move(done));
  } else {
    asio::async_write(socket_, asio::buffer(output_), std::move(next), std::move(done));
  }
}

void Connection::OnWritten(const ErrorCode& error, std::size_t sent) {
  writing_ = false;
  if (error) {
    write_failure_ = error.message();  // the peer may have answered before it closed; reading tells
  } else if (sent < output_.size() && user_ != nullptr) {
    user_->OnForbidden(*this);
  }
}

void Connection::Read() {
  reading_ = true;
  auto done = [self = shared_from_this()](const ErrorCode& error, std::size_t size) {
    self->OnRead(error, size);
  };
  if (secure_) {
    secure_->async_read_some(asio::buffer(input_), std::move(done));
  } else {
    socket_.async_read_some(asio::buffer(input_), std::move(done));
  }
}

void Connection::OnRead(const ErrorCode& error, std::size_t size) {
  reading_ = false;
  if (!open_) return;
  if (error) {
    User* const user = std::exchange(user_, nullptr);
    const std::string why = write_failure_.empty() ? error.message() : write_failure_;
    Close();
    if (user) user->OnLost(*this, error == asio::error::eof, why);
    return;
  }
  if (!user_) return Close();
  user_->OnBytes(*this, {input_.data(), size});
  if (open_ && !paused_ && !reading_) Read();
}

void Connection::ResumeReading() {
  paused_ = false;
  if (open_ && !reading_) Read();
}

bool Connection::Readable() {
  char byte;
  const ssize_t got = recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

void Connection::Abort() {
  ErrorCode ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  Close();
}

void Connection::Close() {
  open_ = false;
  opened_ = nullptr;
  user_ = nullptr;
  if (dialer_) std::exchange(dialer_, nullptr)->Cancel();
  ErrorCode ignored;
  timer_.cancel();
  socket_.close(ignored);
}

}  // namespace transport
