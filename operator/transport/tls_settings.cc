#include "operator/transport/tls_settings.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <utility>
#include <vector>

namespace transport {
namespace {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using X509Ptr = std::unique_ptr<X509, Deleter<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using StorePtr = std::unique_ptr<X509_STORE, Deleter<X509_STORE_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, Deleter<GENERAL_NAMES_free>>;

// The latest reason of OpenSSL, whose queue is emptied.
std::string TakeOpenSslReason() {
  std::string reason = "unknown";
  while (const unsigned long code = ERR_get_error()) {
    if (const char* text = ERR_reason_error_string(code)) reason = text;
  }
  return reason;
}

base::Error Unusable(const std::string& why) {
  return base::MakeError(base::ErrorCode::kInvalid, "InvalidCredentials", why);
}

BioPtr ReadOnly(const std::string& pem) {
  return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

std::vector<X509Ptr> ReadCertificates(const std::string& pem) {
  std::vector<X509Ptr> certificates;
  const BioPtr bio = ReadOnly(pem);
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    certificates.emplace_back(certificate);
  }
  if (certificates.empty()) return certificates;
  ERR_clear_error();  // the end of the text is reported as an error
  return certificates;
}

// OpenSSL's own callback would ask for the pass phrase at the terminal.
int NoPassPhrase(char*, int, int, void*) { return 0; }

bool IsIpAddress(const std::string& name) {
  unsigned char address[sizeof(in6_addr)];
  return inet_pton(AF_INET, name.c_str(), address) == 1 ||
         inet_pton(AF_INET6, name.c_str(), address) == 1;
}

std::string IpText(const ASN1_OCTET_STRING& bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(bytes.length == 4 ? AF_INET : AF_INET6, bytes.data, text, sizeof(text));
  return text;
}

// "localhost, 127.0.0.1": what a certificate is for.
std::string NamesOf(X509* certificate) {
  const NamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::string text;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    std::string one;
    if (name->type == GEN_DNS) {
      one.assign(reinterpret_cast<const char*>(name->d.dNSName->data),
                 static_cast<std::size_t>(name->d.dNSName->length));
    } else if (name->type == GEN_IPADD) {
      one = IpText(*name->d.iPAddress);
    }
    if (!one.empty()) text += (text.empty() ? "" : ", ") + one;
  }
  return text.empty() ? "no name" : text;
}

}  // namespace

struct TlsSettings::Material {
  StorePtr roots;
  std::vector<X509Ptr> chain;  // the client's, leaf first; empty without a client certificate
  KeyPtr key;
};

TlsSettings::TlsSettings() : material_(std::make_unique<Material>()) {}
TlsSettings::~TlsSettings() = default;

base::Result<std::shared_ptr<TlsSettings>> TlsSettings::Make(const kube::ClusterConfig& config,
                                                             const std::string& cert_pem,
                                                             const std::string& key_pem) {
  std::shared_ptr<TlsSettings> settings(new TlsSettings);
  settings->server_name_ = config.tls_server_name.empty() ? config.host : config.tls_server_name;
  settings->server_name_is_ip_ = IsIpAddress(settings->server_name_);
  settings->material_->roots.reset(X509_STORE_new());
  const auto roots = ReadCertificates(config.ca_pem);
  if (roots.empty()) {
    return Unusable("the CA certificate of " + config.source + ": no readable certificate (" +
                    TakeOpenSslReason() + ")");
  }
  for (const auto& root : roots) X509_STORE_add_cert(settings->material_->roots.get(), root.get());
  const bool other = !cert_pem.empty();
  const base::Status read = settings->ReadClientCertificate(
      other ? cert_pem : config.client_cert_pem, other ? key_pem : config.client_key_pem);
  if (!read) {
    return Unusable("the client certificate of " + config.source + ": " + read.error().message);
  }
  return settings;
}

base::Status TlsSettings::ReadClientCertificate(const std::string& cert_pem,
                                                const std::string& key_pem) {
  if (cert_pem.empty() && key_pem.empty()) return {};
  material_->chain = ReadCertificates(cert_pem);
  if (material_->chain.empty()) {
    return Unusable("no readable certificate (" + TakeOpenSslReason() + ")");
  }
  const BioPtr bio = ReadOnly(key_pem);
  material_->key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassPhrase, nullptr));
  if (!material_->key) {
    return Unusable("no readable private key, or one with a pass phrase (" + TakeOpenSslReason() +
                    ")");
  }
  if (X509_check_private_key(material_->chain.front().get(), material_->key.get()) != 1) {
    ERR_clear_error();
    return Unusable("its key does not belong to it");
  }
  return {};
}

void TlsSettings::ApplyTo(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set1_cert_store(context, material_->roots.get());
  SSL_CTX_set_cert_verify_callback(context, &TlsSettings::Verify, this);
  X509_VERIFY_PARAM* names = SSL_CTX_get0_param(context);
  // Trusts what the configuration says, also where that is an intermediate CA or the server itself.
  X509_VERIFY_PARAM_set_flags(names, X509_V_FLAG_PARTIAL_CHAIN);
  if (server_name_is_ip_) {
    X509_VERIFY_PARAM_set1_ip_asc(names, server_name_.c_str());
  } else {
    X509_VERIFY_PARAM_set_hostflags(
        names, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    X509_VERIFY_PARAM_set1_host(names, server_name_.data(), server_name_.size());
  }
  if (!material_->key) return;
  SSL_CTX_use_certificate(context, material_->chain.front().get());
  for (std::size_t i = 1; i < material_->chain.size(); ++i) {
    SSL_CTX_add1_chain_cert(context, material_->chain[i].get());
  }
  SSL_CTX_use_PrivateKey(context, material_->key.get());
}

// Verifies as OpenSSL does by itself; in its place only because the reason of a refusal is known
// here.
int TlsSettings::Verify(X509_STORE_CTX* chain, void* self) {
  const int accepted = X509_verify_cert(chain);
  if (accepted <= 0) static_cast<TlsSettings*>(self)->RememberRefusal(chain);
  return accepted;
}

void TlsSettings::RememberRefusal(X509_STORE_CTX* chain) {
  const int error = X509_STORE_CTX_get_error(chain);
  std::string text = X509_verify_cert_error_string(error);
  if (error == X509_V_ERR_HOSTNAME_MISMATCH || error == X509_V_ERR_IP_ADDRESS_MISMATCH) {
    text += ": the certificate is for " + NamesOf(X509_STORE_CTX_get0_cert(chain)) + ", not for " +
            server_name_;
  }
  base::MutexLock lock(mutex_);
  refusal_ = std::move(text);
}

std::string TlsSettings::refusal() const {
  base::MutexLock lock(mutex_);
  return refusal_;
}

}  // namespace transport
