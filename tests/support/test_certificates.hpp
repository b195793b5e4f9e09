// Certificates for tests, made as they run: an authority, and server certificates of it. And the server's end of a TLS
// connection for a scripted Peer, on OpenSSL alone, so that io::TlsStream is tested against something not its own.
#pragma once

#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <string>

#include "support/simulated_peer.hpp"

namespace fairlead::testing {

struct FreedByOpenSsl {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

struct TestCertificate {
  std::unique_ptr<EVP_PKEY, FreedByOpenSsl> key;
  std::unique_ptr<X509, FreedByOpenSsl> certificate;
};

/// A self-signed authority when `issuer` is null. `names` as OpenSSL writes them: "DNS:redis.test,IP:10.0.0.5".
TestCertificate make_certificate(const std::string& names, const TestCertificate* issuer, long valid_seconds = 3600);

/// Writes the certificate as PEM to a file of its own in the tests' temporary folder; gives the path.
std::string certificate_file(const TestCertificate& certificate, const std::string& name);
std::string key_file(const TestCertificate& certificate, const std::string& name);

/// Speaks TLS as a server through a Peer. Lives as long as the simulation runs.
class TlsPeer {
 public:
  TlsPeer(Peer& peer, const TestCertificate& certificate, const TestCertificate* client_authority = nullptr);

  void send(const std::string& text);
  /// TLS' own end and FIN.
  void end();

  [[nodiscard]] const std::string& received() const { return received_; }
  /// The client's close_notify came.
  [[nodiscard]] bool saw_end() const { return saw_end_; }
  [[nodiscard]] bool is_failed() const { return failed_; }
  /// The name that the client asked for (SNI).
  [[nodiscard]] std::string asked_name() const;

 private:
  void advance();
  void flush();

  Peer& peer_;
  std::unique_ptr<SSL_CTX, FreedByOpenSsl> context_;
  std::unique_ptr<SSL, FreedByOpenSsl> ssl_;
  std::string received_;
  bool saw_end_ = false;
  bool failed_ = false;
};

}  // namespace fairlead::testing
