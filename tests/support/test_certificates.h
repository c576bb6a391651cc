#pragma once

// Certificates made on the spot for tests of TLS.

#include <memory>
#include <string>

namespace disagg::testing {

struct TestKeyPair {
  std::string cert_pem;
  std::string key_pem;
};

class TestAuthority {
 public:
  explicit TestAuthority(const std::string& name);
  ~TestAuthority();

  const std::string& ca_pem() const { return own_.cert_pem; }

  // `alternative_names` as OpenSSL writes them: "DNS:localhost,IP:127.0.0.1"; "" for none. The
  // certificate is valid from now on for `days`, which may be negative: it has expired then.
  TestKeyPair Issue(const std::string& common_name, const std::string& alternative_names,
                    int days = 1) const;

 private:
  struct Material;
  std::unique_ptr<Material> material_;
  TestKeyPair own_;
};

}  // namespace disagg::testing
