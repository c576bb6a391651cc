#include "tests/support/misbehaving_peer.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <stdexcept>

namespace disagg::testing {
namespace {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using ContextPtr = std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, Deleter<SSL_free>>;
using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using CertPtr = std::unique_ptr<X509, Deleter<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;

BioPtr ReadOnly(const std::string& pem) {
  return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

CertPtr ParseCertificate(const std::string& pem) {
  return CertPtr(PEM_read_bio_X509(ReadOnly(pem).get(), nullptr, nullptr, nullptr));
}

ContextPtr MakeContext(const PeerOptions& options) {
  ContextPtr context(SSL_CTX_new(TLS_server_method()));
  const CertPtr certificate = ParseCertificate(options.certificate.cert_pem);
  const KeyPtr key(PEM_read_bio_PrivateKey(ReadOnly(options.certificate.key_pem).get(), nullptr,
                                           nullptr, nullptr));
  SSL_CTX_use_certificate(context.get(), certificate.get());
  SSL_CTX_use_PrivateKey(context.get(), key.get());
  if (!options.client_ca_pem.empty()) {
    const CertPtr ca = ParseCertificate(options.client_ca_pem);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), ca.get());
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return context;
}

int ListenOnLoopback(bool ipv6) {
  const int fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_storage address = {};
  if (ipv6) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
    v6.sin6_family = AF_INET6;
    v6.sin6_addr = in6addr_loopback;
  } else {
    auto& v4 = reinterpret_cast<sockaddr_in&>(address);
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  }
  const socklen_t size = ipv6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(fd, 512) != 0) {
    throw std::runtime_error("cannot listen on the loopback interface");
  }
  return fd;
}

int PortOf(int fd) {
  sockaddr_storage address = {};
  socklen_t size = sizeof(address);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(
      reinterpret_cast<sockaddr_in&>(address).sin_port);  // the same place in both families
}

