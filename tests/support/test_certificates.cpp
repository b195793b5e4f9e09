#include "support/test_certificates.hpp"

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <set>

#include "base/check.hpp"

namespace fairlead::testing {
namespace {

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  check(extension != nullptr, "no such extension of a certificate");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

/// Removes the tests' files when the program ends.
struct WrittenFiles {
  WrittenFiles() = default;
  WrittenFiles(const WrittenFiles&) = delete;
  WrittenFiles& operator=(const WrittenFiles&) = delete;
  ~WrittenFiles() {
    for (const std::string& path : paths) {
      std::remove(path.c_str());
    }
  }
  std::set<std::string> paths;
};

std::string file_for(const std::string& name) {
  static WrittenFiles written;
  return *written.paths.insert(::testing::TempDir() + "fairlead_" + std::to_string(::getpid()) + "_" + name).first;
}

}  // namespace

TestCertificate make_certificate(const std::string& names, const TestCertificate* issuer, long valid_seconds) {
  static long serial = 1;
  TestCertificate made{std::unique_ptr<EVP_PKEY, FreedByOpenSsl>(EVP_EC_gen("P-256")),
                       std::unique_ptr<X509, FreedByOpenSsl>(X509_new())};
  X509* certificate = made.certificate.get();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -7200);
  X509_gmtime_adj(X509_getm_notAfter(certificate), valid_seconds);
  X509_set_pubkey(certificate, made.key.get());
  X509_NAME* name = X509_get_subject_name(certificate);
  const std::string common = issuer == nullptr ? "test authority " + std::to_string(serial) : "test server";
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(common.c_str()), -1, -1,
                             0);
  X509* signer = issuer == nullptr ? certificate : issuer->certificate.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(signer));
  add_extension(certificate, signer, NID_basic_constraints, issuer == nullptr ? "critical,CA:TRUE" : "CA:FALSE");
  if (!names.empty()) {
    add_extension(certificate, signer, NID_subject_alt_name, names);
  }
  check(X509_sign(certificate, issuer == nullptr ? made.key.get() : issuer->key.get(), EVP_sha256()) > 0,
        "a test can't sign");
  return made;
}

std::string certificate_file(const TestCertificate& certificate, const std::string& name) {
  const std::string path = file_for(name);
  std::FILE* file = std::fopen(path.c_str(), "w");
  check(file != nullptr && PEM_write_X509(file, certificate.certificate.get()) == 1, "a test can't write its file");
  std::fclose(file);
  return path;
}

std::string key_file(const TestCertificate& certificate, const std::string& name) {
  const std::string path = file_for(name);
  std::FILE* file = std::fopen(path.c_str(), "w");
  check(
      file != nullptr && PEM_write_PrivateKey(file, certificate.key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
      "a test can't write its file");
  std::fclose(file);
  return path;
}

TlsPeer::TlsPeer(Peer& peer, const TestCertificate& certificate, const TestCertificate* client_authority)
    : peer_(peer), context_(SSL_CTX_new(TLS_server_method())) {
  SSL_CTX_use_certificate(context_.get(), certificate.certificate.get());
  SSL_CTX_use_PrivateKey(context_.get(), certificate.key.get());
  if (client_authority != nullptr) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), client_authority->certificate.get());
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  ssl_.reset(SSL_new(context_.get()));
  SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_accept_state(ssl_.get());
  peer_.on_received = [this](Peer& from) {
    const std::string bytes = from.take_received();
    BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
    advance();
  };
}

void TlsPeer::send(const std::string& text) {
  check(SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) == static_cast<int>(text.size()),
        "a TLS peer sends before the handshake");
  flush();
}

void TlsPeer::end() {
  SSL_shutdown(ssl_.get());
  flush();
  peer_.end();
}

std::string TlsPeer::asked_name() const {
  const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? "" : name;
}

void TlsPeer::advance() {
  char memory[16 * 1024];
  int count = 0;
  ERR_clear_error();
  while ((count = SSL_read(ssl_.get(), memory, sizeof memory)) > 0) {
    received_.append(memory, static_cast<std::size_t>(count));
  }
  const int reason = SSL_get_error(ssl_.get(), count);
  saw_end_ = saw_end_ || reason == SSL_ERROR_ZERO_RETURN;
  failed_ = failed_ || reason == SSL_ERROR_SSL;
  flush();
}

void TlsPeer::flush() {
  char* bytes = nullptr;
  const long count = BIO_get_mem_data(SSL_get_wbio(ssl_.get()), &bytes);
  if (count > 0) {
    peer_.send({bytes, static_cast<std::size_t>(count)});
    BIO_reset(SSL_get_wbio(ssl_.get()));
  }
}

}  // namespace fairlead::testing
