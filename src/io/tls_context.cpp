#include "io/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <string_view>

namespace fairlead::io {
namespace {

Error unusable(std::string_view what) {
  ERR_clear_error();
  return Error{ErrorKind::unavailable, Side::internal, 0, what};
}

}  // namespace

void TlsContext::Freed::operator()(ssl_ctx_st* context) const {
  SSL_CTX_free(context);
}

Result<TlsContext> TlsContext::for_client(const TlsClientOptions& options) {
  TlsContext made;
  made.context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* context = made.context_.get();
  if (context == nullptr || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1) {
    return unusable("TLS isn't usable here");
  }
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  made.verifies_ = options.verify;
  SSL_CTX_set_verify(context, options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  const bool trusted = options.ca_file.empty() ? SSL_CTX_set_default_verify_paths(context) == 1
                                               : SSL_CTX_load_verify_file(context, options.ca_file.c_str()) == 1;
  if (!trusted) {
    return unusable("the certificates to trust can't be read; give a readable file in PEM format");
  }
  if (options.certificate_file.empty()) {
    return made;
  }
  if (SSL_CTX_use_certificate_chain_file(context, options.certificate_file.c_str()) != 1) {
    return unusable("the certificate file can't be used");
  }
  if (SSL_CTX_use_PrivateKey_file(context, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return unusable("the key file can't be used, or isn't the certificate's");
  }
  return made;
}

}  // namespace fairlead::io