// The bytes of a body that a head announces.
std::size_t ContentLength(std::string head) {
  std::transform(head.begin(), head.end(), head.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::size_t at = head.find("\r\ncontent-length:");
  return at == head.npos ? 0 : std::strtoul(head.c_str() + at + 17, nullptr, 10);
}

class Connection : public PeerConnection {
 public:
  Connection(int fd, int number, std::atomic<int>& requests)
      : fd_(fd), number_(number), requests_(requests) {
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  ~Connection() override { close(fd_); }

  bool Handshake(SSL_CTX* context) {
    ssl_.reset(SSL_new(context));
    SSL_set_fd(ssl_.get(), fd_);
    return SSL_accept(ssl_.get()) == 1;
  }

  // From another thread: whatever waits ends.
  void Interrupt() { shutdown(fd_, SHUT_RDWR); }

  // The space after a field's colon is optional (RFC 9112, 5.1); the scripts see it always.
  static std::string WithSpaces(std::string head) {
    for (std::size_t line = head.find("\r\n"); line + 2 < head.size();
         line = head.find("\r\n", line + 2)) {
      const std::size_t colon = head.find(':', line);
      if (colon != std::string::npos && head[colon + 1] != ' ') head.insert(colon + 1, " ");
    }
    return head;
  }

  std::optional<std::string> ReadRequest() override {
    std::size_t head_end = std::string::npos;
    while ((head_end = input_.find("\r\n\r\n")) == std::string::npos) {
      if (!ReadMore()) return std::nullopt;
    }
    const std::size_t size = head_end + 4 + ContentLength(input_.substr(0, head_end + 2));
    while (input_.size() < size) {
      if (!ReadMore()) return std::nullopt;
    }
    std::string request = WithSpaces(input_.substr(0, head_end + 2)) +
                          input_.substr(head_end + 2, size - head_end - 2);
    input_.erase(0, size);
    ++requests_;
    return request;
  }

  bool Write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const auto size = static_cast<int>(std::min<std::size_t>(bytes.size(), 1 << 20));
      const ssize_t sent = ssl_ ? SSL_write(ssl_.get(), bytes.data(), size)
                                : send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  void Finish() override {
    if (ssl_) SSL_shutdown(ssl_.get());
    shutdown(fd_, SHUT_WR);
  }

  void Abort() override {
    const linger now = {1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    // The socket stays ours for Interrupt; this sends the reset.
    const sockaddr nowhere = {AF_UNSPEC, {}};
    connect(fd_, &nowhere, sizeof(nowhere));
  }

  bool WaitForClose(std::chrono::milliseconds timeout) override {
    pollfd waiting = {fd_, POLLRDHUP, 0};
    return poll(&waiting, 1, static_cast<int>(timeout.count())) > 0;
  }

  std::string client_name() const override {
    const CertPtr certificate(ssl_ ? SSL_get1_peer_certificate(ssl_.get()) : nullptr);
    if (!certificate) return "";
    char name[256] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name,
                              sizeof(name));
    return name;
  }

  int number() const override { return number_; }

 private:
  bool ReadMore() {
    char buffer[4096];
    const ssize_t got =
        ssl_ ? SSL_read(ssl_.get(), buffer, sizeof(buffer)) : recv(fd_, buffer, sizeof(buffer), 0);
    if (got > 0) input_.append(buffer, static_cast<std::size_t>(got));
    return got > 0;
  }

  const int fd_;
  const int number_;
  std::atomic<int>& requests_;
  SslPtr ssl_;
  std::string input_;
};

}  // namespace

class MisbehavingPeer::Impl {
 public:
  Impl(const PeerOptions& options, Script script)
      : script_(std::move(script)),
        context_(options.tls ? MakeContext(options) : nullptr),
        listener_(ListenOnLoopback(options.ipv6)),
        acceptor_([this] { Accept(); }) {}

  ~Impl() {
    stopping_ = true;
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    close(listener_);
    {
      std::lock_guard lock(mutex_);
      for (Connection* connection : running_) connection->Interrupt();
    }
    for (std::thread& thread : threads_) thread.join();
  }

  int port() const { return PortOf(listener_); }

  std::atomic<int> connections{0};
  std::atomic<int> open{0};
  std::atomic<int> most{0};
  std::atomic<int> requests{0};
  std::atomic<int> failed_handshakes{0};

 private:
  void Accept() {
    while (true) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0 || stopping_) {
        if (fd >= 0) close(fd);
        return;
      }
      auto connection = std::make_shared<Connection>(fd, connections++, requests);
      std::lock_guard lock(mutex_);
      running_.insert(connection.get());
      threads_.emplace_back([this, connection] { Serve(*connection); });
    }
  }

  void Serve(Connection& connection) {
    const int now = ++open;
    for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
    }
    if (context_ && !connection.Handshake(context_.get())) {
      ++failed_handshakes;
    } else {
      script_(connection);
    }
    --open;
    std::lock_guard lock(mutex_);
    running_.erase(&connection);
    connection.Interrupt();
  }

  const Script script_;
  const ContextPtr context_;
  const int listener_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::set<Connection*> running_;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

MisbehavingPeer::MisbehavingPeer(const PeerOptions& options, Script script)
    : impl_(std::make_unique<Impl>(options, std::move(script))) {}
MisbehavingPeer::~MisbehavingPeer() = default;

int MisbehavingPeer::port() const { return impl_->port(); }
int MisbehavingPeer::connections() const { return impl_->connections; }
int MisbehavingPeer::open_connections() const { return impl_->open; }
int MisbehavingPeer::most_connections() const { return impl_->most; }
int MisbehavingPeer::requests() const { return impl_->requests; }
int MisbehavingPeer::failed_handshakes() const { return impl_->failed_handshakes; }

void PeerConnection::WriteInPieces(std::string_view bytes, std::size_t piece) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    if (!Write(bytes.substr(0, piece))) return;
  }
}

std::string Answer(int status, const std::string& body, const std::string& more_headers) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: application/json\r\n" +
         more_headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

MisbehavingPeer::Script AlwaysAnswer(std::string body) {
  return [body = std::move(body)](PeerConnection& connection) {
    while (connection.ReadRequest() && connection.Write(Answer(200, body))) {
    }
  };
}

}  // namespace disagg::testing
